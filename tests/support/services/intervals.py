# SPDX-License-Identifier: MIT
"""intervals.icu: activities and wellness by date window, key as basic auth.

Activities need id and start_date_local; the rest is handed out as it was set. A wellness day's id is
its date. `streams` is {activity id: {type: [values]}}.
"""
from services import Answer, Service, iso

PREFIX = "/api/v1/"


def day_of(text, last=False):
    """A date or a local time as a text that compares with start_date_local."""
    return text if len(text) > 10 else text + ("T23:59:59" if last else "T00:00:00")


class Play(Service):
    name = "intervals"
    data = {"key": "key", "profile": {"id": "i1", "name": "Test Person"}, "activities": [], "wellness": [],
            "streams": {}}
    lists = {"activities": "id", "wellness": "id"}

    def handle(self, request):
        parts = request.path[len(PREFIX):].split("/") if request.path.startswith(PREFIX) else [""]
        if parts[0] not in ("athlete", "activity") or len(parts) < 2:
            return None
        if not self.allowed(request):
            return Answer(403, {"status": 403, "error": "Access denied"})
        if parts[0] == "activity":
            return self.activity(parts[1], parts[2:])
        if parts[1] not in ("0", self.data["profile"].get("id")):
            return Answer(404, {"status": 404, "error": "Athlete not found"})
        return self.athlete(request, parts[2:])

    def allowed(self, request):
        if request.basic() == ("API_KEY", self.data["key"]):
            return True
        return self.world.token(request.bearer()) is not None

    def athlete(self, request, rest):
        what = rest[0].removesuffix(".json") if rest else ""
        if request.method == "PUT" and what in ("wellness", "wellness-bulk"):
            return self.put_wellness(request.json(), rest[1] if len(rest) > 1 else None)
        if request.method != "GET":
            return Answer(405, {"status": 405, "error": "Method not allowed"})
        if what == "":
            return Answer(200, self.data["profile"])
        if what == "activities":
            return self.activities(request)
        if what == "wellness" and len(rest) == 1:
            return self.wellness(request)
        return None

    def window(self, request):
        today = iso(self.world.now())[:10]
        return request.query.get("oldest"), request.query.get("newest", today)

    def activities(self, request):
        oldest, newest = self.window(request)
        if not oldest:
            return Answer(422, {"status": 422, "error": "Required parameter 'oldest' is not present"})
        inside = [a for a in self.data["activities"]
                  if day_of(oldest) <= a["start_date_local"] <= day_of(newest, True)]
        inside.sort(key=lambda a: a["start_date_local"], reverse=True)
        return Answer(200, self.only(request.query.get("fields"), inside[:request.whole("limit", len(inside))]))

    def wellness(self, request):
        oldest, newest = self.window(request)
        inside = [d for d in self.data["wellness"] if (oldest or "") <= d["id"] <= newest]
        return Answer(200, self.only(request.query.get("cols"), sorted(inside, key=lambda d: d["id"])))

    @staticmethod
    def only(fields, items):
        wanted = {"id", *fields.split(",")} if fields else None
        return [{k: v for k, v in x.items() if k in wanted} for x in items] if wanted else items

    def put_wellness(self, given, day):
        days = given if isinstance(given, list) else [{**(given or {}), **({"id": day} if day else {})}]
        for one in days:
            if not one.get("id"):
                return Answer(422, {"status": 422, "error": "id is missing"})
            old = next((d for d in self.data["wellness"] if d["id"] == one["id"]), {})
            self.add({"wellness": [{**old, **one}]})
        return Answer(200, days if isinstance(given, list) else self.data["wellness"][-1])

    def activity(self, ident, rest):
        found = next((a for a in self.data["activities"] if str(a["id"]) == ident), None)
        if not found:
            return Answer(404, {"status": 404, "error": "Activity not found"})
        if rest and rest[0].startswith("streams"):
            streams = self.data["streams"].get(ident, {})
            return Answer(200, [{"type": kind, "data": values} for kind, values in streams.items()])
        return Answer(200, found) if not rest else None
