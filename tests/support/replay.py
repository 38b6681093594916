#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server on loopback that plays online health services for tests, with state and on command.

    replay.py [--port N] [--parent PID]      prints "listening PORT"; ends on SIGTERM or when PID is gone

The services are the files of services/. A test steers over HTTP:

    POST /_control   one JSON object; its parts are done in this order
      {"reset": true}                            as at the start, log and clock included
      {"clock": EPOCH_MS | null, "advance": MS}  the server's clock stands at that; null: the real one
      {"keep_alive": false}                      every answer ends its connection. On a kept one, curl sends
                                                 a request again by itself when it ends without an answer
      {"set": {"intervals": {"key": "k", "activities": [...]}}}   replace data of a service
      {"add": {"strava": {"activities": [...]}}}                  add to lists; the same id replaces
      {"fail": {...} or [{...}]}                 queue failures, the first that fits is taken:
          path: prefix, method, skip: N first, times: N (1; -1 for ever), headers: {...}, body, how:
            status:N [limit: "KIND:SECONDS"]     KIND retry-after, retry-after-date, reset-epoch,
                                                 reset-left, ratelimit, ratelimit-triple, none
            slow:SECONDS  truncated  html[:N]    late; half of the true body; a page, not JSON
            reset  close-before-answer           the service has not seen it
            close-after-reading                  the service did it, its answer is lost
      {"revoke": "access" | "all"}               all access tokens too old; consent taken back
      {"deliver": {...}}                         send a Strava webhook event to who subscribed
    GET /_log   every request {n, at, method, path, query, headers, body, status, how}; DELETE empties it
    GET /_stats {requests, unknown, most_at_once, limited, oauth: {...}, strava: {...}}
