# SPDX-License-Identifier: MIT
"""A service without OAuth: user and password bring a ticket, and the ticket is bound to its user.

POST /ticket/login {"email", "password"} answers 200 whatever happens: status 0 with data.authTicket
{token, expires}, status 2 for a wrong password, status 4 when its terms are to be accepted, and
data.redirect with a region once, when `region` is set. Every further call wants the ticket and the
SHA-256 of the user's id in `account-id`. `lives_s` is how long a ticket is good; `tickets` 0 ends all.
"""
import hashlib

from services import Answer, Service


class Play(Service):
    name = "ticket"
    data = {"email": "me@example.org", "password": "a pass\"word", "user": "4711-aa-0d4c-77aa", "lives_s": 3600, "terms": False,
            "region": None, "told": True, "end": 0, "nights": [], "sleeper": "s-9", "delay": 0}
    lists = {"nights": "id"}

    def start(self):
        super().start()
        self.tickets, self.ended, self.counts = {}, 0, {"logins": 0, "refused": 0, "me": 0}

    def handle(self, request):
        if request.path == "/ticket/login" or request.path == "/ticket/eu/login":
            return self.login(request)
        if request.path.startswith("/ticket/"):
            return self.inside(request) if self.allowed(request) else Answer(401, {"status": 9, "message": "no ticket"})
        return None

    def login(self, request):
        given = request.json() or {}
        self.counts["logins"] += 1
        if (given.get("email"), given.get("password")) != (self.data["email"], self.data["password"]):
            self.counts["refused"] += 1
            return Answer(200, {"status": 2, "error": {"message": "notAuthenticated " + str(given.get("password"))}})
        if self.data["terms"]:
            return Answer(200, {"status": 4, "data": {"step": {"type": "tou"}}})
        if self.data["region"] and not request.path.startswith(f"/ticket/{self.data['region']}/"):
            return Answer(200, {"status": 0, "data": {"redirect": True, "region": self.data["region"]}})
        token, until = self.world.mint("ticket", 32), self.world.now() + self.data["lives_s"] * 1000
        self.tickets[token] = until
        ticket = {"token": token, "expires": until // 1000} if self.data["told"] else {"token": token}
        return Answer(200, {"status": 0, "data": {"user": {"id": self.data["user"]}, "authTicket": ticket}})

    def allowed(self, request):
        if self.data["end"] > self.ended:
            self.tickets, self.ended = {}, self.data["end"]
        proof = hashlib.sha256(self.data["user"].encode()).hexdigest()
        return self.world.now() < self.tickets.get(request.bearer(), 0) and request.headers.get("account-id") == proof

    def inside(self, request):
        if request.path == "/ticket/me":
            self.counts["me"] += 1
            return Answer(200, {"id": self.data["user"], "name": "Test", "sleeper": self.data["sleeper"],
                                "echo": request.bearer()})
        if request.path == f"/ticket/sleepers/{self.data['sleeper']}/nights":
            return Answer(200, {"nights": self.data["nights"]})
        if request.path == f"/ticket/sleepers/{self.data['sleeper']}/notes" and request.method == "POST":
            return Answer(201, {"ok": True})
        return None

    def stats(self):
        return dict(self.counts)
