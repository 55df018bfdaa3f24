"""Providers of the tests, on loopback: one of GitHub's form and one of OpenID's, which check what they are sent as
strictly as a provider can, and lie where a test says so.
"""

import asyncio
import base64
import hashlib
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT = {"client_id": "trellis", "client_secret": "a secret that we share"}
Answer = Callable[[Request], Response]


@dataclass
class Fake:
    """What both forms do alike: they give codes to whoever is in front of the browser, and tokens for codes."""

    who: str = "ada"
    """The person in front of the browser, who agrees to everything."""
    address: str = ""
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """What is answered instead at a path."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    """The people by their access tokens."""
    refreshing: dict[str, str] = field(default_factory=dict)
    """The people by their refresh tokens, each of which is good for one use."""
    life: int | None = 3600

    def route(self, path: str, endpoint: Callable[[Request], Any], *methods: str) -> Route:
        async def noted(request: Request) -> Response:
            self.asked.append(path)
            if path in self.answers:
                return self.answers[path](request)
            return await endpoint(request)  # type: ignore[no-any-return]

        return Route(path, noted, methods=methods or ("GET",))

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["client_id"] == CLIENT["client_id"]
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = secrets.token_hex(8)
        self.codes[code] = {**asked, "who": self.who}
        answer = {"code": code, "state": asked["state"]}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", 302)

    def granted(self, given: dict[str, str]) -> dict[str, Any] | None:
        """The tokens for a code or a refresh token; None where it does not hold."""
        if given.get("grant_type") == "refresh_token":
            who = self.refreshing.pop(given["refresh_token"], None)
            return self.issued(who) if who else None
        asked = self.codes.pop(given.get("code", ""), None)
        if asked is None or asked["redirect_uri"] != given.get("redirect_uri"):
            return None
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != asked["code_challenge"]:
            return None
        return {**self.issued(asked["who"]), "asked": asked}

    def issued(self, who: str) -> dict[str, Any]:
        access, refresh = f"access-{secrets.token_hex(8)}", f"refresh-{secrets.token_hex(8)}"
        self.tokens[access], self.refreshing[refresh] = who, who
        life = {} if self.life is None else {"expires_in": self.life}
        return {"access_token": access, "refresh_token": refresh, "token_type": "bearer", "scope": "all", **life}

    def bearer(self, request: Request) -> str | None:
        return self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))


@dataclass
class FakeGitHub(Fake):
    """GitHub's form: no `id_token`, errors with status 200, forms unless JSON is asked for, addresses apart."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    emails: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, login: str, email: str | None = None, *, verified: bool = True, **more: Any) -> None:
        key = int.from_bytes(hashlib.sha256(login.encode()).digest()[:5])
        self.people[login] = {"id": key, "login": login, "name": login.capitalize(), "email": None, **more}
        self.emails[login] = [{"email": email, "verified": verified, "primary": True}] if email else []

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                self.route("/login/oauth/authorize", self.authorize),
                self.route("/login/oauth/access_token", self.token, "POST"),
                self.route("/api/v3/user", self.user),
                self.route("/api/v3/user/emails", self.addresses),
            ]
        )

    async def token(self, request: Request) -> Response:
        given = dict(parse_qsl((await request.body()).decode()))
        if {name: given.get(name) for name in CLIENT} != CLIENT:
            return self.told(request, {"error": "incorrect_client_credentials"})
        if found := self.granted(given):
            found.pop("asked", None)
            return self.told(request, found)
        error = "bad_refresh_token" if "refresh_token" in given else "bad_verification_code"
        return self.told(request, {"error": error, "error_description": "The code passed is incorrect or expired."})

    def told(self, request: Request, answer: dict[str, Any]) -> Response:
        if request.headers["accept"] == "application/json":
            return JSONResponse(answer)
        return PlainTextResponse(urlencode(answer), media_type="application/x-www-form-urlencoded")

    async def user(self, request: Request) -> Response:
        who = self.bearer(request)
        return JSONResponse(self.people[who]) if who else JSONResponse({"message": "Bad credentials"}, 401)

    async def addresses(self, request: Request) -> Response:
        who = self.bearer(request)
        return JSONResponse(self.emails[who]) if who else JSONResponse({"message": "Bad credentials"}, 401)


KEY = RSAKey.generate_key(2048, {"kid": "first"})


@dataclass
class FakeOpenID(Fake):
    """OpenID's form. `claims` are what it says of people, and `lie` changes an `id_token` before it is signed."""

    claims: dict[str, dict[str, Any]] = field(default_factory=dict)
    lie: Callable[[dict[str, Any]], None] = lambda _claims: None
    sign: Callable[["FakeOpenID", dict[str, Any]], str] | None = None
    key: RSAKey = field(default_factory=lambda: KEY)
    shown: list[RSAKey] = field(default_factory=list)
    """The keys that it shows."""

    def add(self, sub: str, email: str | None = None, *, verified: bool = True, **more: Any) -> None:
        mail = {"email": email, "email_verified": verified} if email else {}
        self.claims[sub] = {"sub": sub, "name": sub.capitalize(), **mail, **more}

    def app(self) -> Starlette:
        self.shown = self.shown or [self.key]
        return Starlette(
            routes=[
                self.route("/.well-known/openid-configuration", self.metadata),
                self.route("/authorize", self.authorize),
                self.route("/token", self.token, "POST"),
                self.route("/keys", self.keys),
                self.route("/userinfo", self.userinfo),
            ]
        )

    async def metadata(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/keys",
                "userinfo_endpoint": f"{self.address}/userinfo",
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            }
        )

    async def keys(self, _request: Request) -> Response:
        return JSONResponse(KeySet(list(self.shown)).as_dict(private=False))

    async def token(self, request: Request) -> Response:
        basic = base64.b64encode(":".join(CLIENT.values()).encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_client"}, 401)
        found = self.granted(dict(parse_qsl((await request.body()).decode())))
        if found is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        if asked := found.pop("asked", None):
            found["id_token"] = self.id_token(asked)
        return JSONResponse(found)

    def id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        standard = {"iss": self.address, "aud": CLIENT["client_id"], "iat": now, "exp": now + 300}
        claims = {**self.claims[asked["who"]], **standard, "nonce": asked["nonce"]}
        self.lie(claims)
        if self.sign:
            return self.sign(self, claims)
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    async def userinfo(self, request: Request) -> Response:
        who = self.bearer(request)
        return JSONResponse(self.claims[who]) if who else Response(status_code=401)


@asynccontextmanager
async def running(fake: Any) -> AsyncIterator[Any]:
    """Run a provider on a free port."""
    server = uvicorn.Server(uvicorn.Config(fake.app(), log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        await server.startup([listening])
        fake.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            yield fake
        finally:
            await server.shutdown([listening])


@contextmanager
def silent() -> Iterator[str]:
    """The address of a provider that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def at_once(*asked: Any) -> list[Any]:
    """The answers to what is asked at one moment."""
    return list(await asyncio.gather(*asked))
