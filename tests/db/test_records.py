"""Rows without a session: the same as with one, whichever their table."""

from typing import Any

import pytest
from asyncpg import UniqueViolationError
from sqlalchemy import inspect, select

from db import tables
from db.access import GUEST
from db.base import Base
from db.base import tables as all_tables
from db.engine import Database
from db.records import columns, row_of
from db.statements import compiled
from tests.world import World

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
        thread = await work.add(tables.CommentThread(document_id=world.requirements.id, line=1))
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
            await work.add(tables.CommentThread(document_id=world.requirements.id, line=99))
            for _ in range(2):
                await work.add(tables.Reaction(comment_id=world.comment.id, user_id=world.olga.id, type="LIKE"))

    with pytest.raises(UniqueViolationError):
        await add_one_twice()
    async with database.read() as session:
        found = select(tables.CommentThread).where(tables.CommentThread.line == 99)
        assert (await session.scalars(found)).all() == []


async def test_a_row_that_was_found_before_belongs_to_the_session_that_is_opened(
    database: Database, world: World
) -> None:
    async with database.work(world.viewer("ada")) as work:
        project = await work.get(tables.SpecificationProject, world.atlas.public_id, at="projectId")
        assert inspect(project).transient
        opened = work.session.sync_session
        assert inspect(project).session is opened
        project.name = "Renamed"
    async with database.read() as session:
        assert (await session.get_one(tables.SpecificationProject, world.atlas.id)).name == "Renamed"
