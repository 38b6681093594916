// G12: node's fetch with a token, six at a time.   node ref_fetch.mjs PORT REQUESTS
const [port, most] = process.argv.slice(2).map(Number);
const headers = { Accept: "application/json", Authorization: "Bearer " + process.env.TOKEN };
let sent = 0, good = 0, bytes = 0;
const before = process.cpuUsage();

async function worker() {
  while (sent++ < most) {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/series`, { headers });
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
    bytes += (await answer.arrayBuffer()).byteLength;
    good++;
  }
}

await Promise.all(Array.from({ length: 6 }, worker));
const used = process.cpuUsage(before);
console.log(JSON.stringify({ check: `${good} answers, ${bytes} bytes`, cpu_s: (used.user + used.system) / 1e6 }));
process.exit(0);
