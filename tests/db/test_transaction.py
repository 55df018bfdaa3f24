"""A transaction around several works: each sees what those before it did, and all of it is kept, or nothing."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import func, select, text

from db import tables
from db.base import new_id
from db.engine import Database
from db.errors import BadInput, NotFound
from db.outbox import OutboxEvent
from db.statements import Statement
from db.tables import DocumentEventKind
from tests.world import World

NAMES = select(tables.SpecificationProject.name)
COUNT = Statement("SELECT count(*) FROM specification_projects WHERE name = $1::text", {"name": "text"}, {})


async def names(database: Database) -> set[str]:
    async with database.read() as session:
        return set(await session.scalars(NAMES))


async def test_works_and_reads_see_what_is_done_before_and_nobody_else_does(database: Database, world: World) -> None:
    async with database.transaction() as transaction:
        async with transaction.work(world.viewer("ada")) as work:
            await work.add(tables.SpecificationProject(name="Globe", owner_id=work.viewer_id))
        async with transaction.work(world.viewer("ada")) as work:
            found = await work.scalar(NAMES.where(tables.SpecificationProject.name == "Globe"))
        async with transaction.read() as session:
            assert "Globe" in set(await session.scalars(NAMES))
        assert found == "Globe"
        assert await transaction.fetch(COUNT, ["Globe"], weight=7) == (1,)
        assert "Globe" not in await names(database)
    assert "Globe" in await names(database)


async def test_a_work_finds_rows_as_a_statement_has_left_them(database: Database, world: World) -> None:
    async with database.transaction() as transaction:
        async with transaction.work(world.viewer("ada")) as work:
            before = await work.get(tables.SpecificationProject, world.atlas.public_id, at="id")
            await work.execute(text("UPDATE specification_projects SET name = 'Renamed' WHERE name = 'Atlas'"))
        async with transaction.work(world.viewer("ada")) as work:
            atlas = await work.get(tables.SpecificationProject, world.atlas.public_id, at="id")
    assert (before.name, atlas.name) == ("Atlas", "Renamed")


async def test_reads_at_the_same_time_are_done_in_turn(database: Database) -> None:
    async def read() -> int:
        async with transaction.read() as session:
            return await session.scalar(select(func.count()).select_from(tables.User)) or 0

    async with database.transaction() as transaction:
        counts = await asyncio.gather(*(read() for _ in range(5)), *(transaction.fetch(COUNT, ["x"]) for _ in range(5)))
    assert counts == [8] * 5 + [(0,)] * 5


async def test_an_exception_undoes_all_works_and_nothing_is_told_of_them(database: Database, world: World) -> None:
    before = await names(database)
    with suppress(BadInput):
        async with database.transaction() as transaction:
            async with transaction.work(world.viewer("ada")) as work:
                await work.changed(await work.add(tables.SpecificationProject(name="Lost", owner_id=work.viewer_id)))
            raise BadInput
    assert (await names(database), await kinds(database)) == (before, [])


async def test_events_of_all_works_are_written_in_their_order(database: Database, world: World) -> None:
    told = (DocumentEventKind.COMMENT_ADDED, DocumentEventKind.THREAD_RESOLVED)
    async with database.transaction() as transaction:
        for kind in told:
            async with transaction.work(world.viewer("ada")) as work:
                await work.happened(kind, world.requirements)
        assert await kinds(database) == []
    assert await kinds(database) == [kind.value for kind in told]


async def kinds(database: Database) -> list[str]:
    """The kinds of all events in the outbox."""
    async with database.read() as session:
        return list(await session.scalars(select(OutboxEvent.kind).order_by(OutboxEvent.sequence)))


async def test_it_remembers_that_a_work_was_given_up(database: Database, world: World) -> None:
    async with database.transaction() as transaction:
        async with transaction.work(world.viewer("ada")):
            pass
        assert not transaction.has_failed
        with pytest.raises(BadInput):
            async with transaction.work(world.viewer("ada")):
                raise BadInput
        assert transaction.has_failed


async def test_what_cannot_be_written_fails_in_the_work_that_adds_it(database: Database, world: World) -> None:
    with pytest.raises(NotFound):
        async with database.transaction() as transaction, transaction.work(world.viewer("ada")) as work:
            await work.add(tables.SpecificationProject(name="Lost", owner_id=new_id()))