"""
import argparse
import base64
import collections
import hashlib
import http.server
import importlib
import json
import os
import pathlib
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from email.utils import formatdate

sys.dont_write_bytecode = True

from services import Answer, Request  # noqa: E402

PAGE = "<!DOCTYPE html><html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>"
MOST_BODY = 64 << 20


class Failure:
    """One queued failure, which counts down as it is used."""
    KNOWN = {"path", "method", "skip", "times", "how", "headers", "limit", "body"}
    HOWS = {"status", "slow", "truncated", "html", "reset", "close-before-answer", "close-after-reading"}

    def __init__(self, given):
        if set(given) - self.KNOWN:
            raise ValueError(f"a failure has no {', '.join(set(given) - self.KNOWN)}")
        self.path, self.method = given.get("path", "/"), given.get("method")
        self.skip, self.times = given.get("skip", 0), given.get("times", 1)
        self.headers, self.body, self.limit = given.get("headers", {}), given.get("body"), given.get("limit", "none")
        self.how, _, self.value = given.get("how", "").partition(":")
        if self.how not in self.HOWS:
            raise ValueError(f"no way to fail called '{self.how}'")

    def fits(self, request):
        if not request.path.startswith(self.path) or self.method not in (None, request.method) or self.times == 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


def limit_headers(limit, now_ms):
    """The ways in which services say how long to wait."""
    kind, _, seconds = limit.partition(":")
    left = int(seconds or 60)
    end = now_ms // 1000 + left
    known = {
        "none": {},
        "retry-after": {"Retry-After": left},
        "retry-after-date": {"Retry-After": formatdate(end, usegmt=True)},
        "reset-epoch": {"X-RateLimit-Reset": end},
        "reset-left": {"X-RateLimit-Limit": 100, "X-RateLimit-Remaining": 0, "X-RateLimit-Reset": left},
        "ratelimit": {"RateLimit-Policy": '"default";q=100;w=60', "RateLimit": f'"default";r=0;t={left}'},
        "ratelimit-triple": {"RateLimit-Limit": 100, "RateLimit-Remaining": 0, "RateLimit-Reset": left},
    }
    if kind not in known:
        raise ValueError(f"no way to tell a limit called '{kind}'")
    return {name: str(value) for name, value in known[kind].items()}


class World:
    """All state, behind one lock."""

    def __init__(self):
        self.lock = threading.RLock()
        here = pathlib.Path(__file__).parent / "services"
        names = sorted(p.stem for p in here.glob("*.py") if p.stem != "__init__")
        plays = [importlib.import_module("services." + name).Play(self) for name in names]
        self.services = {play.name: play for play in plays}
        self.now_at_once = 0
        self.reset()

    def reset(self):
        self.fixed_ms, self.keep_alive, self.minted = None, True, collections.Counter()
        self.log, self.failures = [], []
        self.counts = {"requests": 0, "unknown": 0, "limited": 0, "most_at_once": 0}
        for service in self.services.values():
            service.start()

    def now(self):
        return self.fixed_ms if self.fixed_ms is not None else time.time_ns() // 1000000

    def mint(self, kind, length):
        """A name that is the same in each run: kind, number, and enough to look like a secret."""
        self.minted[kind] += 1
        n = self.minted[kind]
        return f"{kind}{n}x" + hashlib.sha256(f"{kind} {n}".encode()).hexdigest()[:length]

    def token(self, access):
        return self.services["oauth"].scope_of(access)

    # --- what tests ask ---

    def control(self, order):
        known = {"reset", "clock", "advance", "keep_alive", "set", "add", "fail", "revoke", "deliver"}
        if not isinstance(order, dict) or set(order) - known:
            raise ValueError(f"a control has {', '.join(sorted(known))}")
        with self.lock:
            if order.get("reset"):
                self.reset()
            if "clock" in order:
                self.fixed_ms = order["clock"]
            if "advance" in order:
                self.fixed_ms = self.now() + order["advance"]
            self.keep_alive = order.get("keep_alive", self.keep_alive)
            for verb in ("set", "add"):
                for name, values in order.get(verb, {}).items():
                    if name not in self.services:
                        raise ValueError(f"no service '{name}'; there is {', '.join(self.services)}")
                    getattr(self.services[name], verb)(values)
            fail = order.get("fail", [])
            self.failures += [Failure(f) for f in (fail if isinstance(fail, list) else [fail])]
            if "revoke" in order:
                self.services["oauth"].withdraw(order["revoke"])
        if "deliver" in order:
            return {"ok": True, "statuses": self.services["strava"].deliver(order["deliver"])}
        return {"ok": True}

    def stats(self):
        with self.lock:
            return {**self.counts, **{name: s.stats() for name, s in self.services.items() if s.stats()}}

    # --- what services are asked ---

    def begin(self, request):
        """Write the request down and find the failure it meets, if any."""
        with self.lock:
            entry = {"n": len(self.log) + 1, "at": self.now(), "method": request.method, "path": request.path,
                     "query": request.query, "headers": request.headers, "status": 0}
            try:
                entry["body"] = request.body.decode()
            except UnicodeDecodeError:
                entry["body_base64"] = base64.b64encode(request.body).decode()
            self.log.append(entry)
            self.counts["requests"] += 1
            self.now_at_once += 1
            self.counts["most_at_once"] = max(self.counts["most_at_once"], self.now_at_once)
            failure = next((f for f in self.failures if f.fits(request)), None)
            if failure:
                entry["how"] = failure.how + (":" + failure.value if failure.value else "")
            return entry, failure

    def end(self, entry, status):
        with self.lock:
            self.now_at_once -= 1
            entry["status"] = status
            self.counts["limited"] += status == 429

    def answer(self, request):
        with self.lock:
            answers = (s.handle(request) for s in self.services.values())
            answer = next((a for a in answers if a), None)
            if not answer:
                self.counts["unknown"] += 1
                return Answer(404, {"error": "no service has this path"})
        return answer.later() if answer.later else answer


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "replay"
    sys_version = ""
    world = None

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MOST_BODY))
        parts = []
        while True:
            size = int(self.rfile.readline().split(b";")[0] or b"0", 16)
            parts.append(self.rfile.read(size))
            self.rfile.readline()
            if size == 0:
                return b"".join(parts)

    def serve(self):
        request = Request(self.command, self.path, self.headers, self.read_body())
        if request.path in ("/_control", "/_log", "/_stats"):
            return self.send(self.steered(request))
        entry, failure = self.world.begin(request)
        status = 0
        try:
            status = self.fail(request, failure) if failure else self.send(self.world.answer(request))
        except OSError:
            self.close_connection = True
        except Exception:  # a fault of the play itself: a test sees it in the answer and at stop()
            traceback.print_exc()
            status = self.send(Answer(500, traceback.format_exc()))
        finally:
            self.world.end(entry, status)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_PROPFIND = do_REPORT = serve

    def steered(self, request):
        world = self.world
        if request.path == "/_stats":
            return Answer(200, world.stats())
        if request.path == "/_log":
            with world.lock:
                if request.method == "DELETE":
                    world.log.clear()
                return Answer(200, world.log)
        try:
            return Answer(200, world.control(request.json()))
        except (ValueError, TypeError, AttributeError, KeyError) as e:
            return Answer(400, {"error": str(e)})

    def send(self, answer, sent=None):
        """The whole answer, or only the first `sent` bytes of its body."""
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if not self.world.keep_alive:
            self.send_header("Connection", "close")
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body if sent is None else answer.body[:sent])
        self.wfile.flush()
        return answer.status

    def fail(self, request, failure):
        how = failure.how
        if how == "status":
            return self.send(self.refusal(failure))
        if how == "html":
            return self.send(Answer(int(failure.value or 200), failure.body or PAGE,
                                    {"Content-Type": "text/html; charset=utf-8", **failure.headers}))
        if how == "slow":
            time.sleep(float(failure.value or 1))
            return self.send(self.world.answer(request))
        self.close_connection = True
        if how == "truncated":
            answer = self.world.answer(request)
            return self.send(answer, len(answer.body) // 2)
        if how == "close-after-reading":
            self.world.answer(request)
        if how == "reset":  # no lingering: the peer gets RST instead of an end
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        return 0

    def refusal(self, failure):
        status = int(failure.value)
        body = failure.body if failure.body is not None else {"message": "failing on request", "status": status}
        return Answer(status, body, {**limit_headers(failure.limit, self.world.now()), **failure.headers})


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, ValueError)):
            super().handle_error(*_)


def watch(parent):
    while True:
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            os._exit(0)
        time.sleep(1)


def main():
    parser = argparse.ArgumentParser(description="plays online health services for tests")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--parent", type=int, default=0)
    options = parser.parse_args()
    Handler.world = World()
    server = Server(("127.0.0.1", options.port), Handler)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if options.parent:
        threading.Thread(target=watch, args=(options.parent,), daemon=True).start()
    print(f"listening {server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
