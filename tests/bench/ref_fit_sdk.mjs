// G10 reference for FIT: the maker's own SDK for JavaScript and better-sqlite3, stored as ref_files.py does.
//   NODE_MODULES=DIR node ref_fit_sdk.mjs DB FOLDER
import { createRequire } from "node:module";
import { readdirSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const modules = process.env.NODE_MODULES;
const Database = createRequire(modules + "/")("better-sqlite3");
const { Decoder, Stream } = await import(pathToFileURL(`${modules}/@garmin/fitsdk/src/index.js`));
const SERIES = { altitude: "enhancedAltitude", cadence: "cadence", heart_rate: "heartRate", latitude: "positionLat",
  longitude: "positionLong", power: "power", speed: "enhancedSpeed" };
const [path, folder] = process.argv.slice(2);
const db = new Database(path);
db.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE sample (series INT, start INT, value, PRIMARY KEY (series, start)) WITHOUT ROWID;
CREATE TABLE workout (type TEXT, start INT, finish INT, body TEXT, PRIMARY KEY (start, type)) WITHOUT ROWID;`);
const sample = db.prepare("INSERT OR REPLACE INTO sample VALUES (?, ?, ?)");
const workout = db.prepare("INSERT OR REPLACE INTO workout VALUES (?, ?, ?, ?)");
const names = Object.keys(SERIES);

const store = db.transaction((messages) => {
  for (const r of messages.recordMesgs ?? []) {
    const start = r.timestamp?.getTime();
    names.forEach((name, i) => {
      const value = r[SERIES[name]];
      if (start && typeof value === "number" && (name !== "heart_rate" || (value >= 20 && value <= 260))) sample.run(i, start, value);
    });
  }
  for (const s of messages.sessionMesgs ?? []) {
    const body = { elapsed_s: s.totalElapsedTime, distance_m: s.totalDistance, energy_kcal: s.totalCalories, hr_avg: s.avgHeartRate };
    workout.run(s.sport ?? "other", s.startTime?.getTime() ?? 0, s.timestamp?.getTime() ?? 0, JSON.stringify(body));
  }
});

for (const name of readdirSync(folder).sort()) {
  const decoder = new Decoder(Stream.fromBuffer(readFileSync(`${folder}/${name}`)));
  store.immediate(decoder.read().messages);
}
const { n, total } = db.prepare("SELECT count(*) AS n, sum(value) AS total FROM sample WHERE series = ?").get(names.indexOf("heart_rate"));
console.log(JSON.stringify({ check: `${n} ${total}` }));
db.close();
