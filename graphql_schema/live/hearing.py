"""The answers to an event for all who hear it: one statement for each kind of viewer, each row under their own rules.

The database itself finds out which answers are alike, so that nobody gets what was read with another's eyes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Iterator, Mapping, Sequence
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
SECONDS_TOGETHER = 0.5
"""Seconds that the answers to several events may take together: then each is read by itself."""
AT_ONCE = 1_000
"""Answers that are read by one statement, at most."""
PAUSES = (0.1, 0.3, 1.0, 2.0)
"""Seconds until an event that could not be answered is tried again."""

Contexts = Mapping[Any, Context]
"""A context of each viewer, by what tells the viewers apart."""


class Heard(NamedTuple):
    """An answer to an event, and the viewers whose it is. Those who lost the access get an error, which is the last."""

    event: Event
    answer: Answer
    viewers: Sequence[Any]
    is_last: bool = False


Answers = Sequence[Heard] | HistoryGap
"""The answers to an event, or that there are none."""


class Asked(NamedTuple):
    """An event, and the viewers who ask for the answer to it."""

    event: Event
    contexts: Contexts


class _One(NamedTuple):
    """One viewer who asks for the answer to one event, which has a number among those that are asked for at a time."""

    number: int
    event: Event
    payload: Payload
    viewer: Hashable
    context: Context


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

    async def past(self, context: Context, epoch: str, sequence: int) -> Past:
        """The past of the feed's topic behind a position; raises HistoryGap where it is not known any more, and as
        `answers` does.
        """
        with _unserved():
            past = await context.events.since(self.feed.topic, epoch, sequence)
        if past.epoch != epoch or not past.follows(sequence):
            raise HistoryGap
        return past

    async def answers(self, asked: Sequence[Asked]) -> Sequence[Answers]:
        """The answers to events, each for those who ask; a gap where the database cannot give them for too long."""
        if len(asked) > 1:
            with suppress(Exception):  # one of them may be to blame: which shows when each is read by itself
                return await self.deadline.keep(self._all(asked, seconds=SECONDS_TOGETHER))
        return await _all_of([self._patiently(one) for one in asked])

    async def snapshots(self, contexts: Contexts) -> Sequence[Sequence[Heard]]:
        """The answers with which the subscription begins, to an event with its place among the others; raises
        HistoryGap, and TooSlow.

        The rows and the number of the last event come from one state of the database.
        """
        assert self.first
        return await self.deadline.keep(self._all([Asked(self.first, contexts)], now=True))

    async def _patiently(self, asked: Asked) -> Answers:
        try:
            (found,) = await self.deadline.keep(patiently(lambda: self._all([asked])))
        except HistoryGap as gap:
            return gap
        except Exception as error:  # noqa: BLE001  (it is the answer to all who ask)
            return [Heard(asked.event, failed(error), [*asked.contexts], is_last=not isinstance(error, TooSlow))]
        return found

    async def _all(self, asked: Sequence[Asked], **how: Any) -> Sequence[Sequence[Heard]]:
        """The answers, by as many statements as there are kinds of viewers and of what events name."""
        alike: dict[Hashable, list[_One]] = {}
        for number, (event, contexts) in enumerate(asked):
            payload = self.field.payload(event)
            named = (*self._named(payload),)
            for viewer, context in contexts.items():
                alike.setdefault((context.viewer.kind, named), []).append(_One(number, event, payload, viewer, context))
        some = [found[at : at + AT_ONCE] for found in alike.values() for at in range(0, len(found), AT_ONCE)]
        found: list[list[Heard]] = [[] for _ in asked]
        with _unserved():
            for answers in await _all_of([self._together(one, **how) for one in some]):
                for number, heard in answers:
                    found[number].append(heard)
        return found

    async def _together(
        self, asked: Sequence[_One], *, now: bool = False, seconds: float | None = None
    ) -> Sequence[tuple[int, Heard]]:
        """The answers for viewers of one kind to events that name the same."""
        first = asked[0]
        written = await self._of_kind(self._named(first.payload), first.context, now=now)
        if written is None:
            heard = await asyncio.gather(*(self._alone(one, now=now) for one in asked))
            return [(one.number, answer) for one, answer in zip(asked, heard, strict=True)]
        rows: Iterable[Sequence[Any]] = [(range(1, len(asked) + 1),)]
        if written.statement:
            columns = 2 * now + len(self.feed.seen) + len(written.keys)
            payloads = {one.number: one.payload for one in asked}
            keys = {number: _keys(written, payload) for number, payload in payloads.items()}
            many = [keys[one.number] | one.context.viewer.parameters for one in asked]
            common = {**written.values, "topic": self.feed.topic}
            database = first.context.database
            rows = await database.alike(written.statement, common, many, columns=columns, seconds=seconds)
        found = []
        for ordinals, *row in rows:
            place, texts = row[: 2 * now], row[2 * now :]
            whose: dict[int, list[_One]] = {}
            for ordinal in ordinals:
                whose.setdefault(asked[ordinal - 1].number, []).append(asked[ordinal - 1])
            for number, some in whose.items():
                event, payload = some[0].event, some[0].payload
                if now:
                    event = replace(event, epoch=place[0].decode(), sequence=place[1])
                    payload = self.field.payload(event)
                found.append((number, self._answer(event, payload, texts, [one.viewer for one in some])))
        return found

    async def _alone(self, asked: _One, *, now: bool) -> Heard:
        """The answer for one viewer, where Python has to compute some of it, or has errors to tell."""
        event, context = asked.event, asked.context.heard()
        if now:
            past = await context.database.past(self.feed.topic, None)
            event = replace(event, epoch=past.epoch, sequence=past.sequence)
        try:
            await self.field.feed(context, self.arguments)
        except Refusal as refusal:
            if isinstance(refusal, Overloaded):
                raise
            return Heard(event, failed(refusal), [asked.viewer], is_last=True)
        answering = Answering(self.operation, context)
        found = await answering.show(self.member, self.field.payload(event))
        answer = answering.answer({self.member.key: found})
        if any(error["extensions"]["code"] in UNSERVED for error in answer.get("errors", ())):
            raise HistoryGap
        return Heard(event, answer, [asked.viewer])

    def _answer(self, event: Event, payload: Payload, row: Sequence[Any], viewers: Sequence[Hashable]) -> Heard:
        """The answer that a row of the statement is."""
        texts = iter(row)
        for seen in self.feed.seen:
            if not next(texts):
                return Heard(event, failed(NotFound(at=seen.at)), viewers, is_last=True)
        found: dict[str, Any] = {child.key: None for child, _ in self.rows}
        found |= {child.key: Fragment(next(texts)) for child in self._named(payload)}
        fields = {
            child.key: found[child.key] if child.key in found else plain(child, payload) for child in shown(self.member)
        }
        return Heard(event, {"data": {self.member.key: fields}}, viewers)

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
        parts += [read.sees(seen.table, viewer, number, seen.may) for number, seen in enumerate(self.feed.seen)]
        if named:
            parts.append(plan.written(asked, viewer) or await statement(plan, asked, context))
        keys = {child: row.given.parameter("key") for child, row in self.rows if child in named and row.given}
        seen = {f"seen{number}": seen.key for number, seen in enumerate(self.feed.seen)}
        return Written(joined(parts) if parts else None, asked.values | seen, keys)

    def _named(self, payload: Payload) -> list[Member]:
        """The rows that are selected and that an event names."""
        return [child for child, row in self.rows if key_in(row, payload) is not None]


async def _all_of(work: Sequence[Coroutine[Any, Any, T]]) -> Sequence[T]:
    """The results of some work. One by itself needs no task."""
    return [await work[0]] if len(work) == 1 else await asyncio.gather(*work)


def _keys(written: Written, payload: Payload) -> dict[str, Any]:
    """The values of the parameters for the keys of what is selected."""
    return {name: payload[child.node.payload] for child, name in written.keys.items()}  # type: ignore[attr-defined]


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
