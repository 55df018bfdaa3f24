"""What there is by now: what others committed while a statement waited."""

import asyncio
from typing import Any

from sqlalchemy import func, select

from db import tables
from db.access import GUEST
from db.by_now import by_now
from db.engine import Database
from tests.db.waiting import until
from tests.graphql_schema.asking import add
from tests.world import World

documents: Any = tables.SpecificationDocument.__table__
threads: Any = tables.CommentThread.__table__


async def counted(database: Database, world: World) -> tuple[int, int]:
    """How many threads a statement sees by itself behind the lock of their document, and how many there are by now."""
    found = select(documents.c.id).where(documents.c.id == world.design.id).with_for_update().cte("found")
    now = by_now(threads.c.document_id, found.c.id)
    seen = select(func.count()).where(threads.c.document_id == found.c.id).correlate(found).scalar_subquery()
    there = select(func.count()).select_from(now).correlate(found).scalar_subquery()
    async with database.work(GUEST) as work:
        found_then, found_now = (await work.execute(select(seen, there).select_from(found))).one()
        return found_then, found_now


async def test_behind_a_lock_there_is_what_was_committed_meanwhile(database: Database, world: World) -> None:
    before, _ = await counted(database, world)
    async with database.work(GUEST) as work:
        await work.execute(select(documents.c.id).where(documents.c.id == world.design.id).with_for_update())
        await work.add(tables.CommentThread(document_id=world.design.id, line=0))
        waiting = asyncio.create_task(counted(database, world))
        await until(database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
    assert await waiting == (before, before + 1)


async def test_what_hangs_on_another_row_is_not_there(database: Database, world: World) -> None:
    before = await counted(database, world)
    await add(database, tables.CommentThread(document_id=world.requirements.id, line=0))
    assert await counted(database, world) == before
