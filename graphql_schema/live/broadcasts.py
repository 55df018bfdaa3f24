"""Broadcasts: the events of one feed in one selection, each read and encoded once, and the bytes handed to all alike.

A subscriber takes its messages as fast as its client reads them. Only so many wait for it. What comes then is a gap: it
neither holds up the others nor closes a connection.
"""

import asyncio
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

from orjson import dumps

from db.errors import HistoryGap
from db.outbox import Event
from graphql_schema.core.context import Context
from graphql_schema.execution.answers import Answer, failed
from graphql_schema.live.hearing import Hearing

MAX_WAITING = 256
"""Messages that wait for one subscriber, at most."""


@dataclass(frozen=True, slots=True)
class Message:
    """The JSON of an answer, with the number of the event that it is about, and the cursor behind that."""

    body: bytes
    sequence: int = 0
    cursor: str | None = None
    errors: tuple[Any, ...] = ()
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Stands where messages are lost, with the reason."""

    reason: str


END = Message(b"", is_last=True)
"""Stands where a feed ends, and is never sent."""


def message(answer: Answer, event: Event | None = None, *, is_last: bool = False) -> Message:
    """An answer as it is sent."""
    errors, sequence = tuple(answer.get("errors", ())), event.sequence if event else 0
    cursor = event.cursor if event and event.epoch else None  # nobody keeps what has no epoch
    return Message(dumps(answer), sequence, cursor, errors, is_last)


class Subscriber:
    """One subscription: the messages that it has yet to take, and its position in the events."""

    def __init__(self, broadcast: "Broadcast", context: Context) -> None:
        self.broadcast = broadcast
        self.context = context
        self.sequence = 0
        self.cursor: str | None = None
        self._messages: deque[Message | Gap] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._reason: Exception | None = None

    def end(self, reason: Exception) -> None:
        """Raise this instead of any further message."""
        self._messages.clear()
        self._reason = reason
        self._wake()

    def put(self, one: Message | Gap) -> None:
        """Take in a message. One too many is lost, and so are those behind it until there is room again."""
        if len(self._messages) >= MAX_WAITING and not (isinstance(one, Message) and one.is_last):
            one = Gap("overflow")
        if isinstance(one, Gap) and self._messages and isinstance(self._messages[-1], Gap):
            return
        self._messages.append(one)
        self._wake()

    async def take(self) -> Message | Gap:
        """The next message; raises the reason of the end."""
        while not self._messages and not self._reason:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        if self._reason:
            raise self._reason
        return self._messages.popleft()

    def _wake(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    def note(self, one: Message) -> bool:
        """Note the position of a message that is sent; returns False for one that was sent before."""
        if one.sequence and one.sequence <= self.sequence:
            return False
        self.sequence, self.cursor = one.sequence or self.sequence, one.cursor or self.cursor
        return True


class Broadcast:
    """The subscribers to one selection of one feed, by their viewers, and the task that hears the feed for them."""

    def __init__(self, hearing: Hearing, context: Context) -> None:
        self.hearing = hearing
        self.is_heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when no later event is missed; its exception says why none is heard."""
        self.size = 0
        """The number of its subscribers."""
        self._subscribers: dict[Hashable, set[Subscriber]] = {}
        self._contexts: dict[Hashable, Context] = {}
        self._task = asyncio.create_task(self._run(context))

    @property
    def is_over(self) -> bool:
        """Whether nothing more is heard."""
        return self._task.done()

    def join(self, context: Context) -> Subscriber:
        """Add a subscription. Those of one viewer get the same bytes."""
        subscriber, viewer = Subscriber(self, context), _told_apart(context)
        self._contexts.setdefault(viewer, replace(context, seen=[]))
        self._subscribers.setdefault(viewer, set()).add(subscriber)
        self.size += 1
        return subscriber

    def part(self, subscriber: Subscriber) -> None:
        """Take a subscription away. The last one ends the broadcast."""
        viewer = _told_apart(subscriber.context)
        self._subscribers[viewer].discard(subscriber)
        self.size -= 1
        if not self._subscribers[viewer]:
            del self._subscribers[viewer], self._contexts[viewer]
        if not self.size:
            self._task.cancel()

    def _put(self, one: Message | Gap) -> None:
        for alike in self._subscribers.values():
            for subscriber in alike:
                subscriber.put(one)

    async def _run(self, context: Context) -> None:
        try:
            async with context.events.listen(self.hearing.feed.topic) as events:
                self.is_heard.set_result(None)
                await self._hear(events)
            self._put(END)
        except Exception as error:  # noqa: BLE001  (it is the last answer of all who listen)
            if self.is_heard.done():
                self._put(message(failed(error), is_last=True))
            else:
                self.is_heard.set_exception(error)
                self.is_heard.exception()  # nobody may wait for it any more

    async def _hear(self, events: Any) -> None:
        while True:
            try:
                event = await anext(events)
                if self.hearing.hears(event):
                    await self._tell(event)
            except StopAsyncIteration:
                return
            except HistoryGap as gap:
                self._put(Gap("unserved" if gap.__cause__ else "history"))

    async def _tell(self, event: Event) -> None:
        """Hand the answers to an event to those whose they are."""
        for heard in await self.hearing.answers(event, {**self._contexts}):
            told = message(heard.answer, event, is_last=heard.is_last)
            for viewer in heard.viewers:
                for subscriber in self._subscribers.get(viewer, ()):
                    subscriber.put(told)


def _told_apart(context: Context) -> Hashable:
    """All of a viewer that an answer depends on."""
    return context.viewer.id, context.viewer.role, context.viewer.scopes
