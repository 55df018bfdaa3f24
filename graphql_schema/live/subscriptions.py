"""Subscriptions: what has happened since a cursor, or what there is, and then what happens, without a seam between.

A subscriber is heard for first, then reads what was before, and passes over what comes a second time, by its number.
"""

import asyncio
from collections.abc import AsyncGenerator, Hashable
from contextlib import aclosing
from functools import partial
from typing import Any

from orjson import OPT_SORT_KEYS, dumps
from prometheus_client import Counter

from db.epoch import decode
from db.errors import HistoryGap, Refusal
from db.outbox import Event
from graphql_schema.core.context import Context, Feed
from graphql_schema.core.errors import RequestError
from graphql_schema.execution.answers import Nulled, failed
from graphql_schema.execution.compiling import compile_ahead
from graphql_schema.execution.deadline import Deadline
from graphql_schema.execution.operations import Operation
from graphql_schema.live.access import Access, Subscribed
from graphql_schema.live.broadcasts import TOGETHER, Broadcast, Subscriber
from graphql_schema.live.hearing import Asked, Hearing, patiently
from graphql_schema.live.messages import END, Gap, Message, Position, SendNow, message, message_of

GAPS = Counter(
    "trellis_gaps_total",
    "Gaps that subscribers were told of, by the kind of the topic and by the reason: overflow, history, unserved.",
    ["topic", "reason"],
)

Messages = AsyncGenerator[Message, None]


