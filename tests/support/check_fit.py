#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare the FIT decoder with the expected values beside the sample files.

    check_fit.py SW_DECODE [SAMPLES_DIR]      samples default to $SW_SHARED/samples

Sessions, laps, lengths, counts, record statistics, merged heart rate, RR intervals, monitoring,
weights and the wellness files are compared per file; each difference is printed, then the number of
files that agree. Tolerances: 0.5 on heart rate and cadence means (ours leaves zero readings out and
adds the fraction), 1e-4 relative elsewhere. Skips with a message where the samples are absent.
"""
import calendar
import glob
import json
import os
import re
import subprocess
import sys
import time

# where we do on purpose what the expected values do not
ON_PURPOSE = {
    "strava-android-app-201.10-b1218918.fit": "its one record in the year 2085 is rejected",
    "empty-activities.fit": "never closed, not empty: what it holds is recovered",
}


def snake(name):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda m: "_" + m.group(1).lower(), name)


def ms(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) * 1000


def word(value):
    return snake(value) if isinstance(value, str) else value


class Run:
    def __init__(self, tool, path, slice_bytes):
        out = subprocess.run([tool, "fit", path, str(slice_bytes)], capture_output=True, check=False)
        self.code = out.returncode
        self.text = out.stdout
        self.lines = [json.loads(x) for x in out.stdout.decode().splitlines()]
        self.error = next((x["error"] for x in self.lines if "error" in x), None)
        self.stderr = out.stderr.decode()

    def all(self, name):
        return [x for x in self.lines if x.get("message") == name]

    def column(self, name):
        return [x for x in self.lines if x.get("column") == name]

    def total(self, key):
        """Statistics of one quantity over all record summaries."""
        parts = [x[key] for x in self.all("record_summary") if key in x]
        n = sum(p["n"] for p in parts)
        if not n:
            return None
        return {"n": n, "mean": sum(p["n"] * p["mean"] for p in parts) / n,
                "min": min(p["min"] for p in parts), "max": max(p["max"] for p in parts)}


class Check:
    def __init__(self):
        self.bad = []

    def same(self, what, ours, theirs, tolerance=None):
        if isinstance(theirs, (int, float)) and isinstance(ours, (int, float)):
            allowed = tolerance if tolerance is not None else max(1e-4 * abs(theirs), 6e-4)
            if abs(ours - theirs) <= allowed:
                return
        elif ours == theirs:
            return
        self.bad.append(f"{what}: {ours!r}, expected {theirs!r}")

    def struct(self, what, ours, theirs, skip=()):
        for key, value in theirs.items():
            name = snake(key)
            if key in skip or name.startswith("garmin_product") or isinstance(value, (dict, list)):
                continue
            if isinstance(value, str) and re.fullmatch(r"\d{4}-.*Z", value):
                self.same(f"{what}.{name}", ours.get(name + "_ms"), ms(value))
            elif "position" in name:
                self.same(f"{what}.{name}", ours.get(name), value, 1e-6)
            elif name.startswith("enhanced_") and name not in ours:
                self.same(f"{what}.{name}", ours.get(name[9:]), value)
            elif name in ("avg_speed", "max_speed") and name not in ours:
                self.same(f"{what}.{name}", ours.get("enhanced_" + name), value)
            else:
                got = ours.get(name)
                if isinstance(value, int) and isinstance(got, str):
                    got = int(got.rpartition("_")[2])
                self.same(f"{what}.{name}", got, word(value))


def check_records(c, run, want):
    stats = want.get("record_stats") or {}
    zero = sum(x["heart_rate_zero"] for x in run.all("file_end"))
    merged = want.get("hr_messages_merged")
    heart = run.total("heart_rate") or {"n": 0, "mean": 0, "max": 0}
    if merged:
        c.same("merged hr n", heart["n"], merged["hr_samples"])
        c.same("merged hr mean", heart["mean"], merged["hr_mean"], 0.5)
        c.same("merged hr max", heart["max"], merged["hr_max"], 1)
    elif "hr_samples" in stats:
        n = heart["n"] + zero
        c.same("hr n", n, stats["hr_samples"])
        c.same("hr mean", heart["mean"] * heart["n"] / n if n else 0, stats["hr_mean"], 0.001)
        c.same("hr max", heart["max"], stats["hr_max"])
    for key in ("speed", "altitude", "temperature", "power", "cadence"):
        ours, theirs = run.total(key), stats.get(key)
        if not ours or not theirs:
            c.same(key, bool(ours), bool(theirs))
            continue
        c.same(key + " n", ours["n"], theirs["samples"])
        wide = 1 if key == "cadence" else None
        for part in ("mean", "min", "max"):
            c.same(f"{key} {part}", ours[part], theirs[part], wide)
    place = run.total("latitude")
    if "with_position" in stats:
        c.same("positions", place["n"] if place else 0, stats["with_position"])
    ends = run.all("record_summary")
    if "distance_max" in stats:
        c.same("distance", max(x["distance_last_m"] for x in ends), stats["distance_max"])
        c.same("first distance", min(x["distance_first_m"] for x in ends), stats["distance_first"])
    if "time_first" in stats:
        c.same("first time", min(x["first_ms"] for x in ends), ms(stats["time_first"]))
        c.same("last time", max(x["last_ms"] for x in ends), ms(stats["time_last"]))


def check_others(c, run, want):
    if "lengths" in want:
        ours = run.all("length")
        c.same("lengths", len(ours), want["lengths"]["total"])
        active = sum(x.get("length_type") == "active" for x in ours)
        c.same("active lengths", active, want["lengths"]["active"])
    if "hrv" in want:
        rr = run.total("rr_interval")
        c.same("rr n", rr["n"], want["hrv"]["rr_intervals"])
        c.same("rr sum", rr["n"] * rr["mean"] / 1000, want["hrv"]["rr_sum_s"])
    offset = (want.get("activity") or {}).get("utc_offset_s")
    ends = run.all("file_end")
    if offset is not None and abs(offset) < 50400 and ends:
        ours = next((x["offset_min"] * 60 for x in ends if "offset_min" in x), None)
        doubted = any("as local time" in x.get("note", "") for x in run.lines)
        if not (doubted and offset == 0):
            c.same("offset", ours, offset)
    for i, item in enumerate((want.get("weight") or {}).get("items", [])):
        c.struct(f"weight {i}", run.all("weight_scale")[i], item)
    for field in (want.get("developer") or {}).get("fields", []):
        name = "record.dev." + re.sub(r"[^a-z0-9]+", "_", field["name"].lower())
        if want["record_stats"].get("time_first"):
            c.same(name, sum(x["n"] for x in run.column(name)), field["records_with_it"])
    if "monitoring" in want:
        kinds = want["monitoring"]["by_activity_type"].values()
        steps = sum(x["n"] * x["mean"] for x in run.column("monitoring.steps"))
        c.same("steps", steps, sum(k.get("max_steps", 0) for k in kinds))
        calories = sum(x["n"] * x["mean"] for x in run.column("monitoring.active_calories"))
        c.same("calories", calories, sum(k.get("max_activeCalories", 0) for k in kinds))


def check_raw(c, run, raw):
    """Damaged files: what a tolerant reader recovers."""
    sessions = run.all("session")
    c.same("raw sessions", len(sessions), len(raw.get("sessions", [])))
    for i, s in enumerate(raw.get("sessions", [])[:len(sessions)]):
        c.struct(f"raw session {i}", sessions[i], s, skip=("sport_number", "sub_sport_number"))
    c.same("raw laps", len(run.all("lap")), raw["num_laps"])
    heart = run.total("heart_rate")
    if "hr" in raw:
        c.same("raw hr n", heart["n"], raw["hr"]["samples"])
        c.same("raw hr mean", heart["mean"], raw["hr"]["mean"], 0.001)
    if "accumulated_distance_m" in raw:
        far = max(x["distance_last_m"] for x in run.all("record_summary"))
        c.same("accumulated distance", far, raw["accumulated_distance_m"])


def check_file(tool, path, want):
    c = Check()
    run = Run(tool, path, 1 << 20)
    if run.stderr or run.code not in (0, 1):
        return [f"exit {run.code}: {run.stderr[:300]}"]
    for slice_bytes in (1, 7, 4096):
        if os.path.getsize(path) < 60000 and Run(tool, path, slice_bytes).text != run.text:
            c.bad.append(f"output differs when cut into slices of {slice_bytes}")
    if not want.get("message_counts"):
        c.same("refused", run.code, 1)
        return c.bad
    c.same("sessions", len(run.all("session")), len(want["sessions"]))
    for ours, theirs in zip(run.all("session"), want["sessions"]):
        c.struct("session", ours, theirs)
    c.same("laps", len(run.all("lap")), want["num_laps"])
    for ours, theirs in zip(run.all("lap"), want["laps"]):
        c.struct("lap", ours, theirs)
    for ours, theirs in zip(run.all("file_id"), want["file_ids"]):
        c.struct("file_id", ours, theirs)
    records = sum(x["records"] for x in run.all("file_end"))
    c.same("records", records, (want.get("raw") or want)["num_records"])
    if want.get("raw"):
        check_raw(c, run, want["raw"])
    if want["num_records"]:
        check_records(c, run, want)
    check_others(c, run, want)
    return c.bad


def check_sleep(c, run, want):
    ours = run.all("sleep")[0]
    c.same("levels", ours["segments"], [[ms(a), ms(b), level] for a, b, level in want["levels"]])
    c.same("score", ours["scores"]["overall_sleep_score"], want["overall_score"])


def check_wellness(tool, path, want):
    c = Check()
    run = Run(tool, path, 13)

    def column(name, n, mean=None):
        ours = run.column(name)[0]
        c.same(name + " n", ours["n"], n)
        if mean is not None:
            c.same(name + " mean", ours["mean"], mean)
    for key, value in want.items():
        if key == "sleep":
            check_sleep(c, run, value)
        elif key == "hrv":
            column("hrv.rmssd", value["values"], value["value_mean"])
            status = run.all("hrv_status_summary")[0]
            for part in ("weekly_average", "last_night_average", "status"):
                c.same(part, status[part], value[part])
        elif key == "monitoring":
            column("monitoring.heart_rate", value["heart_rate_samples_valid"], value["heart_rate_mean"])
            steps = run.column("monitoring.steps")[0]
            c.same("steps", steps["n"] * steps["mean"], value["final_walking_steps"])
        elif key == "stress":
            column("stress.level", value["valid"], value["mean"])
        elif key == "spo2":
            column("spo2.value", value["values"], value["mean"])
        elif key == "respiration":
            column("respiration.rate", value["valid"])
        elif key == "weight":
            for i, item in enumerate(value):
                c.struct(f"weight {i}", run.all("weight_scale")[i], item)
            column("weight.weight", len(value))
        elif key == "blood_pressure":
            column("blood_pressure.systolic", 1, value[0]["systolic"])
            column("blood_pressure.diastolic", 1, value[0]["diastolic"])
            column("blood_pressure.pulse", 1, value[0]["pulse"])
        elif key == "rejected":
            c.same("rejected", sum(x["n"] for x in run.lines if "reject" in x), value)
    return c.bad


def main():
    tool = sys.argv[1]
    shared = os.environ.get("SW_SHARED", "../shared")
    samples = sys.argv[2] if len(sys.argv) > 2 else os.path.join(shared, "samples")
    if not os.path.isdir(samples):
        print(f"skipped: no samples at {samples}")
        return 0
    good = explained = total = 0
    for folder, check in (("fit", check_file), ("fit-wellness-made", check_wellness)):
        for expected in sorted(glob.glob(os.path.join(samples, folder, "*.expected.json"))):
            path = expected[:-len(".expected.json")]
            name = os.path.basename(path)
            with open(expected, encoding="utf-8") as f:
                bad = check(tool, path, json.load(f))
            total += 1
            if not bad:
                good += 1
            elif name in ON_PURPOSE:
                explained += 1
                print(f"on purpose  {name}: {ON_PURPOSE[name]} ({'; '.join(bad)})")
            else:
                print(f"DIFFERS     {name}:\n    " + "\n    ".join(bad[:12]))
    print(f"{good} of {total} files equal, {explained} differ on purpose, "
          f"{total - good - explained} differ")
    return 0 if good + explained == total else 1


if __name__ == "__main__":
    sys.exit(main())
