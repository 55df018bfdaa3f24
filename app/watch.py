"""The credentials of open WebSockets and streams: clients are warned before they end, and turned away after it.

Whatever ends a session, or changes what a viewer may do, is an event of the user (`app.changes`), and every process
that has connections of that user looks at once.
All credentials are looked at now and then too, by one statement: for those that end by themselves, and for what no
event tells of.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol, Self
from weakref import WeakKeyDictionary

import structlog

from app.auth import Sessions
from app.changes import may_change, topics
from app.graph import Client
from app.realtime import Realtime
from db.access import GUEST, Viewer
from db.background import Background
from db.outbox import Event

TIMEOUT = 1
"""Seconds that a look waits for connections to close, and the end of the watch for a look."""
WARNED_FOR = 60
"""Seconds before the end of a credential from which on its holder is warned."""

log = structlog.get_logger()


class Connected(Protocol):
    """A socket or a stream, and its client once that is known."""

    client: Client | None

    async def turn_away(self) -> None:
        """End, as the credential does not hold any longer."""
        ...

    async def warn(self, seconds: int) -> None:
        """Tell the client that the credential ends in so many seconds."""
        ...


class Watch:
    """Checks credentials when sessions of their users end, and all of them every `interval` seconds.

    An asynchronous context manager.
    """

    def __init__(self, sessions: Sessions, realtime: Realtime, *, interval: float) -> None:
        self.sessions = sessions
        self.realtime = realtime
        self.interval = interval
        self.looks = 0
        """How often all were looked at."""
        self._connected: set[Connected] = set()
        self._suspected: set[Connected] = set()
        self._warned = WeakKeyDictionary[Connected, str | None]()
        """The credential of whose end each was warned."""
        self._woken = asyncio.Event()
        self._is_over = False
        # To be cut off while it connects to the database would leave a connection behind.
        self._background = Background("credentials", self._watch, grace=TIMEOUT)

    async def __aenter__(self) -> Self:
        await self._background.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._is_over = True
        self._woken.set()
        await self._background.__aexit__(*error)

    @contextmanager
    def over(self, connected: Connected) -> Iterator[None]:
        """Watch one connection, whose client is known, for as long as it lasts. That of a guest has no credential."""
        user = connected.client.viewer.id if connected.client else None
        if user is None:
            yield
            return
        self._connected.add(connected)
        self.suspect(connected)  # its credential may have been cached
        try:
            suspicion = _Suspicion(self, connected)
            with ExitStack() as hearing:
                for one in topics(user):
                    hearing.enter_context(self.realtime.hearing(one, suspicion))
                yield
        finally:
            self._connected.discard(connected)

    def suspect(self, connected: Connected) -> None:
        """Have a connection looked at soon."""
        self._suspected.add(connected)
        self._woken.set()

    async def _watch(self) -> None:
        looked, now = 0.0, asyncio.get_running_loop().time
        while not self._is_over:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(looked + self.interval):
                    await self._woken.wait()
            self._woken.clear()
            some, self._suspected = self._connected & self._suspected, set()
            if is_for_all := now() >= looked + self.interval:
                some, looked = self._connected, now()
            try:
                await self._look(some)
                self.looks += is_for_all
            except Exception as error:  # noqa: BLE001  (a database that does not answer ends no session)
                log.warning("credentials not checked", error=repr(error))

    async def _look(self, some: Iterable[Connected]) -> None:
        """Close the connections whose credential has ended, or now acts as another viewer, and warn of ends to come."""
        clients = {one: client for one in some if (client := one.client)}
        holding = await self.sessions.holding({client.credential for client in clients.values()})
        told = []
        for one, client in clients.items():
            if one.client is not client:  # renewed in the meantime
                continue
            viewer = holding.get(client.credential, GUEST)
            if not viewer.acts_as(client.viewer):
                self.sessions.forget(client.credential)
                told.append(one.turn_away())
                continue
            one.client = replace(client, viewer=viewer)
            seconds = expires_in(viewer)
            if seconds is not None and seconds <= WARNED_FOR and self._warned.get(one) != client.credential:
                self._warned[one] = client.credential
                told.append(one.warn(seconds))
        async with asyncio.timeout(TIMEOUT):
            await asyncio.gather(*told)


@dataclass(eq=False, slots=True)
class _Suspicion:
    """Has a connection looked at whenever its user may have changed."""

    watch: Watch
    connected: Connected

    def hear(self, event: Event) -> None:
        if may_change(event):
            self.watch.suspect(self.connected)

    def lose(self) -> None:
        self.watch.suspect(self.connected)


def expires_in(viewer: Viewer) -> int | None:
    """The whole seconds until the credential of a viewer ends by itself; None for a key without an end."""
    if viewer.expires_at is None:
        return None
    return max(0, int((viewer.expires_at - datetime.now(UTC)).total_seconds()))
