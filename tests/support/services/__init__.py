# SPDX-License-Identifier: MIT
"""What the services of the replay server share: a request, an answer, a service.

A service is one file in this folder with one class `Play(Service)`; replay.py finds it by folder. Its
data is a flat table whose keys a test may set; an unknown key is an error, so a misspelt one is seen.
"""
import base64
import calendar
import copy
import json
import time
from urllib.parse import parse_qsl, urlsplit


class Request:
    def __init__(self, method, target, headers, body):
        parts = urlsplit(target)
        self.method, self.path, self.body = method, parts.path, body
        self.pairs = parse_qsl(parts.query, keep_blank_values=True)
        self.query = dict(self.pairs)
        self.headers = {k.lower(): v for k, v in headers.items()}

    def form(self):
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self):
        """The body as JSON, or None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def bearer(self):
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else None

    def basic(self):
        """(user, password) of basic authentication, or (None, None)."""
        kind, _, coded = self.headers.get("authorization", "").partition(" ")
        try:
            text = base64.b64decode(coded, validate=True).decode() if kind.lower() == "basic" else ""
        except ValueError:
            text = ""
        user, colon, password = text.partition(":")
        return (user, password) if colon else (None, None)

    def whole(self, name, fallback):
        """A query parameter as a whole number; anything else is the fallback."""
        try:
            return int(self.query.get(name, fallback))
        except (TypeError, ValueError):
            return fallback


class Answer:
    def __init__(self, status=200, body=None, headers=None, later=None):
        """body: bytes, text, or what JSON can say. later() is called without the lock and may
        replace the answer: for calls that the service makes itself before it answers."""
        self.status, self.headers, self.later = status, dict(headers or {}), later
        if isinstance(body, bytes):
            self.body, kind = body, "application/octet-stream"
        elif isinstance(body, str):
            self.body, kind = body.encode(), "text/plain; charset=utf-8"
        else:
            self.body, kind = b"" if body is None else json.dumps(body).encode(), "application/json"
        self.headers.setdefault("Content-Type", kind)


class Service:
    data = {}     # what a test may set, with its defaults
    lists = {}    # key of data -> field by which `add` replaces an item

    def __init__(self, world):
        self.world = world
        self.start()

    def start(self):
        self.data = copy.deepcopy(type(self).data)

    def known(self, key):
        if key not in self.data:
            raise ValueError(f"there is no '{key}' to set; there is {', '.join(sorted(self.data))}")

    def set(self, values):
        for key in values:
            self.known(key)
        self.data.update(values)

    def add(self, values):
        for key, items in values.items():
            self.known(key)
            by = self.lists.get(key)
            fresh = {item.get(by) for item in items} if by else set()
            kept = [old for old in self.data[key] if old.get(by) not in fresh or old.get(by) is None]
            self.data[key] = kept + items

    def handle(self, request):
        """An Answer, or None for a path that is not this service's."""

    def stats(self):
        return {}


def iso(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"


def instant(text):
    """Milliseconds of an ISO time with Z or offset; a plain number is taken as it is."""
    text = str(text)
    try:
        return float(text)
    except ValueError:
        pass
    text, offset = text.replace(" ", "T"), 0
    if text.endswith("Z"):
        text = text[:-1]
    elif len(text) > 19 and text[-6] in "+-":
        sign = -1 if text[-6] == "-" else 1
        offset = sign * (int(text[-5:-3]) * 60 + int(text[-2:]))
        text = text[:-6]
    main, _, fraction = text.partition(".")
    form = {10: "%Y-%m-%d", 16: "%Y-%m-%dT%H:%M"}.get(len(main), "%Y-%m-%dT%H:%M:%S")
    return (calendar.timegm(time.strptime(main, form)) - offset * 60) * 1000 + float(f"0.{fraction or 0}") * 1000
