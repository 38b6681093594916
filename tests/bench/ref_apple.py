"""G9 reference: Apple's export into SQLite as a plain script does it: iterparse, batches of 500.

  ref_apple.py DB EXPORT.xml

Repeats are left out by a unique key; times become UTC milliseconds; workouts are rows too. Nothing is
rolled up, merged or converted, so it does less than an import does."""
import json, sqlite3, sys
import xml.etree.ElementTree as ET
from datetime import datetime

db = sqlite3.connect(sys.argv[1])
db.executescript("""PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE record (type TEXT, source TEXT, start INT, finish INT, value, unit TEXT, PRIMARY KEY (type, source, start, finish)) WITHOUT ROWID;
CREATE TABLE workout (type TEXT, source TEXT, start INT, finish INT, body TEXT, PRIMARY KEY (type, source, start)) WITHOUT ROWID;""")


def millis(text):
    return int(datetime.fromisoformat(text[:19] + text[20:]).timestamp()) * 1000


def record(a):
    return a["type"], a.get("sourceName"), millis(a["startDate"]), millis(a["endDate"]), a.get("value"), a.get("unit")


def workout(a, e):
    body = {"attributes": dict(a), "parts": [dict(child.attrib) for child in e]}
    return a["workoutActivityType"], a.get("sourceName"), millis(a["startDate"]), millis(a["endDate"]), json.dumps(body)


def flush(rows):
    db.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?, ?)", rows)
    db.commit()
    rows.clear()


rows = []
events = ET.iterparse(sys.argv[2], ("start", "end"))
_, root = next(events)
depth = 1
for what, element in events:
    depth += 1 if what == "start" else -1
    if what == "start" or depth > 1:
        continue
    if element.tag == "Record":
        rows.append(record(element.attrib))
        if len(rows) >= 500:
            flush(rows)
    elif element.tag == "Workout":
        db.execute("INSERT OR REPLACE INTO workout VALUES (?, ?, ?, ?, ?)", workout(element.attrib, element))
    root.clear()
flush(rows)
counts = dict(db.execute("SELECT type, count(*) FROM record GROUP BY type"))
db.close()


def n(name):
    return counts.get("HKQuantityTypeIdentifier" + name, 0)


print(json.dumps({"check": f'{n("StepCount")} {n("OxygenSaturation")} {n("RespiratoryRate")} {n("HeartRate")}'}))
