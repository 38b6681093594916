#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Looks for texts in running processes: scan_memory.py PROGRAM WORDS-FILE SECONDS

The words stand in a file, one a line, so that they are in no command line. For SECONDS, the memory of every
process that runs PROGRAM is read again and again, and the command line and environment of all processes.
Prints JSON: {"scans", "denied", "memory": {word number: times}, "lines": {word number: [pid ...]}}.
"""
import json
import os
import sys
import time


def regions(pid):
    with open(f"/proc/{pid}/maps") as maps:
        for line in maps:
            span, mode = line.split()[:2]
            start, end = (int(x, 16) for x in span.split("-"))
            if mode[0] == "r" and "[v" not in line and end - start < 1 << 28:
                yield start, end


def memory(pid):
    """Every readable byte; None when that is not permitted."""
    parts = []
    try:
        with open(f"/proc/{pid}/mem", "rb", 0) as mem:
            for start, end in regions(pid):
                try:
                    mem.seek(start)
                    parts.append(mem.read(end - start))
                except (OSError, ValueError):
                    pass
    except PermissionError:
        return None
    except OSError:
        pass
    return b"\0".join(parts)


def runs(pid, program):
    try:
        return os.readlink(f"/proc/{pid}/exe") == program
    except OSError:
        return False


def main():
    program, words = os.path.realpath(sys.argv[1]), open(sys.argv[2], "rb").read().split(b"\n")
    words = [w for w in words if w]
    found = {"scans": 0, "denied": 0, "memory": {}, "lines": {}}
    until = time.monotonic() + float(sys.argv[3])
    while time.monotonic() < until:
        for pid in filter(str.isdigit, os.listdir("/proc")):
            for part in ("cmdline", "environ"):
                try:
                    text = open(f"/proc/{pid}/{part}", "rb").read()
                except OSError:
                    continue
                for n, word in enumerate(words):
                    if word in text:
                        found["lines"].setdefault(n + 1, []).append(pid)
            if runs(pid, program):
                image = memory(pid)
                if image is None:
                    found["denied"] += 1
                    continue
                found["scans"] += 1 if image else 0
                for n, word in enumerate(words):
                    if word in image:
                        found["memory"][n + 1] = found["memory"].get(n + 1, 0) + 1
        time.sleep(0.02)
    print(json.dumps(found))


main()
