#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the seeds of fuzz_fit: make_fit_seeds.py [DIR], default corpus/fit beside this file.

Each seed is one byte of slice size and a small FIT file that reaches one part of the decoder.
"""
import os
import struct
import sys

T0 = 1000000000
U8, U16, U32, S32, TEXT, BYTES = 2, 0x84, 0x86, 0x85, 7, 0x0D


def crc(data):
    c = 0
    for b in data:
        c ^= b
        for _ in range(8):
            c = c >> 1 ^ 0xA001 if c & 1 else c >> 1
    return c


def define(local, number, *fields, dev=(), big=False):
    order = ">" if big else "<"
    out = struct.pack(order + "BBBHB", 0x40 | local | (0x20 if dev else 0), 0, big, number, len(fields))
    out += b"".join(bytes(f) for f in fields)
    if dev:
        out += bytes([len(dev)]) + b"".join(bytes(f) for f in dev)
    return out


def segment(body, header=14, size=None):
    size = len(body) if size is None else size
    head = struct.pack("<BBHI4s", header, 0x20, 2156, size, b".FIT") + b"\0\0" * (header == 14)
    return head + body + struct.pack("<H", crc(head + body))


def file_id(kind):
    return (define(0, 0, (0, 1, 0), (1, 2, U16), (2, 2, U16), (4, 4, U32))
            + struct.pack("<BBHHI", 0, kind, 1, 3113, T0))


def activity():
    body = file_id(4) + define(1, 20, (253, 4, U32), (3, 1, U8), (0, 4, S32), (1, 4, S32), (2, 2, U16),
                               (5, 4, U32), (4, 1, U8))
    for i in range(5):
        body += struct.pack("<BIBiiHIB", 1, T0 + i, 100 + i, 1 << 29, 1 << 28, 2600 + 20 * i, 100 * i, 80)
    body += define(2, 18, (2, 4, U32), (7, 4, U32), (5, 1, 0)) + struct.pack("<BIIB", 2, T0, 5000, 1)
    body += define(3, 34, (253, 4, U32), (5, 4, U32)) + struct.pack("<BII", 3, T0 + 5, T0 + 3605)
    return segment(body)


def swim():
    body = file_id(4) + define(1, 20, (253, 4, U32))
    body += b"".join(struct.pack("<BI", 1, T0 + i) for i in range(5))
    beats = define(1, 132, (253, 4, U32), (9, 4, U32), (6, 1, U8)) + struct.pack("<BIIB", 1, T0, 2048, 99)
    beats += define(2, 132, (10, 3, BYTES), (6, 2, U8)) + bytes([2, 0, 12, 16, 110, 120])
    return segment(body) + segment(beats)


def developer():
    body = file_id(4) + define(2, 206, (0, 1, U8), (1, 1, U8), (2, 1, U8), (3, 6, TEXT), (8, 4, TEXT))
    body += bytes([2, 0, 8, U16]) + b"Power\0W\0\0\0"
    body += define(1, 20, (253, 4, U32), dev=((8, 2, 0), (9, 3, 0))) + struct.pack("<BIHBBB", 1, T0, 55, 1, 2, 3)
    return segment(body)


def compressed():
    body = file_id(4) + define(1, 20, (253, 4, U32), (8, 3, BYTES), big=True)
    body += struct.pack(">BI", 1, T0) + b"\x10\x20\x30"
    body += define(2, 20, (3, 1, U8), (8, 3, BYTES)) + b"\xc5\x64\x11\x22\x33" + b"\xdf\x65\x11\x42\x33"
    return segment(body, 12)


def day():
    body = file_id(32) + define(1, 103, (253, 4, U32), (0, 4, U32)) + struct.pack("<BII", 1, T0, T0 // 86400 * 86400)
    body += define(2, 55, (26, 2, U16), (5, 1, 0), (3, 4, U32), (27, 1, U8))
    body += struct.pack("<BHBIB", 2, (T0 + 60) & 0xFFFF, 6, 100, 60) + struct.pack("<BHBIB", 2, 5, 6, 180, 61)
    return segment(body)


def night():
    body = file_id(49) + define(1, 275, (253, 4, U32), (0, 1, 0)) + struct.pack("<BIB", 1, T0, 2)
    body += struct.pack("<BIB", 1, T0 + 60, 3) + define(2, 21, (253, 4, U32), (0, 1, 0), (1, 1, 0))
    body += struct.pack("<BIBB", 2, T0 + 100, 74, 1) + define(3, 346, (6, 1, U8)) + bytes([3, 82])
    return segment(body)


def body_values():
    body = file_id(9) + define(1, 30, (253, 4, U32), (0, 2, U16), (12, 2, U16)) + struct.pack("<BIHH", 1, T0, 7580, 0)
    body += define(2, 51, (253, 4, U32), (0, 2, U16), (8, 1, 0)) + struct.pack("<BIHB", 2, T0, 121, 0)
    body += define(3, 78, (0, 6, U16)) + struct.pack("<BHHH", 3, 1000, 900, 0xFFFF)
    return segment(body, size=0)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "corpus", "fit")
    os.makedirs(folder, exist_ok=True)
    for make in (activity, swim, developer, compressed, day, night, body_values):
        with open(os.path.join(folder, make.__name__ + ".bin"), "wb") as f:
            f.write(b"\x07" + make())


if __name__ == "__main__":
    main()
