#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write small seed inputs for the JSON-lines fuzz target into corpus/syncwell/.

Usage: make_jsonl_seeds.py [CORPUS]. Everything is made up here; the first byte of a seed is the slice size
the target uses."""
import os
import sys

WHOLE = b"""{"line":"syncwell","person":"me","version":1,"zone":"Europe/Berlin"}
{"class":"watch","id":"2a","ident":"39","line":"origin","maker":"garmin","model":"3405","name":"W\\u00e4tch","provider":"file"}
{"line":"record","origin":"2a","kind":"workout","start_ms":1,"attributes":{"a":[1,2.5,null,true]},"segments":[{}]}
{"line":"day_total","metric":"steps","unit":"{step}","day":"2026-03-01","origin":"2a","value":12}\r

{"line":"samples","metric":"steps","unit":"{step}","origin":"2a","at":[["2026-03-01T08:00:00.5+01:00",60000,12.25],["x",1,2],[]]}
{"line":"samples","metric":"steps","origin":"nobody","at":[["2026-03-01T08:00:00Z",0,1]]}
{"line":"surprise","origin":7}
"""
NEWER = b'{"line":"syncwell","version":99}\n'
ODD = b'{"line":"syncwell","version":1}\n[1]\n"text"\n{"line":{}}\n{"line":"samples","at":{}}\n{"line":"origin"}\n{bad\n'


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
    os.makedirs(os.path.join(root, "syncwell"), exist_ok=True)
    for i, text in enumerate([WHOLE, WHOLE[:300], NEWER, ODD]):
        with open(os.path.join(root, "syncwell", f"seed{i}.bin"), "wb") as f:
            f.write(bytes([17 + 40 * i]) + text)


if __name__ == "__main__":
    main()
