"""The goals: what is prepared, what is run against what, and what is wanted of it."""
import dataclasses, os, shutil, sqlite3, statistics, subprocess, sys, tempfile

import goals_live, goals_scripts
from measure import HERE, Skip, bound, faster, pairs, run, skipped, slower

PY = sys.executable or "python3"


@dataclasses.dataclass
class Context:
    build: str      # where the programs are
    shared: str     # outside samples and tools
    folder: str     # temporary, ours
    quick: bool
    modules: str    # node_modules of the references, or None

    @property
    def pairs(self):
        return 3 if self.quick else 5

    @property
    def schema(self):
        return os.path.join(self.build, "share", "schema")

    def tool(self, name):
        return os.path.join(self.build, "tests", "bench", name)

    def script(self, name):
        return os.path.join(HERE, name)

    def path(self, *words):
        return os.path.join(self.folder, *words)

    def node(self, module):
        """Environment for a node reference, or Skip."""
        if not self.modules or not os.path.isdir(os.path.join(self.modules, module)):
            raise Skip(f"{module} could not be installed from npm")
        return {**os.environ, "NODE_MODULES": self.modules}


def pages(ctx, activities=100):
    folder = ctx.path(f"pages{activities}")
    if not os.path.isdir(folder):
        subprocess.run([PY, ctx.script("make_pages.py"), "pages", folder, "8" if ctx.quick else "40", str(activities)], check=True)
    return folder


def g4(ctx):
    page = os.path.join(pages(ctx), "page000.json")
    rounds = 10 if ctx.quick else 40
    size = os.path.getsize(page) / 1e6

    def ours():
        return run([ctx.tool("bench_json"), "tape", page, str(rounds * 5)])
    jansson = pairs(ours, lambda: run([ctx.tool("bench_json"), "jansson", page, str(rounds)]), ctx.pairs)
    python = pairs(ours, lambda: run([PY, ctx.script("ref_json.py"), page, str(rounds)]), ctx.pairs)
    what, rate = f"parse a {size:.2f} MB response, validated", f"{size / jansson['ours']:.0f} MB/s"
    return [faster("G4", what, "jansson", jansson, 12, rate), faster("G4", what, "python json", python, 4, rate)]


def years(ctx, kind):
    """Homes and reference files with heart rate once a minute; made once. Gives days and samples."""
    days = 730 if ctx.quick else 3652
    raw = ctx.path(kind + ".raw")
    if not os.path.exists(raw):
        subprocess.run([PY, ctx.script("make_pages.py"), "raw", raw, str(days), kind], check=True)
        os.mkdir(ctx.path(kind))
        run([ctx.tool("bench_store"), "fill", ctx.path(kind), ctx.schema, raw])
    return days, days * 1440, raw


def duck(ctx, kind, raw):
    path = ctx.path(kind + ".duckdb")
    env = ctx.node("@duckdb/node-api")
    if not os.path.exists(path):
        run(["node", ctx.script("ref_duckdb.mjs"), "fill", path, raw], env=env)
    return path, env


def size_of(folder):
    return sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder))


def g6(ctx):
    rows = []
    for kind, goal in (("regular", 1.0), ("jittered", 2.0)):
        days, n, raw = years(ctx, kind)
        ours = size_of(ctx.path(kind)) / n
        what = f"whole home, {days} days of minutes, {kind}"
        rows.append(bound("G6", what, ours, "B/sample", "", goal, "roll-ups in it, after close"))
        try:
            theirs = os.path.getsize(duck(ctx, kind, raw)[0]) / n
            rows.append(bound("G6", what, ours, "B/sample", f"DuckDB {theirs:.3g} B/sample", theirs, "DuckDB holds rows only"))
        except Skip as e:
            rows.append(skipped("G6", what + " against DuckDB", str(e)))
    return rows


def sqlite_rows(ctx, raw):
    path = ctx.path("rows.db")
    if not os.path.exists(path):
        run([PY, ctx.script("ref_rows.py"), "fill", path, raw])
    return path


