"""What a connection has prepared: what is used again, and no more of it than it may have."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from asyncpg import Connection
from asyncpg.prepared_stmt import PreparedStatement

from db.address import Address
from db.engine import Database
from db.prepared import MAX_CHARACTERS, Prepared
from tests.db.waiting import until

KEPT = "SELECT name, length(statement) FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared%'"


@pytest.fixture
async def prepared(database_url: str) -> AsyncIterator[Prepared]:
    """One connection that nobody had before, which has found out all about the types of `KEPT`."""
    database = Database(database_url)
    connection = Prepared(await database.readers._connect())
    await connection.fetch(KEPT, [])
    yield connection
    await connection.connection.close()
    await database.close()


async def lengths(prepared: Prepared) -> list[int]:
    """The characters of each statement that PostgreSQL keeps for the connection."""
    return [row[1] for row in await prepared.connection.fetch(KEPT) if row[0]]


async def test_a_statement_is_prepared_when_it_is_used_for_the_second_time(prepared: Prepared) -> None:
    statement = "SELECT $1::int + 1"
    found = []
    for _ in range(3):
        assert (await prepared.fetch(statement, [1]))[0][0] == 2
        found.append(await lengths(prepared))
    assert found == [[], [len(statement)], [len(statement)]]


async def test_what_postgresql_keeps_is_bounded_in_characters(prepared: Prepared) -> None:
    half = MAX_CHARACTERS // 2 - 100
    for number in range(5):
        for _ in range(2):
            assert await prepared.fetch(f"SELECT {number} /*{'x' * half}*/", [])
    await prepared.fetch("SELECT 1", [])  # what is given up is closed when something else is prepared
    assert sum(await lengths(prepared)) <= MAX_CHARACTERS


async def test_what_is_larger_than_all_that_is_kept_is_answered_all_the_same(prepared: Prepared) -> None:
    statement = f"SELECT 1 /*{'x' * MAX_CHARACTERS}*/"
    for _ in range(3):
        assert (await prepared.fetch(statement, []))[0][0] == 1
    await prepared.fetch("SELECT 1", [])
    assert await lengths(prepared) == []


async def test_nothing_has_a_name_where_a_pooler_may_change_the_process_between_two_statements(
    database: Database,
) -> None:
    pooled = Prepared(await database.address.connect(statement_cache_size=0))
    for _ in range(3):
        found = [(await pooled.fetch(f"SELECT $1::int + {number}", [10]))[0][0] for number in range(3)]
        assert found == [10, 11, 12]
    assert await lengths(pooled) == []
    await pooled.connection.close()


class Observed(Connection):  # type: ignore[misc]  # the driver has no types
    """Tells when it has prepared a statement."""

    on_prepared: Callable[[], object]

    async def prepare(self, *arguments: Any, **named: Any) -> PreparedStatement:
        prepared = await super().prepare(*arguments, **named)
        self.on_prepared()
        return prepared


async def test_a_statement_that_is_given_up_before_it_runs_holds_no_lock(database: Database, database_url: str) -> None:
    """PostgreSQL locks its tables when it prepares it, and keeps them locked until something is run."""
    connection = await Address.parse(database_url).connect(connection_class=Observed)
    process = connection.get_server_pid()
    fetching = asyncio.create_task(Prepared(connection).fetch("SELECT name FROM users", []))
    connection.on_prepared = lambda: asyncio.get_running_loop().call_soon(fetching.cancel)
    with pytest.raises(asyncio.CancelledError):
        await fetching
    await until(database, "SELECT count(*) = 0 FROM pg_locks WHERE pid = :pid", pid=process)
