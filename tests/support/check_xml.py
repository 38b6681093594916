#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare the GPX, TCX and Apple Health decoders with known answers.

  check_xml.py PATH/TO/sw-decode [SHARED]

Runs sw-decode over every sample in SHARED/samples/{gpx,tcx,apple-health,apple-health-made} and checks
what it prints against FILE.expected.json; then writes exports with SHARED/tools/make_apple_export.py
(both eras, torn document types, forbidden characters, several seeds) and checks them against the
generator's own account. Prints one line per failure and the count of values compared."""
import collections
import datetime
import glob
import json
import os
import subprocess
import sys
import tempfile

FIELDS = {"hr": "heart_rate", "cad": "cadence", "cadence": "cadence", "power": "power", "watts": "power",
          "speed": "speed", "ele": "altitude", "altitude": "altitude", "temp": "temperature"}
P, C = "HKQuantityTypeIdentifier", "HKCategoryTypeIdentifier"
# A program's marks for pause and resume (latitude 100 and 200) are no places: the reference adds the way to them.
OFF_THE_GLOBE = {"legacy_gpx_pause_resume.gpx"}
STAGES = {"AsleepCore": "core", "AsleepDeep": "deep", "AsleepREM": "rem", "Asleep": "asleep", "Awake": "awake"}


class Check:
    def __init__(self, tool):
        self.tool, self.compared, self.failed, self.files = tool, 0, 0, 0

    def decode(self, name, path):
        run = subprocess.run([self.tool, name, path], capture_output=True, text=True)
        lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
        self.files += 1
        self.path = os.path.basename(path)
        messages = collections.defaultdict(list)
        for line in lines:
            messages[line.get("message", "")].append(line)
        columns = [line for line in lines if "column" in line]
        return messages, columns

    def same(self, what, got, want, tolerance=0.0):
        self.compared += 1
        close = got == want
        if not close and isinstance(want, (int, float)) and isinstance(got, (int, float)):
            close = abs(got - want) <= tolerance
        if not close:
            self.failed += 1
            print(f"{self.path}: {what}: {got!r}, expected {want!r}")

    def maybe(self, what, got, expected, key, tolerance=0.0):
        if expected.get(key) is not None:
            self.same(what, got, expected[key], tolerance)


