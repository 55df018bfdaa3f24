"""Many rows inserted in a session by one statement a table; and which of them it is, where a constraint refuses one."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.base import Base
from db.constraints import refusing
from db.errors import Refusal
from db.records import columns

Values = tuple[type[Base], Mapping[str, Any]]
"""The table of a row, and its values as they were before the database filled in others."""


async def insert(session: AsyncSession, rows: Sequence[Base], items: Mapping[UUID, Any]) -> None:
    """Insert rows, each behind those that it refers to. `items` are the parts of the input that they were made of.

    Raises the refusal of a constraint, with the item of the first row that is refused. PostgreSQL does not say which
    one that is, so they are tried again in halves: twice as many rows are written then, and nothing is kept.
    """
    if len(rows) == 1:
        await _insert(session, rows, item=items.get(rows[0].id))
        return
    values = [_values(row) for row in rows]
    try:
        await _try(session, rows)
    except Refusal:
        await _refuse(session, values, items)
        raise


async def _refuse(session: AsyncSession, values: Sequence[Values], items: Mapping[UUID, Any]) -> None:
    """Raise the refusal of the first of these rows that is refused."""
    while len(values) > 1:
        half = values[: len(values) // 2]
        values = values[len(half) :] if await _fit(session, half) else half
    (row,) = _made(values)
    await _insert(session, [row], item=items.get(row.id))


async def _fit(session: AsyncSession, values: Sequence[Values]) -> bool:
    """Whether none of these rows is refused: then they stay, for others refer to them."""
    try:
        await _try(session, _made(values))
    except Refusal:
        return False
    return True


async def _try(session: AsyncSession, rows: Sequence[Base]) -> None:
    """Insert rows; if one of them is refused, the transaction goes on without all of them."""
    async with session.begin_nested():
        await _insert(session, rows)


async def _insert(session: AsyncSession, rows: Sequence[Base], *, item: Any = None) -> None:
    with refusing(item):
        for table in dict.fromkeys(map(type, rows)):
            session.add_all(row for row in rows if type(row) is table)
            await session.flush()


def _values(row: Base) -> Values:
    return type(row), {name: row.__dict__[name] for name in columns(type(row)) if name in row.__dict__}


def _made(values: Sequence[Values]) -> list[Base]:
    return [table(**given) for table, given in values]
