"""G6 and G7 reference: samples as SQLite rows, interned series id, WITHOUT ROWID.

  ref_rows.py fill DB RAW          RAW as make_pages.py writes it
  ref_rows.py daily DB DAYS ROUNDS SHIFT_MS
"""
import json, sqlite3, struct, sys, time

START_MS = 1420070400000
DAY_MS = 86400000


def fill(db, path):
    with open(path, "rb") as f:
        data = f.read()
    db.execute("CREATE TABLE sample (series INT, start INT, value, PRIMARY KEY (series, start)) WITHOUT ROWID")
    db.executemany("INSERT INTO sample VALUES (1, ?, ?)", ((t, int(v)) for t, v in struct.iter_unpack("<qd", data)))
    db.commit()
    return {"check": str(len(data) // 16)}


def daily(db, days, rounds, shift):
    sql = ("SELECT count(*), sum(n), sum(mean) FROM (SELECT count(*) AS n, avg(value) AS mean FROM sample WHERE series = 1 "
           "AND start >= ? AND start < ? GROUP BY (start + ?) / 86400000)")
    window = (START_MS - shift, START_MS + days * DAY_MS - shift, shift)
    began = time.process_time()
    for _ in range(rounds):
        n_days, n, total = db.execute(sql, window).fetchone()
    return {"cpu_s": (time.process_time() - began) / rounds, "check": f"{n_days} {n} {total:.4f}"}


database = sqlite3.connect(sys.argv[2])
if sys.argv[1] == "fill":
    print(json.dumps(fill(database, sys.argv[3])))
else:
    print(json.dumps(daily(database, *map(int, sys.argv[3:6]))))
database.close()
