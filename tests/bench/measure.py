"""Running programs in pairs and what a row of the table is. Used by bench.py."""
import json, os, statistics, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))


class Skip(Exception):
    """A reference or an input is not there; the text says which."""


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def run(command, allowed=(0,), **options):
    """Run a program and give the JSON of its last line; CPU of the process and its children and
    its peak resident set are added when the program does not say them itself."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, **options) as p:
        text = p.stdout.read()
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode not in allowed:
        raise RuntimeError(f"{' '.join(command)} ended with {p.returncode}")
    lines = text.decode("utf-8", "replace").strip().splitlines()
    out = {}
    if lines and lines[-1].startswith("{"):
        out = json.loads(lines[-1])
    out.setdefault("cpu_s", used.ru_utime + used.ru_stime)
    out["peak_mib"] = used.ru_maxrss / 1024
    return out


class Server:
    """A server that prints its port, serves until SIGTERM and then states the CPU time of serving."""

    def __init__(self, command, **options):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **options)
        self.port = self.process.stdout.readline().decode().strip()
        if not self.port:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"{command[0]} does not listen")

    def stop(self):
        self.process.terminate()
        text = self.process.stdout.read().decode()
        self.process.wait(10)
        return json.loads(text.strip().splitlines()[-1])


def pairs(ours, reference, count, same=lambda a, b: a["check"] == b["check"]):
    """Alternate the two; median CPU of each and the median of the pairs' ratios. Both must agree on
    what they found, else there is no ratio. What one left to the disk is written before the other begins,
    or the first commit of that one pays for it."""
    def alone(program):
        os.sync()
        return program()
    a, b = [], []
    for i in range(count):
        first, second = (ours, reference) if i % 2 == 0 else (reference, ours)
        x, y = alone(first), alone(second)
        if i % 2:
            x, y = y, x
        if not same(x, y):
            raise RuntimeError(f"results differ: ours {x.get('check')!r}, reference {y.get('check')!r}")
        a.append(x)
        b.append(y)
    ratios = [y["cpu_s"] / x["cpu_s"] for x, y in zip(a, b)]
    return {"ours": statistics.median(x["cpu_s"] for x in a), "reference": statistics.median(y["cpu_s"] for y in b),
            "ratio": statistics.median(ratios), "low": min(ratios), "high": max(ratios), "pairs": count, "runs": a}


def seconds(s):
    for unit, factor in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if s * factor >= 1 or unit == "us":
            return f"{s * factor:.3g} {unit}"


def faster(goal, what, against, p, at_least, note=""):
    """A row: how many times less CPU ours takes."""
    return {"goal": goal, "what": what, "ours": seconds(p["ours"]), "reference": f"{against} {seconds(p['reference'])}",
            "ratio": round(p["ratio"], 2), "spread": [round(p["low"], 2), round(p["high"], 2)], "pairs": p["pairs"],
            "wanted": f">= {at_least:g}x", "met": p["ratio"] >= at_least, "note": note}


def bound(goal, what, ours, unit, reference, at_most, note=""):
    """A row: a figure with an upper bound."""
    return {"goal": goal, "what": what, "ours": f"{ours:.3g} {unit}", "reference": reference, "ratio": round(ours / at_most, 2),
            "wanted": f"<= {at_most:.3g} {unit}", "met": ours <= at_most, "note": note}


def slower(goal, what, against, p, at_most, note=""):
    """A row: how many times the CPU of the reference ours may take."""
    return {**faster(goal, what, against, p, 1, note), "ratio": round(1 / p["ratio"], 2), "spread": [round(1 / p["high"], 2), round(1 / p["low"], 2)],
            "wanted": f"<= {at_most:g}x", "met": 1 / p["ratio"] <= at_most}


def skipped(goal, what, why):
    return {"goal": goal, "what": what, "skipped": why}


def table(rows):
    cells = [("goal", "what", "ours", "reference", "ratio", "wanted", "met")]
    for r in rows:
        if "skipped" in r:
            cells.append((r["goal"], r["what"], "-", "-", "-", "-", ("FAILED: " if r.get("failed") else "skipped: ") + r["skipped"]))
            continue
        met = "met" if r["met"] else "NOT MET"
        cells.append((r["goal"], r["what"], r["ours"], r["reference"], f"{r['ratio']:g}", r["wanted"], met + (f" ({r['note']})" if r["note"] else "")))
    wide = [max(len(c[i]) for c in cells) for i in range(6)]
    return "\n".join("  ".join([c[i].ljust(wide[i]) for i in range(6)] + [c[6]]).rstrip() for c in cells)
