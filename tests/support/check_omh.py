#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Validate Open mHealth data points, one a line, against the published schemas.

Usage: check_omh.py SCHEMAS POINTS [MOST]
The first MOST points (default 200) of each schema are validated, header, body and their frame. Prints
{"points": N, "validated": N, "by_schema": {...}} and exits 1 at the first point that does not fit.
Schemas refer to the IEEE 1752 ones that replaced some of theirs by address; those of the same name in the
folder stand in for them, since nothing is fetched."""
import json
import os
import sys
from collections import Counter

import jsonschema

IEEE = "https://w3id.org/ieee/ieee-1752-schema/"


def load(folder):
    store = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name)) as f:
            schema = json.load(f)
        schema.pop("$id", None)  # they would be looked up by that address
        schema.pop("id", None) if isinstance(schema.get("id"), str) else None
        store["file:///" + name] = schema
        store[IEEE + name] = schema
    return store


class Checker:
    def __init__(self, folder):
        self.store = load(folder)
        self.by_name = {}

    def of(self, name):
        if name not in self.by_name:
            schema = self.store["file:///" + name]
            resolver = jsonschema.RefResolver("file:///" + name, schema, store=self.store)
            self.by_name[name] = jsonschema.Draft7Validator(
                schema, resolver=resolver, format_checker=jsonschema.FormatChecker())
        return self.by_name[name]

    def check(self, point):
        self.of("data-point-1.0.json").validate(point)
        self.of("header-1.2.json").validate(point["header"])
        schema = point["header"]["schema_id"]
        assert schema["namespace"] == "omh", schema
        self.of(f"{schema['name']}-{schema['version']}.json").validate(point["body"])


def main():
    folder, path = sys.argv[1:3]
    most = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    checker, seen, validated, ids = Checker(folder), Counter(), 0, set()
    for line in open(path, encoding="utf-8"):
        point = json.loads(line)
        name = point["header"]["schema_id"]["name"]
        seen[name] += 1
        if seen[name] > most:
            continue
        assert point["header"]["id"] not in ids, "an id comes twice"
        ids.add(point["header"]["id"])
        try:
            checker.check(point)
        except jsonschema.ValidationError as e:
            print(f"{name}: {e.message} in {line}", file=sys.stderr)
            sys.exit(1)
        validated += 1
    print(json.dumps({"points": sum(seen.values()), "validated": validated, "by_schema": seen}))


if __name__ == "__main__":
    main()
