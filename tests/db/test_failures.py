"""Failures of real statements: what they mean is the same whichever driver reports them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from db import tables
from db.engine import Database
from db.failures import Failure, failure_of
from tests.db.scratch import scratch
from tests.db.waiting import until
from tests.world import World

Ask = Callable[..., Awaitable[Any]]

UNFIT = [
    ("SELECT 'no number'::int", None),
    ("SELECT 1 / 0", None),
    ("SELECT CAST(:value AS text)", "\0"),
    ("SELECT CAST(:value AS text)", "\ud800"),
    ("SELECT CAST(:value AS int)", 2**31),
    ("SELECT CAST(:value AS int)", 2**200),
    ("SELECT CAST(:value AS uuid)", "no key"),
    ("SELECT CAST(:value AS numeric(12, 2))", 10**12),
]


@pytest.fixture
async def single(database_url: str) -> AsyncIterator[Database]:
    """A database with one connection for each way to use it."""
    opened = Database(database_url, pool_size=1)
    yield opened
    await opened.close()


async def by_session(database: Database, *statements: str, value: Any = None) -> None:
    async with scratch(database) as session:
        for statement in statements:
            await session.execute(text(statement), {"value": value} if ":value" in statement else {})


async def by_fetch(database: Database, *statements: str, value: Any = None) -> None:
    for statement in statements:
        await database.readers.fetch(statement.replace(":value", "$1"), [value] if ":value" in statement else [])


ways = pytest.mark.parametrize("ask", [by_session, by_fetch])


async def failure(database: Database, ask: Ask, *statements: str, value: Any = None) -> Failure | None:
    """What the failure of the last statement means."""
    with pytest.raises(Exception) as failed:  # noqa: PT011  (which exception it is, is what the test is about)
        await ask(database, *statements, value=value)
    return failure_of(failed.value)


@ways
async def test_a_statement_that_takes_too_long_is_too_slow(single: Database, ask: Ask) -> None:
    limit = "SELECT set_config('statement_timeout', '20ms', false)"
    assert await failure(single, ask, limit, "SELECT pg_sleep(60)") is Failure.TOO_SLOW


@ways
async def test_a_lock_that_takes_too_long_is_too_slow(single: Database, database: Database, ask: Ask) -> None:
    async with scratch(database) as session:
        await session.execute(text("LOCK TABLE users IN ACCESS EXCLUSIVE MODE"))
        limit = "SELECT set_config('lock_timeout', '20ms', false)"
        assert await failure(single, ask, limit, "SELECT name FROM users LIMIT 1") is Failure.TOO_SLOW


@ways
async def test_a_connection_that_is_lost_on_the_way_is_unavailable(single: Database, ask: Ask) -> None:
    assert await failure(single, ask, "SELECT pg_terminate_backend(pg_backend_pid())") is Failure.UNAVAILABLE


async def test_a_transaction_that_slept_too_long_is_unavailable(single: Database, database: Database) -> None:
    async with scratch(single) as session:
        sleeper = await session.scalar(text("SELECT pg_backend_pid()"))
        await session.execute(text("SET idle_in_transaction_session_timeout = '20ms'"))
        await until(database, "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = :pid", pid=sleeper)
        with pytest.raises(Exception) as failed:  # noqa: PT011  (nor is it here)
            await session.execute(text("SELECT 1"))
        assert failure_of(failed.value) is Failure.UNAVAILABLE


@ways
async def test_a_server_that_is_not_there_is_unavailable(ask: Ask) -> None:
    nowhere = Database("postgresql+asyncpg://trellis@/trellis?host=/nowhere&port=5432")
    assert await failure(nowhere, ask, "SELECT 1") is Failure.UNAVAILABLE
    await nowhere.close()


@ways
async def test_a_server_without_room_for_another_connection_is_unavailable(
    database: Database, database_url: str, ask: Ask
) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0"))
    full = Database(database_url.replace("trellis@", "crowded@"))
    assert await failure(full, ask, "SELECT 1") is Failure.UNAVAILABLE
    await full.close()
    async with database.engine.begin() as connection:
        await connection.execute(text("DROP ROLE crowded"))


def test_a_pool_without_a_free_connection_is_busy() -> None:
    assert failure_of(PoolTimeout()) is Failure.BUSY


async def test_one_of_two_that_wait_for_each_other_is_in_a_deadlock(database: Database, world: World) -> None:
    async def lock(session: AsyncSession, user: tables.User) -> None:
        await session.execute(text("SELECT name FROM users WHERE id = :id FOR UPDATE"), {"id": user.id})

    async with scratch(database) as one, scratch(database) as other:
        for session, user in ((one, world.ada), (other, world.ben)):
            await session.execute(text("SET deadlock_timeout = '20ms'"))
            await lock(session, user)
        ends = await asyncio.gather(lock(one, world.ben), lock(other, world.ada), return_exceptions=True)
    assert [failure_of(end) for end in ends if end is not None] == [Failure.DEADLOCK]


@ways
async def test_a_value_that_does_not_fit_is_invalid(single: Database, ask: Ask) -> None:
    for statement, value in UNFIT:
        assert await failure(single, ask, statement, value=value) is Failure.INVALID_VALUE, (statement, value)


@ways
async def test_a_mistake_of_ours_is_none_of_these(single: Database, ask: Ask) -> None:
    for statement in ("SELECT nothing FROM nowhere", "SELECT (", "INSERT INTO sessions DEFAULT VALUES"):
        assert await failure(single, ask, statement) is None, statement


def test_other_exceptions_are_none_of_these() -> None:
    assert failure_of(RuntimeError("secret")) is None
    assert failure_of(None) is None


@ways
@pytest.mark.parametrize("change", [{"username": "nobody"}, {"database": "nowhere"}])
async def test_who_is_not_let_in_any_more_finds_it_unavailable(
    database_url: str, ask: Ask, change: dict[str, Any]
) -> None:
    away = Database(make_url(database_url).set(**change).render_as_string(hide_password=False))
    try:
        assert await failure(away, ask, "SELECT 1") is Failure.UNAVAILABLE
    finally:
        await away.close()
