"""Many rows inserted in a session by one statement a table; and which of them it is, where a constraint refuses one."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.base import Base
from db.constraints import refusing
from db.errors import Refusal


async def insert(session: AsyncSession, rows: Sequence[Base], items: Mapping[UUID, Any]) -> None:
    """Insert rows, each behind those that it refers to. `items` are the parts of the input that they were made of.

    Raises the refusal of a constraint, with the item of the first row that is refused. PostgreSQL does not say which
    one that is, so they are tried again in halves: twice as many rows are written then, and nothing is kept.
    """
    if len(rows) == 1:
        await _insert(session, rows, item=items.get(rows[0].id))
        return
    try:
        await _try(session, rows)
    except Refusal:
        while len(rows) > 1:
            half = rows[: len(rows) // 2]
            rows = rows[len(half) :] if await _fit(session, half) else half
        await _insert(session, rows, item=items.get(rows[0].id))
        raise


async def _fit(session: AsyncSession, rows: Sequence[Base]) -> bool:
    """Whether no row is refused: then they stay, for others refer to them."""
    try:
        await _try(session, rows)
    except Refusal:
        return False
    return True


async def _try(session: AsyncSession, rows: Sequence[Base]) -> None:
    """Insert rows; if one of them is refused, the transaction goes on without all of them."""
    with refusing():
        async with session.begin_nested():
            await _insert(session, rows)


async def _insert(session: AsyncSession, rows: Sequence[Base], *, item: Any = None) -> None:
    with refusing(item):
        for table in dict.fromkeys(map(type, rows)):
            session.add_all(row for row in rows if type(row) is table)
            await session.flush()