def ms(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def merged(columns, type):
    rows = [c for c in columns if c["column"] == type]
    n = sum(c["n"] for c in rows)
    if not n:
        return None
    return dict(n=n, mean=sum(c["n"] * c["mean"] for c in rows) / n,
                min=min(c["min"] for c in rows), max=max(c["max"] for c in rows))


def check_columns(c, prefix, columns, expected):
    for key, field in FIELDS.items():
        if key not in expected or (prefix == "trkpt" and key in ("watts", "cadence", "altitude")):
            continue
        want, got = expected[key], merged(columns, f"{prefix}.{field}") or {}
        c.same(f"{key} samples", got.get("n"), want["samples"])
        c.same(f"{key} mean", got.get("mean"), want["mean"], 0.5 if key == "hr" else 0.01)
        c.same(f"{key} min", got.get("min"), want["min"], 0.001)
        c.same(f"{key} max", got.get("max"), want["max"], 0.001)


def check_gpx(c, path, expected):
    messages, columns = c.decode("gpx", path)
    tracks = [t for t in messages["track"] if not t.get("route")]
    routes = [t for t in messages["track"] if t.get("route")]
    c.same("tracks", len(tracks), len(expected.get("tracks", [])))
    c.same("route points", [r["points"] for r in routes], [r["points"] for r in expected.get("routes", [])])
    c.same("points", sum(t["points"] for t in tracks), expected["points"])
    c.same("waypoints", messages["file"][0]["waypoints"], expected["waypoints"])
    c.maybe("timed points", sum(t["timed_points"] for t in tracks), expected, "timed_points")
    on_globe = c.path not in OFF_THE_GLOBE
    if on_globe:
        c.maybe("distance", sum(t["distance_m"] for t in tracks), expected, "distance_haversine_m",
                0.005 * expected.get("distance_haversine_m", 0) + 0.01)
    c.maybe("backward steps", sum(t.get("backward_steps", 0) for t in tracks), expected, "backward_steps")
    for got, want in zip(tracks, expected.get("tracks", [])):
        c.same("name", got.get("name"), want.get("name"))
        c.same("type", got.get("type"), want.get("type"))
        if on_globe:
            c.same("distance", got["distance_m"], want["distance_m"], 0.005 * want["distance_m"] + 0.01)
        c.same("segment points", [s["points"] for s in got["segments"]], [s["points"] for s in want.get("segments", [])])
    timed = [t for t in tracks if t["timed_points"]]
    if expected.get("timed_points"):
        zone_less = expected.get("points_without_zone", 0) > 0
        if not zone_less:
            c.same("start", min(t["start_ms"] for t in timed), ms(expected["earliest"]), 1)
            c.same("finish", max(t["finish_ms"] for t in timed), ms(expected["latest"]), 1)
        c.same("zone unknown", any(t.get("zone") == "unknown" for t in timed), zone_less)
        if expected["timed_points"] == expected["points"]:     # others give no samples
            check_columns(c, "trkpt", columns, expected)


def check_tcx(c, path, expected):
    messages, columns = c.decode("tcx", path)
    activities = messages["activity"]
    c.same("activities", len(activities), len(expected.get("activities", [])))
    for got, want in zip(activities, expected.get("activities", [])):
        for key in ("sport", "id", "creator", "notes", "trackpoints", "backward_distance_steps",
                    "backward_time_steps"):
            c.maybe(key, got.get(key), want, key)
        c.same("positions", got["positions"], want["trackpoints_with_position"])
        for key in ("total_seconds", "total_distance_m", "total_calories", "max_hr", "last_distance_m"):
            c.maybe(key, got.get(key), want, key, 0.01)
        c.same("first point", got["first_point_ms"], ms(want["start"]))
        c.same("last point", got["last_point_ms"], ms(want["end"]))
        c.same("laps", len(got["laps"]), want["num_laps"])
        for lap, wanted in zip(got["laps"], want["laps"]):
            c.same("lap start", lap["start_ms"], ms(wanted["start"]))
            for key in ("seconds", "distance_m", "calories", "avg_hr", "max_hr", "intensity", "trigger",
                        "trackpoints"):
                c.maybe(f"lap {key}", lap.get(key), wanted, key, 0.01)
        if len(activities) == 1:
            check_columns(c, "trackpoint", columns, want)


def check_workout(c, got, want):
    attributes = got.get("attributes", {})
    c.same("workout type", attributes.get("workoutActivityType"), want["type"])
    c.same("workout source", got.get("source"), want["source"])
    c.same("workout start", got["start_ms"], ms(want["start"]))
    c.same("workout finish", got["finish_ms"], ms(want["end"]))
    c.same("workout duration", float(attributes["duration"]), want["duration"], 1e-6)
    c.same("workout statistics", got.get("statistics", {}), want.get("statistics", {}))
    events = collections.Counter(e["type"] for e in got.get("events", []))
    c.same("workout events", dict(events), want.get("events", {}))
    c.same("workout routes", got.get("routes", []), want.get("route_files", []))
    c.same("workout activities", len(got.get("activities", [])), want.get("activities", 0))
    for key, attribute in (("distance_attr", "totalDistance"), ("energy_attr", "totalEnergyBurned")):
        if key in want:
            c.same(key, float(attributes[attribute]), want[key], 1e-6)


def check_apple(c, path, expected):
    messages, columns = c.decode("apple", path)
    counts = messages["counts"][0]
    c.same("records", counts["records"], expected["records"])
    c.same("records by type", counts["by_type"], expected.get("records_by_type", {}))
    c.maybe("nested", counts["nested"], expected, "records_nested_in_correlations")
    c.same("workouts", counts["workouts"], expected["workouts_total"])
    c.same("activity summaries", [s["attributes"] for s in messages["activity_summary"]],
           expected.get("activity_summaries", []))
    c.same("correlations", counts["correlations"], sum(expected.get("correlations", {}).values()))
    sources = collections.Counter()
    for column in columns:
        sources[column["origin"]["name"].replace("\u00a0", " ")] += column["n"]
    wanted_sources = collections.Counter()
    for name, n in expected.get("records_by_source", {}).items():
        wanted_sources[name.replace("\u00a0", " ")] += n
    c.same("records by source", dict(sources), dict(wanted_sources))
    for type, units in expected.get("units", {}).items():
        got = collections.Counter()
        for column in columns:
            if column["column"].split(":")[0] == type:
                got[column["unit"] or "-"] += column["n"]
        c.same(f"units of {type}", dict(got), units)
    for type, want in expected.get("numeric", {}).items():
        got = merged(columns, type) or {"n": 0, "mean": 0}
        c.same(f"{type} n", got["n"], want["n"])
        c.same(f"{type} sum", got["n"] * got["mean"], want["sum"], 1e-4 * abs(want["sum"]) + 1e-4)
    for got, want in zip(messages["workout"], expected.get("workouts", [])):
        check_workout(c, got, want)


def night_minutes(nights):
    minutes = collections.Counter()
    for night in nights:
        for start, finish, stage in night["segments"]:
            minutes[stage] += (finish - start) / 60000
    return minutes


def check_truth(c, path, truth):
    messages, columns = c.decode("apple", path)
    counts = messages["counts"][0]
    c.same("records", counts["records"], truth["records"])
    c.same("records by type", counts["by_type"], truth["records_by_type"])
    c.same("activity summaries", counts["activity_summaries"], truth["activity_summaries"])
    c.same("correlations", counts["correlations"], sum(truth["correlations"].values()))
    c.same("meals", len(messages["meal"]), truth["correlations"].get("HKCorrelationTypeIdentifierFood", 0))
    hr = merged(columns, P + "HeartRate")
    c.same("heart rate", hr["n"], truth["heart_rate"]["count"])
    c.same("heart rate mean", hr["mean"], truth["heart_rate"]["mean"], 1e-3)
    for source, want in truth["steps"]["naive_sum_by_source"].items():
        got = sum(x["n"] * x["mean"] for x in columns if x["column"] == P + "StepCount"
                  and x["origin"]["name"] == source)
        c.same(f"steps of {source}", got, want, 0.5)
    check_truth_sleep(c, messages["sleep"], truth)
    c.same("workouts", len(messages["workout"]), len(truth["workouts"]))
    for got, want in zip(messages["workout"], truth["workouts"]):
        c.same("workout start", got["start_ms"], ms(want["start_utc"]))
        c.same("workout seconds", (got["finish_ms"] - got["start_ms"]) / 1000, want["seconds_elapsed"])


def check_truth_sleep(c, nights, truth):
    """Repeats are removed in the sleep messages, so the nights of the truth must come out. It does not
    list naps: half an hour of one stage each, so what is over must be naps and nothing else."""
    minutes = night_minutes(nights)
    wanted = collections.Counter()
    for night in truth["nights_by_wake_day"].values():
        wanted["in_bed"] += night["in_bed_min"]
        for stage, m in night.get("stages_min", {}).items():
            wanted[STAGES[stage]] += m
    for stage in wanted:
        over = minutes[stage] - wanted[stage]
        naps = over if stage in ("core", "asleep") and over > 0.5 else 0
        c.same(f"sleep {stage}", minutes[stage] - naps, wanted[stage], 0.5)
        c.same(f"naps of {stage} in half hours", abs(naps / 30 - round(naps / 30)) < 0.02, True)


def generated(c, shared):
    tool = os.path.join(shared, "tools", "make_apple_export.py")
    cases = [["--era", era, "--seed", str(seed)] + extra for era in ("ios15", "ios16") for seed in (1, 7, 23)
             for extra in ([], ["--bad-dtd", "--bad-chars"])]
    with tempfile.TemporaryDirectory() as folder:
        for i, arguments in enumerate(cases):
            out, truth = os.path.join(folder, f"e{i}.xml"), os.path.join(folder, f"e{i}.json")
            subprocess.run([sys.executable, tool, out, "--years", "0.3", "--truth", truth] + arguments,
                           check=True, capture_output=True)
            with open(truth) as f:
                check_truth(c, out, json.load(f))
            os.unlink(out)


def main():
    tool = sys.argv[1]
    shared = sys.argv[2] if len(sys.argv) > 2 else os.environ.get("SW_SHARED", "../shared")
    if not os.path.isdir(os.path.join(shared, "samples")):
        print("skipped: no samples at", shared)
        return 0
    c = Check(tool)
    for folder, check in (("gpx", check_gpx), ("tcx", check_tcx), ("apple-health", check_apple),
                          ("apple-health-made", check_apple)):
        for path in sorted(glob.glob(os.path.join(shared, "samples", folder, "*.expected.json"))):
            with open(path) as f:
                check(c, path[:-len(".expected.json")], json.load(f))
    generated(c, shared)
    print(f"{c.files} files, {c.compared} values compared, {c.failed} differ")
    return 1 if c.failed else 0


if __name__ == "__main__":
    sys.exit(main())
