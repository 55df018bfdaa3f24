"""Broadcasts: the events of one feed in one selection, each read and encoded once, and the bytes handed to all alike.

A subscriber takes its messages as fast as its client reads them. Only so many wait for it. What comes then is a gap: it
neither holds up the others nor closes a connection.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Hashable, Sequence
from dataclasses import dataclass, field, replace

from db.errors import HistoryGap
from db.outbox import Event
from graphql_schema.core.context import Context
from graphql_schema.live.hearing import Asked, Heard, Hearing
from graphql_schema.live.messages import END, Gap, Message, Position, instead_of, told

MAX_WAITING = 256
"""Messages that wait for one subscriber, at most."""
TOGETHER = 50
"""Events that are answered at a time."""


class Subscriber:
    """One subscription: the messages that it has yet to take, and its position in the events."""

    def __init__(self, broadcast: "Broadcast", context: Context) -> None:
        self.broadcast = broadcast
        self.context = context
        self.viewer = _told_apart(context)
        self.position: Position | None = None
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
        """The next message, or a gap for one of another epoch; raises the reason of the end."""
        while not self._messages and not self._reason:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        if self._reason:
            raise self._reason
        one = self._messages.popleft()
        return Gap("history") if isinstance(one, Message) and self._is_elsewhere(one) else one

    def _wake(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    def note(self, one: Message) -> bool:
        """Note the position of a message that is sent; returns False for one that was sent before."""
        if one.position and self.position and one.position[1] <= self.position[1]:
            return False
        self.position, self.cursor = one.position or self.position, one.cursor or self.cursor
        return True

    def _is_elsewhere(self, one: Message) -> bool:
        """Whether its number is not to be compared with that of the last message."""
        return bool(one.position and self.position and one.position[0] != self.position[0])


class Broadcast:
    """The subscribers to one selection of one feed, by their viewers, and the tasks that hear the feed for them."""

    def __init__(self, hearing: Hearing, context: Context) -> None:
        self.hearing = hearing
        self.is_heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when no later event is missed; its exception says why none is heard."""
        self.size = 0
        """The number of its subscribers."""
        self._subscribers: dict[Hashable, set[Subscriber]] = {}
        self._contexts: dict[Hashable, Context] = {}
        self._heard = asyncio.Queue[Event | Gap | Message](TOGETHER)
        self._beginnings = Beginnings(hearing)
        self._hearing = asyncio.create_task(self._run(context))
        self._telling = asyncio.create_task(self._tell_all())

    @property
    def is_over(self) -> bool:
        """Whether nothing more is heard."""
        return self._hearing.done()

    def join(self, context: Context) -> Subscriber:
        """Add a subscription. Those of one viewer get the same bytes."""
        subscriber = Subscriber(self, context)
        self._contexts.setdefault(subscriber.viewer, replace(context, seen=[]))
        self._subscribers.setdefault(subscriber.viewer, set()).add(subscriber)
        self.size += 1
        return subscriber

    def part(self, subscriber: Subscriber) -> None:
        """Take a subscription away. The last one ends the broadcast."""
        viewer = subscriber.viewer
        self._subscribers[viewer].discard(subscriber)
        self.size -= 1
        if not self._subscribers[viewer]:
            del self._subscribers[viewer], self._contexts[viewer]
        if not self.size:
            self._hearing.cancel()
            self._telling.cancel()

    async def answers(self, events: Sequence[Event], subscriber: Subscriber) -> Sequence[Message]:
        """The answers to events that came before a subscriber. All who ask for one at a time share it."""
        asked = [self._beginnings.ask(event, subscriber) for event in events]
        return [await asyncio.shield(one) for one in asked]

    async def snapshot(self, subscriber: Subscriber) -> Message:
        """The answer with which a subscriber begins, likewise."""
        return await asyncio.shield(self._beginnings.ask(None, subscriber))

    async def _run(self, context: Context) -> None:
        try:
            async with context.events.listen(self.hearing.feed.topic) as events:
                self.is_heard.set_result(None)
                await self._hear(events)
            last: Message | Gap = END
        except Exception as error:  # noqa: BLE001  (it is the last answer of all who listen)
            if not self.is_heard.done():
                self.is_heard.set_exception(error)
                self.is_heard.exception()  # nobody may wait for it any more
                return
            last = instead_of(error)
        await self._heard.put(last)

    async def _hear(self, events: AsyncIterator[Event]) -> None:
        """Take in what happens, no faster than it is told."""
        while True:
            try:
                event = await anext(events)
                if self.hearing.hears(event):
                    await self._heard.put(event)
            except StopAsyncIteration:
                return
            except HistoryGap as gap:
                await self._heard.put(instead_of(gap))

    async def _tell_all(self) -> None:
        """Tell what was heard, in its order. The answers to what has come meanwhile are read together."""
        while True:
            heard = [await self._heard.get()]
            heard += [self._heard.get_nowait() for _ in range(self._heard.qsize())]
            contexts = {**self._contexts}
            asked = [Asked(one, contexts) for one in heard if isinstance(one, Event)]
            try:
                answers = iter(await self.hearing.answers(asked))
                for one in heard:
                    if isinstance(one, Event):
                        self._hand_out(next(answers))
                    else:
                        self._put(one)
            except Exception as error:  # noqa: BLE001  (it is the last answer of all who listen)
                self._put(instead_of(error))

    def _hand_out(self, answers: Sequence[Heard] | HistoryGap) -> None:
        """Hand the answers to an event to those whose they are."""
        if isinstance(answers, HistoryGap):
            self._put(instead_of(answers))
            return
        for heard in answers:
            one = told(heard)
            for viewer in heard.viewers:
                for subscriber in self._subscribers.get(viewer, ()):
                    subscriber.put(one)

    def _put(self, one: Message | Gap) -> None:
        for alike in self._subscribers.values():
            for subscriber in alike:
                subscriber.put(one)


