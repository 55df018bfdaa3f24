"""The credentials of open WebSockets and streams, checked again and again: all of them by one statement."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Protocol, Self

import structlog

from app.auth import Sessions
from app.graph import Client
from db.access import GUEST
from db.background import Background

TIMEOUT = 1
"""Seconds that a look waits for connections to close, and the end of the watch for a look."""

log = structlog.get_logger()


class Connected(Protocol):
    """A socket or a stream. Its client is None until it is known."""

    client: Client | None

    async def turn_away(self) -> None:
        """End, as the credential does not hold any longer."""
        ...


class Watch:
    """Checks credentials every `interval` seconds. An asynchronous context manager."""

    def __init__(self, sessions: Sessions, *, interval: float) -> None:
        self.sessions = sessions
        self.interval = interval
        self.looks = 0
        self._connected: set[Connected] = set()
        # To be cut off while it connects to the database would leave a connection behind.
        self._background = Background("credentials", self._watch, grace=TIMEOUT)

    async def __aenter__(self) -> Self:
        self._over = asyncio.Event()
        await self._background.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._over.set()
        await self._background.__aexit__(*error)

    @contextmanager
    def over(self, connected: Connected) -> Iterator[None]:
        """Watch one connection for as long as it lasts."""
        self._connected.add(connected)
        try:
            yield
        finally:
            self._connected.discard(connected)

    async def _watch(self) -> None:
        while not self._over.is_set():
            try:
                await self._look()
                self.looks += 1
            except Exception as error:  # noqa: BLE001  (a database that does not answer ends no session)
                log.warning("credentials not checked", error=repr(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(self.interval):
                    await self._over.wait()

    async def _look(self) -> None:
        """Close the connections whose credential has ended, or now acts as another viewer."""
        clients = {one: client for one in self._connected if (client := one.client) and client.credential}
        holding = await self.sessions.holding({client.credential for client in clients.values()})
        over = []
        for one, client in clients.items():
            viewer = holding.get(client.credential, GUEST)
            if one.client is not client:  # renewed in the meantime
                continue
            if viewer.acts_as(client.viewer):
                one.client = replace(client, viewer=viewer)
            else:
                over.append(one)
        async with asyncio.timeout(TIMEOUT):
            await asyncio.gather(*(one.turn_away() for one in over))
