"""The ways to use the database: what each may do, within which limits, and that a lost connection is replaced."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from asyncpg import ReadOnlySQLTransactionError
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from db import tables
from db.access import GUEST
from db.engine import Database
from db.failures import Failure, failure_of
from tests.db.waiting import until
from tests.deadline import DEADLINE
from tests.world import World

Ask = Callable[[Database, str], Awaitable[Any]]


async def by_session(database: Database, statement: str) -> Any:
    async with database.read() as session:
        return (await session.execute(text(statement))).one()[0]


async def by_fetch(database: Database, statement: str) -> Any:
    ((found,),) = await database.readers.fetch(statement, [])
    return found.decode() if isinstance(found, bytes) else found


ways = pytest.mark.parametrize("ask", [by_session, by_fetch])


@pytest.fixture
async def single(database_url: str) -> AsyncIterator[Database]:
    """A database with one connection for each way to use it."""
    opened = Database(database_url, pool_size=1)
    yield opened
    await opened.close()


@ways
async def test_a_statement_a_lock_and_an_idle_transaction_have_limits(database: Database, ask: Ask) -> None:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    assert [await ask(database, f"SHOW {name}") for name in names] == ["5s", "2s", "10s"]


@ways
async def test_times_are_in_utc_and_nothing_is_compiled_just_in_time(database: Database, ask: Ask) -> None:
    assert [await ask(database, f"SHOW {name}") for name in ("timezone", "jit")] == ["UTC", "off"]


async def test_only_a_relay_does_not_wait_until_its_commit_is_on_the_disk(database: Database) -> None:
    ours = "SELECT setting FROM pg_settings WHERE name = 'synchronous_commit' AND source = 'client'"
    assert [tuple(row) for row in await database.relays.fetch(ours, [])] == [("off",)]
    assert await database.writers.fetch(ours, []) == []
    async with database.work(GUEST) as work:
        assert (await work.execute(text(ours))).all() == []


async def test_a_session_for_reading_cannot_change_anything(database: Database, world: World) -> None:
    async with database.read() as session:
        (await session.get_one(tables.User, world.ada.id)).name = "Changed"
        with pytest.raises(DBAPIError, match="read-only transaction"):
            await session.flush()


async def test_a_batch_of_reads_is_one_round_trip(database: Database) -> None:
    async with database.read() as session:
        connection = await (await session.connection()).get_raw_connection()
        await session.execute(text("SELECT 1"))
        assert not connection.driver_connection.is_in_transaction()  # type: ignore[union-attr]


async def test_rows_stay_readable_when_their_session_is_closed(database: Database, world: World) -> None:
    async with database.read() as session:
        ada = await session.get_one(tables.User, world.ada.id)
    assert ada.name == "Ada"


async def test_a_compiled_statement_cannot_change_anything(database: Database) -> None:
    with pytest.raises(ReadOnlySQLTransactionError):
        await database.readers.fetch("UPDATE users SET name = 'Changed' RETURNING 1", [])


async def test_what_a_transaction_writes_is_seen_once_it_is_done(database: Database, world: World) -> None:
    count = select(func.count()).select_from(tables.SpecificationProject)
    async with database.read() as session:
        before = await session.scalar(count) or 0
    async with database.work(GUEST) as work:
        await work.add(tables.SpecificationProject(name="New", owner_id=world.ada.id))
        async with database.read() as session:
            assert await session.scalar(count) == before
    async with database.read() as session:
        assert await session.scalar(count) == before + 1


async def test_a_migration_does_not_break_compiled_statements(single: Database, database_url: str) -> None:
    assert await by_fetch(single, TITLES) == "Logic"
    await migrate(database_url)
    assert await by_fetch(single, TITLES) == "Logic"


async def test_a_migration_breaks_a_statement_of_a_session_once_at_most(single: Database, database_url: str) -> None:
    assert await by_session(single, TITLES) == "Logic"
    await migrate(database_url)
    with pytest.raises(DBAPIError) as failed:
        await by_session(single, TITLES)
    assert failure_of(failed.value) is Failure.UNAVAILABLE
    assert await by_session(single, TITLES) == "Logic"


TITLES = "SELECT title FROM courses ORDER BY id LIMIT 1"


async def migrate(database_url: str) -> None:
    migrating = Database(database_url)
    async with migrating.work(GUEST) as work:
        await work.execute(text("ALTER TABLE courses DROP COLUMN search_vector"))
        await work.execute(text("ALTER TABLE courses ALTER COLUMN title TYPE varchar(500)"))
    await migrating.close()


@ways
async def test_a_lost_connection_is_replaced(single: Database, database: Database, ask: Ask) -> None:
    lost = await ask(single, "SELECT pg_backend_pid()")
    await by_session(database, f"SELECT pg_terminate_backend({lost})")
    async with asyncio.timeout(DEADLINE):
        while not hung_up(single):  # noqa: ASYNC110  (nobody tells of it)
            await asyncio.sleep(0.01)
    assert await ask(single, "SELECT pg_backend_pid()") != lost


def hung_up(database: Database) -> bool:
    """Whether this process knows that the server has closed its connections."""
    kept = [prepared.connection for prepared in database.readers._idle]
    return all(connection.is_closed() for connection in [*database._sessions, *kept])


async def test_a_statement_of_somebody_who_left_ends_in_the_database_too(single: Database, database: Database) -> None:
    asked = asyncio.create_task(by_fetch(single, "SELECT pg_sleep(60)"))
    running = (
        "SELECT count(*) = :n FROM pg_stat_activity "
        "WHERE datname = current_database() AND query = 'SELECT pg_sleep(60)' AND state = 'active'"
    )
    await until(database, running, n=1)
    asked.cancel()
    await until(database, running, n=0)
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert await by_fetch(single, "SELECT 1") == 1


async def test_a_sign_of_life_tells_what_is_wrong(database: Database, database_url: str) -> None:
    await database.ping()
    gone = Database(database_url.replace("/test_", "/gone_"))
    with pytest.raises(Exception, match="does not exist"):
        await gone.ping()
    await gone.close()
