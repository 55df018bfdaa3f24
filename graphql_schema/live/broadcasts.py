"""Broadcasts: the events of one feed in one selection, each read and encoded once, and the bytes handed to all alike.

A message goes straight to the connection of a subscriber that waits for one and can send it at once. Otherwise messages
wait until the client has read those before. Only so many do. What comes then is a gap: it neither holds up the others
nor closes a connection.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from db.errors import HistoryGap
from db.outbox import Event
from graphql_schema.core.context import Context
from graphql_schema.live.hearing import Answers, Asked, Heard, Hearing
from graphql_schema.live.messages import END, Batch, Gap, Message, Position, SendNow, instead_of, message_of

MAX_WAITING = 256
"""Messages that wait for one subscriber, at most."""
TOGETHER = 50
"""Events that are answered at a time."""
HANDED_OUT = 250
"""Messages that are handed out before others have their turn."""


class Subscriber:
    """One subscription: the messages that it has yet to take, and its position in the events."""

    __slots__ = (
        "_messages",
        "_reason",
        "_waiting",
        "broadcast",
        "context",
        "cursor",
        "group",
        "position",
        "send_now",
    )

    def __init__(self, broadcast: "Broadcast", context: Context, group: "Group", send_now: SendNow | None) -> None:
        self.broadcast = broadcast
        self.context = context
        self.group = group
        self.send_now = send_now
        self.position: Position | None = None
        self.cursor: str | None = None
        self._messages: list[Message | Gap] = []  # mostly empty: thousands of deques would be megabytes
        self._waiting: asyncio.Future[None] | None = None
        self._reason: Exception | None = None

    def end(self, reason: Exception) -> None:
        """Raise this instead of any further message."""
        self._messages.clear()
        self._reason = reason
        self._wake()

    def put(self, batch: Batch) -> None:
        """Send messages at once if that can be. Otherwise they wait."""
        # Not where it is about to end, either: to cancel the task that waits is to cancel what it waits for.
        is_idle = self._waiting is not None and not self._waiting.done()
        if is_idle and self.send_now and batch.follows(self.position) and self.send_now(batch.bodies):
            assert batch.last
            self.position, self.cursor = batch.last.position, batch.last.cursor
        else:
            for one in batch.messages:
                self._keep(one)
            self._wake()

    def _keep(self, one: Message | Gap) -> None:
        """Have a message wait. One too many is lost, and so are those behind it until there is room again."""
        if len(self._messages) >= MAX_WAITING and not (isinstance(one, Message) and one.is_last):
            one = Gap("overflow")
        if not (isinstance(one, Gap) and self._messages and isinstance(self._messages[-1], Gap)):
            self._messages.append(one)

    async def take(self) -> Message | Gap:
        """The next message, or a gap for one of another epoch; raises the reason of the end."""
        while not self._messages and not self._reason:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        if self._reason:
            raise self._reason
        one = self._messages.pop(0)
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


@dataclass(eq=False, slots=True)
class Group:
    """The subscriptions of one viewer, and the context in which all is read for them."""

    context: Context
    subscribers: set[Subscriber] = field(default_factory=set)


class Broadcast:
    """The subscribers to one selection of one feed, by their viewers, and the tasks that hear the feed for them."""

    def __init__(self, hearing: Hearing, context: Context) -> None:
        self.hearing = hearing
        self.is_heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when no later event is missed; its exception says why none is heard."""
        self.size = 0
        """The number of its subscribers."""
        self._groups: dict[Hashable, Group] = {}
        self._heard = asyncio.Queue[Event | Gap | Message](TOGETHER)
        self._beginnings = Beginnings(hearing)
        self._hearing = asyncio.create_task(self._run(context))
        self._telling = asyncio.create_task(self._tell_all())

    @property
    def is_over(self) -> bool:
        """Whether nothing more is heard."""
        return self._hearing.done()

    def join(self, context: Context, send_now: SendNow | None) -> Subscriber:
        """Add a subscription. Those of one viewer get the same bytes."""
        group = self._groups.setdefault(_told_apart(context), Group(replace(context, seen=[])))
        subscriber = Subscriber(self, context, group, send_now)
        group.subscribers.add(subscriber)
        self.size += 1
        return subscriber

    def part(self, subscriber: Subscriber) -> None:
        """Take a subscription away. The last one ends the broadcast."""
        subscriber.group.subscribers.discard(subscriber)
        self.size -= 1
        if not subscriber.group.subscribers:
            del self._groups[_told_apart(subscriber.context)]
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
            contexts = {group: group.context for group in self._groups.values()}
            asked = [Asked(one, contexts) for one in heard if isinstance(one, Event)]
            try:
                await self._hand_out(heard, iter(await self.hearing.answers(asked)))
            except Exception as error:  # noqa: BLE001  (it is the last answer of all who listen)
                await self._hand_out([instead_of(error)], iter(()))

    async def _hand_out(self, heard: Sequence[Event | Gap | Message], answers: Iterator[Answers]) -> None:
        """Hand out what was heard, and the answers to those whose they are."""
        waiting: dict[Group, list[Message | Gap]] = {group: [] for group in self._groups.values()}
        for one, groups in self._told(heard, answers):
            for group in groups:
                if group in waiting:
                    waiting[group].append(one)
        alike: dict[tuple[Message | Gap, ...], list[Subscriber]] = {}
        for group, messages in waiting.items():
            if messages:
                alike.setdefault((*messages,), []).extend(group.subscribers)
        batches = ((Batch(messages), subscribers) for messages, subscribers in alike.items())
        pairs = ((batch, subscriber) for batch, subscribers in batches for subscriber in subscribers)
        for number, (batch, subscriber) in enumerate(pairs, 1):
            subscriber.put(batch)
            if not number % HANDED_OUT:
                await asyncio.sleep(0)

    def _told(
        self, heard: Sequence[Event | Gap | Message], answers: Iterator[Answers]
    ) -> Iterator[tuple[Message | Gap, Iterable[Group]]]:
        """Messages in the order of what was heard, each with the groups whose it is."""
        for one in heard:
            found = next(answers) if isinstance(one, Event) else one
            if isinstance(found, Message | Gap | HistoryGap):
                yield instead_of(found) if isinstance(found, HistoryGap) else found, self._groups.values()
            else:
                yield from ((message_of(each), each.viewers) for each in found)


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
        if subscriber.group not in waiting.contexts:
            waiting.contexts[subscriber.group] = subscriber.context
            waiting.answers[subscriber.group] = asyncio.get_running_loop().create_future()
        self._task = self._task or asyncio.create_task(self._answer_all())
        return waiting.answers[subscriber.group]

    async def _answer_all(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, {}
            if first := waiting.pop(None, None):
                await self._settle([first], self.hearing.snapshots(first.contexts))
            asked = [Asked(one.event, one.contexts) for one in waiting.values() if one.event]
            await self._settle([*waiting.values()], self.hearing.answers(asked))
        self._task = None

    async def _settle(self, waiting: Sequence["_Waiting"], reading: Awaitable[Sequence[Answers]]) -> None:
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
            one = message_of(heard)
            for viewer in heard.viewers:
                self.answers[viewer].set_result(one)


def _told_apart(context: Context) -> Hashable:
    """All of a viewer that an answer depends on."""
    return context.viewer.id, context.viewer.role, context.viewer.scopes