def g7(ctx):
    days, n, raw = years(ctx, "regular")
    home, zone, shift = ctx.path("regular"), "Etc/GMT-2", "7200000"
    rows_db = sqlite_rows(ctx, raw)

    def rollups():
        return run([ctx.tool("bench_store"), "rollups", home, ctx.schema, str(days), "200"])

    def chunks():
        return run([ctx.tool("bench_store"), "chunks", home, ctx.schema, str(days), "3", zone])

    def sqlite(by):
        return lambda: run([PY, ctx.script("ref_rows.py"), "daily", rows_db, str(days), "1", by])
    what = f"daily mean of {days} days, {n / 1e6:.2f} M samples"
    from_rows = pairs(rollups, sqlite("0"), ctx.pairs)
    whole = pairs(chunks, sqlite(shift), ctx.pairs)
    out = [bound("G7", what + ", roll-ups", from_rows["ours"] * 1e3, "ms", "", 1.0),
           faster("G7", what + ", roll-ups", "sqlite rows", from_rows, 100, "no goal stated; 100x taken"),
           faster("G7", what + ", chunks, other zone", "sqlite rows", whole, 1 / 0.6, "no goal stated")]
    try:
        path, env = duck(ctx, "regular", raw)
    except Skip as e:
        return out + [skipped("G7", what + " against DuckDB", str(e))]

    def duckdb(by):
        return lambda: run(["node", ctx.script("ref_duckdb.mjs"), "daily", path, str(days), "3", by], env=env)
    out.append(faster("G7", what + ", roll-ups", "DuckDB", pairs(rollups, duckdb("0"), ctx.pairs), 100))
    out.append(faster("G7", what + ", chunks, other zone", "DuckDB", pairs(chunks, duckdb(shift), ctx.pairs), 1 / 0.6,
                      "goal: at most 0.6x its time"))
    return out


def late(ctx, folder, n, rounds):
    """Median CPU of a late arrival of n samples and of settling it, us; the homes are copies in folder."""
    runs = []
    for _ in range(ctx.pairs):
        with tempfile.TemporaryDirectory(dir=folder) as home:
            shutil.copytree(ctx.path("regular"), home, dirs_exist_ok=True)
            runs.append(run([ctx.tool("bench_late"), home, ctx.schema, str(n), str(rounds)]))
    return [statistics.median(r[key] * 1e6 for r in runs) for key in ("cpu_s", "settle_s")]


def g8(ctx):
    years(ctx, "regular")
    rows, rounds = [], 60 if ctx.quick else 300
    for place, folder in (("on disk", ctx.folder), ("in memory, so without the disk's driver", "/dev/shm")):
        for n in (1, 100, 1000):
            cost, settle = late(ctx, folder, n, rounds)
            rows.append(bound("G8", f"{n} late samples into a stored day of 1440, roll-up and commit, {place}", cost, "us", "", 300,
                              f"settling the merged day afterwards {settle:.0f} us"))
    return rows


