"""The driver: prepares inputs in a folder beside the build, runs goals by name, prints the table.
Reached through bench.sh; each goal is a function that gives rows (measure.py says what a row is)."""
import argparse, filecmp, json, os, shutil, subprocess, sys, tempfile

import goals
from measure import say, skipped, table, Skip

HERE = os.path.dirname(os.path.abspath(__file__))


def node_modules(build):
    """Install the references beside the build, never into the checkout. None when npm cannot."""
    folder = os.path.join(build, "bench-npm")
    if not shutil.which("npm"):
        say("npm is not installed; references on node are skipped")
        return None
    os.makedirs(folder, exist_ok=True)
    here, there = os.path.join(HERE, "package.json"), os.path.join(folder, "package.json")
    same = os.path.exists(there) and filecmp.cmp(here, there, shallow=False)
    if not same or not os.path.exists(os.path.join(folder, "node_modules", ".package-lock.json")):
        shutil.copy(here, there)
        say("installing the references from npm (once)")
        with open(os.path.join(folder, "npm.log"), "w") as log:
            subprocess.run(["npm", "install", "--no-audit", "--no-fund"], cwd=folder, stdout=log, stderr=log, timeout=1200,
                           stdin=subprocess.DEVNULL, env={**os.environ, "npm_config_nodedir": "/usr"}, check=False)
    return os.path.join(folder, "node_modules")


def main():
    parser = argparse.ArgumentParser(prog="bench.sh", description="benchmarks: ours beside references, as ratios of one run")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--quick", action="store_true", help="smaller inputs, three pairs: a look, not a result")
    parser.add_argument("name", nargs="*", help="goals to run (default: all): " + " ".join(goals.ALL))
    args = parser.parse_args()
    names = [n.upper() for n in args.name] or list(goals.ALL)
    unknown = [n for n in names if n not in goals.ALL]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]}; there are {', '.join(goals.ALL)}")
    build = os.path.abspath(os.environ["SW_BUILD"])
    rows, failed = [], 0
    data = os.path.join(build, "bench-data")
    os.makedirs(data, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=data) as folder:
        ctx = goals.Context(build=build, shared=os.environ["SW_SHARED"], folder=folder, quick=args.quick, modules=node_modules(build))
        for name in names:
            say(name)
            try:
                rows += goals.ALL[name](ctx)
            except Skip as e:
                rows.append(skipped(name, "", str(e)))
            except (RuntimeError, OSError, subprocess.SubprocessError) as e:
                rows.append({**skipped(name, "", str(e)), "failed": True})
                failed += 1
    title = "CPU time, medians of alternating pairs" + (" -- QUICK RUN, smaller inputs: not a result" if args.quick else "")
    print(json.dumps({"title": title, "quick": args.quick, "rows": rows}) if args.json else title + "\n" + table(rows))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
