#!/usr/bin/env python3
"""An oracle for the figures: random homes are told things by files, by hand and by edits; what days, nights and
events must come to is worked out here from the inputs alone, and compared with what every command answers.
usage: figures.py BINARY FIRST-SEED HOMES      prints one line a disagreement, then "N homes, M figures compared"."""
import csv, datetime as dt, io, json, os, random, shutil, sqlite3, subprocess, sys, tempfile
from zoneinfo import ZoneInfo

MIN, HOUR, DAY = 60000, 3600000, 86400000
GAP, LONG, NEAR = 30 * MIN, 2 * HOUR, 10 * MIN
CLASSES = {"manual": 0, "watch": 10, "ring": 12, "band": 14, "scale": 20, "phone": 40, "app": 60}
METRICS = {  # name: (unit, adds up, a day's value, few a day)
    "steps": ("{step}", True, "sum", False), "distance": ("m", True, "sum", False),
    "active_energy": ("kcal", True, "sum", False), "floors": ("1", True, "sum", False),
    "heart_rate": ("/min", False, "mean", False), "resting_heart_rate": ("/min", False, "mean", True),
    "hrv_rmssd": ("ms", False, "mean", True), "hrv_sdnn": ("ms", False, "mean", True),
    "weight": ("kg", False, "last", True), "water": ("mL", True, "sum", True)}
ZONES = [("Europe/Berlin", "2026-03-29"), ("Europe/Berlin", "2026-10-25"), ("America/New_York", "2026-03-08"),
         ("America/New_York", "2026-11-01"), ("Australia/Lord_Howe", "2026-04-05"), ("Asia/Kolkata", "2026-05-05"),
         ("Asia/Kathmandu", "2026-05-05"), ("Pacific/Chatham", "2026-04-05"), ("America/St_Johns", "2026-03-08"),
         ("Pacific/Kiritimati", "2026-06-01"), ("Pacific/Pago_Pago", "2026-06-01"), ("UTC", "2026-02-28")]


def dumps(x):
    return json.dumps(x, separators=(",", ":"))


def day_of(ms, offset):
    return (ms + offset * MIN) // DAY


def text_of(day):
    return (dt.date(1970, 1, 1) + dt.timedelta(day)).isoformat()


