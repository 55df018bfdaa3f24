"""Sign-ins that have begun, and go on at a provider: what is known of each is kept in Redis, and is good for one end.

Its `state` is a ticket (`app.tickets`): Redis has its hash alone, and what only the ticket opens.
"""

import secrets
from dataclasses import asdict, dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Self

import orjson

from app.oauth.failures import Failure, SignInFailed
from app.tickets import Tickets, TicketsUnavailable
from db.errors import Unauthenticated

SECONDS = 10 * 60
"""Seconds that people have at the provider."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A sign-in that has begun."""

    provider: str
    redirect_uri: str
    verifier: str
    nonce: str
    browser: str
    """The hash of the cookie of the browser in which it began: nobody else's browser is signed in by it."""
    to: str
    """The path of the page that follows."""
    user: str | None = None
    """The public id of the person who links an account, if that is what it is for."""


class Flows:
    """All that have begun. An asynchronous context manager, as the tickets are."""

    def __init__(self, url: str, *, prefix: str) -> None:
        self._tickets = Tickets(url, prefix=f"{prefix}oauth:", seconds=SECONDS)

    async def __aenter__(self) -> Self:
        await self._tickets.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._tickets.__aexit__(*error)

    async def begin(self, flow: Flow) -> str:
        """The `state` of a sign-in; raises SignInFailed."""
        try:
            return await self._tickets.issue(orjson.dumps(asdict(flow)).decode())
        except TicketsUnavailable:
            raise SignInFailed(Failure.SERVICE_UNAVAILABLE, "no Redis") from None

    async def end(self, state: str, *, provider: str, browser: str) -> Flow:
        """The sign-in of this `state`, which has ended with that; raises SignInFailed where it is none of this browser
        and provider.
        """
        try:
            flow = Flow(**orjson.loads(await self._tickets.redeem(state)))
        except TicketsUnavailable:
            raise SignInFailed(Failure.SERVICE_UNAVAILABLE, "no Redis") from None
        except Unauthenticated:
            raise SignInFailed(Failure.SIGN_IN_EXPIRED, "unknown state") from None
        if flow.provider != provider or not compare_digest(flow.browser, hashed(browser)):
            raise SignInFailed(Failure.SIGN_IN_EXPIRED, "another browser or provider")
        return flow


def hashed(browser: str) -> str:
    """The hash of the cookie of a browser."""
    return sha256(browser.encode(errors="replace")).hexdigest()


def secret() -> str:
    """A text with 256 random bits: for a verifier (RFC 7636), a nonce, or the cookie of a browser."""
    return secrets.token_urlsafe(32)
