// G1: Node-RED's switch node wired to a function node, events handed to the switch.   node ref_nodered.mjs N
// The end of each message is counted through an object that all of them carry.
import { createRequire } from "node:module";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";

const require = createRequire(path.join(process.env.NODE_MODULES, "x.js"));
const RED = require("node-red");
const most = Number(process.argv[2]), userDir = fs.mkdtempSync(path.join(os.tmpdir(), "nodered-"));
const flows = [
  { id: "t", type: "tab", label: "bench" },
  { id: "s", z: "t", type: "switch", property: "payload.attributes.elapsed_s", propertyType: "msg", checkall: "true", outputs: 1,
    rules: [{ t: "gt", v: "3600", vt: "num" }], wires: [["f"]] },
  { id: "f", z: "t", type: "function", outputs: 1, wires: [[]],
    func: "msg.payload = { text: 'drink after ' + msg.payload.attributes.sport, title: 'Hydration' }; msg.tally.n++; return msg;" },
];

function event(n) {
  return { id: "g" + n, group: "g" + n, kind: "workout", day: "2026-03-01", start: 1772317800000, finish: 1772323200000,
    offset_start: 60, offset_finish: 60, provider: "garmin", live: "live",
    attributes: { sport: "running", elapsed_s: 5400, distance_m: 15000, hr_avg: 141 } };
}

function messages(from, count, tally) {
  return Array.from({ length: count }, (_, i) => ({ _msgid: String(from + i), payload: event(from + i), tally }));
}

function pump(node, list, from, tally) {
  const count = list.length;
  for (const message of list) node.receive(message);
  return new Promise((resolve) => {
    const look = () => (tally.n >= from + count ? resolve() : setImmediate(look));
    setImmediate(look);
  });
}

const started = new Promise((resolve) => RED.events.once("flows:started", resolve));
fs.writeFileSync(path.join(userDir, "flows.json"), JSON.stringify(flows));
RED.init(http.createServer(), { userDir, flowFile: "flows.json", httpAdminRoot: false, httpNodeRoot: false, disableEditor: true,
  telemetry: { enabled: false }, logging: { console: { level: "off" } } });
await RED.start();
await started;
const node = RED.nodes.getNode("s"), tally = { n: 0 };
await pump(node, messages(0, 2000, tally), 0, tally); // its code is compiled by then
tally.n = 0;
const used = { user: 0, system: 0 };
for (let from = 0; from < most; from += 500) {
  const list = messages(from, Math.min(500, most - from), tally); // made before the clock, as on the other side
  const before = process.cpuUsage();
  await pump(node, list, from, tally);
  const batch = process.cpuUsage(before);
  used.user += batch.user;
  used.system += batch.system;
}
console.log(JSON.stringify({ check: tally.n, cpu_s: (used.user + used.system) / 1e6 }));
await RED.stop();
fs.rmSync(userDir, { recursive: true, force: true });
process.exit(0);
