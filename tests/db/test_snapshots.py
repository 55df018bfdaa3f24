"""Several statements that read one state of the database, and how their connection goes back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from asyncpg import DivisionByZeroError
from sqlalchemy import text

from db.engine import USES, Database
from db.errors import Overloaded
from db.statements import Statement
from tests.db.waiting import until

NAMES = Statement("SELECT string_agg(name, ',' ORDER BY name) FROM users WHERE name LIKE 'A%'", {}, {})
WRONG = Statement("SELECT 1 / 0", {}, {})
SLOW = Statement("SELECT pg_sleep(60)", {}, {})
WRITING = Statement("DELETE FROM users RETURNING 1", {}, {})
RENAME = "UPDATE users SET name = 'Anna' WHERE name = 'Ada'"
SLEEPING = (
    "SELECT count(*) = :n FROM pg_stat_activity "
    "WHERE datname = current_database() AND query = 'SELECT pg_sleep(60)' AND state = 'active'"
)


@pytest.fixture
async def one(database_url: str) -> AsyncIterator[Database]:
    """A database with one connection for each use, which nobody waits for long."""
    opened = Database(database_url, pool_size=USES)
    opened.readers.timeout = 0.05
    yield opened
    await opened.close()


async def test_what_changes_meanwhile_is_not_seen(one: Database) -> None:
    async with one.snapshot() as snapshot:
        before = await snapshot.fetch(NAMES, [])
        async with one.engine.begin() as connection:
            await connection.execute(text(RENAME))
        assert await snapshot.fetch(NAMES, []) == before
    assert await one.fetch(NAMES, []) != before


async def test_a_read_that_fails_leaves_the_next_as_it_is(one: Database) -> None:
    async with one.snapshot() as snapshot:
        with pytest.raises(DivisionByZeroError):
            await snapshot.fetch(WRONG, [])
        assert await snapshot.fetch(NAMES, [])


async def test_nothing_is_written(one: Database) -> None:
    async with one.snapshot() as snapshot:
        with pytest.raises(Exception, match="read-only"):
            await snapshot.fetch(WRITING, [])


async def test_it_takes_a_connection_from_the_others_until_it_ends(one: Database) -> None:
    async with one.snapshot():
        with pytest.raises(Overloaded):
            await one.fetch(NAMES, [])
    assert await one.fetch(NAMES, [])


async def test_who_leaves_stops_the_statement_and_gives_the_connection_back(one: Database, database: Database) -> None:
    async def take_long() -> None:
        async with one.snapshot() as snapshot:
            await snapshot.fetch(SLOW, [])

    sleeping = asyncio.create_task(take_long())
    await until(database, SLEEPING, n=1)
    sleeping.cancel()
    await asyncio.gather(sleeping, return_exceptions=True)
    await until(database, SLEEPING, n=0)
    async with one.snapshot() as snapshot:
        assert await snapshot.fetch(NAMES, [])
