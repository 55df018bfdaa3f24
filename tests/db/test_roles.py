"""The roles of readers and writers: made once, set again as often as one likes."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from asyncpg import (
    Connection,
    InsufficientPrivilegeError,
    IntegrityConstraintViolationError,
    ReadOnlySQLTransactionError,
)
from sqlalchemy import make_url

from db import roles
from db.errors import CannotRun


def of(database_url: str, role: str) -> str:
    return make_url(database_url).set(username=role, password="a 'quote'").render_as_string(hide_password=False)


@pytest.fixture
async def given(database_url: str) -> AsyncIterator[dict[str, Connection]]:
    """A connection of each role, after they were given twice."""
    writer, reader = of(database_url, f"the writer {uuid4().hex}"), of(database_url, f"the reader {uuid4().hex}")
    for _ in range(2):
        await roles.give(database_url, writer, reader_url=reader)
    await roles.check(writer, reader_url=reader)
    opened = {name: await asyncpg.connect(url.replace("+asyncpg", "")) for name, url in (("w", writer), ("r", reader))}
    yield opened
    for connection in opened.values():
        await connection.close()


async def test_their_sessions_are_set_without_being_told(given: dict[str, Connection]) -> None:
    for name, connection in given.items():
        for setting, value in roles.settings_of(reads=name == "r").items():
            assert await connection.fetchval("SELECT current_setting($1)", setting) == value


async def test_a_reader_reads_and_a_writer_writes_rows_and_no_tables(given: dict[str, Connection]) -> None:
    reader, writer = given["r"], given["w"]
    assert await reader.fetchval("SELECT count(*) FROM users") > 0
    with pytest.raises(ReadOnlySQLTransactionError):
        await reader.execute("DELETE FROM users")
    with pytest.raises(InsufficientPrivilegeError):
        await reader.execute("BEGIN READ WRITE; DELETE FROM users")
    assert await writer.execute("DELETE FROM notifications")
    with pytest.raises(InsufficientPrivilegeError):
        await writer.execute("DROP TABLE users")


async def test_a_writer_adds_to_the_audit_log_and_reaches_no_partition_of_it(given: dict[str, Connection]) -> None:
    writer = given["w"]
    await writer.execute(
        "INSERT INTO audit_logs (id, action, resource) VALUES (gen_random_uuid(), 'signed_in', 'users')"
    )
    for change in ("DELETE FROM audit_logs", "UPDATE audit_logs SET action = 'other'"):
        with pytest.raises(IntegrityConstraintViolationError, match="stay as they are"):
            await writer.execute(change)
    for way_round in ("DELETE FROM partitions.audit_logs_default", "TRUNCATE audit_logs"):
        with pytest.raises(InsufficientPrivilegeError):
            await writer.execute(way_round)
    with pytest.raises(InsufficientPrivilegeError):
        await writer.execute("ALTER TABLE audit_logs DISABLE TRIGGER USER")


async def test_tables_of_later_migrations_are_theirs_too(given: dict[str, Connection], database_url: str) -> None:
    owner = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    await owner.execute("CREATE TABLE later (id int)")
    await owner.close()
    await given["w"].execute("INSERT INTO later VALUES (1)")
    assert await given["r"].fetchval("SELECT id FROM later") == 1


async def test_sessions_that_are_told_need_no_role(database_url: str) -> None:
    await roles.check(database_url, reader_url=None)


async def test_sessions_without_their_settings_are_refused_by_name(database_url: str) -> None:
    with pytest.raises(
        roles.NotSet, match=r"^Sessions of the role in DATABASE_URL \(trellis\) are not set to statement_timeout=5s, "
    ):
        await roles.check(f"{database_url}&pgbouncer=true", reader_url=None)


async def test_an_address_without_a_role_gets_none(database_url: str) -> None:
    with pytest.raises(CannotRun, match="begins with its name"):
        await roles.give(database_url, "postgresql://db.example/trellis", reader_url=database_url)
