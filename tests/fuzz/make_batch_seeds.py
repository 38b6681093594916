#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the seeds of fuzz_batch: make_batch_seeds.py [DIR], default corpus/batch beside this file.

Each seed is a frame with events for the rule of fuzz_batch.c, packed as core/box/packed.h says.
"""
import os
import struct
import sys

from make_frame_seeds import frame, value, varint


def item(names, at, key, fields, attributes):
    out, places = struct.pack("<q", at) + varint(len(key)) + key.encode(), {}
    for mark, members in ((b"", fields), (b"\xff", attributes)):
        out += mark if members else b""
        for name, v in members.items():
            if name in names:
                out += bytes([names.index(name)])
                places.setdefault(names.index(name), len(out))
            else:
                out += b"\xfe" + varint(len(name)) + name.encode()
            out += value(v)
    n = max(places) + 1 if places else 0
    return out + struct.pack("<%dHB" % n, *(places.get(i, 0) for i in range(n)), n)


class Raw(str):
    """A text whose bytes are given: latin-1 stands for them."""

    def encode(self, *_):
        return str.encode(self, "latin-1")


def batch(events, names, **more):
    items = [Raw(item(names, *e).decode("latin-1")) for e in events]
    head = {"script": "rules/x.lua", "user": "me", "offset_min": 60}
    return frame({"op": "batch", "n": 7, "cpu_ms": 200, "head": head, "names": names, "items": items, **more})


NAMES = ["id", "group", "kind", "provider", "day", "start", "finish", "offset_start", "offset_finish", "sport", "elapsed_s",
         "distance_m"]
RUN = {"id": "w1", "group": "g1", "kind": "workout", "provider": "strava", "day": "2026-03-01", "start": 1772350000000,
       "finish": 1772353600000, "offset_start": 60, "offset_finish": 60}
BODY = {"sport": "running", "elapsed_s": 3600, "distance_m": 12000.5}

SEEDS = {
    "one": batch([(1772353600000, "", RUN, BODY)], NAMES),
    "three": batch([(1772353600000 + i, "k%d" % i, RUN, BODY) for i in range(3)], NAMES),
    "spelled": batch([(5, "", RUN, {**BODY, "title": "x" * 300, "tags": ["a", {"b": None}], "flag": True})], NAMES[:4]),
    "bare": batch([(-1, "", {}, {}), (0, "key", {"kind": "workout"}, {})], ["kind"]),
    "many": batch([(i * 1000, "", {**RUN, "id": "w%d" % i}, BODY) for i in range(60)], NAMES),
}


def main():
    to = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "batch")
    os.makedirs(to, exist_ok=True)
    for name, data in SEEDS.items():
        with open(os.path.join(to, name), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main()
