# SPDX-License-Identifier: MIT
"""Nightscout: glucose entries and treatments, v1 by find[...] queries, v3 by filters and history.

Authentication: header api-secret with the SHA-1 of the secret, ?secret= or ?token=, v3 with the JWT
that /api/v2/authorization/request/TOKEN hands out. `anonymous` lets everybody read.
"""
import hashlib
import re

from services import Answer, Service, instant, iso

V1, V3 = "/api/v1/", "/api/v3/"
TIME = {"entries": "date", "treatments": "created_at"}
KEPT_MS = 4 * 86400000  # how far back a question without a date reaches
OPS = {"$gte": lambda a, b: a >= b, "$gt": lambda a, b: a > b, "$lte": lambda a, b: a <= b,
       "$lt": lambda a, b: a < b, "$eq": lambda a, b: a == b, "$ne": lambda a, b: a != b}
DENIED = {"status": 401, "message": "Unauthorized", "description": "Invalid/Missing"}


def comparable(field, value):
    if field in ("date", "created_at", "dateString", "srvModified", "srvCreated"):
        return instant(value)
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


def passes(item, field, op, wanted):
    if field not in item:
        return False
    have, want = comparable(field, item[field]), comparable(field, wanted)
    return type(have) is type(want) and OPS[op](have, want)


class Play(Service):
    name = "nightscout"
    data = {"secret": "a-secret-of-twelve", "token": "reader-0123456789abcdef", "anonymous": False, "entries": [],
            "treatments": []}
    lists = {"entries": "_id", "treatments": "_id"}

    def handle(self, request):
        path = request.path
        if path.startswith("/api/v2/authorization/request/"):
            good = path.rsplit("/", 1)[1] == self.data["token"]
            return Answer(200, {"token": self.jwt(), "sub": "reader"}) if good else Answer(401, DENIED)
        for prefix, answer in ((V1, self.v1), (V3, self.v3)):
            what, _, rest = path[len(prefix):].partition("/")
            what = what.removesuffix(".json")
            if path.startswith(prefix) and what in ("entries", "treatments", "status", "lastModified"):
                return answer(request, what, rest) if self.allowed(request) else Answer(401, DENIED)
        return None

    def jwt(self):
        return "jwt." + hashlib.sha256(self.data["token"].encode()).hexdigest()[:32] + ".sig"

    def allowed(self, request):
        proof = hashlib.sha1(self.data["secret"].encode()).hexdigest()
        if request.headers.get("api-secret", "").lower() == proof or request.query.get("secret") == self.data["secret"]:
            return True
        if self.data["token"] in (request.query.get("token"), request.headers.get("api-secret")):
            return True
        return request.bearer() == self.jwt() or (self.data["anonymous"] and request.method == "GET")

    # --- version 1 ---

    def v1(self, request, what, rest):
        if what == "status":
            return Answer(200, {"status": "ok", "name": "nightscout", "version": "15.0.0", "apiEnabled": True,
                                "settings": {"units": "mg/dl"}})
        if what not in TIME:
            return None
        if request.method == "POST":
            return Answer(200, [self.keep(what, item) for item in self.items(request)])
        finds = list(self.finds(request))
        if rest in ("sgv", "sgv.json", "mbg", "mbg.json"):
            finds.append(("type", "$eq", rest.removesuffix(".json")))
        return Answer(200, self.chosen(what, finds)[:request.whole("count", 10)])

    @staticmethod
    def finds(request):
        for key, value in request.pairs:
            m = re.fullmatch(r"find\[(\w+)\](?:\[(\$\w+)\])?", key)
            if m and (m[2] or "$eq") in OPS:
                yield m[1], m[2] or "$eq", value

    def chosen(self, what, finds):
        now, field = self.world.now(), TIME[what]
        if not any(f[0] in ("date", "dateString", "created_at") for f in finds):
            finds.append((field, "$gte", now - KEPT_MS))
        finds.append((field, "$lte", now))  # what is dated ahead is not told
        found = [x for x in self.data[what] if all(passes(x, *f) for f in finds)]
        return sorted(found, key=lambda x: instant(x[field]), reverse=True)

    @staticmethod
    def items(request):
        body = request.json()
        return body if isinstance(body, list) else [body] if isinstance(body, dict) else []

    def keep(self, what, item):
        """Store one, unless it is there by identifier or by time, kind and device."""
        def sign(x):
            return (instant(x[TIME[what]]), x.get("type") or x.get("eventType"), x.get("device") or x.get("enteredBy"))
        item = {TIME[what]: self.world.now() if what == "entries" else iso(self.world.now()), **item}
        for old in self.data[what]:
            if sign(old) == sign(item) or item.get("identifier", 0) == old.get("identifier"):
                return {**old, "isDeduplication": True}
        item = {"_id": self.world.mint("id", 24), "srvModified": self.world.now(), **item}
        self.data[what].append(item)
        return item

    # --- version 3 ---

    def v3(self, request, what, rest):
        if what == "lastModified":
            return self.result({"srvDate": self.world.now(), "collections": {c: self.newest(c) for c in TIME}})
        if what == "status":
            return self.result({"version": "15.0.0", "apiVersion": "3.0.4", "srvDate": self.world.now()})
        if request.method == "POST":
            kept = [self.keep(what, item) for item in self.items(request)]
            old = any(k.get("isDeduplication") for k in kept)
            return Answer(200 if old else 201, {"status": 200 if old else 201, "isDeduplication": old,
                                                "identifier": kept[0].get("identifier") if kept else None})
        if rest.startswith("history"):
            since = float(rest.partition("/")[2] or 0)
            found = [x for x in self.data[what] if x.get("srvModified", 0) > since]
            return self.result(sorted(found, key=lambda x: x["srvModified"])[:request.whole("limit", 10)])
        return self.search(request, what)

    def newest(self, what):
        return max((x.get("srvModified", 0) for x in self.data[what]), default=0)

    def search(self, request, what):
        finds = [(m[1], "$" + m[2], v) for k, v in request.pairs if (m := re.fullmatch(r"(\w+)\$(gte|gt|lte|lt|eq|ne)", k))]
        found = [x for x in self.data[what] if x.get("isValid", True) and all(passes(x, *f) for f in finds)]
        down = "sort$desc" in request.query
        by = request.query.get("sort$desc") or request.query.get("sort") or TIME[what]
        found.sort(key=lambda x: comparable(by, x.get(by, 0)), reverse=down)
        skip = request.whole("skip", 0)
        return self.result(found[skip:skip + request.whole("limit", 10)])

    @staticmethod
    def result(value):
        return Answer(200, {"status": 200, "result": value})
