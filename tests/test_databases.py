"""The databases of the tests themselves."""

import asyncio

import pytest
from asyncpg import InterfaceError, PostgresError

from db.address import Address
from tests.databases import Databases


async def test_nothing_runs_on_a_database_when_the_next_test_has_it(database_url: str, databases: Databases) -> None:
    connection = await Address.parse(database_url).connect()
    await connection.execute("BEGIN")
    await asyncio.to_thread(databases.end_sessions, database_url)
    with pytest.raises((InterfaceError, PostgresError)):
        await connection.execute("COMMIT")
