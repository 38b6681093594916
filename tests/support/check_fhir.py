#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check a FHIR R4 collection bundle by the rules of the specification (hl7.org/fhir/R4).

Usage: check_fhir.py BUNDLE
bdl-7 (addresses unique), Observation (status, code; one effective[x], one value[x]; obs-6, obs-7), quantities
with UCUM's system and a code, instants and periods as dateTime with offset, periods that do not end before
they start, references that lead to an entry of the bundle, the vital-signs profile's musts (category,
subject, effective, a UCUM unit). Prints {"patients", "devices", "observations", "coded"}; exit 1 and a
sentence at the first rule that is broken."""
import json
import re
import sys
from datetime import datetime

DATETIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
UUID = re.compile(r"^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
UNIT = re.compile(r"^[\x21-\x7e]+$")
LOINC = re.compile(r"^\d{1,6}-\d$")
ALLOWED = {"resourceType", "status", "subject", "device", "category", "code", "component", "valueQuantity",
           "valueCodeableConcept", "effectiveDateTime", "effectivePeriod"}


def need(truth, words, what):
    if not truth:
        print(f"{words}: {json.dumps(what)[:600]}", file=sys.stderr)
        sys.exit(1)


def instant(text, what):
    need(isinstance(text, str) and DATETIME.match(text), "a dateTime without date, seconds or offset", what)
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def loinc_digit(code):
    """LOINC's check digit is Luhn's (mod 10)."""
    number, digit = code.split("-")
    total = 0
    for i, c in enumerate(reversed(number)):
        d = int(c) * (2 if i % 2 == 0 else 1)
        total += d // 10 + d % 10
    return (10 - total % 10) % 10 == int(digit)


def concept(c, what):
    need(c.get("text") or c.get("coding"), "a concept without text and coding", what)
    for coding in c.get("coding", []):
        if coding["system"] == "http://loinc.org":
            need(LOINC.match(coding["code"]) and loinc_digit(coding["code"]), "no LOINC code", what)
    return bool(c.get("coding"))


def quantity(q, what):
    need(isinstance(q["value"], (int, float)), "a quantity without a number", what)
    need(q["system"] == "http://unitsofmeasure.org" and UNIT.match(q["code"]), "no UCUM unit", what)


def observation(o, addresses):
    need(set(o) <= ALLOWED, "an unknown element", o)
    need(o["status"] == "final", "no status", o)
    need(o["subject"]["reference"] in addresses and o["device"]["reference"] in addresses,
         "a reference that leads nowhere", o)
    need(("effectiveDateTime" in o) + ("effectivePeriod" in o) == 1, "not exactly one effective[x]", o)
    if "effectivePeriod" in o:
        p = o["effectivePeriod"]
        need(instant(p["start"], o) <= instant(p["end"], o), "per-1: a period that ends before it starts", o)
    else:
        instant(o["effectiveDateTime"], o)
    need(("valueQuantity" in o) + ("valueCodeableConcept" in o) == 1, "not exactly one value[x]", o)
    if "valueQuantity" in o:
        quantity(o["valueQuantity"], o)
    coded = concept(o["code"], o)
    for c in o.get("component", []):
        concept(c["code"], o)
        quantity(c["valueQuantity"], o)
        need(c["code"] != o["code"], "obs-7: a component with the observation's own code", o)
    words = [c["code"] for part in o.get("category", []) for c in part["coding"]]
    need(set(words) <= {"vital-signs", "activity", "laboratory"}, "an unknown category", o)
    codes = [c["code"] for c in o["code"].get("coding", [])]
    for more, profile in (("59408-5", "2708-6"), ("40443-4", "8867-4")):
        need(more not in codes or profile in codes, "a vital sign without the code of its profile", o)
    need("vital-signs" not in words or coded and "valueQuantity" in o, "a vital sign without code or value", o)
    return coded


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        b = json.load(f)
    need(b["resourceType"] == "Bundle" and b["type"] == "collection", "no collection", list(b))
    addresses = [e["fullUrl"] for e in b["entry"]]
    need(all(UUID.match(a) for a in addresses), "an address that is no uuid", addresses[:3])
    need(len(set(addresses)) == len(addresses), "bdl-7: an address comes twice", len(addresses))
    kinds, coded, known = {"Patient": 0, "Device": 0, "Observation": 0}, 0, set(addresses)
    for e in b["entry"]:
        r = e["resource"]
        kinds[r["resourceType"]] += 1
        if r["resourceType"] == "Observation":
            coded += observation(r, known)
        elif r["resourceType"] == "Device":
            need(r["deviceName"][0]["name"] and r["deviceName"][0]["type"] == "user-friendly-name", "a device", r)
    print(json.dumps({"patients": kinds["Patient"], "devices": kinds["Device"],
                      "observations": kinds["Observation"], "coded": coded}))


if __name__ == "__main__":
    main()
