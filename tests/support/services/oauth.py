# SPDX-License-Identifier: MIT
"""An OAuth 2 server: code grant with PKCE, refresh tokens of several habits, revocation.

Paths: /oauth/authorize, /oauth/token, /oauth/revoke, and the same token path at /api/v3/oauth/token
and /api/oauth/token. `refresh`: "rotating" (each refresh token works once; a spent one ends its whole
family), "stable" (one for ever) or "none". `scope_again` wants the scope on each refresh. `grace_s`
lets a spent token work that long. `wrapped` answers 200 with {"status", "body"} and wants
action=requesttoken. `client_auth`: "body", "basic" or "none". `granted` is what the user ticked.
"""
import base64
import hashlib
from urllib.parse import urlencode, urlsplit

from services import Answer, Service

TOKEN_PATHS = {"/oauth/token", "/api/v3/oauth/token", "/api/oauth/token"}


class Refused(Exception):
    """status: HTTP's; code: of the wrapped form."""

    def __init__(self, error, text, status=400, code=503):
        super().__init__(text)
        self.error, self.status, self.code = error, status, code


class Play(Service):
    name = "oauth"
    data = {"client_id": "1", "client_secret": "client-secret", "client_auth": "body", "refresh": "rotating",
            "scope_again": False, "expires_in": 21600, "code_s": 600, "grace_s": 0, "deny": False, "wrapped": False,
            "granted": None, "extra": {}, "refresh_extra": {}, "pkce": "optional"}

    def start(self):
        super().start()
        self.codes, self.access, self.refresh, self.dead = {}, {}, {}, set()
        self.counts = {"codes": 0, "exchanges": 0, "refreshes": 0, "reused": 0, "refused": 0, "revoked": 0}
        self.families = 0

    def handle(self, request):
        if request.path == "/oauth/authorize" and request.method == "GET":
            return self.authorize(request.query)
        if request.path in TOKEN_PATHS and request.method == "POST":
            return self.token_answer(request)
        if request.path == "/oauth/revoke" and request.method == "POST":
            return self.revoke(request)
        return None

    # --- the user says yes ---

    def authorize(self, q):
        if q.get("client_id") != self.data["client_id"] or q.get("response_type") != "code" or \
                not urlsplit(q.get("redirect_uri", "")).scheme:
            return Answer(400, {"error": "invalid_request"})
        challenge = q.get("code_challenge")
        if challenge and q.get("code_challenge_method", "plain") != "S256":
            return self.back(q, error="invalid_request", error_description="only S256")
        if self.data["pkce"] == "required" and not challenge:
            return self.back(q, error="invalid_request", error_description="a challenge is needed")
        if self.data["deny"]:
            return self.back(q, error="access_denied")
        code, scope = self.world.mint("code", 20), self.granted(q.get("scope", ""))
        self.counts["codes"] += 1
        self.codes[code] = {"challenge": challenge, "redirect_uri": q["redirect_uri"], "scope": scope,
                            "until": self.world.now() + self.data["code_s"] * 1000}
        return self.back(q, code=code, scope=scope)

    def granted(self, asked):
        return asked if self.data["granted"] is None else self.data["granted"]

    @staticmethod
    def back(q, **fields):
        if "state" in q:
            fields["state"] = q["state"]
        glue = "&" if "?" in q["redirect_uri"] else "?"
        return Answer(302, None, {"Location": q["redirect_uri"] + glue + urlencode(fields)})

    # --- tokens ---

    def token_answer(self, request):
        try:
            given = self.tokens(request)
        except Refused as e:
            self.counts["refused"] += 1
            if self.data["wrapped"]:
                return Answer(200, {"status": e.code, "body": {}, "error": str(e)})
            return Answer(e.status, {"error": e.error, "error_description": str(e)})
        return Answer(200, {"status": 0, "body": given} if self.data["wrapped"] else given,
                      {"Cache-Control": "no-store"})

    def tokens(self, request):
        form = request.form()
        self.check_client(request, form)
        if self.data["wrapped"] and form.get("action") != "requesttoken":
            raise Refused("invalid_request", "Invalid Params: action")
        grant = form.get("grant_type")
        if grant == "authorization_code":
            return self.exchange(form)
        if grant == "refresh_token" and self.data["refresh"] != "none":
            return self.renew(form)
        raise Refused("unsupported_grant_type", f"no grant '{grant}'")

    def check_client(self, request, form):
        kind, want = self.data["client_auth"], (self.data["client_id"], self.data["client_secret"])
        given = request.basic() if kind == "basic" else (form.get("client_id"), form.get("client_secret"))
        if kind == "none":
            given, want = given[0], want[0]
        if given != want:
            raise Refused("invalid_client", "the client is unknown or its secret is wrong", 401, 401)

    def exchange(self, form):
        code = self.codes.get(form.get("code"))
        if not code or code.get("family") or self.world.now() > code["until"]:
            if code and code.get("family"):
                self.dead.add(code["family"])  # a code used twice ends what it gave
            raise Refused("invalid_grant", "the code is unknown, used or too old")
        if form.get("redirect_uri") not in (None, code["redirect_uri"]):
            raise Refused("invalid_grant", "another redirect_uri")
        self.check_verifier(code["challenge"], form.get("code_verifier"))
        self.families += 1
        code["family"] = self.families
        self.counts["exchanges"] += 1
        return {**self.issue(self.families, code["scope"]), **self.data["extra"]}

    @staticmethod
    def check_verifier(challenge, verifier):
        if not challenge:
            return
        made = base64.urlsafe_b64encode(hashlib.sha256((verifier or "").encode()).digest()).decode().rstrip("=")
        if made != challenge:
            raise Refused("invalid_grant", "the verifier does not fit the challenge")

    def renew(self, form):
        token = self.refresh.get(form.get("refresh_token"))
        if not token:
            raise Refused("invalid_grant", "no such refresh token")
        token["uses"] += 1
        if token["family"] in self.dead:
            raise Refused("invalid_grant", "the grant was withdrawn")
        if token["spent"] is not None and self.world.now() >= token["spent"] + self.data["grace_s"] * 1000:
            self.counts["reused"] += 1
            self.dead.add(token["family"])
            raise Refused("invalid_grant", "a refresh token that was used before")
        if self.data["scope_again"] and not form.get("scope"):
            raise Refused("invalid_scope", "the scope is needed on refresh")
        self.counts["refreshes"] += 1
        token["ok"] += 1
        if self.data["refresh"] == "rotating" and token["spent"] is None:
            token["spent"] = self.world.now()
        kept = form["refresh_token"] if self.data["refresh"] == "stable" else None
        return {**self.issue(token["family"], token["scope"], kept), **self.data["refresh_extra"]}

    def issue(self, family, scope, kept=None):
        access, now = self.world.mint("access", 32), self.world.now()
        self.access[access] = {"family": family, "scope": scope, "until": now + self.data["expires_in"] * 1000}
        out = {"token_type": "Bearer", "access_token": access, "scope": scope, "expires_in": self.data["expires_in"],
               "expires_at": now // 1000 + self.data["expires_in"]}
        if self.data["refresh"] != "none":
            out["refresh_token"] = kept or self.world.mint("refresh", 32)
            self.refresh.setdefault(out["refresh_token"], {"family": family, "scope": scope, "spent": None, "uses": 0,
                                                           "ok": 0})
        return out

    def scope_of(self, access):
        """The scope of an access token that is good now, else None."""
        token = self.access.get(access)
        if not token or token["family"] in self.dead or self.world.now() >= token["until"]:
            return None
        return token["scope"]

    # --- the end of it ---

    def revoke(self, request):
        form = request.form()
        token = self.access.get(form.get("token")) or self.refresh.get(form.get("token"))
        if token:
            self.dead.add(token["family"])
            self.counts["revoked"] += 1
        return Answer(200, {})

    def withdraw(self, what):
        """By a test: "access" makes all access tokens too old, "all" is the user taking consent back."""
        for token in self.access.values():
            token["until"] = 0
        if what == "all":
            self.dead.update(range(1, self.families + 1))

    def stats(self):
        alive = sum(1 for a in self.access if self.scope_of(a) is not None)
        return {**self.counts, "alive": alive, "families": self.families,
                "tokens": {name: {k: t[k] for k in ("uses", "ok")} for name, t in self.refresh.items()}}
