"""The access of subscribers: it is looked at again whenever memberships of theirs change, though nothing is to be told.

What a person has access to is a topic (`db.outbox.viewer_topic`) that moves with their memberships. A process listens
to it once for each person who has subscriptions there, and then checks all of these; and when a membership ends by the
clock (`db.endings`).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

import structlog

from db.background import Background
from db.endings import seconds_left
from db.engine import Database
from db.errors import AccessLost, HistoryGap, Refusal
from db.outbox import Event, viewer_topic
from graphql_schema.core.context import Context, Events
from graphql_schema.live.hearing import patiently

Check = Callable[[], Awaitable[None]]

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class Subscribed:
    """A subscription of a viewer; `check` raises AccessLost when they may not hear it any more."""

    check: Check
    _reason: Exception | None = None
    _end: Callable[[Exception], None] | None = None

    def end(self, reason: Exception) -> None:
        """Have it end for this reason."""
        self._reason = self._reason or reason
        if self._end:
            self._end(self._reason)

    def ends_by(self, end: Callable[[Exception], None]) -> None:
        """Call this with the reason when it is to end, which may have come already."""
        self._end = end
        if self._reason:
            end(self._reason)

    async def until_lost(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
        """These until it is to end; raises the reason then."""
        waiting: asyncio.Timeout | None = None
        self.ends_by(lambda _reason: waiting.reschedule(0) if waiting else None)
        async with aclosing(events):
            while not self._reason:
                try:
                    async with asyncio.timeout(None) as waiting:
                        event = await anext(events)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    if not self._reason:
                        raise
                else:
                    yield event
                finally:
                    waiting = None
        raise self._reason

    async def look(self) -> None:
        """Check the access. Where the database does not say, the subscriber comes back and is checked then."""
        try:
            await self.check()
        except (AccessLost, HistoryGap) as error:
            self.end(error)
        except Exception:
            log.exception("access not checked")
            self.end(HistoryGap())


class Access:
    """The subscriptions of this process, by their viewers."""

    def __init__(self) -> None:
        self._viewers: dict[UUID, _Viewer] = {}

    @asynccontextmanager
    async def subscribed(self, context: Context, check: Check) -> AsyncIterator[Subscribed]:
        """For as long as it lasts, `check` is called when the access of the viewer changes: from its start on.

        Raises what `Events.listen` does. A guest has no memberships.
        """
        subscribed, key = Subscribed(check), context.viewer.id
        if key is None:
            yield subscribed
            return
        if (viewer := self._viewers.get(key)) is None:
            viewer = self._viewers[key] = await _Viewer(key, context.events, context.database).__aenter__()
        viewer.subscriptions.add(subscribed)
        try:
            await viewer.is_heard()
            yield subscribed
        finally:
            viewer.subscriptions.discard(subscribed)
            if not viewer.subscriptions and self._viewers.get(key) is viewer:
                del self._viewers[key]
                await viewer.__aexit__()


@dataclass(eq=False)
class _Viewer:
    """A person with subscriptions. As an asynchronous context manager it listens to the topic of their access."""

    key: UUID
    events: Events
    database: Database
    subscriptions: set[Subscribed] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._background = Background("access", self._follow)

    async def is_heard(self) -> None:
        """Wait until no change of the access is missed; raises what `Events.listen` does."""
        await asyncio.shield(self._heard)

    async def __aenter__(self) -> Self:
        await self._background.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._background.__aexit__(*error)

    async def _follow(self) -> None:
        while True:
            try:
                await self._listen()
            except Refusal as refusal:
                self._fail(refusal)

    async def _listen(self) -> None:
        async with self.events.listen(viewer_topic(self.key)) as events:
            if self._heard.done():  # it was heard before, and something may have changed since
                await self._look()
            else:
                self._heard.set_result(None)
            while True:
                await self._change(events)
                await self._look()

    async def _change(self, events: AsyncIterator[Event]) -> None:
        """Wait until the access changes: by an event, or by the clock."""
        left = await patiently(lambda: seconds_left(self.database.heard.fetch, self.key))
        with suppress(TimeoutError):
            async with asyncio.timeout(left):
                await anext(events)

    def _fail(self, refusal: Refusal) -> None:
        """Tell those who wait that nothing can be heard. Those who hear already are looked at once it can again."""
        if not self._heard.done():
            self._heard.set_exception(refusal)
            self._heard.exception()
            self._heard = asyncio.get_running_loop().create_future()

    async def _look(self) -> None:
        await asyncio.gather(*(subscribed.look() for subscribed in self.subscriptions))