def iso(ms, offset):
    t = dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=ms + offset * MIN)
    sign = "-" if offset < 0 else "+"
    return t.strftime("%Y-%m-%dT%H:%M:%S") + "%s%02d:%02d" % (sign, abs(offset) // 60, abs(offset) % 60)


def plain(text):
    return text.replace("Z", "+00:00")


def offset_at(zone, ms):
    t = dt.datetime.fromtimestamp(ms / 1000, ZoneInfo(zone))
    return int(t.utcoffset().total_seconds() // 60)


# --- what the figures must be ---

class World:
    """All that the home was told and still holds."""

    def __init__(self):
        self.origins = {}   # name -> class
        self.samples = {}   # (origin, metric) -> {(start, length): (offset, value)}
        self.totals = {}    # (metric, day, origin) -> value
        self.records = {}   # external id -> dict
        self.edits = {}     # external id -> {attribute: value}
        self.ranks = {}     # metric or "" -> [names]

    def standing(self, origin, what):
        for word, base in ((what, -1000), ("", -500)):
            if origin in self.ranks.get(word, []):
                return base + self.ranks[word].index(origin) + 1
        if what in METRICS and METRICS[what][3] and self.origins[origin] == "scale":
            return 5
        return CLASSES[self.origins[origin]]

    def of_day(self, origin, metric, day):
        x = self.samples.get((origin, metric), {})
        return [(s, dur, off, v) for (s, dur), (off, v) in sorted(x.items()) if day_of(s, off) == day]

    def days(self, metric):
        days = {day_of(s, v[0]) for (o, m), x in self.samples.items() if m == metric for (s, dur), v in x.items()}
        return days | {d for (m, d, o) in self.totals if m == metric}

    def presence(self, origin):
        """Where an origin recorded anything, with gaps of up to half an hour closed."""
        spans = sorted((s, s + dur) for (o, m), x in self.samples.items() if o == origin and not METRICS[m][3]
                       for s, dur in x if dur <= LONG)
        out = []
        for a, b in spans:
            if out and a <= out[-1][1] + GAP:
                out[-1][1] = max(out[-1][1], b)
            else:
                out.append([a, b])
        return out

    def lanes(self, metric, day):
        names = [o for o in self.origins if self.of_day(o, metric, day)]
        return sorted(names, key=lambda o: self.standing(o, metric))

    def merged(self, metric, day):
        """(n, sum, min, max, last) of one day, None where there is nothing."""
        _, adds, _, few = METRICS[metric]
        lanes, used, cover = self.lanes(metric, day), [], []
        for o in lanes:
            mine = []
            for s, dur, off, v in self.of_day(o, metric, day):
                share = uncovered(s, s + (dur if adds else 0), cover)
                if share > 0:
                    used.append((s, v * (share if adds else 1)))
                mine.append([s, s + dur])
            if adds and not few:
                cover = cover + self.presence(o)
            elif not adds:
                cover = cover + [[a - NEAR, b + NEAR] for a, b in mine]
        used.sort()
        stated = sorted((self.standing(o, metric), v) for (m, d, o), v in self.totals.items()
                        if m == metric and d == day)
        if stated and (not lanes or adds and stated[0][0] <= self.standing(lanes[0], metric)
                       and stated[0][1] > sum(v for _, v in used)):
            used = [(0, stated[0][1])]
        if not used:
            return None
        values = [v for _, v in used]
        return len(values), sum(values), min(values), max(values), values[-1]

    def single(self, origin, metric, day):
        values = [v for _, _, _, v in self.of_day(origin, metric, day)]
        total = self.totals.get((metric, day, origin))
        if total is not None and (not values or total > value_of(metric, values)):
            return total
        return value_of(metric, values) if values else None

    def night(self, day):
        """Minutes asleep and in bed. Sleeps that overlap are one: its stages are those of the best source that knows
        them, its time in bed the longest that a source states; a source's parts of one night add up."""
        mine = sorted((r for r in self.records.values() if r["kind"] == "sleep" and not is_nap(r)
                       and day_of(r["finish"], r["offset_finish"]) == day), key=lambda r: r["start"])
        nights, until = [], 0
        for r in mine:
            if not nights or r["start"] >= until:
                nights.append([])
            nights[-1].append(r)
            until = max(until, r["finish"])
        asleep, bed = [], []
        for members in nights:
            edits = [self.edits[r["external_id"]] for r in members if r["external_id"] in self.edits]
            knows = [r["origin"] for r in members if "asleep_s" in r["attributes"]]
            if any("asleep_s" in e for e in edits):
                asleep.append([e["asleep_s"] for e in edits if "asleep_s" in e][0])
            elif knows:
                best = min(knows, key=lambda o: self.standing(o, "sleep"))
                asleep.append(said_by(members, best, "asleep_s"))
            lain = [said_by(members, r["origin"], "in_bed_s") for r in members]
            if any("in_bed_s" in e for e in edits):
                bed.append([e["in_bed_s"] for e in edits if "in_bed_s" in e][0])
            elif max(lain) > 0:
                bed.append(max(lain))
        return sum(asleep) / 60 if asleep else None, sum(bed) / 60 if bed else None


def said_by(members, origin, what):
    return sum(r["attributes"].get(what, 0) for r in members if r["origin"] == origin)


def is_nap(r):
    hour = (r["start"] // MIN + r["offset_start"]) % 1440 / 60
    return r["finish"] - r["start"] < 3 * HOUR and 8 <= hour < 20


def value_of(metric, values):
    how = METRICS[metric][2]
    return sum(values) if how == "sum" else sum(values) / len(values) if how == "mean" else values[-1]


def uncovered(a, b, cover):
    """The part of [a, b] that no span covers; an instant is covered or not."""
    if a == b:
        return 0 if any(x <= a <= y for x, y in cover) else 1
    left, at = 0, a
    for x, y in sorted(cover):
        x, y = max(x, a), min(y, b)
        if y <= x:
            continue
        left += max(0, x - at)
        at = max(at, y)
    return (left + max(0, b - at)) / (b - a)


# --- a random history ---

class Story:
    def __init__(self, seed):
        self.r = r = random.Random(seed)
        self.zone, around = r.choice(ZONES)
        mid = dt.date.fromisoformat(around)
        self.first = (mid - dt.date(1970, 1, 1)).days - 2
        self.n_days = 5
        start = self.first * DAY
        self.travel, self.slept = None, {}
        if r.random() < .4:
            self.travel = (start + r.randrange(self.n_days * 48) * HOUR // 2, r.choice(ZONES)[0])
        names = r.sample(["watch", "ring", "band", "phone", "app"], r.randint(1, 4))
        self.origins = {n.title() + " %d" % seed: n for n in names}
        if r.random() < .3:
            self.origins["Scale"] = "scale"

    def offset(self, ms):
        zone = self.zone if not self.travel or ms < self.travel[0] else self.travel[1]
        return offset_at(zone, ms)

    def piece(self, origin):
        """Some hours of one metric of one source."""
        r = self.r
        metric = r.choice(list(METRICS))
        unit, adds, daily, few = METRICS[metric]
        at = (self.first * DAY) + r.randrange(self.n_days * 24 * 12) * 5 * MIN
        out = {}
        for _ in range(r.randint(1, 2) if few else r.randint(1, 40)):
            dur = 0
            if adds and r.random() < .95:
                dur = r.choice([MIN, 5 * MIN, 10 * MIN, 15 * MIN, HOUR, 150 * MIN])
            value = {"weight": r.randint(500, 1200) / 10, "heart_rate": r.randint(40, 180)}.get(metric, r.randint(20, 140))
            out[(at, dur)] = (self.offset(at), float(value))
            at += max(dur, MIN) + r.choice([0, 0, MIN, 7 * MIN, 29 * MIN, 30 * MIN, 31 * MIN, 3 * HOUR])
        return metric, out

    def night(self, k):
        """Sleeps of one night as several sources tell them, and perhaps a nap."""
        r, out = self.r, []
        bed = (self.first + k) * DAY + 22 * HOUR + r.randrange(0, 180) * MIN
        bed -= self.offset(bed) * MIN
        end = bed + r.randint(300, 560) * MIN
        for o in self.origins:
            if r.random() < .4:
                continue
            a, b = bed + r.randint(0, 20) * MIN, end - r.randint(0, 20) * MIN
            parts = [(a, b)]
            if r.random() < .35:
                cut = a + (b - a) * r.randint(3, 7) // 10 // MIN * MIN
                parts = [(a, cut), (cut + r.randint(5, 60) * MIN, b)]
            knows = r.random() < .75
            for i, (x, y) in enumerate(parts):
                if y - x < HOUR or x < self.slept.get(o, 0):  # flying west over the date line makes nights meet
                    continue
                self.slept[o] = y
                at = {"in_bed_s": (y - x) // 1000}
                if knows:
                    at["asleep_s"] = (y - x) // 1000 - r.randint(0, 30) * 60
                elif r.random() < .2:
                    continue
                out.append(self.record("sleep", "n%d-%s-%d" % (k, o, i), o, x, y, at))
        x, o = end + r.randint(3, 6) * HOUR, r.choice(list(self.origins))
        if r.random() < .3 and x >= self.slept.get(o, 0):
            self.slept[o] = x + 40 * MIN
            out.append(self.record("sleep", "nap%d" % k, o, x, x + 40 * MIN, {"in_bed_s": 2400, "asleep_s": 2100}))
        return out

    def workouts(self, k):
        r, out = self.r, []
        at = (self.first + k) * DAY + r.randrange(24 * 60) * MIN
        n = r.randint(20, 120) * MIN
        sport = r.choice(["running", "cycling", "rowing"])
        for o in self.origins:
            if r.random() < .5:
                x = at + r.randint(0, 60) * 1000
                out.append(self.record("workout", "w%d-%s" % (k, o), o, x, x + n + r.randint(-60, 60) * 1000,
                                       {"sport": sport, "elapsed_s": n // 1000, "energy_kcal": r.randint(50, 900),
                                        "distance_m": r.randint(1000, 30000)}, event="w%d" % k))
        return out

    def record(self, kind, external, origin, start, finish, attributes, event=None):
        return {"kind": kind, "external_id": external, "origin": origin, "start": start, "finish": finish,
                "offset_start": self.offset(start), "offset_finish": self.offset(finish), "attributes": attributes,
                "event": event}


# --- a home ---

class Home:
    def __init__(self, binary, zone):
        self.binary, self.dir = binary, tempfile.mkdtemp(prefix="numbers-")
        self.n = 0
        self.run("init", "--test", "--quiet", "--zone", zone)

    def run(self, *words, ok=(0,)):
        p = subprocess.run([self.binary, "--home", self.dir, *words], capture_output=True, text=True, timeout=120)
        if p.returncode not in ok:
            raise RuntimeError("%s: exit %d: %s%s" % (" ".join(words), p.returncode, p.stderr, p.stdout))
        return p.stdout

    def json(self, *words):
        return json.loads(self.run("--json", *words))

    def file(self, ending, text):
        self.n += 1
        path = "%s/in%d%s" % (self.dir, self.n, ending)
        with open(path, "w") as f:
            f.write(text)
        return path

    def take(self, *words):
        lines = [json.loads(x) for x in self.run("--json", "import", *words).splitlines()]
        for x in lines[:-1]:
            if x["status"] != "ok" or x["rejected"]:
                raise RuntimeError("import: %s" % x)
        return lines


def head(world):
    lines = [dumps({"line": "syncwell", "version": 1, "zone": "UTC"})]
    for i, (name, kind) in enumerate(world.origins.items()):
        lines.append(dumps({"line": "origin", "id": "%x" % (i + 1), "provider": "file", "name": name, "maker": "",
                                 "model": "", "class": kind}))
    return lines


def number_of(world, origin):
    return "%x" % (list(world.origins).index(origin) + 1)


def by_lines(home, world, origin, metric, piece):
    at = [[iso(s, off), dur, v] for (s, dur), (off, v) in sorted(piece.items())]
    line = {"line": "samples", "metric": metric, "unit": METRICS[metric][0], "origin": number_of(world, origin), "at": at}
    home.take(home.file(".jsonl", "\n".join(head(world) + [dumps(line)]) + "\n"))


def by_table(home, world, origin, metric, piece):
    rows = ["when,until,figure"] + ["%s,%s,%s" % (iso(s, off), iso(s + dur, off), v)
                                    for (s, dur), (off, v) in sorted(piece.items())]
    mapping = ('return { time = { column = "when", zone = "stated" }, finish = { column = "until" }, columns = { figure = '
               '{ metric = "%s", unit = "%s" } }, origin = { name = "%s", kind = "%s" } }'
               % (metric, METRICS[metric][0], origin, world.origins[origin]))
    home.take(home.file(".csv", "\n".join(rows) + "\n"), "--as", "csv", "--map", home.file(".lua", mapping))


def tell_piece(home, world, r, origin, metric, piece):
    (by_lines if r.random() < .5 else by_table)(home, world, origin, metric, piece)
    for s, v in piece.items():
        world.samples.setdefault((origin, metric), {})[s] = v


def tell_records(home, world, records):
    lines = head(world)
    for x in records:
        day = day_of(x["finish"], x["offset_finish"]) if x["kind"] == "sleep" else day_of(x["start"], x["offset_start"])
        a = dict(x["attributes"])
        if x["kind"] == "sleep" and is_nap(x):
            a["nap"] = True
        lines.append(dumps({"line": "record", "id": "1", "kind": x["kind"], "type": a.get("sport", x["kind"]),
                                 "start_ms": x["start"], "finish_ms": x["finish"], "offset_start": x["offset_start"],
                                 "offset_finish": x["offset_finish"], "day": text_of(day), "connection":
                                 {"provider": "file", "name": "files"}, "origin": number_of(world, x["origin"]),
                                 "external_id": x["external_id"], "attributes": a, "zone_from": "provider"}))
        world.records[x["external_id"]] = x
    home.take(home.file(".jsonl", "\n".join(lines) + "\n"))


def tell_total(home, world, metric, day, origin, value):
    line = {"line": "day_total", "metric": metric, "unit": METRICS[metric][0], "day": text_of(day), "value": value,
            "origin": number_of(world, origin)}
    home.take(home.file(".jsonl", "\n".join(head(world) + [dumps(line)]) + "\n"))
    world.totals[(metric, day, origin)] = value


# --- comparing ---

class Judge:
    def __init__(self, seed):
        self.seed, self.n, self.wrong = seed, 0, []

    def same(self, what, got, wanted):
        self.n += 1
        if isinstance(got, (int, float)) and isinstance(wanted, (int, float)):
            if abs(got - wanted) <= 1e-6 * max(1, abs(wanted)):
                return
        elif got == wanted:
            return
        self.wrong.append("seed %d: %s: %s, but it must be %s" % (self.seed, what, got, wanted))

    def true(self, what, is_so):
        self.n += 1
        if not is_so:
            self.wrong.append("seed %d: %s" % (self.seed, what))


def span_of(story):
    return text_of(story.first - 3), text_of(story.first + story.n_days + 4)


def judge_days(j, home, world, story, when):
    a, b = span_of(story)
    for metric, (unit, adds, daily, few) in METRICS.items():
        rows = {x["day"]: x for x in home.json("query", metric, "--from", a, "--to", b)}
        wanted = {text_of(d): world.merged(metric, d) for d in world.days(metric)}
        j.same("%s: days of %s" % (when, metric), sorted(rows), sorted(d for d in wanted if wanted[d]))
        for d, w in wanted.items():
            if not w or d not in rows:
                continue
            x = rows[d]
            for key, value in zip(("n", "sum", "min", "max", "last"), w):
                j.same("%s: %s of %s %s" % (when, key, metric, d), x[key], value)
            j.same("%s: value of %s %s" % (when, metric, d), x["value"],
                   {"sum": w[1], "mean": w[1] / w[0], "last": w[4]}[daily])
            day = (dt.date.fromisoformat(d) - dt.date(1970, 1, 1)).days
            stated = any(m == metric and dd == day for (m, dd, o) in world.totals)
            lanes = world.lanes(metric, day)
            if adds and lanes and not stated:
                each = [sum(v for *_, v in world.of_day(o, metric, day)) for o in lanes]
                j.true("%s: %s %s lies between the best source and all" % (when, metric, d),
                       each[0] - 1e-6 <= x["sum"] <= sum(each) + 1e-6)
        judge_sources(j, home, world, metric, a, b, when)


def judge_sources(j, home, world, metric, a, b, when):
    rows = {(x["origin"], x["day"]): x["value"] for x in home.json("query", metric, "--by", "source", "--from", a, "--to", b)}
    wanted = {}
    for d in world.days(metric):
        for o in world.origins:
            v = world.single(o, metric, d)
            if v is not None:
                wanted[(o, text_of(d))] = v
    j.same("%s: sources of %s" % (when, metric), sorted(rows), sorted(wanted))
    for k in wanted:
        j.same("%s: %s of %s" % (when, metric, k), rows.get(k), wanted[k])


def judge_nights(j, home, world, story, when):
    a, b = span_of(story)
    asleep = {x["day"]: x["value"] for x in home.json("query", "sleep_duration", "--from", a, "--to", b)}
    bed = {x["day"]: x["value"] for x in home.json("query", "sleep_in_bed", "--from", a, "--to", b)}
    for k in range(-3, story.n_days + 4):
        d = text_of(story.first + k)
        w = world.night(story.first + k)
        j.same("%s: asleep %s" % (when, d), asleep.get(d), w[0])
        j.same("%s: in bed %s" % (when, d), bed.get(d), w[1])


def judge_views(j, home, world, story, when):
    a, b = span_of(story)
    db = sqlite3.connect("file:%s/syncwell.db?mode=ro" % home.dir, uri=True)
    for metric in METRICS:
        rows = {x["day"]: x for x in home.json("query", metric, "--from", a, "--to", b)}
        view = {d: (n, t, m, lo, hi, new) for d, n, t, m, lo, hi, new in db.execute(
            "SELECT day, n, total, mean, low, high, newest FROM v_daily WHERE metric = ?", (metric,))}
        j.same("%s: days of v_daily %s" % (when, metric), sorted(view), sorted(rows))
        for d in rows:
            for key, v in zip(("n", "sum", "mean", "min", "max", "last"), view.get(d, ())):
                j.same("%s: v_daily %s %s %s" % (when, key, metric, d), v, rows[d][key])
        own = {(o, d): t for o, d, t in db.execute(
            "SELECT origin, day, total FROM v_daily_by_origin WHERE metric = ?", (metric,))}
        wanted = {}
        for o in world.origins:
            for d in world.days(metric):
                x = world.of_day(o, metric, d)
                if x:
                    wanted[(o, text_of(d))] = sum(v for *_, v in x)
        j.same("%s: v_daily_by_origin of %s" % (when, metric), sorted(own), sorted(wanted))
        for k in wanted:
            j.same("%s: v_daily_by_origin %s %s" % (when, metric, k), own.get(k), wanted[k])
    db.close()


def judge_explain(j, home, world, story, when):
    for metric in METRICS:
        for d in sorted(world.days(metric)):
            x = home.json("explain", metric, text_of(d), "--all")
            w = world.merged(metric, d)
            unit, adds, daily, few = METRICS[metric]
            j.same("%s: explain %s %s" % (when, metric, text_of(d)), x["value"],
                   w and {"sum": w[1], "mean": w[1] / w[0], "last": w[4]}[daily])
            if adds and w:
                used = sum(i["share"] * i["value"] for i in x["intervals"] + x["totals"])
                j.same("%s: explained parts of %s %s" % (when, metric, text_of(d)), used, w[1])


def judge_hours(j, home, world, story, when):
    a, b = span_of(story)
    for metric in METRICS:
        per, keys = {}, set()
        for x in home.json("query", metric, "--every", "hour", "--from", a, "--to", b):
            per.setdefault(x["hour"][:10], []).append(x)
            keys.add(x["hour"])
        for d in sorted(world.days(metric)):
            if any(m == metric and dd == d for (m, dd, o) in world.totals):
                continue
            w = world.merged(metric, d)
            rows = per.get(text_of(d), [])
            if w:
                j.same("%s: hours of %s %s: n" % (when, metric, text_of(d)), sum(x["n"] for x in rows), w[0])
                j.same("%s: hours of %s %s: sum" % (when, metric, text_of(d)), sum(x["sum"] for x in rows), w[1])
                if not story.travel:  # who flies west has a later hour before an earlier one
                    j.same("%s: hours of %s %s: newest" % (when, metric, text_of(d)), rows[-1]["last"], w[4])
                j.same("%s: hours of %s %s: least" % (when, metric, text_of(d)), min(x["min"] for x in rows), w[2])
            told = sum(len(world.of_day(o, metric, d)) for o in world.origins)
            raw = home.json("query", metric, "--every", "raw", "--from", text_of(d), "--to", text_of(d))
            j.same("%s: raw %s of %s" % (when, metric, text_of(d)), len(raw), told)


def judge_exports(j, home, world, story, when):
    out = home.dir + "/tables/"
    home.run("export", "csv", "--out", out)
    got = {}
    for row in csv.DictReader(open(out + "samples.csv", newline="")):
        key = (row["metric"], row["origin"], row["time"][:10])
        got[key] = got.get(key, 0) + float(row["value"])
    wanted = {}
    for (o, m), x in world.samples.items():
        for (s, dur), (off, v) in x.items():
            key = (m, o, text_of(day_of(s, off)))
            wanted[key] = wanted.get(key, 0) + v
    j.same("%s: export csv" % when, sorted(got), sorted(wanted))
    for k in wanted:
        j.same("%s: export csv %s" % (when, k), got.get(k), wanted[k])
    records = list(csv.DictReader(open(out + "records.csv", newline="")))
    j.same("%s: export csv records" % when, len(records), len(world.records))
    shutil.rmtree(out)
    d = story.first + 1 + story.r.randrange(3)
    part = home.run("export", "csv", "--from", text_of(d), "--to", text_of(d), "--metric", "steps", "--metric", "heart_rate",
                    "--metric", "weight")
    got = {}
    for row in csv.DictReader(io.StringIO(part)):
        got[(row["metric"], row["origin"], row["time"][:10])] = got.get((row["metric"], row["origin"], row["time"][:10]), 0) + float(row["value"])
    part = {k: v for k, v in wanted.items() if k[2] == text_of(d) and k[0] in ("steps", "heart_rate", "weight")}
    j.same("%s: export csv of the day %s" % (when, text_of(d)), {k: round(v, 6) for k, v in got.items()}, {k: round(v, 6) for k, v in part.items()})
    bundle = json.loads(home.run("export", "fhir"))
    sums = {}
    for e in bundle["entry"]:
        q = e["resource"]
        if q["resourceType"] == "Observation" and "valueQuantity" in q:
            sums[q["code"]["text"]] = sums.get(q["code"]["text"], 0) + q["valueQuantity"]["value"]
    titles = {"steps": "Steps", "heart_rate": "Heart rate", "weight": "Weight", "distance": "Distance"}
    for m, t in titles.items():
        j.same("%s: fhir %s" % (when, m), sums.get(t, 0), sum(v for k, v in wanted.items() if k[0] == m))
    sums = 0
    for line in home.run("export", "omh", "--metric", "steps").splitlines():
        sums += json.loads(line)["body"]["step_count"]
    j.same("%s: omh steps" % when, sums, sum(v for k, v in wanted.items() if k[0] == "steps"))


def judge_records(j, home, world, story, when):
    rows = home.json("records", "all")
    j.same("%s: records" % when, len(rows), len(world.records))
    wanted = {}
    for x in world.records.values():
        day = day_of(x["finish"], x["offset_finish"]) if x["kind"] == "sleep" else day_of(x["start"], x["offset_start"])
        wanted.setdefault((x["kind"], iso(x["start"], x["offset_start"]), iso(x["finish"], x["offset_finish"]), text_of(day), x["origin"]), 0)
    got = {(x["kind"], plain(x["start"]), plain(x["finish"]), x["day"], x["origin"]) for x in rows}
    j.same("%s: records as told" % when, sorted(got), sorted(wanted))
    events = {x["event"] for x in world.records.values() if x["kind"] == "workout"}
    groups = {x["group"] for x in rows if x["kind"] == "workout"}
    j.same("%s: workouts are so many events" % when, len(groups), len(events))
    ics = home.run("export", "ics", "--kind", "workout")
    j.same("%s: events in the calendar" % when, ics.count("BEGIN:VEVENT"), len(events))


def judge_compare(j, home, world, story, when):
    names = [o for o in world.origins]
    if len(names) < 2:
        return
    for metric in METRICS:
        if not {names[0], names[1]} <= {o for (o, m) in world.samples} | {o for (m, d, o) in world.totals}:
            continue
        x = home.json("compare", metric, names[0], names[1])
        a = {d: world.single(names[0], metric, d) for d in world.days(metric)}
        b = {d: world.single(names[1], metric, d) for d in world.days(metric)}
        both = sorted(d for d in a if a[d] is not None and b[d] is not None)
        j.same("%s: compare %s: days" % (when, metric), [r["day"] for r in x["days"]], [text_of(d) for d in both])
        j.same("%s: compare %s: only a" % (when, metric), x["only_a"], [text_of(d) for d in sorted(a) if a[d] is not None and b[d] is None])
        if both:
            j.same("%s: compare %s: bias" % (when, metric), x["bias"], sum(a[d] - b[d] for d in both) / len(both))


def judge(j, home, world, story, when, all_of_it=True):
    judge_days(j, home, world, story, when)
    judge_nights(j, home, world, story, when)
    judge_records(j, home, world, story, when)
    if all_of_it:
        judge_views(j, home, world, story, when)
        judge_explain(j, home, world, story, when)
        judge_hours(j, home, world, story, when)
        judge_exports(j, home, world, story, when)
        judge_compare(j, home, world, story, when)


# --- one home ---

def tell(home, world, story):
    r = story.r
    todo = []
    for o in story.origins:
        for _ in range(r.randint(2, 6)):
            todo.append(("piece", o))
    for k in range(story.n_days):
        if r.random() < .6:
            todo += [("records", [x]) for x in story.night(k)]
        if r.random() < .4:
            todo += [("records", [x]) for x in story.workouts(k)]
    for _ in range(r.randint(0, 3)):
        todo.append(("total", r.choice(list(story.origins))))
    r.shuffle(todo)
    for what, x in todo:
        if what == "piece":
            metric, piece = story.piece(x)
            tell_piece(home, world, r, x, metric, piece)
        elif what == "records":
            tell_records(home, world, x)
        else:
            metric = r.choice(["steps", "distance", "active_energy", "resting_heart_rate"])
            tell_total(home, world, metric, story.first + r.randrange(story.n_days), x, r.randint(30, 4000) if metric != "resting_heart_rate" else r.randint(40, 90))


def copy_of(world):
    c = World()
    c.origins = world.origins
    c.samples = {k: dict(v) for k, v in world.samples.items()}
    c.edits = dict(world.edits)
    c.totals, c.records, c.ranks = dict(world.totals), dict(world.records), dict(world.ranks)
    return c


def change(j, home, world, story):
    """Late data, taken back; a rank; a deletion; each judged."""
    r = story.r
    before = copy_of(world)
    o = r.choice(list(world.origins))
    metric, piece = story.piece(o)
    tell_piece(home, world, r, o, metric, piece)
    judge(j, home, world, story, "late data", False)
    home.run("undo", "--last")
    world = before
    judge(j, home, world, story, "undone", False)
    known = [o for o in world.origins if any(k[0] == o for k in world.samples)]
    if known:
        names = r.sample(known, r.randint(1, len(known)))
        what = r.choice(["", "steps", "heart_rate", "weight", "sleep"])
        home.run("origins", "rank", *names, *(["--for", what] if what else []))
        world.ranks[what] = names
        judge(j, home, world, story, "ranked", False)
    sleeps = [x for x in home.json("records", "sleep") if not x["attributes"].get("nap")]
    if sleeps:
        x = r.choice(sleeps)
        e = [k for k, y in world.records.items() if y["kind"] == "sleep" and y["origin"] == x["origin"]
             and iso(y["start"], y["offset_start"]) == plain(x["start"])][0]
        what, value = r.choice(["asleep_s", "in_bed_s", "title"]), r.randint(100, 500) * 60
        home.run("records", "edit", "--where", "id=" + x["id"], "--set", "%s=%s" % (what, value))
        was, world = world, copy_of(world)
        world.edits[e] = {what: value}
        judge(j, home, world, story, "edited", False)
        if r.random() < .7:
            home.run("undo", "--last")
            world = was
            judge(j, home, world, story, "edit undone", False)
    rows = home.json("records", "all")
    if rows and not world.edits:
        x = r.choice(rows)
        home.run("records", "delete", "--where", "id=" + x["id"])
        left = {(y["kind"], plain(y["start"]), plain(y["finish"]), y["origin"]) for y in home.json("records", "all")}
        for e, y in list(world.records.items()):
            if (y["kind"], iso(y["start"], y["offset_start"]), iso(y["finish"], y["offset_finish"]), y["origin"]) not in left:
                del world.records[e]
        judge(j, home, world, story, "deleted", False)
    return world


def one(binary, seed):
    story, world = Story(seed), World()
    world.origins = story.origins
    j, home = Judge(seed), Home(binary, story.zone)
    again = None
    try:
        tell(home, world, story)
        judge(j, home, world, story, "told")
        world = change(j, home, world, story)
        judge(j, home, world, story, "changed")
        j.same("check", home.run("check", ok=(0, 4)).find("wrong") >= 0 and "wrong" or "", "")
        dump = home.run("dump", "--canonical")
        home.run("check", "--repair")
        j.true("check --repair changed the dump", home.run("dump", "--canonical") == dump)
        path = home.dir + "/all.jsonl"
        home.run("export", "json", "--out", path)
        again = Home(binary, story.zone)
        again.take(path)
        judge(j, again, world, story, "imported again", False)
        home.run("backup", "now")
        tell_piece(home, copy_of(world), story.r, next(iter(world.origins)), *story.piece(next(iter(world.origins))))
        name = sorted(os.listdir(home.dir + "/backups"))[-1]
        home.run("backup", "restore", home.dir + "/backups/" + name, "--force")
        judge(j, home, world, story, "restored", False)
    except Exception as e:  # a home that cannot be told is a finding, too
        j.wrong.append("seed %d: %s: %s" % (seed, type(e).__name__, e))
    if not j.wrong or not os.environ.get("KEEP"):
        shutil.rmtree(home.dir)
    else:
        j.wrong.append("seed %d: kept in %s" % (seed, home.dir))
    if again:
        shutil.rmtree(again.dir)
    return j


def main():
    binary, first, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    compared = 0
    for seed in range(first, first + n):
        j = one(binary, seed)
        compared += j.n
        for line in j.wrong[:int(os.environ.get("MOST", "12"))]:
            print(line[:900], flush=True)
    print("%d homes, %d figures compared" % (n, compared))


if __name__ == "__main__":
    main()
