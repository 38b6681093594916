# SPDX-License-Identifier: MIT
"""Strava: activities by page, details, streams, push subscriptions, two limits counted at once.

Activities need id and start_date (UTC, Z); `streams` on one is {type: [values]}. `tokens` maps extra
access tokens to their scope; tokens of the OAuth server count too. `short_pages` = k leaves every k-th
place of a page empty, as filtered activities do. `limits` and the usage are pairs: quarter hour, day.
"""
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from urllib.parse import urlencode

from services import Answer, Service, instant

PREFIX = "/api/v3/"
QUARTER_MS, DAY_MS = 900000, 86400000
DETAIL = {"laps", "splits_metric", "splits_standard", "calories", "description", "device_name", "gear", "streams",
          "best_efforts", "segment_efforts", "photos"}


def fault(status, message, resource, field, code):
    return Answer(status, {"message": message, "errors": [{"resource": resource, "field": field, "code": code}]})


def missing(resource):
    return fault(404, "Record Not Found", resource, "id", "invalid")


class Counter:
    """Calls in the running quarter hour and day, by the server's clock."""

    def __init__(self):
        self.window, self.used = [None, None], [0, 0]

    def count(self, now):
        for i, length in enumerate((QUARTER_MS, DAY_MS)):
            if self.window[i] != now // length:
                self.window[i], self.used[i] = now // length, 0
            self.used[i] += 1
        return self.used


