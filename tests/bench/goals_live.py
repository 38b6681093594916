"""The goals of a live engine: dispatch (G1), HTTP in (G11) and out (G12), jobs (G13), start and memory (G15)."""
import http.server, os, shutil, signal, sqlite3, subprocess, tempfile, threading, time

from measure import Server, Skip, bound, faster, pairs, run, skipped, slower

TOKEN = "bench-0123456789abcdef0123456789abcdef"
SIX = "six at a time"


def either(*_):
    return True


def lua(ctx, script, *words):
    """The command that runs a Lua file of ours inside the engine."""
    return [ctx.tool("bench_lua"), os.path.join(ctx.build, "share"), os.path.join(ctx.build, "syncwell-box"), ctx.script(script), *map(str, words)]


def fresh(ctx, name):
    return tempfile.mkdtemp(prefix=name + "-", dir=ctx.folder)


# --- G1 ---

def with_rules(ctx, n):
    """A home with n copies of the rule."""
    home = fresh(ctx, "rules")
    folder = os.path.join(home, "rules", "automations")
    os.makedirs(folder)
    for i in range(n):
        shutil.copy(ctx.script("bench_rule.lua"), os.path.join(folder, f"rule{i}.lua"))
    return home


def g1(ctx):
    n = 5000 if ctx.quick else 40000
    rule, what = ctx.script("bench_rule.lua"), f"{n} events to actions, a switch and a message"
    home = with_rules(ctx, 1)

    def worker():
        return run([ctx.tool("bench_rules"), "worker", os.path.join(ctx.build, "syncwell-box"), os.path.join(ctx.build, "share", "lua", "box"),
                    rule, str(n)])

    def inside(out):
        return {**out, "cpu_s": out["inside_s"]}

    def evaluate():
        return run(lua(ctx, "lua_rules.lua", home, n))

    def bare():
        once = run([ctx.tool("bench_rules"), "bare", rule, str(n * 20)]) # short: twenty times as many
        return {"check": once["check"] // 20, "cpu_s": once["cpu_s"] / 20}
    rows = []
    try:
        env = ctx.node("node-red")

        def nodered():
            return run(["node", ctx.script("ref_nodered.mjs"), str(n)], env=env)
        for name, ours in (("worker pool from C", worker), ("rules.evaluate in Lua", evaluate)):
            p = pairs(ours, nodered, ctx.pairs)
            rows.append(faster("G1", f"{what}, {name}", "Node-RED switch + function", p, 5, f"{n / p['ours'] / 1e3:.0f}k events/s, engine and worker"))
    except Skip as e:
        rows.append(skipped("G1", what + " against Node-RED", str(e)))
    p = pairs(lambda: inside(worker()), bare, ctx.pairs)
    rows.append(slower("G1", "the worker's part of it", "bare lua_pcall", p, 1.5, f"{p['ours'] / n * 1e6:.1f} us an event, its frames included"))
    return rows


# --- G11 ---

def asked(ctx, command, n, path="/v1/series", **options):
    """CPU of a server that answered n requests over 32 connections; that of doing so for none is left out."""
    server = Server(command, **options)
    try:
        load = [ctx.tool("bench_serve"), "load", server.port, str(n), "32", path]
        check = run(load)["check"]
    finally:
        used = server.stop()
    return {"check": check, **used}


def g11(ctx):
    n = 20000 if ctx.quick else 100000
    body = subprocess.run([ctx.tool("bench_serve"), "body"], check=True, capture_output=True, text=True).stdout
    what = f"{n} requests, routed, bearer token, 1 kB of JSON"

    def c():
        return asked(ctx, [ctx.tool("bench_serve"), "ours"], n)

    def through_lua():
        return asked(ctx, lua(ctx, "lua_serve.lua", body, TOKEN), n, "/healthz")

    def floor():
        return asked(ctx, [ctx.tool("bench_serve"), "floor"], n)

    def node():
        return asked(ctx, ["node", ctx.script("ref_http.mjs")], n, env={**os.environ, "BODY": body, "TOKEN": TOKEN})
    rows = []
    for name, ours in (("handler in C", c), ("through lua/api", through_lua)):
        p = pairs(ours, floor, ctx.pairs)
        rows.append(slower("G11", f"{what}, {name}", "bare libuv sockets", p, 1.6, f"{p['ours'] / n * 1e6:.1f} us a request"))
        if shutil.which("node"):
            rows.append(faster("G11", f"{what}, {name}", "node http", pairs(ours, node, ctx.pairs), 2.5))
        else:
            rows.append(skipped("G11", f"{what}, {name} against node http", "node is not installed"))
    return rows


# --- G12 ---

def g12(ctx):
    n = 5000 if ctx.quick else 20000
    server = Server([ctx.tool("bench_serve"), "ours"])
    ask, env = ctx.tool("bench_ask"), {**os.environ, "TOKEN": TOKEN}

    def limited():
        home = fresh(ctx, "ask")
        return run([ask, "limited", server.port, str(n), home, ctx.schema])

    def whole():
        return run(lua(ctx, "lua_ask.lua", fresh(ctx, "ask"), server.port, n))
    ways = (("client in C with a token", lambda: run([ask, "ours", server.port, str(n)])),
            ("client in C, spent from two limits first", limited), ("account:request in Lua, limits, notes, all", whole))
    rows, what = [], f"{n} requests, {SIX}"
    try:
        for name, ours in ways:
            p = pairs(ours, lambda: run([ask, "floor", server.port, str(n)]), ctx.pairs)
            rows.append(slower("G12", f"{what}, {name}", "bare curl-multi", p, 1.4, f"{p['ours'] / n * 1e6:.1f} us a request"))
            if shutil.which("node"):
                rows.append(faster("G12", f"{what}, {name}", "node fetch",
                                   pairs(ours, lambda: run(["node", ctx.script("ref_fetch.mjs"), server.port, str(n)], env=env), ctx.pairs), 5))
            else:
                rows.append(skipped("G12", f"{what}, {name} against node fetch", "node is not installed"))
    finally:
        server.stop()
    return rows


# --- G13 ---

def g13(ctx):
    n = 5000 if ctx.quick else 20000

    def ours():
        return run([ctx.tool("bench_jobs"), "ours", fresh(ctx, "jobs"), ctx.schema, str(n)])

    def in_lua():
        return run(lua(ctx, "lua_jobs.lua", fresh(ctx, "jobs"), n))

    def floor():
        return run([ctx.tool("bench_jobs"), "floor", os.path.join(fresh(ctx, "jobs"), "jobs.db"), str(n)])
    rows = []
    for name, way in (("store queue, commits grouped", ours), ("queue.run_due in Lua", in_lua)):
        what = f"{n} jobs added, claimed, done once; {name}"
        p = pairs(way, floor, ctx.pairs)
        rate = n / p["ours"]
        rows.append(faster("G13", what, "SQLite, a transaction a step", p, 4, "synchronous FULL on both sides"))
        rows.append({**bound("G13", what + ", per second of CPU", 20000 / rate, "", "", 1), "ours": f"{rate / 1e3:.1f}k/s",
                     "ratio": round(rate / 20000, 2), "wanted": ">= 20k/s"})
    return rows


# --- G15 ---

def family(pid):
    """The processes beneath one."""
    found = []
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            for child in f.read().split():
                found += [int(child)] + family(child)
    except OSError:
        pass
    return found


def peak_of(pid):
    try:
        with open(f"/proc/{pid}/status") as f:
            return next((int(line.split()[1]) / 1024 for line in f if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


class Peaks:
    """Peak resident sets of a process and of all beneath it, looked at until they are gone."""

    def __init__(self, pid):
        self.engine, self.beneath, self.over = 0, {}, False
        self.thread = threading.Thread(target=self.look, args=(pid,))
        self.thread.start()

    def look(self, pid):
        while not self.over:
            self.engine = max(self.engine, peak_of(pid))
            for child in family(pid):
                self.beneath[child] = max(self.beneath.get(child, 0), peak_of(child))
            time.sleep(0.02)

    def end(self):
        self.over = True
        self.thread.join()
        return self.engine, sum(self.beneath.values())


def started(ctx):
    if not shutil.which("node"):
        return [skipped("G15", "start-up with 50 scripts", "node is not installed")]
    home, program, rows = with_rules(ctx, 50), os.path.join(ctx.build, "syncwell"), []
    run([program, "--home", home, "init"], stderr=subprocess.DEVNULL)
    if run([program, "--home", home, "status", "--json"], allowed=(0,))["rules_on"] != 50:
        raise RuntimeError("not all 50 rules are on")
    for words in (["status"], ["run", "--once"]):
        p = pairs(lambda w=words: run([program, "--home", home, *w], stderr=subprocess.DEVNULL), lambda: run(["node", "-e", "0"]),
                  ctx.pairs * 4 + 1, either)
        rows.append(slower("G15", f"`syncwell {' '.join(words)}`, 50 rules, its processes too", "node -e 0", p, 0.3))
    with subprocess.Popen([program, "--home", home, "run"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
        peaks = Peaks(p.pid)
        time.sleep(5)
        engine, beneath = peaks.end()
        p.send_signal(signal.SIGTERM)
    rows.append(bound("G15", "`syncwell run` after 5 s, 50 rules, peak of the engine", engine, "MiB", "", 15,
                      f"workers and spawner: {beneath:.1f} MiB more"))
    return rows


PROVIDER = '''local sw = require "syncwell"
return sw.provider { id = "glucose", title = "Glucose", self_hosted = true, limits = { { 1000000, per = "1min" } },
  policy = { share = false, aggregate = false, llm = false },
  reads = { entries = { path = "/entries", window = "30d", bounds = "instant", lookback = "%dd",
    query = { from = "{from_ms}", to = "{to_ms}" },
    series = { metric = "blood_glucose", unit = "mg/dL", time = sw.unix_ms "date", value = "sgv",
      origin = { name = "Sensor", kind = "app" } } } } }
'''


class Readings(http.server.BaseHTTPRequestHandler):
    """A reading every five minutes, whatever is asked for."""
    protocol_version = "HTTP/1.1"
    step = 300000

    def do_GET(self):
        words = dict(part.split("=") for part in self.path.partition("?")[2].split("&"))
        first = -(-int(words["from"]) // self.step)
        text = ",".join(f'{{"_id":"{k:x}","type":"sgv","sgv":{90 + k % 83},"date":{k * self.step},"device":"sensor","direction":"Flat"}}'
                        for k in range(first, -(-int(words["to"]) // self.step)))
        data = f"[{text}]".encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def backfill(ctx, port, days):
    """Samples brought and the peaks while a sync reads that many days."""
    home, program = fresh(ctx, "backfill"), os.path.join(ctx.build, "syncwell")
    quiet = {"stdout": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    os.mkdir(os.path.join(home, "providers"))
    with open(os.path.join(home, "providers", "glucose.lua"), "w") as f:
        f.write(PROVIDER % days)
    subprocess.run([program, "--home", home, "connect", "glucose", "--base-url", f"http://127.0.0.1:{port}"], check=True, **quiet)
    with subprocess.Popen([program, "--home", home, "sync"], **quiet) as p:
        peaks = Peaks(p.pid)
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        engine, beneath = peaks.end()
    if p.returncode:
        raise RuntimeError(f"the back-fill ended with {p.returncode}")
    db = sqlite3.connect(os.path.join(home, "syncwell.db"))
    n = db.execute("SELECT coalesce(sum(r.n), 0) FROM rollup r JOIN series s ON s.id = r.id >> 16 WHERE s.origin_id <> 0").fetchone()[0]
    db.close()
    if n < days * 287:
        raise RuntimeError(f"{n} samples for {days} days")
    return n, engine, beneath, used.ru_utime + used.ru_stime


def filled(ctx):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Readings)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    years = 2 if ctx.quick else 10
    try:
        few = backfill(ctx, server.server_port, years * 36)
        n, engine, beneath, cpu = backfill(ctx, server.server_port, years * 365)
    finally:
        server.shutdown()
    what = f"back-fill of {years} years, {n / 1e6:.2f} M samples, windows of 30 days, peak of engine and workers"
    return [bound("G15", what, engine + beneath, "MiB", f"a tenth of it: {few[1] + few[2]:.3g} MiB", 64,
                  f"engine {engine:.1f}, beneath {beneath:.1f}; {n / cpu / 1e3:.0f}k samples/s")]


def g15(ctx):
    return started(ctx) + filled(ctx)


ALL = {"G1": g1, "G11": g11, "G12": g12, "G13": g13, "G15": g15}
