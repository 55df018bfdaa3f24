"""Tickets for clients that cannot send a header, such as a browser's own `EventSource`. One lets its owner in, once and
soon.

A ticket stands in an address, which many a log on the way keeps: it is worth nothing once it was used.
"""

import asyncio
import secrets
from collections.abc import Awaitable
from contextlib import suppress
from hashlib import sha256, shake_256
from typing import Self, TypeVar

import structlog

from app.redis import LOST, connect, once_more
from db.errors import Refusal, Unauthenticated

SECONDS = 60
"""Seconds for which a ticket holds."""
TIMEOUT = 1.0
CONNECTIONS = 4
REFUSED = "This ticket does not hold: it lets in once, within a minute. Ask for another."

T = TypeVar("T")

log = structlog.get_logger()


class TicketsUnavailable(Refusal):
    """Redis does not answer, so nobody knows which tickets there are."""

    code = "SERVICE_UNAVAILABLE"
    default = "Tickets cannot be had or used right now. Try again."


class Tickets:
    """The tickets of all processes. An asynchronous context manager: it closes its connections at the end.

    Redis holds the hash of a ticket, and the credential that it stands for in a form that only the ticket can open.
    """

    def __init__(self, url: str, *, prefix: str = "trellis:", seconds: int = SECONDS) -> None:
        self.prefix = f"{prefix}ticket:"
        self.seconds = seconds
        self._redis = connect(url, retry=once_more(), connections=CONNECTIONS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        with suppress(TimeoutError, *LOST):
            async with asyncio.timeout(TIMEOUT):
                await self._redis.aclose()

    async def issue(self, credential: str) -> str:
        """A ticket with 256 random bits for this credential; raises TicketsUnavailable."""
        ticket = f"trk_{secrets.token_urlsafe(32)}"
        await _answered(self._redis.set(self._key(ticket), _masked(credential.encode(), ticket), ex=self.seconds))
        return ticket

    async def redeem(self, ticket: str) -> str:
        """The credential of a ticket; raises Unauthenticated for one that is unknown, used or too old."""
        masked = await _answered(self._redis.getdel(self._key(ticket)))
        if not isinstance(masked, bytes):
            raise Unauthenticated(REFUSED)
        return _masked(masked, ticket).decode(errors="replace")

    def _key(self, ticket: str) -> str:
        return self.prefix + sha256(ticket.encode(errors="replace")).hexdigest()


async def _answered(command: Awaitable[T]) -> T:
    """The answer of Redis to a command; raises TicketsUnavailable without one."""
    try:
        async with asyncio.timeout(TIMEOUT):
            return await command
    except LOST as error:
        log.warning("tickets out of reach", error=repr(error))
        raise TicketsUnavailable from None


def _masked(text: bytes, ticket: str) -> bytes:
    """The text under a mask that only the ticket can make, or without the mask.

    A ticket has one text, so the mask is as good as a one-time pad.
    """
    mask = shake_256(ticket.encode()).digest(len(text))
    return bytes(byte ^ over for byte, over in zip(text, mask, strict=True))
