"""The databases of the tests themselves: what a test leaves behind reaches no other."""

import asyncio
from typing import Any

import pytest
from asyncpg import InterfaceError, InternalClientError, PostgresError
from sqlalchemy import select

from db.address import Address
from db.base import Base
from db.tables import User
from tests.app.serving import serving
from tests.conftest import TEMPLATE, NotingDatabase, ending
from tests.databases import Databases
from tests.lasting import COMPILED, MOST, SPARE

NO_ROWS = {
    "a table": "CREATE TABLE another (id int)",
    "a table that is gone": "DROP TABLE reactions",
    "a column": "ALTER TABLE users ADD another int",
    "an index that is gone": "DROP INDEX ix_comment_threads_open",
    "a constraint": "ALTER TABLE users ADD CHECK (name != 'Nobody')",
    "a function": "CREATE FUNCTION another() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a trigger that is off": "ALTER TABLE users DISABLE TRIGGER ALL",
    "figures": "ANALYZE users",
    "a file": "TRUNCATE reactions",
}


async def contents(url: str) -> dict[str, Any]:
    """All rows of all tables, and the sequences."""
    connection = await Address.parse(url).connect()
    tables = [table.fullname for table in Base.metadata.sorted_tables]
    rows = {name: await connection.fetch(f"SELECT t::text FROM {name} t ORDER BY 1") for name in tables}  # noqa: S608  (names of ours)
    sequences = await connection.fetch("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")
    await connection.close()
    return {**rows, "sequences": sequences}


async def leave(databases: Databases, url: str, statement: str) -> None:
    """Run a statement, on a connection that is still open when the test ends."""
    connection = await Address.parse(url).connect()
    await connection.execute(statement)
    await asyncio.to_thread(databases.end_sessions, url)
    connection.terminate()


async def ask(database: NotingDatabase, statement: str) -> Any:
    """The one value of a statement, on a connection for changes."""
    [[value]] = await database.writers.execute(statement, ())
    return value


async def test_nothing_runs_on_a_database_when_the_next_test_has_it(database_url: str, databases: Databases) -> None:
    connection = await Address.parse(database_url).connect()
    await connection.execute("BEGIN")
    await asyncio.to_thread(databases.end_sessions, database_url)
    with pytest.raises((InterfaceError, InternalClientError, PostgresError, ConnectionError)):
        await connection.execute("COMMIT")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE users SET name = 'Nobody'",
        "DELETE FROM reactions",
        "INSERT INTO outbox_topics (id, topic, sequence) VALUES (gen_random_uuid(), 'another', 7)",
        "SELECT nextval('audit_logs_sequence_seq') FROM generate_series(1, 40)",
    ],
)
async def test_what_a_test_has_written_is_undone(database_url: str, databases: Databases, statement: str) -> None:
    before = await contents(database_url)
    await leave(databases, database_url, statement)
    assert await contents(database_url) != before
    assert await asyncio.to_thread(databases.restore, database_url, TEMPLATE)
    assert await contents(database_url) == before


@pytest.mark.parametrize("statement", NO_ROWS.values(), ids=NO_ROWS)
async def test_a_database_of_which_more_was_changed_than_rows_goes_to_no_other_test(
    database_url: str, databases: Databases, statement: str
) -> None:
    await leave(databases, database_url, statement)
    assert not await asyncio.to_thread(databases.restore, database_url, TEMPLATE)


async def test_what_was_written_over_a_connection_that_stays_is_undone(database_url: str, databases: Databases) -> None:
    before = await contents(database_url)
    for _ in range(2):
        database = NotingDatabase(database_url)
        await ask(database, "UPDATE users SET name = 'Nobody' WHERE email = 'ada@example.com' RETURNING 1")
        await database.close()
        assert await contents(database_url) != before
        assert await asyncio.to_thread(databases.restore, database_url, TEMPLATE)
        assert await contents(database_url) == before


async def test_the_next_test_has_a_connection_as_it_was_when_it_was_opened(database_url: str) -> None:
    first, second = NotingDatabase(database_url), NotingDatabase(database_url)
    process, limit = await ask(first, "SELECT pg_backend_pid()"), await ask(first, "SHOW statement_timeout")
    for left_behind in (
        "set_config('statement_timeout', '1s', false)",
        "pg_advisory_lock(7)",
        "set_config('role', 'pg_monitor', false)",
    ):
        await ask(first, f"SELECT {left_behind}")
    await first.close()
    assert await ask(second, "SELECT pg_backend_pid()") == process
    assert await ask(second, "SHOW statement_timeout") == limit
    assert await ask(second, "SELECT current_user = session_user")
    assert await ask(second, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
    await second.close()


async def test_a_connection_within_a_transaction_goes_to_no_other_test(database_url: str) -> None:
    first, second = NotingDatabase(database_url), NotingDatabase(database_url)
    process = await ask(first, "SELECT pg_backend_pid()")
    await first.writers.execute("BEGIN", ())
    await first.close()
    assert await ask(second, "SELECT pg_backend_pid()") != process
    await second.close()


def test_a_task_ends_with_the_test_that_has_started_it(event_loop: asyncio.AbstractEventLoop) -> None:
    with ending(event_loop):
        task = event_loop.create_task(asyncio.Event().wait())
    assert task.cancelled()


async def test_no_more_connections_wait_than_a_server_has_to_spare(database_url: str) -> None:
    opened = [NotingDatabase(database_url) for _ in range(MOST + 3)]
    for one in opened:
        await ask(one, "SELECT 1")
    for one in opened:
        await one.close()
    assert sum(map(len, SPARE._idle.values())) <= MOST


async def test_a_statement_of_the_orm_is_compiled_once_for_all_tests(database_url: str) -> None:
    known = list[int]()
    for _ in range(2):
        database = NotingDatabase(database_url)
        async with database.read() as session:
            await session.scalars(select(User.name, User.bio, User.timezone).limit(1))
        await database.close()
        known.append(len(COMPILED))
    assert known[0] == known[1]


async def test_the_next_server_has_the_connections_of_the_one_before(database_url: str, redis_url: str) -> None:
    """But for one that was in use at the end, as that of a relay may be."""
    processes = list[set[int]]()
    for _ in range(2):
        async with serving(database_url, redis_url) as served:
            readers = served.app.database.readers
            async with readers.transaction() as one, readers.transaction() as another:
                processes.append({prepared.connection.get_server_pid() for prepared in (one, another)})
    assert processes[0] & processes[1]
