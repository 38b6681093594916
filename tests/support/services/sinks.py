# SPDX-License-Identifier: MIT
"""Receivers: what is posted to them is in the log. /ntfy/TOPIC answers as ntfy does, /sink/... plainly."""
from services import Answer, Service


class Play(Service):
    name = "sinks"
    data = {"answer": {"ok": True}, "status": 200}

    def handle(self, request):
        if request.path.startswith("/sink/"):
            return Answer(self.data["status"], self.data["answer"])
        if not request.path.startswith("/ntfy/"):
            return None
        if request.method not in ("POST", "PUT"):
            return Answer(405, {"code": 40501, "http": 405, "error": "method not allowed"})
        return Answer(200, {"id": self.world.mint("msg", 12), "time": self.world.now() // 1000, "event": "message",
                            "topic": request.path[len("/ntfy/"):], "message": request.body.decode("utf-8", "replace")})
