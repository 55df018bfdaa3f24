"""Rows without a session: the same as with one, whichever their table."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import inspect, select, text

from db import tables
from db.access import GUEST
from db.base import Base
from db.base import tables as all_tables
from db.engine import Database
from db.errors import Conflict, NotFound
from db.records import columns, row_of
from db.statements import compiled
from tests.db.waiting import until
from tests.world import World

WAITING = "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
LOCK = text("SELECT FROM comment_threads WHERE id = :key FOR UPDATE")
TABLES = {table.__tablename__: table for table in all_tables()}


def values_of(row: Base) -> dict[str, Any]:
    return {name: getattr(row, name) for name in columns(type(row))}


@pytest.mark.parametrize("name", TABLES)
async def test_a_row_read_from_a_record_is_the_row_of_a_session(database: Database, world: World, name: str) -> None:
    table = TABLES[name]
    statement = compiled(select(*columns(table).values()).order_by(table.id).limit(1))
    record = await database.finds.fetch(statement, statement.arguments({}))
    async with database.read() as session:
        expected = await session.scalar(select(table).order_by(table.id).limit(1))
    assert (record is None) == (expected is None)
    if record is not None and expected is not None:
        assert values_of(row_of(table, record)) == values_of(expected)


async def test_rows_of_several_tables_are_inserted_by_one_statement(database: Database, world: World) -> None:
    async with database.work(GUEST) as work:
        thread = await work.add(tables.CommentThread(document_id=world.requirements.id, line=1, end_line=1))
        comments = [
            await work.add(tables.Comment(thread_id=thread.id, author_id=world.ada.id, content=text))
            for text in ("One", "Two")
        ]
    for row in (thread, *comments):
        async with database.read() as session:
            assert values_of(row) == values_of(await session.get_one(type(row), row.id))


async def test_an_inserted_row_has_the_values_that_the_database_has_made(database: Database, world: World) -> None:
    async with database.work(GUEST) as work:
        project = await work.add(tables.SpecificationProject(name="New", owner_id=world.ada.id, settings={"a": [1]}))
    assert project.created_at == project.updated_at
    async with database.read() as session:
        assert (await session.get_one(tables.SpecificationProject, project.id)).settings == {"a": [1]}


async def test_of_rows_that_are_added_together_all_are_kept_or_none(database: Database, world: World) -> None:
    async def add_one_twice() -> None:
        async with database.work(GUEST) as work:
            await work.add(tables.CommentThread(document_id=world.requirements.id, line=99, end_line=99))
            for _ in range(2):
                await work.add(tables.Reaction(comment_id=world.comment.id, user_id=world.olga.id, type="LIKE"))

    with pytest.raises(Conflict):
        await add_one_twice()
    async with database.read() as session:
        found = select(tables.CommentThread).where(tables.CommentThread.line == 99)
        assert (await session.scalars(found)).all() == []


async def test_a_row_that_was_found_before_belongs_to_the_session_that_is_opened(
    database: Database, world: World
) -> None:
    async with database.work(world.viewer("ada")) as work:
        project = await work.get(tables.SpecificationProject, world.atlas.public_id, at="projectId")
        assert inspect(project).detached
        opened = (await work.session()).sync_session
        assert inspect(project).session is opened
        project.name = "Renamed"
    async with database.read() as session:
        assert (await session.get_one(tables.SpecificationProject, world.atlas.id)).name == "Renamed"


async def test_rows_of_several_transactions_of_one_moment_are_written_together(
    database: Database, world: World
) -> None:
    async def add(line: int) -> tuple[tables.CommentThread, tables.Comment]:
        async with database.work(GUEST) as work:
            thread = await work.add(tables.CommentThread(document_id=world.requirements.id, line=line, end_line=line))
            comment = tables.Comment(thread_id=thread.id, author_id=world.ada.id, content=f"On {line}")
            return thread, await work.add(comment)

    added = await asyncio.gather(*(add(line) for line in range(4)))
    assert len({thread.created_at for thread, _ in added}) == 1
    async with database.read() as session:
        for thread, comment in added:
            assert values_of(thread) == values_of(await session.get_one(tables.CommentThread, thread.id))
            assert values_of(comment) == values_of(await session.get_one(tables.Comment, comment.id))


async def test_a_row_that_cannot_be_written_keeps_no_other_from_it(database: Database, world: World) -> None:
    async def add(owner: UUID) -> None:
        async with database.work(GUEST) as work:
            await work.add(tables.SpecificationProject(name="New", owner_id=owner))

    ends = await asyncio.gather(add(world.ada.id), add(UUID(int=0)), add(world.ben.id), return_exceptions=True)
    assert [type(end) for end in ends] == [type(None), NotFound, type(None)]
    assert await counted(database, "SELECT count(*) FROM specification_projects WHERE name = 'New'") == 2


async def test_who_gives_up_an_addition_that_has_begun_is_told_what_became_of_it(
    database: Database, world: World
) -> None:
    """It waits for a row that somebody else has locked, in one statement with the addition of somebody else."""

    async def add(content: str) -> None:
        async with database.work(GUEST) as work:
            await work.add(tables.Comment(thread_id=world.thread_0.id, author_id=world.ada.id, content=content))

    async with database.engine.begin() as connection:
        await connection.execute(LOCK, {"key": world.thread_0.id})
        adding = [asyncio.create_task(add(content)) for content in ("Mine", "Theirs")]
        await until(database, WAITING)
        adding[0].cancel()
    ends = await asyncio.gather(*adding, return_exceptions=True)
    kept = await counted(
        database, "SELECT string_agg(content, ',' ORDER BY content) FROM comments WHERE content IN ('Mine', 'Theirs')"
    )
    assert (ends, kept) == ([None, None], "Mine,Theirs")


async def counted(database: Database, statement: str) -> Any:
    async with database.read() as session:
        return await session.scalar(text(statement))
