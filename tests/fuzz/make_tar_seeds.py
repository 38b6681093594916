#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write small seed archives for the tar fuzz target into corpus/tar/.

Usage: make_tar_seeds.py [CORPUS]. Everything is made up here; the first byte of a seed says whether the sums
of its headers are made right."""
import gzip
import io
import os
import sys
import tarfile


def archive(form):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, data in (("Takeout/a.json", b"[1]"), ("Takeout/" + "b" * 120 + "/c.csv", b"day,steps\n" * 60),
                           ("Takeout/Schritte \u00e4.json", b"{}")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "Takeout/a.json"
        tar.addfile(link)
    return out.getvalue()[:6 * 1024]


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
    folder = os.path.join(root, "tar")
    os.makedirs(folder, exist_ok=True)
    plain = [archive(form) for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)]
    seeds = [b"\1" + p for p in plain] + [b"\0" + plain[0][:2000], b"\0" + gzip.compress(plain[1], mtime=0)]
    for i, seed in enumerate(seeds):
        with open(os.path.join(folder, f"seed{i}.bin"), "wb") as f:
            f.write(seed)


main()
