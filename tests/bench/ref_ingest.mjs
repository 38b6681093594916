// G5 reference on node with better-sqlite3: the same job as ref_ingest.py.
//   NODE_MODULES=DIR node ref_ingest.mjs DB PAGES_DIR
import { createRequire } from "node:module";
import { readdirSync, readFileSync } from "node:fs";

const Database = createRequire(process.env.NODE_MODULES + "/")("better-sqlite3");
const [path, folder] = process.argv.slice(2);
const db = new Database(path);
db.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE IF NOT EXISTS sample (series INT, start INT, value, PRIMARY KEY (series, start)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS daily (series INT, day INT, n INT, total, low, high, PRIMARY KEY (series, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS activity (id TEXT PRIMARY KEY, start INT, finish INT, body TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY, body TEXT);`);
const upsert = db.prepare(`INSERT INTO sample VALUES (1, ?, ?) ON CONFLICT (series, start) DO UPDATE SET value = excluded.value
  WHERE value <> excluded.value`);
const rollUp = db.prepare(`INSERT OR REPLACE INTO daily SELECT series, start / 86400000, count(*), sum(value), min(value), max(value)
  FROM sample WHERE series = 1 AND start >= ? AND start < ? GROUP BY 1, 2`);
const event = db.prepare("INSERT INTO event (body) VALUES (?)");
const record = db.prepare(`INSERT INTO activity VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET start = excluded.start,
  finish = excluded.finish, body = excluded.body WHERE body <> excluded.body`);
const DAY = 86400000;

function putActivity(a) {
  const start = Date.parse(a.start_date);
  const body = {
    attributes: { ascent_m: a.total_elevation_gain, distance_m: a.distance, elapsed_s: a.elapsed_time, heart_rate: a.average_heartrate,
      name: a.name, polyline: a.map.summary_polyline },
    segments: a.splits_metric.map((s) => ({ distance_m: s.distance, elapsed_s: s.elapsed_time, heart_rate: s.average_heartrate })),
  };
  record.run(String(a.id), start, start + a.elapsed_time * 1000, JSON.stringify(body));
}

const page = db.transaction((text) => {
  const doc = JSON.parse(text);
  let changed = 0, first = 0, last = 0;
  for (const item of doc.data) {
    if (!(item.bpm >= 20 && item.bpm <= 260)) continue;
    const start = Date.parse(item.timestamp);
    changed += upsert.run(start, item.bpm).changes;
    first ||= start;
    last = start;
  }
  if (changed) {
    rollUp.run(Math.floor(first / DAY) * DAY, (Math.floor(last / DAY) + 1) * DAY);
    event.run(JSON.stringify({ from: first, to: last, n: changed }));
  }
  doc.activities.forEach(putActivity);
});

let spent = 0;
for (const name of readdirSync(folder).sort()) {
  const bytes = readFileSync(`${folder}/${name}`);
  const began = process.cpuUsage();
  page.immediate(bytes.toString("utf8"));
  const used = process.cpuUsage(began);
  spent += (used.user + used.system) / 1e6;
}
const { n, total } = db.prepare("SELECT sum(n) AS n, sum(total) AS total FROM daily").get();
const { records } = db.prepare("SELECT count(*) AS records FROM activity").get();
console.log(JSON.stringify({ cpu_s: spent, check: `${n} ${total} ${records}` }));
db.close();
