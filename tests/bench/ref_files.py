"""G10 reference: a folder of FIT, TCX and GPX files into SQLite, in plain Python.

  ref_files.py DB FOLDER

Samples of the common metrics are rows, workouts are rows with a body; one commit a file. Nothing is
rolled up, merged or matched, so it does less than an import does."""
import json, os, sqlite3, sys
import xml.etree.ElementTree as ET
from datetime import datetime

import fit_reader

FIT = {3: ("heart_rate", 1, 0), 4: ("cadence", 1, 0), 7: ("power", 1, 0), 6: ("speed", 1000, 0),
       73: ("speed", 1000, 0), 2: ("altitude", 5, 500), 78: ("altitude", 5, 500), 0: ("latitude", 2 ** 31 / 180, 0),
       1: ("longitude", 2 ** 31 / 180, 0)}
SERIES = {name: i for i, name in enumerate(sorted({n for n, _, _ in FIT.values()}))}
SPORT = {0: "generic", 1: "running", 2: "cycling", 5: "swimming", 11: "walking", 17: "hiking"}


def millis(text):
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def add(rows, name, start, text):
    if text is not None:
        value = float(text)
        if name != "heart_rate" or 20 <= value <= 260:
            rows.append((SERIES[name], start, value))


def from_fit(path):
    with open(path, "rb") as f:
        records, sessions = fit_reader.read(f.read())
    rows = []
    for r in records:
        start = r[253]
        for field, value in r.items():
            if field in FIT:
                name, scale, shift = FIT[field]
                add(rows, name, start, value / scale - shift)
    workouts = []
    for s in sessions:
        start = s.get(2, 0) * 1000 + fit_reader.EPOCH_MS
        body = {"elapsed_s": s.get(7, 0) / 1000, "distance_m": s.get(9, 0) / 100, "energy_kcal": s.get(11), "hr_avg": s.get(16)}
        workouts.append((SPORT.get(s.get(5), "other"), start, s[253], json.dumps(body)))
    return rows, workouts


def local(tag):
    return tag.rpartition("}")[2]


def texts(element):
    return {local(e.tag): e.text for e in element.iter() if e.text and not e.text.isspace()}


def from_tcx(path):
    rows, workouts = [], []
    for activity in ET.parse(path).iter():
        if local(activity.tag) != "Activity":
            continue
        start = finish = None
        total = {"elapsed_s": 0.0, "distance_m": 0.0}
        for e in activity.iter():
            if local(e.tag) == "Lap":
                t = {local(c.tag): c.text for c in e}
                total["elapsed_s"] += float(t.get("TotalTimeSeconds") or 0)
                total["distance_m"] += float(t.get("DistanceMeters") or 0)
            elif local(e.tag) == "Trackpoint":
                t = texts(e)
                if "Time" not in t:
                    continue
                finish = millis(t["Time"])
                start = start or finish
                for name, key in (("altitude", "AltitudeMeters"), ("cadence", "Cadence"), ("speed", "Speed"),
                                  ("power", "Watts"), ("latitude", "LatitudeDegrees"), ("longitude", "LongitudeDegrees")):
                    add(rows, name, finish, t.get(key))
                heart = next((c for c in e if local(c.tag) == "HeartRateBpm"), None)
                if heart is not None and len(heart):
                    add(rows, "heart_rate", finish, heart[0].text)
        if start:
            workouts.append((activity.get("Sport"), start, finish, json.dumps(total)))
    return rows, workouts


def from_gpx(path):
    rows, times = [], []
    for point in ET.parse(path).iter():
        if local(point.tag) != "trkpt":
            continue
        t = texts(point)
        if "time" not in t:
            continue
        at = millis(t["time"])
        times.append(at)
        add(rows, "latitude", at, point.get("lat"))
        add(rows, "longitude", at, point.get("lon"))
        add(rows, "altitude", at, t.get("ele"))
        add(rows, "heart_rate", at, t.get("hr"))
        add(rows, "cadence", at, t.get("cad"))
    return rows, [("other", min(times), max(times), "{}")] if times else []


READ = {".fit": from_fit, ".tcx": from_tcx, ".gpx": from_gpx}


def main():
    db = sqlite3.connect(sys.argv[1])
    db.executescript("""PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE sample (series INT, start INT, value, PRIMARY KEY (series, start)) WITHOUT ROWID;
CREATE TABLE workout (type TEXT, start INT, finish INT, body TEXT, PRIMARY KEY (start, type)) WITHOUT ROWID;""")
    for name in sorted(os.listdir(sys.argv[2])):
        rows, workouts = READ[os.path.splitext(name)[1].lower()](os.path.join(sys.argv[2], name))
        db.executemany("INSERT OR REPLACE INTO sample VALUES (?, ?, ?)", rows)
        db.executemany("INSERT OR REPLACE INTO workout VALUES (?, ?, ?, ?)", workouts)
        db.commit()
    n, total = db.execute("SELECT count(*), sum(value) FROM sample WHERE series = ?", (SERIES["heart_rate"],)).fetchone()
    print(json.dumps({"check": f"{n} {total or 0:.0f}", "n": db.execute("SELECT count(*) FROM sample").fetchone()[0]}))
    db.close()


if __name__ == "__main__":
    main()
