# A made-up Google Health export (Google Takeout, 2026) in the shapes its files have, and the truth it was made from.
# usage: made_takeout.py FOLDER PLAIN|CRLF|MOVED|PARTS  -> files below FOLDER, the truth as JSON on standard output
#   CRLF: byte order marks and CRLF; MOVED: columns in another order, one more of them; PARTS: two zips instead of files
# Days around both clock changes of Berlin, and a night in another zone. It shares no code with the importer.
import datetime as dt, json, os, random, sys, zipfile, zoneinfo

HOME = zoneinfo.ZoneInfo("Europe/Berlin")
UTC = dt.timezone.utc
DAYS = ["2025-10-24", "2025-10-25", "2025-10-26", "2025-10-27", "2026-03-28", "2026-03-29", "2026-03-30"]
PHYSICAL = "Takeout/Google Health/Physical Activity_GoogleData"
FITNESS = "Takeout/Google Health/Health Fitness Data_GoogleData"
rnd = random.Random(7)


def ms(t):
    return round(t.timestamp() * 1000)


def z(t):
    return t.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def offset(t):
    minutes = int(t.utcoffset().total_seconds() // 60)
    return "%+03d:%02d" % (int(minutes / 60), abs(minutes) % 60)


def minutes_of(day, zone=HOME):
    """Every minute of a local day: 23, 24 or 25 hours of them."""
    first = dt.datetime.fromisoformat(day).replace(tzinfo=zone)
    last = (dt.datetime.fromisoformat(day) + dt.timedelta(days=1)).replace(tzinfo=zone)
    at = first.astimezone(UTC)
    while at < last.astimezone(UTC):
        yield at
        at += dt.timedelta(minutes=1)


def make_steps(tables, truth):
    for month in sorted({d[:7] for d in DAYS}):
        rows = []
        for day in (d for d in DAYS if d.startswith(month)):
            band = 0
            for i, at in enumerate(minutes_of(day)):
                n = rnd.choice([0, 0, 0, 12, 90, 117]) if i % 3 == 0 else None
                if n is None:
                    continue
                band += n
                rows.append([z(at), n, "Google Fitbit Air"])
                if n and i % 2 == 0:  # the telephone in the pocket, and the copy of what it counted
                    rows.append([z(at), n + 3, "MobileTrack"])
                    rows.append([z(at), n + 3, "Fit Health Connect"])
            truth["steps"][day] = band
        tables["%s/Steps/steps_%s-01.csv" % (PHYSICAL, month)] = (["timestamp", "steps", "data source"], rows)


def make_heart(tables, truth):
    for day in DAYS:
        rows, values = [], []
        for at in list(minutes_of(day))[::7]:
            values.append(rnd.randint(48, 171))
            rows.append([z(at), "%.1f" % values[-1], "Google Fitbit Air"])
        truth["heart_rate"][day] = {"n": len(values), "sum": sum(values), "min": min(values), "max": max(values)}
        tables["%s/Heart Rate/heart_rate_%s.csv" % (PHYSICAL, day)] = (["timestamp", "beats per minute", "data source"], rows)


def make_days(tables, truth):
    rows = []
    for day in DAYS:
        value = rnd.randint(5000, 6500) / 100
        truth["resting_heart_rate"][day] = value
        rows.append([day + "T00:00:00Z", value, "Google Health App"])
    rows.append(["2025-10-28T00:00:00Z", "0.0", "Google Health App"])  # not worn: no figure at all
    tables[PHYSICAL + "/Daily Resting Heart Rate/daily_resting_heart_rate.csv"] = (
        ["timestamp", "beats per minute", "data source"], rows)
    rows = []
    for day in DAYS[::2]:
        grams = rnd.randint(70000, 72000)
        truth["weight"][day] = grams / 1000
        rows.append([day + "T06:10:00.000000Z", grams, "Renpho Fitbit 3P Web API"])
    tables[PHYSICAL + "/Weight/weight.csv"] = (["timestamp", "weight grams", "data source"], rows)


def make_nights(tables, truth):
    nights, stages = [], []
    for i, day in enumerate(DAYS):
        zone = zoneinfo.ZoneInfo("Asia/Kolkata") if i == 4 else HOME
        start = (dt.datetime.fromisoformat(day) - dt.timedelta(minutes=40)).replace(tzinfo=zone)
        at, told, key = start.astimezone(UTC), {}, str(1700000000000000000 + i)
        for n in range(24):
            kind, length = rnd.choice(["LIGHT", "LIGHT", "DEEP", "REM", "AWAKE"]), rnd.randint(4, 40) * 30
            to = at + dt.timedelta(seconds=length)
            stages.append([key, n, kind, offset(at.astimezone(zone)), z(at), offset(to.astimezone(zone)), z(to), "BAND", 3])
            told[kind], at = told.get(kind, 0) + length, to
        asleep = sum(v for k, v in told.items() if k != "AWAKE")
        end = at.astimezone(zone)
        nights.append([key, "STAGES", (at - start.astimezone(UTC)).seconds // 60, asleep // 60, told.get("AWAKE", 0) // 60,
                       offset(start), z(start), offset(end), z(at), "BAND", z(at)])
        truth["nights"].append({"start": ms(start), "finish": ms(at), "day": end.date().isoformat(), "asleep_s": asleep,
                                "deep_s": told.get("DEEP", 0), "rem_s": told.get("REM", 0), "light_s": told.get("LIGHT", 0),
                                "awake_s": told.get("AWAKE", 0)})
    tables[FITNESS + "/UserSleeps_2025-10-01.csv"] = (
        ["sleep_id", "sleep_type", "minutes_in_sleep_period", "minutes_asleep", "minutes_awake", "start_utc_offset",
         "sleep_start", "end_utc_offset", "sleep_end", "data_source", "sleep_last_updated"], nights)
    head = ["sleep_id", "sleep_stage_id", "sleep_stage_type", "start_utc_offset", "sleep_stage_start", "end_utc_offset",
            "sleep_stage_end", "data_source", "algorithm_version"]
    tables[FITNESS + "/UserSleepStages_2025-10-01.csv"] = (head, stages)


def make_workouts(tables, truth):
    rows = []
    for i, day in enumerate(DAYS):
        start = dt.datetime.fromisoformat(day).replace(hour=17, minute=5, tzinfo=HOME)
        minutes, mm, kcal, steps, hr = 20 + 7 * i, 2_500_500 + 111_000 * i, 180 + i, 3000 + i, 120 + i
        name = ["Outdoor Run", "Bike", "Weight Machines"][i % 3]
        end = start.astimezone(UTC) + dt.timedelta(minutes=minutes)
        rows.append([str(1000000000000000001 + i), z(start), z(end), offset(start), name, kcal, steps, mm, hr,
                     '[{"a":1,\n"b":2}]'])  # a cell over two lines
        truth["workouts"].append({"start": ms(start), "finish": ms(end), "elapsed_s": minutes * 60, "distance_m": mm / 1000,
                                  "energy_kcal": kcal, "steps": steps, "hr_avg": hr, "name": name})
    tables[FITNESS + "/UserExercises_2025-10-01.csv"] = (
        ["exercise_id", "exercise_start", "exercise_end", "utc_offset", "activity_name", "tracker_total_calories",
         "tracker_total_steps", "tracker_total_distance_mm", "tracker_avg_heart_rate", "activity_type_probabilities"], rows)


def cell(text):
    text = str(text)
    return '"%s"' % text.replace('"', '""') if set(text) & set('",\n') else text


def text_of(table, how):
    head, rows = table
    if how == "MOVED":
        order = list(range(len(head)))[::-1]
        head, rows = [head[i] for i in order] + ["a new column"], [[r[i] for i in order] + ["?, \"x\""] for r in rows]
    end = "\r\n" if how == "CRLF" else "\n"
    text = "".join(",".join(cell(c) for c in r) + end for r in [head] + rows)
    return ("\ufeff" if how == "CRLF" else "") + text


def write(folder, files, how):
    if how != "PARTS":
        for name, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
            with open(os.path.join(folder, name), "wb") as f:
                f.write(text.encode())
        return
    for part in (0, 1):  # Takeout cuts a large export in archives of their own
        with zipfile.ZipFile(os.path.join(folder, "takeout-20261006T000000Z-1-%03d.zip" % (part + 1)), "w",
                             zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(files)[part::2]:
                archive.writestr(name, files[name])


def main():
    folder, how = sys.argv[1], sys.argv[2]
    truth = {"steps": {}, "heart_rate": {}, "resting_heart_rate": {}, "weight": {}, "nights": [], "workouts": []}
    tables = {}
    for make in (make_steps, make_heart, make_days, make_nights, make_workouts):
        make(tables, truth)
    files = {name: text_of(table, how) for name, table in tables.items()}
    files["Takeout/Google Health/Biometrics/Glucose 202510.csv"] = "no data"
    files[PHYSICAL + "/Live Pace/live_pace_2025-10-24.csv"] = (  # repeats the steps
        "timestamp,steps,distance millimeters,data source\n2025-10-24T05:00:00Z,99999,1,Google Fitbit Air\n")
    write(folder, files, how)
    json.dump(truth, sys.stdout)


main()