def g14(ctx):
    metrics, days, lags = 50, 730 if ctx.quick else 3652, 7
    home = ctx.path("days")
    os.mkdir(home)
    size = [str(metrics), str(days)]
    run([ctx.tool("bench_days"), "fill", home, ctx.schema, *size])
    p = pairs(lambda: run([ctx.tool("bench_days"), "read", home, ctx.schema, *size, "5"]),
              lambda: run([ctx.tool("bench_days"), "correlate", *size, str(lags)]), ctx.pairs,
              same=lambda a, b: a["check"] == metrics * days and b["check"] == metrics * (metrics - 1) // 2 * lags)
    return [slower("G14", f"reading {metrics} metrics x {days} days from roll-ups", "their lagged rank correlations, exact, in C", p, 1,
                   "the reading part: with it the whole may take twice exact C")]


def ingest(ctx, source, what, wanted):
    """Rows for the pages in source. wanted: name of a reference -> (goal for new, goal for known data)."""
    turn = [0]

    def ours(home):
        return run([ctx.tool("bench_ingest"), home, ctx.schema, source])

    def python(place):
        return run([PY, ctx.script("ref_ingest.py"), os.path.join(place, "py.db"), source])

    def node(place):
        return run(["node", ctx.script("ref_ingest.mjs"), os.path.join(place, "node.db"), source], env=ctx.node("better-sqlite3"))

    def fresh(make):
        """The command on a place of its own, gone afterwards."""
        def once():
            turn[0] += 1
            place = ctx.path(f"fresh{turn[0]}")
            os.mkdir(place)
            out = make(place)
            shutil.rmtree(place)
            return out
        return once
    known = tempfile.mkdtemp(dir=ctx.folder)
    n, rows = ours(known)["records"], []
    for name, reference in (("python json + sqlite3", python), ("node + better-sqlite3", node)):
        new, again = wanted[name]
        try:
            reference(known)
        except Skip as e:
            rows.append(skipped("G5", what + " against " + name, str(e)))
            continue
        p = pairs(fresh(ours), fresh(reference), ctx.pairs)
        rows.append(faster("G5", f"{what}, {n} new", name, p, new, f"{n / p['ours'] / 1e6:.2f} M records/s"))
        p = pairs(lambda: ours(known), lambda: reference(known), ctx.pairs)
        rows.append(faster("G5", f"{what}, again, all known", name, p, again or 1,
                           f"{n / p['ours'] / 1e6:.2f} M records/s" + ("" if again else "; no goal stated")))
    return rows


MERGED = """SELECT sum(r.n), CAST(sum(r.total) AS INT) FROM rollup r JOIN series s ON s.id = r.id >> 16
  WHERE s.origin_id = 0"""


def hooked(ctx):
    """Rows for samples that a script reads one by one."""
    source, turn, syncwell = pages(ctx, 0), [0], os.path.join(ctx.build, "syncwell")

    def place(name):
        turn[0] += 1
        return ctx.path(f"{name}{turn[0]}")

    def ours():
        home = place("hook")
        os.makedirs(os.path.join(home, "providers"))
        shutil.copy(ctx.script("hook_provider.lua"), os.path.join(home, "providers", "bench.lua"))
        for words in (["init", "--zone", "UTC"], ["connect", "bench"]):
            subprocess.run([syncwell, "--home", home, *words], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        out = run([ctx.tool("bench_lua"), os.path.join(ctx.build, "share"), os.path.join(ctx.build, "syncwell-box"),
                   ctx.script("lua_hook.lua"), home, source])
        db = sqlite3.connect(os.path.join(home, "syncwell.db"))
        n, total = db.execute(MERGED).fetchone()
        db.close()
        shutil.rmtree(home)
        return {**out, "check": f"{n} {total} 0"}
    rows = []
    for name, command, wanted in (("python json + sqlite3", lambda: [PY, ctx.script("ref_ingest.py"), place("py.db"), source], 3),
                                  ("node + better-sqlite3", lambda: ["node", ctx.script("ref_ingest.mjs"), place("node.db"), source], 1.8)):
        try:
            env = ctx.node("better-sqlite3") if name.startswith("node") else None
            p = pairs(ours, lambda make=command, e=env: run(make(), env=e), ctx.pairs)
            rows.append(faster("G5", "through a Lua function per sample, posted, engine and worker", name, p, wanted,
                               f"{p['runs'][0]['records'] / p['ours'] / 1e6:.2f} M records/s"))
        except Skip as e:
            rows.append(skipped("G5", "through a Lua function per sample against " + name, str(e)))
    return rows


def g5(ctx):
    wanted = {"python json + sqlite3": (4, 6), "node + better-sqlite3": (2.4, None)}
    rows = ingest(ctx, pages(ctx, 0), "mapped series", wanted)
    rows += ingest(ctx, pages(ctx), "series and activities", wanted)
    return rows + hooked(ctx)


HELD = """SELECT coalesce(sum(r.n), 0), coalesce(sum(r.total), 0) FROM rollup r JOIN series s ON s.id = r.id >> 16
  WHERE s.origin_id <> 0 AND s.metric = ?"""


def held(home, metric):
    """Samples in a home over all origins, and their sum."""
    db = sqlite3.connect(os.path.join(home, "syncwell.db"))
    n, total = db.execute(HELD, (metric,)).fetchone()
    db.close()
    return n, total


def imported(ctx, path, check):
    """The real import into a fresh home."""
    with tempfile.TemporaryDirectory(dir=ctx.folder) as folder:
        home = os.path.join(folder, "home")
        out = run([os.path.join(ctx.build, "syncwell"), "--home", home, "import", path, "--json"], stderr=subprocess.DEVNULL)
        return {**out, "check": check(home)}


def read_by(ctx, command, path, **options):
    with tempfile.TemporaryDirectory(dir=ctx.folder) as folder:
        return run(command + [os.path.join(folder, "ref.db"), path], **options)


def peak(p):
    return max(r["peak_mib"] for r in p["runs"])


def apple_export(ctx):
    """The export of the wanted size, kept beside the build since making it takes a while."""
    tool = os.path.join(ctx.shared, "tools", "make_apple_export.py")
    size = 50 if ctx.quick else 1000
    path = os.path.join(ctx.build, "bench-data", f"export-{size}.xml")
    if not os.path.exists(path):
        if not os.path.exists(tool):
            raise Skip(f"{tool} is not there")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        subprocess.run([PY, tool, path + ".part", "--target-mb", str(size)], check=True, stdout=subprocess.DEVNULL)
        os.rename(path + ".part", path)
    return path


def g9(ctx):
    path = apple_export(ctx)

    def check(home):
        return " ".join(str(held(home, m)[0]) for m in ("steps", "spo2", "respiratory_rate", "heart_rate"))
    p = pairs(lambda: imported(ctx, path, check), lambda: read_by(ctx, [PY, ctx.script("ref_apple.py")], path), 3)
    what = f"Apple export of {os.path.getsize(path) / 1e6:.0f} MB"
    return [faster("G9", what, "python iterparse + sqlite3", p, 4, f"{os.path.getsize(path) / 1e6 / p['ours']:.0f} MB/s"),
            bound("G9", what + ", peak memory", peak(p), "MiB", "", 64)]


def folder_of(ctx, kind):
    source, folder = os.path.join(ctx.shared, "samples"), ctx.path("files-" + kind)
    if not os.path.isdir(os.path.join(source, kind)):
        raise Skip(f"{source} is not there")
    subprocess.run([PY, ctx.script("make_folder.py"), kind, source, folder, "5" if ctx.quick else "40"], check=True)
    return folder


def g10(ctx):
    def check(home):
        n, total = held(home, "heart_rate")
        return f"{n} {total:.0f}"

    def row(kind, name, command, wanted, note="", **options):
        folder = ctx.path("files-" + kind)
        p = pairs(lambda: imported(ctx, folder, check), lambda: read_by(ctx, command, folder, **options), ctx.pairs)
        n, size = len(os.listdir(folder)), size_of(folder)
        peaks.append(peak(p))
        return faster("G10", f"{n} {kind.upper()} files, {size / 1e6:.0f} MB", name, p, wanted, f"{p['ours'] / n * 1e3:.2f} ms a file" + note)
    rows, peaks = [], []
    for kind in ("fit", "tcx", "gpx"):
        folder_of(ctx, kind)
        rows.append(row(kind, "plain python + sqlite3", [PY, ctx.script("ref_files.py")], 20))
    try:
        ctx.node("@garmin/fitsdk")
        rows.append(row("fit", "node + FIT SDK + better-sqlite3", ["node", ctx.script("ref_fit_sdk.mjs")], 1, "; no goal stated",
                        env=ctx.node("better-sqlite3")))
    except Skip as e:
        rows.append(skipped("G10", "FIT files against the FIT SDK", str(e)))
    return rows + [bound("G10", "peak memory over these folders", max(peaks), "MiB", "", 64)]


ALL = {"G4": g4, "G5": g5, "G6": g6, "G7": g7, "G8": g8, "G9": g9, "G10": g10, "G14": g14, **goals_live.ALL, **goals_scripts.ALL}
