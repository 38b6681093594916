// G6 and G7 reference: DuckDB, one thread, start BIGINT and value DOUBLE.
//   node ref_duckdb.mjs fill DB RAW | daily DB DAYS ROUNDS SHIFT_MS
// Modules are found from the folder in NODE_MODULES, so nothing is installed into the checkout.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.NODE_MODULES + "/");
const { DuckDBInstance } = require("@duckdb/node-api");
const START_MS = 1420070400000, DAY_MS = 86400000;
const [verb, path, ...words] = process.argv.slice(2);
const instance = await DuckDBInstance.create(path, { threads: "1" });
const db = await instance.connect();

function cpu() {
  const u = process.cpuUsage();
  return (u.user + u.system) / 1e6;
}

async function fill(raw) {
  const bytes = readFileSync(raw);
  const n = bytes.length / 16;
  await db.run("CREATE TABLE sample (start BIGINT, value DOUBLE)");
  const appender = await db.createAppender("sample");
  for (let i = 0; i < n; i++) {
    appender.appendBigInt(bytes.readBigInt64LE(i * 16));
    appender.appendDouble(bytes.readDoubleLE(i * 16 + 8));
    appender.endRow();
  }
  appender.closeSync();
  await db.run("CHECKPOINT");
  return { check: String(n) };
}

async function daily(days, rounds, shift) {
  const from = START_MS - shift, to = from + days * DAY_MS;
  const sql = `SELECT count(*), sum(n), sum(mean) FROM (SELECT count(*) AS n, avg(value) AS mean FROM sample
    WHERE start >= ${from} AND start < ${to} GROUP BY (start + ${shift}) // 86400000)`;
  let row, began;
  for (let i = 0; i <= rounds; i++) {
    if (i === 1) began = cpu(); // the first one warms its cache
    row = (await db.runAndReadAll(sql)).getRows()[0];
  }
  return { cpu_s: (cpu() - began) / rounds, check: `${row[0]} ${row[1]} ${row[2].toFixed(4)}` };
}

const out = verb === "fill" ? await fill(words[0]) : await daily(...words.map(Number));
console.log(JSON.stringify(out));
db.closeSync();
instance.closeSync();
