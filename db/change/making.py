"""How a change is made by its statement, and what it is refused for.

Rule and change see one state of the database, and no round trip lies between the two. Only whoever is refused waits for
a second statement, which says why.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from db.access import Viewer
from db.change.along import GIVEN
from db.change.declared import Addition, Change, Update, UpdateEach
from db.change.keys import AT, HASH, is_taken
from db.change.parts import Form
from db.change.statement import ChangeStatement
from db.change.statement import statement as showing_nothing
from db.coalescing import Record
from db.constraints import field_of, refusing
from db.errors import Conflict, KeyReused, Refusal, Refusals
from db.ids import key_of
from db.outbox import events
from db.statements import Arguments, Statement
from db.write import Work

Run = Callable[[Statement, Arguments], Awaitable[Record | None]]
"""Runs the statement of a change; returns the row that it gives."""


class Source(Protocol):
    """A database, or a transaction, in which changes are made."""

    async def fetch(self, statement: Statement, arguments: Arguments) -> Record | None:
        """The one row of a statement that changes nothing."""

    async def change(self, statement: Statement, arguments: Arguments, *, row: UUID | None = None) -> Record | None:
        """The row that the statement of a change of this `row` gives; None where it found nothing."""

    def held(self) -> AbstractAsyncContextManager[Run]:
        """How a change is made again in one transaction: what it has locked stays locked."""

    def work(self, viewer: Viewer) -> AbstractAsyncContextManager[Any]:
        """A unit of work."""


async def made(
    change: Change, source: Source, viewer: Viewer, input: Any, statement: ChangeStatement, values: Mapping[str, Any]
) -> Record:
    """Make a change; returns the row of its statement, which has more parameters with these values.

    Raises NotFound for what the viewer does not see, and Forbidden for what they may not do or nobody may. A viewer who
    came to it in between is not refused for it, nor whose row another transaction had locked. Raises KeyReused for an
    idempotency key that came with something else.
    """
    once = partial(_made, change, source, viewer, input, statement)
    run = partial(source.change, row=None if isinstance(change, Addition) else change.key(input))
    if not isinstance(change, Update) or not change.along:
        return await once(values, run)
    async with aclosing(change.along.made(source.fetch, viewer, input)) as along:
        row = await once({**values, GIVEN: await anext(along)}, run)
        if not change.is_late(row, input):
            return row
        async with source.held() as again:
            for _ in range(2):  # the first of them locks the row: from then on none is added
                row = await once({**values, GIVEN: await anext(along)}, again)
                if not change.is_late(row, input):
                    return row
    raise Conflict


async def _made(
    change: Change,
    source: Source,
    viewer: Viewer,
    input: Any,
    statement: ChangeStatement,
    values: Mapping[str, Any],
    run: Run,
) -> Record:
    for one in (statement, statement.alone):
        given = change.parameters(input, viewer)
        try:
            with refusing():
                row = await run(one, one.arguments({**values, **given}))
        except Conflict as refusal:
            if is_taken(refusal):  # by another process at the same time: now the answer is known
                continue
            raise
        if row is None:
            async with source.work(viewer) as work:
                named = getattr(input, change.at)
                at, any_state = field_of(change.at), change.in_any_state
                await work.get(change.table, named, at=at, may=change.may, in_any_state=any_state)
        elif statement.form is Form.KEYED and row[HASH] not in (None, values["body_hash"]):
            raise KeyReused
        else:
            return row
    raise Conflict


class Each(NamedTuple):
    """The outcome for the rows that a list names: the keys of those that were found, in the order of the list; how many
    of them were changed; why the others were not found; and JSON of the topics that were moved with their sequences.
    """

    keys: list[UUID]
    changed: int
    refusals: list[Refusal]
    at: str | None = None


async def each_made(
    change: UpdateEach,
    source: Source,
    viewer: Viewer,
    input: Any,
    statement: ChangeStatement,
    values: Mapping[str, Any],
    *,
    is_partial: bool,
) -> Each:
    """Change each row that a list names. Raises Refusals for those that cannot be, unless they are skipped."""
    given = change.parameters(input, viewer, is_partial=is_partial)
    row = await source.change(statement, statement.arguments({**values, **given}))
    found, changed = (set(row[0] or ()), row[1] or ()) if row else (set(), ())
    named = [key_of(change.table, public_id) for public_id in getattr(input, change.at)]
    missing = [index for index, key in enumerate(named) if key not in found]
    refusals = await _refusals(change, source, viewer, input, missing) if missing else []
    if refusals and not is_partial:
        raise Refusals(refusals)
    return Each([key for key in named if key and key in found], len(changed), refusals, row[AT] if row else None)


async def _refusals(
    change: UpdateEach, source: Source, viewer: Viewer, input: Any, indexes: Sequence[int]
) -> list[Refusal]:
    """Why rows were not found, at their indexes. One to which the viewer came in between was not found in time."""
    at = f"{field_of(change.at)}.{{}}"
    async with source.work(viewer) as work:
        judged = await work.get_all(change.table, getattr(input, change.at), at=at, may=change.may)
    known = ((index, judged[index]) for index in indexes)
    return [one if isinstance(one, Refusal) else Conflict(at=at.format(index)) for index, one in known]


async def make(work: Work, change: Change, input: Any) -> None:
    """Make a change as a part of the transaction of a unit of work. Raises why it is refused."""
    statement = showing_nothing(change, work.viewer.typical, form=Form.PART)
    row = await made(change, Part(work), work.viewer, input, statement, {"request_id": work.request_id})
    if row[1] is None and (refusal := change.refusal(row[2] or (), input)):
        raise refusal


@dataclass(frozen=True, slots=True)
class Part:
    """The transaction of a unit of work, in which changes are made. It begins with the first of them."""

    unit: Work

    async def fetch(self, statement: Statement, arguments: Arguments) -> Record | None:
        """The one row of a statement that changes nothing, as the transaction sees it if it has begun."""
        return await self.unit.record(statement, arguments)

    async def change(self, statement: Statement, arguments: Arguments, *, row: UUID | None = None) -> Record | None:
        """Make a change that is one statement. Its events wait for the end of the work."""
        await self.unit.flush()
        found = await self.unit.record(statement, arguments)
        if found is not None and found[1] is not None:
            self.unit.events += events(found[3], found[4])
        return found

    def held(self) -> AbstractAsyncContextManager[Run]:
        """How a change is made again: as `change` does."""
        return nullcontext(self.change)

    def work(self, viewer: Viewer) -> AbstractAsyncContextManager[Work]:
        """The unit of work itself."""
        return nullcontext(self.unit)
