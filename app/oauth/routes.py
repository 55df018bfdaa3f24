"""The addresses of a sign-in with a provider: where it begins, where it ends, and which providers there are."""

import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Self

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from app import cookies
from app.auth import Sessions, SessionsUnavailable
from app.graph import Client
from app.oauth.failures import Failure, SignInFailed
from app.oauth.flows import SECONDS, Flow, Flows, hashed, secret
from app.oauth.providers import Provider, Providers, begun, identified
from app.oauth.web import Web
from app.origins import Origins
from app.rate_limits import RateLimited, RateLimits
from app.redis import is_away
from app.responses import refused_elsewhere
from app.settings import Settings
from db import tables
from db.access import GUEST, Viewer
from db.actions import providers
from db.actions.accounts import SESSION_LIFETIME
from db.actions.provider_tokens import Tokens
from db.actions.providers import AddressNotVerified, Deactivated, Profile
from db.deadlocks import repeated
from db.engine import Database
from db.errors import BadInput, Conflict, Refusal, Unauthenticated
from db.ids import key_of
from db.turns import Turns

PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,2000}")
"""A path of ours: a browser takes `//host`, and `/\\host` too, for another host."""
BROWSER = re.compile(r"[\w-]{43}")
DEVICE = 200
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
REASONS: dict[type[Refusal], Failure] = {
    Deactivated: Failure.USER_DEACTIVATED,
    AddressNotVerified: Failure.ADDRESS_NOT_VERIFIED,
    Conflict: Failure.ACCOUNT_TAKEN,
    BadInput: Failure.PROVIDER_FAILED,
}
TURNS = Turns(2, max_waiting=100)
"""Turns of those who come back: many of one person would wait for each other, each with a connection."""

log = structlog.get_logger()


