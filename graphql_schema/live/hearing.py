"""The answers to an event for all who hear it: one statement for each kind of viewer, each row under their own rules.

The database itself finds out which answers are alike, so that nobody gets what was read with another's eyes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from orjson import Fragment

from db import read
from db.errors import HistoryGap, NotFound, Overloaded, Refusal, TooSlow
from db.failures import Failure, failure_of
from db.history import NOW, Past
from db.outbox import Event
from db.statements import Statement, joined
from graphql_schema.core.context import Context, Feed
from graphql_schema.core.subscriptions import Subscription
from graphql_schema.core.tree import Member
from graphql_schema.execution.answering import Answering
from graphql_schema.execution.answers import Answer, failed
from graphql_schema.execution.compiling import statement
from graphql_schema.execution.deadline import Deadline
from graphql_schema.execution.operations import Operation
from graphql_schema.execution.payloads import Payload, key_in, plain
from graphql_schema.execution.plan import references, shown

T = TypeVar("T")

OURS = (Failure.BUSY, Failure.TOO_SLOW, Failure.UNAVAILABLE)
UNSERVED = {"OVERLOADED", "SERVICE_UNAVAILABLE"}
PAUSES = (0.1, 0.3, 1.0, 2.0)
"""Seconds until an event that could not be answered is tried again."""

Contexts = Mapping[Hashable, Context]
"""A context of each viewer, by what tells the viewers apart."""


class Heard(NamedTuple):
    """An answer, and the viewers whose it is. Those who lost the access since get an error, which is the last."""

    answer: Answer
    viewers: Sequence[Hashable]
    is_last: bool = False


class Written(NamedTuple):
    """A statement for a kind of viewer, with the values of its parameters that do not depend on viewer and event."""

    statement: Statement | None
    """None where nothing is read."""
    values: Mapping[str, Any]
    keys: Mapping[Member, str]
    """The parameters of the keys of what is selected."""


@dataclass
class Hearing:
    """Answers the events of one subscription, whoever hears it."""

    operation: Operation
    feed: Feed
    deadline: Deadline
    _written: dict[Any, Written | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.member,) = self.operation.plan.members
        node: Any = self.member.node
        self.field: Subscription = node.field
        self.rows = references(self.member)
        self.arguments = node.given.values(self.operation.variables)
        first = self.field.first(self.feed, self.arguments)
        self.first = first if first and any(row.payload in first.ids for _, row in self.rows) else None
        """The event with which it begins, where what that shows is selected."""

    def hears(self, event: Event) -> bool:
        """Whether it is an event of the feed."""
        return self.field.hears(event, self.feed)

    async def past(self, context: Context, sequence: int) -> Past:
        """The past of the feed's topic behind a number; raises HistoryGap as `answers` does."""
        with _unserved():
            return await context.database.past(self.feed.topic, sequence)

    async def answers(self, event: Event, contexts: Contexts) -> Sequence[Heard]:
        """The answers to an event; raises HistoryGap where the database cannot give them for too long."""
        try:
            return await self.deadline.keep(patiently(lambda: self._all(event, contexts)))
        except TooSlow as error:
            return [Heard(failed(error), [*contexts])]

    async def snapshot(self, context: Context) -> tuple[Heard, Event]:
        """The answer with which the subscription begins, and its position among the events; raises as `answers` does.

        The rows and the number of the last event come from one state of the database.
        """
        assert self.first
        with _unserved():
            named = self._named(self.field.payload(self.first))
            written = await self._of_kind(named, context, now=True)
            if written is None:
                past = await context.database.past(self.feed.topic, None)
                event = replace(self.first, epoch=past.epoch, sequence=past.sequence)
                return await self._alone(self.field.payload(event), None, context), event
            assert written.statement
            values = self._values(written, self.field.payload(self.first)) | {"topic": self.feed.topic}
            values |= context.viewer.parameters
            row = await context.database.heard.fetch(written.statement, written.statement.arguments(values))
            assert row
            epoch, sequence, *found = row
            event = replace(self.first, epoch=epoch.decode(), sequence=sequence)
            return self._answer(self.field.payload(event), found, [None]), event

    async def _all(self, event: Event, contexts: Contexts) -> Sequence[Heard]:
        payload = self.field.payload(event)
        kinds: dict[str, dict[Hashable, Context]] = {}
        for viewer, context in contexts.items():
            kinds.setdefault(context.viewer.kind, {})[viewer] = context
        with _unserved():
            found = await asyncio.gather(*(self._together(payload, of_kind) for of_kind in kinds.values()))
        return [heard for answers in found for heard in answers]

    async def _together(self, payload: Payload, contexts: Contexts) -> Sequence[Heard]:
        """The answers for viewers of one kind."""
        context, *_ = contexts.values()
        written = await self._of_kind(self._named(payload), context)
        if written is None:
            return await asyncio.gather(*(self._alone(payload, viewer, one) for viewer, one in contexts.items()))
        viewers, values = [*contexts], self._values(written, payload)
        if written.statement is None:
            return [self._answer(payload, (), viewers)]
        if len(viewers) == 1:  # together with those of other events
            arguments = written.statement.arguments(values | context.viewer.parameters)
            row = await context.database.heard.fetch(written.statement, arguments)
            assert row
            return [self._answer(payload, row, viewers)]
        many = [values | one.viewer.parameters for one in contexts.values()]
        rows = await context.database.alike(written.statement, many, columns=len(self.feed.seen) + len(written.keys))
        return [self._answer(payload, row, [viewers[ordinal - 1] for ordinal in ordinals]) for ordinals, *row in rows]

    async def _alone(self, payload: Payload, viewer: Hashable, context: Context) -> Heard:
        """The answer for one viewer, where Python has to compute some of it, or has errors to tell."""
        context = context.heard()
        try:
            await self.field.feed(context, self.arguments)
        except Refusal as refusal:
            if isinstance(refusal, Overloaded):
                raise
            return Heard(failed(refusal), [viewer], is_last=True)
        answering = Answering(self.operation, context)
        found = await answering.show(self.member, payload)
        answer = answering.answer({self.member.key: found})
        if any(error["extensions"]["code"] in UNSERVED for error in answer.get("errors", ())):
            raise HistoryGap
        return Heard(answer, [viewer])

    def _answer(self, payload: Payload, row: Sequence[Any], viewers: Sequence[Hashable]) -> Heard:
        """The answer that a row of the statement is."""
        texts = iter(row)
        for seen in self.feed.seen:
            if not next(texts):
                return Heard(failed(NotFound(at=seen.at)), viewers, is_last=True)
        found: dict[str, Any] = {child.key: None for child, _ in self.rows}
        found |= {child.key: Fragment(next(texts)) for child in self._named(payload)}
        fields = {
            child.key: found[child.key] if child.key in found else plain(child, payload) for child in shown(self.member)
        }
        return Heard({"data": {self.member.key: fields}}, viewers)

    async def _of_kind(self, named: Sequence[Member], context: Context, *, now: bool = False) -> Written | None:
        """The statement for a kind of viewer and for what an event names; None where Python has to compute some of it.

        With `now` it says the number of the last event, too.
        """
        key = context.viewer.kind, now, *named
        if key not in self._written:
            self._written[key] = await self._write(named, context, now=now)
        return self._written[key]

    async def _write(self, named: Sequence[Member], context: Context, *, now: bool) -> Written | None:
        plan, viewer = self.operation.plan, context.viewer
        asked = plan.asked(named, self.operation.variables)
        if asked.failures or not self.operation.is_compiled:
            return None
        parts = [NOW] if now else []
        parts += [read.sees(seen.table, viewer, number) for number, seen in enumerate(self.feed.seen)]
        if named:
            parts.append(plan.written(asked, viewer) or await statement(plan, asked, context))
        keys = {child: row.given.parameter("key") for child, row in self.rows if child in named and row.given}
        seen = {f"seen{number}": seen.key for number, seen in enumerate(self.feed.seen)}
        return Written(joined(parts) if parts else None, asked.values | seen, keys)

    def _values(self, written: Written, payload: Payload) -> dict[str, Any]:
        keys = {name: payload[child.node.payload] for child, name in written.keys.items()}  # type: ignore[attr-defined]
        return {**written.values, **keys}

    def _named(self, payload: Payload) -> list[Member]:
        """The rows that are selected and that an event names."""
        return [child for child, row in self.rows if key_in(row, payload) is not None]


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask the database again where it could not answer: late is better than a gap. Raises HistoryGap in the end."""
    for pause in PAUSES:
        with suppress(HistoryGap), _unserved():
            return await ask()
        await asyncio.sleep(pause)
    with _unserved():
        return await ask()


@contextmanager
def _unserved() -> Iterator[None]:
    """Make of what the database cannot do now a HistoryGap."""
    try:
        yield
    except Exception as error:
        if isinstance(error, Overloaded) or failure_of(error) in OURS:
            raise HistoryGap from error
        raise
