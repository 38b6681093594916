# SPDX-License-Identifier: MIT
"""Mirrors: three services that hand on what is written to them, as connected services do.

POST /mirror/LANE/items {key, start, text, note} makes an item (the same key gives the same one); it is handed
on to the next lane of `forward` with a new id and `source` "mirror-LANE:ID". `strip`: notes are not handed
back or on. GET /mirror/LANE/items lists all of a lane.
"""
from services import Answer, Service


class Play(Service):
    name = "mirror"
    data = {"a": [], "b": [], "c": [], "forward": {}, "strip": False, "hops": 3}
    lists = {"a": "id", "b": "id", "c": "id"}

    def handle(self, request):
        parts = request.path.strip("/").split("/")
        if len(parts) != 3 or parts[0] != "mirror" or parts[1] not in ("a", "b", "c") or parts[2] != "items":
            return None
        lane = parts[1]
        if request.method == "POST":
            return Answer(201, {"id": self.put(lane, request.json(), None, 0)})
        return Answer(200, [self.shown(i) for i in self.data[lane]])

    def shown(self, item):
        return {k: v for k, v in item.items() if k != "key" and not (k == "note" and self.data["strip"])}

    def put(self, lane, given, source, hop):
        for item in self.data[lane]:
            if given.get("key") and item.get("key") == given["key"]:
                return item["id"]
        item = {"id": "%s%d" % (lane, len(self.data[lane]) + 1), **given}
        if source:
            item["source"] = source
        self.data[lane].append(item)
        onward = self.data["forward"].get(lane)
        if onward and hop < self.data["hops"]:
            copy = {k: v for k, v in self.shown(item).items() if k not in ("id", "source")}
            self.put(onward, copy, "mirror-%s:%s" % (lane, item["id"]), hop + 1)
        return item["id"]
