#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the seeds of fuzz_frame: make_frame_seeds.py [DIR], default corpus/frame beside this file.

Each seed is a run of frames as a worker or the engine would send them.
"""
import os
import struct
import sys


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def value(v):
    if v is None:
        return b"\0"
    if v is False or v is True:
        return b"\2" if v else b"\1"
    if isinstance(v, int):
        return b"\3" + varint(v << 1 if v >= 0 else (-v << 1) - 1)
    if isinstance(v, float):
        return b"\4" + struct.pack("<d", v)
    if isinstance(v, str):
        return b"\5" + varint(len(v.encode())) + v.encode()
    if isinstance(v, list):
        return b"\6" + struct.pack("<I", len(v)) + b"".join(value(x) for x in v)
    members = b"".join(varint(len(k.encode())) + k.encode() + value(x) for k, x in v.items())
    return b"\7" + struct.pack("<I", len(v)) + members


def frame(v):
    body = value(v)
    return struct.pack("<I", len(body)) + body


def nested(depth):
    v = None
    for _ in range(depth):
        v = [v]
    return v


def seeds():
    yield frame({"op": "hello", "uid": 65534, "seccomp": True, "refused": None})
    yield frame({"op": "result", "run": 7, "ok": True, "cpu_us": 120, "out": {"fired": True, "actions": []}})
    yield frame({"op": "call", "call": 1, "run": 7, "name": "series", "args": {"metric": "steps", "last_s": 6.5e5}})
    yield frame({"op": "ack", "bytes": 131072}) + frame({"op": "bye", "text": "gone"})
    yield frame({"op": "run", "runs": [{"n": 1, "cpu_ms": 200, "op": "rule", "event": {"id": "w1"}}, {"n": -1}]})
    yield frame(nested(32)) + frame(nested(33))
    yield frame([None, False, True, 0, -1, 2 ** 62, 1.5, "", "text", {}, [[]]])


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "corpus", "frame")
    os.makedirs(folder, exist_ok=True)
    for i, data in enumerate(seeds()):
        with open(os.path.join(folder, f"seed{i}.bin"), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main()
