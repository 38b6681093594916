#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write small seed inputs for the CSV and JSON fuzz targets into corpus/<target>/.

Usage: make_table_seeds.py [CORPUS]. Everything is made up here; the first byte of a seed is the slice
size the target uses."""
import os
import sys

CSV = [
    b"day,clock,value,for\r\n31.12.2023,7:05 PM,78.4,60\r\n01.01.2024,,\"1,050.0\",\r\n,,,\r\n",
    b"\xef\xbb\xbf\"day\",\"clock\",v,f\n2024-03-10,02:30,\"[1,null,3]\",\"[60,60,60]\"\n1/2/24,1:00 AM,121/78,5\n",
    b"a,b,c,d\n\"open \"\"quote\"\"\nwith break,x\n",
    b"a,b,c,d\r2024-01-01T00:00:00Z,,no,1\r2024-01-01 25:00,,x,y\r",
]
JSON = [
    b'[{"t":"2024-03-04T05:00:00","v":{"n":"61"},"l":{"items":[1,null,2.5],"0":60}},{"t":null}]',
    b'{"sleep":[{"t":1709604000000000000,"q":"\\u00e9\\"x"},{"t":"x"}],"other":{"deep":[[{}]]}}',
    b'\xef\xbb\xbf[ {"t" : "03/04/24" , "v" : { "n" : [ 1 ] } } , {"t":"2024-03-04T05:00:00","l":[60,{"items":1}]}',
    b'[{"t":"2024-01-01T00:00:00"}]]',
]


def main():
    corpus = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "corpus")
    for name, seeds in (("csv", CSV), ("jsonrows", JSON)):
        folder = os.path.join(corpus, name)
        os.makedirs(folder, exist_ok=True)
        for i, seed in enumerate(seeds):
            with open(os.path.join(folder, f"seed{i}.bin"), "wb") as f:
                f.write(bytes([7 + i]) + seed)


main()
