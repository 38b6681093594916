"""G5 reference: the script a user would write: json, sqlite3, one row a sample, a daily table kept up.

  ref_ingest.py DB PAGES_DIR

Rows WITHOUT ROWID under an interned series id are the fastest layout SQLite has for this; a row that
says nothing new is not written; days that changed are rolled up per page; WAL, one commit a page."""
import json, os, sqlite3, sys, time
from datetime import datetime

SCHEMA = """PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE IF NOT EXISTS sample (series INT, start INT, value, PRIMARY KEY (series, start)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS daily (series INT, day INT, n INT, total, low, high, PRIMARY KEY (series, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS activity (id TEXT PRIMARY KEY, start INT, finish INT, body TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY, body TEXT);"""
UPSERT = ("INSERT INTO sample VALUES (1, ?, ?) ON CONFLICT (series, start) DO UPDATE SET value = excluded.value "
          "WHERE value <> excluded.value")
ROLL_UP = ("INSERT OR REPLACE INTO daily SELECT series, start / 86400000, count(*), sum(value), min(value), max(value) FROM sample "
           "WHERE series = 1 AND start >= ? AND start < ? GROUP BY 1, 2")
RECORD = ("INSERT INTO activity VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET start = excluded.start, "
          "finish = excluded.finish, body = excluded.body WHERE body <> excluded.body")


def millis(text):
    return int(datetime.fromisoformat(text).timestamp()) * 1000


def sample(item):
    value = item["bpm"]
    return (millis(item["timestamp"]), value) if 20 <= value <= 260 else None


def activity(a):
    start = millis(a["start_date"])
    body = {"attributes": {"ascent_m": a["total_elevation_gain"], "distance_m": a["distance"], "elapsed_s": a["elapsed_time"],
                           "heart_rate": a["average_heartrate"], "name": a["name"], "polyline": a["map"]["summary_polyline"]},
            "segments": [{"distance_m": s["distance"], "elapsed_s": s["elapsed_time"], "heart_rate": s["average_heartrate"]}
                         for s in a["splits_metric"]]}
    return str(a["id"]), start, start + a["elapsed_time"] * 1000, json.dumps(body)


def page(db, text):
    doc = json.loads(text)
    rows = [r for r in map(sample, doc["data"]) if r]
    before = db.total_changes
    db.executemany(UPSERT, rows)
    changed = db.total_changes - before
    if changed:
        first, last = rows[0][0] // 86400000, rows[-1][0] // 86400000 + 1
        db.execute(ROLL_UP, (first * 86400000, last * 86400000))
        db.execute("INSERT INTO event (body) VALUES (?)", (json.dumps({"from": rows[0][0], "to": rows[-1][0], "n": changed}),))
    db.executemany(RECORD, map(activity, doc["activities"]))
    db.commit()


db = sqlite3.connect(sys.argv[1])
db.executescript(SCHEMA)
spent = 0.0
for name in sorted(os.listdir(sys.argv[2])):
    with open(os.path.join(sys.argv[2], name), "rb") as f:
        content = f.read()
    began = time.process_time()
    page(db, content)
    spent += time.process_time() - began
n, total = db.execute("SELECT sum(n), sum(total) FROM daily").fetchone()
print(json.dumps({"cpu_s": spent, "check": f'{n} {total} {db.execute("SELECT count(*) FROM activity").fetchone()[0]}'}))
db.close()
