"""How a change is made by its statement, and what it is refused for.

Rule and change see one state of the database, and no round trip lies between the two. Only whoever is refused waits for
a second statement, which says why.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from db.access import Viewer
from db.change.declared import Addition, Change, UpdateEach
from db.change.keys import AT, HASH, is_taken
from db.change.parts import Form
from db.change.statement import ChangeStatement
from db.coalescing import Record
from db.constraints import field_of
from db.errors import Conflict, KeyReused, Refusal, Refusals
from db.ids import key_of
from db.statements import Arguments, Statement


class Source(Protocol):
    """A database, or a transaction, in which changes are made."""

    async def change(self, statement: Statement, arguments: Arguments, *, row: UUID | None = None) -> Record | None:
        """The row that the statement of a change of this `row` gives; None where it found nothing."""

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
    for one in (statement, statement.alone):
        given = change.parameters(input, viewer)
        try:
            arguments = one.arguments({**values, **given})
            row = await source.change(one, arguments, row=None if isinstance(change, Addition) else given["key"])
        except Conflict as refusal:
            if is_taken(refusal):  # by another process at the same time: now the answer is known
                continue
            raise
        if row is None:
            async with source.work(viewer) as work:
                await work.get(change.table, getattr(input, change.at), at=field_of(change.at), may=change.may)
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