class Play(Service):
    name = "strava"
    data = {"athlete": {"id": 1, "firstname": "Test", "lastname": "Person"}, "activities": [], "tokens": {},
            "limits": {"overall": [200, 2000], "read": [100, 1000]}, "short_pages": 0, "zones": {}, "gear": [],
            "client_id": "1", "client_secret": "client-secret"}
    lists = {"activities": "id", "gear": "id"}

    def start(self):
        super().start()
        self.counters = {"overall": Counter(), "read": Counter()}
        self.exceeded, self.subscriptions, self.next_id = 0, [], 1

    def set(self, values):
        super().set(values)
        if "limits" in values:  # counted from here on: another test's calls are not this one's
            self.counters = {"overall": Counter(), "read": Counter()}

    def handle(self, request):
        parts = request.path[len(PREFIX):].split("/") if request.path.startswith(PREFIX) else [""]
        known = {"athlete": self.athlete, "activities": self.activity, "gear": self.gear,
                 "push_subscriptions": self.push}.get(parts[0])
        if not known:
            return None
        late, headers = self.count(request)
        if late:
            self.exceeded += 1
            answer = fault(429, "Rate Limit Exceeded", "Application", late + " rate limit", "exceeded")
        else:
            answer = self.authorized(request, known, parts) or Answer(404, {"message": "Not Found", "errors": []})
        answer.headers.update(headers)
        return answer

    def authorized(self, request, known, parts):
        if parts[0] == "push_subscriptions":
            return known(request, parts[1:])
        self.scope = self.data["tokens"].get(request.bearer()) or self.world.token(request.bearer())
        if self.scope is None:
            return fault(401, "Authorization Error", "Athlete", "access_token", "invalid")
        self.scope = self.scope.replace(",", " ").split()
        return known(request, parts[1:])

    def count(self, request):
        kinds, late, headers = ["overall", "read"] if request.method == "GET" else ["overall"], None, {}
        for kind, title in (("overall", "X-RateLimit"), ("read", "X-ReadRateLimit")):
            counter, limits = self.counters[kind], self.data["limits"][kind]
            used = counter.count(self.world.now()) if kind in kinds else counter.used
            headers[title + "-Limit"] = "%d,%d" % tuple(limits)
            headers[title + "-Usage"] = "%d,%d" % tuple(used)
            if kind in kinds and any(u > most for u, most in zip(used, limits)):
                late = late or kind
        return late, headers

    # --- reading ---

    def athlete(self, request, rest):
        if not rest:
            return Answer(200, self.data["athlete"])
        if rest == ["zones"]:
            return Answer(200, self.data["zones"])
        return self.listing(request) if rest == ["activities"] else None

    def may_read(self, private=False):
        return "activity:read_all" in self.scope or (not private and "activity:read" in self.scope)

    def listing(self, request):
        if not self.may_read():
            return fault(401, "Authorization Error", "AccessToken", "activity:read_permission", "missing")
        after, before = request.whole("after", None), request.whole("before", None)
        size, page = request.whole("per_page", 30), request.whole("page", 1)
        if not 1 <= size <= 200 or page < 1:
            return fault(400, "Bad Request", "Application", "per_page" if page >= 1 else "page", "invalid")
        found = [a for a in self.data["activities"] if self.between(a, after, before)]
        found.sort(key=lambda a: (instant(a["start_date"]), a["id"]), reverse=after is None)
        found = self.with_gaps(found)[(page - 1) * size:page * size]
        return Answer(200, [{k: v for k, v in a.items() if k not in DETAIL} for a in found
                            if a and self.may_read(a.get("private"))])

    @staticmethod
    def between(activity, after, before):
        at = instant(activity["start_date"]) / 1000
        return (after is None or at > after) and (before is None or at < before)

    def with_gaps(self, found):
        every, out = self.data["short_pages"], []
        for a in found:
            if every > 1 and len(out) % every == every - 1:
                out.append(None)
            out.append(a)
        return out

    def activity(self, request, rest):
        found = next((a for a in self.data["activities"] if rest and str(a["id"]) == rest[0]), None)
        if not found or not self.may_read(found.get("private")):
            return missing("Activity")
        if len(rest) == 1:
            return Answer(200, {k: v for k, v in found.items() if k != "streams"})
        return self.streams(request, found) if rest[1:] == ["streams"] else None

    def streams(self, request, activity):
        have = activity.get("streams") or {}
        asked = request.query.get("keys", "").split(",")
        out = {kind: {"data": values, "series_type": "time" if "time" in have else "distance",
                      "original_size": len(values), "resolution": "high"}
               for kind, values in have.items() if kind in asked or kind in ("time", "distance")}
        if not have:
            return missing("Stream")
        if request.query.get("key_by_type") == "true":
            return Answer(200, out)
        return Answer(200, [{"type": kind, **stream} for kind, stream in out.items()])

    def gear(self, _, rest):
        found = next((g for g in self.data["gear"] if rest == [g["id"]]), None)
        return Answer(200, found) if found else missing("Gear")

    # --- push subscriptions ---

    def push(self, request, rest):
        given = {**request.query, **request.form()}
        if (given.get("client_id"), given.get("client_secret")) != (self.data["client_id"], self.data["client_secret"]):
            return fault(401, "Authorization Error", "Application", "client_secret", "invalid")
        if request.method == "GET":
            return Answer(200, [{k: s[k] for k in ("id", "callback_url")} for s in self.subscriptions])
        if request.method == "DELETE":
            kept = [s for s in self.subscriptions if rest != [str(s["id"])]]
            gone, self.subscriptions = len(kept) < len(self.subscriptions), kept
            return Answer(204) if gone else missing("PushSubscription")
        if self.subscriptions:
            return fault(400, "Bad Request", "PushSubscription", "", "already exists")
        return Answer(later=lambda: self.shake_hands(given))

    def shake_hands(self, given):
        """Ask the callback to echo a challenge; only then is there a subscription."""
        challenge = self.world.mint("challenge", 16)
        url = given.get("callback_url", "") + "?" + urlencode({
            "hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": given.get("verify_token", "")})
        try:
            with urllib.request.urlopen(url, timeout=2) as r:
                echoed = r.status == 200 and json.loads(r.read()).get("hub.challenge") == challenge
        except (OSError, ValueError):
            echoed = False
        if not echoed:
            return fault(400, "Bad Request", "PushSubscription", "callback url", "not verifiable")
        with self.world.lock:
            made = {"id": self.next_id, "callback_url": given["callback_url"]}
            self.next_id += 1
            self.subscriptions.append(made)
        return Answer(201, {"id": made["id"]})

    def deliver(self, event):
        """Send a webhook event to whoever subscribed; the statuses of the answers."""
        statuses = []
        for s in self.subscriptions:
            body = json.dumps({"subscription_id": s["id"], "owner_id": self.data["athlete"]["id"],
                               "event_time": self.world.now() // 1000, "updates": {}, **event}).encode()
            t = str(self.world.now() // 1000)
            proof = hmac.new(self.data["client_secret"].encode(), t.encode() + b"." + body, hashlib.sha256)
            q = urllib.request.Request(s["callback_url"], body, {
                "Content-Type": "application/json", "X-Strava-Signature": f"t={t},v1={proof.hexdigest()}"})
            try:
                with urllib.request.urlopen(q, timeout=5) as r:
                    statuses.append(r.status)
            except urllib.error.HTTPError as e:
                statuses.append(e.code)
            except OSError:
                statuses.append(0)
        return statuses

    def stats(self):
        return {"limit_exceeded": self.exceeded, "usage": self.counters["overall"].used,
                "read_usage": self.counters["read"].used, "subscriptions": len(self.subscriptions)}