class Subscriptions:
    """All subscriptions of an executor. Those that are alike share one broadcast."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.access = Access()
        self._broadcasts: dict[Hashable, Broadcast] = {}

    @property
    def heard(self) -> int:
        """The number of subscriptions that are heard for."""
        return sum(one.size for one in self._broadcasts.values() if one.is_heard.done() and not one.is_over)

    async def messages(
        self, operation: Operation, context: Context, *, after: str | None = None, send_now: SendNow | None = None
    ) -> Messages:
        """The messages of a subscription; raises RequestError before the first when it is refused.

        While one is awaited, messages of events go to `send_now`, as far as it takes them.

        A cursor in `after` counts more than the one among the arguments. Where events are lost there is a message with
        the code HISTORY_GAP, and then it goes on. Raises AccessLost when the viewer may not hear it any more, and
        another Refusal where nothing can be heard.
        """
        check = partial(self._check, operation, context)
        async with self.access.subscribed(context, check) as subscribed:
            messages = await self._begun(subscribed, operation, context, after, send_now)
            try:
                async with aclosing(messages):
                    async for one in messages:
                        if one.is_last:  # it may be that what is listened to is gone for the viewer
                            await check()
                        yield one
            except Refusal:
                raise
            except Exception as error:  # noqa: BLE001  (an error of the stream is the last answer of the subscription)
                yield message(failed(error), is_last=True)

    async def _begun(
        self,
        subscribed: Subscribed,
        operation: Operation,
        context: Context,
        after: str | None,
        send_now: SendNow | None,
    ) -> Messages:
        feed, position = await self._asked(operation, context, after)
        hearing = Hearing(operation, feed, self.deadline)
        if states := hearing.field.states(feed, context):
            return self._states(hearing, subscribed.until_lost(states), context)
        key = id(context.events), id(context.database), operation.plan.number, _variables(operation), feed
        broadcast = self._broadcast(key, operation, context, feed)
        return self._events(key, subscribed, broadcast.join(context, send_now), position)

    async def _events(
        self, key: Hashable, subscribed: Subscribed, subscriber: Subscriber, position: Position | None
    ) -> Messages:
        """The messages of events: those before, then what happens."""
        subscribed.ends_by(subscriber.end)
        try:
            await asyncio.shield(subscriber.broadcast.is_heard)
            async with aclosing(self._before(subscriber, position)) as before:
                async for one in before:
                    subscriber.note(one)
                    yield one
                    if one.is_last:
                        return
            while (one := await self._next(subscriber)) is not END:
                yield one
                if one.is_last:
                    return
        finally:
            subscriber.broadcast.part(subscriber)
            if not subscriber.broadcast.size and self._broadcasts.get(key) is subscriber.broadcast:
                del self._broadcasts[key]

    async def _asked(self, operation: Operation, context: Context, after: str | None) -> tuple[Feed, Position | None]:
        """The feed that the viewer may hear, and the position behind which they want to hear it."""
        (member,) = operation.plan.members
        node: Any = member.node
        try:
            await compile_ahead(operation, context)
            arguments = node.given.values(operation.variables)
            feed = await self.deadline.keep(node.field.feed(context, arguments))
            cursor = arguments.get("after") if after is None else after
            return feed, decode(feed.topic, cursor) if isinstance(cursor, str) else None
        except Exception as error:
            raise RequestError([Nulled(error, member, (member.key,)).located]) from error

    async def _check(self, operation: Operation, context: Context) -> None:
        """Raise AccessLost if the viewer may not hear it any more; HistoryGap where the database does not say."""
        (member,) = operation.plan.members
        node: Any = member.node
        arguments = node.given.values(operation.variables)
        await patiently(lambda: node.field.check(context.heard(), arguments))

    def _broadcast(self, key: Hashable, operation: Operation, context: Context, feed: Feed) -> Broadcast:
        broadcast = self._broadcasts.get(key)
        if broadcast is None or broadcast.is_over:
            broadcast = self._broadcasts[key] = Broadcast(Hearing(operation, feed, self.deadline), context)
        return broadcast

    async def _states(self, hearing: Hearing, states: AsyncGenerator[Event, None], context: Context) -> Messages:
        """The messages of states, each instead of the one before it."""
        async with aclosing(states):
            async for state in states:
                (answers,) = await hearing.answers([Asked(state, {None: context})])
                if not isinstance(answers, HistoryGap):  # the next one says all, too
                    yield message_of(*answers)

    async def _before(self, subscriber: Subscriber, position: Position | None) -> Messages:
        """The messages that come before what happens: what has happened since a position, or what there is."""
        try:
            if position:
                async for one in self._since(subscriber, *position):
                    yield one
            elif subscriber.broadcast.hearing.first:
                yield await subscriber.broadcast.snapshot(subscriber)
        except HistoryGap as gap:
            yield await self._gap(subscriber, Gap("unserved" if gap.__cause__ else "history"))

    async def _since(self, subscriber: Subscriber, epoch: str, sequence: int) -> Messages:
        """The messages since a position; raises HistoryGap where what has happened is not known any more."""
        hearing, context = subscriber.broadcast.hearing, subscriber.context
        is_whole = False
        while not is_whole:
            past = await hearing.past(context, epoch, sequence)
            for start in range(0, len(past.events), TOGETHER):
                events = [event for event in past.events[start : start + TOGETHER] if hearing.hears(event)]
                for one in await subscriber.broadcast.answers(events, subscriber):
                    yield one
            sequence, is_whole = past.events[-1].sequence if past.events else sequence, past.is_whole
        subscriber.position = epoch, sequence

    async def _next(self, subscriber: Subscriber) -> Message:
        """The next message that was not sent before."""
        while True:
            found = await subscriber.take()
            if isinstance(found, Gap):
                return await self._gap(subscriber, found)
            if subscriber.note(found):
                return found

    async def _gap(self, subscriber: Subscriber, gap: Gap) -> Message:
        """The message that something is lost: with a new snapshot if there was one at the beginning.

        Its cursor is that of the last event before, if the outbox may have what came behind it.
        """
        hearing, cursor = subscriber.broadcast.hearing, None if gap.reason == "history" else subscriber.cursor
        GAPS.labels(hearing.feed.topic.partition(":")[0], gap.reason).inc()
        answer = failed(HistoryGap())
        answer["errors"][0]["extensions"] |= {"cursor": cursor} if cursor else {}
        subscriber.position = None  # it may go on in another epoch
        if hearing.first:
            try:
                snapshot = await subscriber.broadcast.snapshot(subscriber)
            except HistoryGap:
                pass
            else:
                subscriber.note(snapshot)
                return snapshot.beside(gap=answer["errors"][0])
        return message(answer)


def _variables(operation: Operation) -> bytes:
    """The variables without the cursor behind which one of those who are alike goes on."""
    given, own = operation.request.variables or {}, operation.definition.cursors
    return dumps({name: value for name, value in given.items() if name not in own}, option=OPT_SORT_KEYS)