class SignIns:
    """Sign-ins with the providers that are configured. An asynchronous context manager."""

    def __init__(
        self, settings: Settings, database: Database, sessions: Sessions, *, origins: Origins, rate_limits: RateLimits
    ) -> None:
        self.web = Web()
        self.flows = Flows(settings.redis_url, prefix=settings.redis_prefix)
        self.providers = Providers(settings.oauth, self.web, database)
        self.database = database
        self.sessions = sessions
        self.origins = origins
        self.rate_limits = rate_limits
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._running.enter_async_context(self.web)
        await self._running.enter_async_context(self.flows)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._running.aclose()

    def routes(self) -> list[BaseRoute]:
        """The addresses."""
        return [
            Route("/auth/providers", self.listed),
            Route("/auth/{provider}", self.begin),
            Route("/auth/{provider}/callback", self.end, name="callback"),
        ]

    async def listed(self, _request: Request) -> Response:
        """The providers with which people can sign in."""
        found = [{"name": name, "title": one.settings.title} for name, one in self.providers.by_name.items()]
        return JSONResponse(found, headers={"Cache-Control": "no-cache"})

    async def begin(self, request: Request) -> Response:
        """Lead a person to a provider."""
        return await self._answered(request, self._begun)

    async def end(self, request: Request) -> Response:
        """Take a person back who was at a provider."""
        return await self._answered(request, self._ended)

    async def _answered(self, request: Request, answer: Callable[[Request, Provider], Awaitable[Response]]) -> Response:
        """The answer to a request about a provider. Whatever fails is told by the page `/signin`, and by the log."""
        name = request.path_params["provider"]
        if (provider := self.providers.by_name.get(name)) is None:
            return PlainTextResponse("Not found", 404, HEADERS)
        try:
            return await answer(request, provider)
        except RateLimited as error:
            return refused_elsewhere(error)
        except Exception as error:  # noqa: BLE001  (what is unexpected is logged and masked)
            failed = _failed(error)
            unexpected = failed.failure is Failure.INTERNAL_SERVER_ERROR
            told = {"failure": failed.failure.value, "because": failed.because, "exc_info": unexpected}
            log.warning("sign-in failed", provider=name, **told)
            return _redirected(f"/signin?error={failed.failure}")

    async def _begun(self, request: Request, provider: Provider) -> Response:
        viewer = await self._viewer(request)
        self.rate_limits.take(Client(viewer, host=request.client and request.client.host).pays, 1)
        if not viewer.is_guest and self.origins.is_foreign(dict(request.scope["headers"]), request.scope["scheme"]):
            raise SignInFailed(Failure.CSRF_ERROR, "another page would link an account")
        browser = cookies.value(request.scope["headers"], cookies.SIGN_IN) or ""
        browser = browser if BROWSER.fullmatch(browser) else secret()
        flow = Flow(
            provider=provider.name,
            redirect_uri=str(request.url_for("callback", provider=provider.name)),
            verifier=secret(),
            nonce=secret(),
            browser=hashed(browser),
            to=own_path(request.query_params.get("return")),
            user=f"{tables.User.prefix}_{viewer.id.hex}" if viewer.id else None,
        )
        state = await self.flows.begin(flow)
        proofs = {"state": state, "verifier": flow.verifier, "nonce": flow.nonce}
        response = _redirected(await begun(provider, redirect_uri=flow.redirect_uri, **proofs))
        response.headers.append("Set-Cookie", cookies.kept(cookies.SIGN_IN, browser, seconds=SECONDS))
        return response

    async def _ended(self, request: Request, provider: Provider) -> Response:
        given = request.query_params
        browser = cookies.value(request.scope["headers"], cookies.SIGN_IN) or ""
        flow = await self.flows.end(given.get("state", ""), provider=provider.name, browser=browser)
        if given.get("error") == "access_denied":
            raise SignInFailed(Failure.ACCESS_DENIED)
        if not given.get("code"):
            raise SignInFailed(Failure.PROVIDER_FAILED, "it gives no code")
        proofs = {"redirect_uri": flow.redirect_uri, "verifier": flow.verifier, "nonce": flow.nonce}
        profile, tokens = await identified(provider, given["code"], **proofs)
        response = _redirected(flow.to)
        if flow.user:
            await self._link(request, flow, profile, tokens)
        else:
            device = request.headers.get("user-agent", "")[:DEVICE] or None
            async with TURNS.turn(profile.account_id):
                token = await repeated(partial(self._sign_in, profile, tokens, device))
            seconds = int(SESSION_LIFETIME.total_seconds())
            response.headers.append("Set-Cookie", cookies.kept(cookies.SESSION, token, seconds=seconds))
        return response

    async def _sign_in(self, profile: Profile, tokens: Tokens, device: str | None) -> str:
        async with self.database.work(GUEST) as work:
            user, token = await providers.sign_in(work, profile, tokens, device=device)
        log.info("signed in with a provider", provider=profile.provider, viewer=str(user.id))
        return token

    async def _link(self, request: Request, flow: Flow, profile: Profile, tokens: Tokens) -> None:
        """Link the account to the person who began this, and is still signed in here."""
        viewer = await self._viewer(request)
        if viewer.id is None or viewer.id != key_of(tables.User, flow.user or ""):
            raise SignInFailed(Failure.SIGN_IN_EXPIRED, "somebody else is signed in meanwhile")
        await repeated(partial(self._linked, viewer, profile, tokens))

    async def _linked(self, viewer: Viewer, profile: Profile, tokens: Tokens) -> None:
        async with self.database.work(viewer) as work:
            await providers.link(work, profile, tokens)
        log.info("linked an account", provider=profile.provider, viewer=str(viewer.id))

    async def _viewer(self, request: Request) -> Viewer:
        """The person who is signed in on the pages of this browser, if any."""
        try:
            return await self.sessions.viewer(cookies.session(request.scope["headers"]))
        except Unauthenticated:
            return GUEST


def own_path(path: str | None) -> str:
    """A path on this server, or that of the start page where it is none."""
    return path if path and PATH.fullmatch(path) else "/"


def _failed(error: Exception) -> SignInFailed:
    """The failure of a sign-in that ends in this exception."""
    if isinstance(error, SignInFailed):
        return error
    if is_away(error) or isinstance(error, SessionsUnavailable):
        return SignInFailed(Failure.SERVICE_UNAVAILABLE, type(error).__name__)
    failure = next((one for kind, one in REASONS.items() if isinstance(error, kind)), Failure.INTERNAL_SERVER_ERROR)
    return SignInFailed(failure, type(error).__name__)


def _redirected(to: str) -> RedirectResponse:
    return RedirectResponse(to, status_code=303, headers=HEADERS)
