"""The access of subscribers: it is looked at again whenever memberships of theirs change, not at every event.

What a person has access to is a topic (`db.outbox.viewer_topic`) that moves with their memberships. A process listens
to it once for each person who has subscriptions there, and then checks all of these.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from db.errors import AccessLost, HistoryGap, Refusal
from db.outbox import viewer_topic
from graphql_schema.core.context import Context, Events

Check = Callable[[], Awaitable[None]]

PAUSE = 1.0
"""Seconds until the topic is listened to again after a failure of ours."""

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
        viewer = self._viewers.get(key) or self._viewers.setdefault(key, _Viewer(key, context.events))
        viewer.subscriptions.add(subscribed)
        try:
            await viewer.is_heard()
            yield subscribed
        finally:
            viewer.subscriptions.discard(subscribed)
            if not viewer.subscriptions and self._viewers.get(key) is viewer:
                del self._viewers[key]
                viewer.leave()


@dataclass(eq=False)
class _Viewer:
    """A person with subscriptions, and the task that listens to the topic of their access."""

    key: UUID
    events: Events
    subscriptions: set[Subscribed] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._follow(), name="access")

    async def is_heard(self) -> None:
        """Wait until no change of the access is missed; raises what `Events.listen` does."""
        await asyncio.shield(self._heard)

    def leave(self) -> None:
        """Listen no more."""
        self._task.cancel()

    async def _follow(self) -> None:
        while True:
            try:
                await self._listen()
            except Refusal as refusal:
                self._fail(refusal)
            except Exception:
                log.exception("access not followed")
                self._fail(HistoryGap())
                await asyncio.sleep(PAUSE)

    async def _listen(self) -> None:
        async with self.events.listen(viewer_topic(self.key)) as events:
            if self._heard.done():  # it was heard before, and something may have changed since
                await self._look()
            else:
                self._heard.set_result(None)
            async for _ in events:
                await self._look()

    def _fail(self, refusal: Refusal) -> None:
        """Tell those who wait that nothing can be heard. Those who hear already are looked at once it can again."""
        if not self._heard.done():
            self._heard.set_exception(refusal)
            self._heard.exception()
            self._heard = asyncio.get_running_loop().create_future()

    async def _look(self) -> None:
        await asyncio.gather(*(subscribed.look() for subscribed in self.subscriptions))