class Beginnings:
    """Answers that subscribers ask for when they begin. Who asks while some are read shares the next with all who do:
    what is read for a subscriber is never older than the moment from which on it is heard for.
    """

    def __init__(self, hearing: Hearing) -> None:
        self.hearing = hearing
        self._waiting: dict[Position | None, _Waiting] = {}
        self._task: asyncio.Task[None] | None = None

    def ask(self, event: Event | None, subscriber: Subscriber) -> asyncio.Future[Message]:
        """The answer to an event, or the snapshot."""
        position = (event.epoch, event.sequence) if event else None
        waiting = self._waiting.setdefault(position, _Waiting(event))
        if subscriber.viewer not in waiting.contexts:
            waiting.contexts[subscriber.viewer] = subscriber.context
            waiting.answers[subscriber.viewer] = asyncio.get_running_loop().create_future()
        self._task = self._task or asyncio.create_task(self._answer_all())
        return waiting.answers[subscriber.viewer]

    async def _answer_all(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, {}
            if first := waiting.pop(None, None):
                await self._settle([first], self.hearing.snapshots(first.contexts))
            asked = [Asked(one.event, one.contexts) for one in waiting.values() if one.event]
            await self._settle([*waiting.values()], self.hearing.answers(asked))
        self._task = None

    async def _settle(
        self, waiting: Sequence["_Waiting"], reading: Awaitable[Sequence[Sequence[Heard] | HistoryGap]]
    ) -> None:
        try:
            for one, found in zip(waiting, await reading, strict=True):
                one.settle(found)
        except Exception as error:  # noqa: BLE001  (it is the answer to all of them)
            for one in waiting:
                one.settle(error)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An event, or None for the snapshot, with those who wait for the answer."""

    event: Event | None
    contexts: dict[Hashable, Context] = field(default_factory=dict)
    answers: dict[Hashable, asyncio.Future[Message]] = field(default_factory=dict)

    def settle(self, found: Sequence[Heard] | Exception) -> None:
        """Answer all of them."""
        if isinstance(found, Exception):
            for answer in self.answers.values():
                if not answer.done():
                    answer.set_exception(found)
                    answer.exception()  # who asked may have left
            return
        for heard in found:
            one = told(heard)
            for viewer in heard.viewers:
                self.answers[viewer].set_result(one)


def _told_apart(context: Context) -> Hashable:
    """All of a viewer that an answer depends on."""
    return context.viewer.id, context.viewer.role, context.viewer.scopes
