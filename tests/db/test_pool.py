"""The connections of compiled reads: few, lent in turn, and replaced when they are lost."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asyncpg import InternalClientError
from sqlalchemy import func, select, text

from db.engine import HEAVY, USES, Database
from db.errors import Overloaded
from db.failures import Failure, failure_of
from db.pool import MAX_WAITING, STALE
from db.statements import compiled
from tests.app.wire import Wire
from tests.db.waiting import until
from tests.deadline import DEADLINE

PID = "SELECT pg_backend_pid()"
SLOW = "SELECT pg_sleep(60)"
SLEEPING = (
    "SELECT count(*) = :n FROM pg_stat_activity "
    "WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep(%)%' AND state = 'active'"
)
CUT = (
    "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND query = 'SELECT pg_sleep(60)'"
)


@pytest.fixture
async def few(database_url: str, patient: None) -> AsyncIterator[Database]:
    """A database with two connections for each use, which nobody waits for long."""
    opened = Database(database_url, pool_size=2 * USES)
    opened.readers.timeout = opened.heavy_readers.timeout = 0.05
    yield opened
    await opened.close()


async def first(database: Database, statement: str) -> Any:
    return (await database.readers.fetch(statement, []))[0][0]


async def test_the_connection_used_last_is_used_next(few: Database) -> None:
    pids = set(await asyncio.gather(first(few, PID), first(few, PID)))
    assert len(pids) == 2
    assert len({await first(few, PID) for _ in range(5)}) == 1


async def test_who_finds_all_connections_busy_is_refused_in_time(few: Database, database: Database) -> None:
    asked = [asyncio.create_task(first(few, SLOW)) for _ in range(2)]
    await until(database, SLEEPING, n=2)
    with pytest.raises(Overloaded):
        await first(few, PID)
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    assert await first(few, PID)


async def test_only_so_many_can_wait_for_a_connection(few: Database, database: Database) -> None:
    few.readers.timeout = 60
    await asyncio.gather(first(few, PID), first(few, PID))  # both connections are open
    asked = [asyncio.create_task(first(few, SLOW)) for _ in range(2 + MAX_WAITING)]
    await until(database, SLEEPING, n=2)
    with pytest.raises(Overloaded):
        async with asyncio.timeout(few.readers.timeout / 2):  # at once: who waits is refused at some time, too
            await first(few, PID)
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    assert await first(few, PID)


async def test_heavy_reads_leave_connections_and_processors_for_the_others(
    database_url: str, database: Database, patient: None
) -> None:
    """Of the eight connections for each use they have two."""
    slow = compiled(select(func.pg_sleep(60)))
    many = Database(database_url, pool_size=8 * USES)
    many.heavy_readers.timeout = 0.05
    asked = [asyncio.create_task(many.fetch(slow, slow.arguments({}), weight=HEAVY)) for _ in range(20)]
    await until(database, SLEEPING, n=2)
    assert await first(many, PID)
    async with asyncio.timeout(DEADLINE):
        while sum(task.done() for task in asked) < len(asked) - 2:  # noqa: ASYNC110  (there is no event to wait for)
            await asyncio.sleep(0.01)
    assert {type(task.exception()) for task in asked if task.done()} == {Overloaded}
    for task in asked:
        task.cancel()
    await until(database, SLEEPING, n=0)
    await many.close()


async def test_several_reads_of_one_state_leave_connections_for_single_ones(few: Database) -> None:
    async with few.snapshot():
        with pytest.raises(Overloaded):
            async with few.snapshot():
                pass
        assert await first(few, PID)
    async with few.snapshot():
        pass


async def test_more_requests_than_connections_take_turns(few: Database) -> None:
    few.readers.timeout = 5
    assert len(set(await asyncio.gather(*(first(few, PID) for _ in range(50))))) <= 2


async def test_a_read_that_loses_its_connection_is_run_again_once(few: Database, database: Database) -> None:
    asked = asyncio.create_task(first(few, SLOW))
    pids = set[int]()
    async with asyncio.timeout(DEADLINE):
        while not asked.done():
            async with database.read() as session:
                pids.update(await session.scalars(text(CUT)))
    with pytest.raises(STALE):
        await asked
    assert len(pids) == 2
    assert await first(few, PID)


@pytest.mark.parametrize("way", ["fetch", "transaction"])
async def test_a_connection_on_which_the_server_has_said_goodbye_is_replaced(
    database: Database, database_url: str, way: str
) -> None:
    """The server says so while nobody asks, and a moment before the connection ends. A read is run again."""
    async with Wire(database_url) as wire:
        wire.hides_ends = True
        reached = Database(wire.url)
        pid = await first(reached, PID)
        assert await first(database, f"SELECT pg_terminate_backend({pid}, {DEADLINE * 1_000:.0f})")
        await until(database, "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = :pid", pid=pid)
        await asyncio.wait(wire.answering)
        assert await first(database, PID)  # what it has said is read while this is answered
        if way == "transaction":
            with pytest.raises(InternalClientError) as failed:
                async with reached.readers.transaction():
                    pass
            assert failure_of(failed.value) == Failure.UNAVAILABLE
        assert await first(reached, PID) != pid
        await reached.close()


async def test_text_comes_as_it_was_written(few: Database) -> None:
    assert await first(few, "SELECT 'Grüße'") == "Grüße".encode()


@pytest.mark.parametrize("fails", [False, True])
async def test_a_transaction_whose_connection_is_closed_says_that_the_database_is_unavailable(
    few: Database, fails: bool
) -> None:
    async def closed() -> None:
        async with few.readers.transaction() as prepared:
            prepared.connection.terminate()
            if fails:
                await prepared.fetch(PID, [])

    with pytest.raises(STALE) as failed:
        await closed()
    assert failure_of(failed.value) == Failure.UNAVAILABLE
    assert await first(few, PID)
