// G11: node's http server with the same route and token. Prints its port; states its CPU time at SIGTERM.
// BODY: the answer's text; TOKEN is what bench_serve.c asks with.
import http from "node:http";
import crypto from "node:crypto";

const body = process.env.BODY;
const wanted = crypto.createHash("sha256").update(process.env.TOKEN).digest();
const routes = new Map(["/healthz", "/metrics", "/v1/records", "/v1/series"].map((path) => [path, body]));

function may(request) {
  const a = request.headers.authorization;
  return a?.startsWith("Bearer ") && crypto.timingSafeEqual(crypto.createHash("sha256").update(a.slice(7)).digest(), wanted);
}

const server = http.createServer((request, response) => {
  const found = routes.get(request.url);
  const status = !found ? 404 : may(request) ? 200 : 401;
  const text = status === 200 ? found : "{}";
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) });
  response.end(text);
});

server.listen(0, "127.0.0.1", () => {
  const before = process.cpuUsage();
  console.log(server.address().port);
  process.on("SIGTERM", () => {
    const used = process.cpuUsage(before);
    console.log(JSON.stringify({ cpu_s: (used.user + used.system) / 1e6 }));
    process.exit(0);
  });
});
