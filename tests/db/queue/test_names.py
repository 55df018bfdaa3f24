"""The tables of the queue: made by a migration as the library of this version wants them, and out of the graph."""

import importlib

import pytest
from asyncpg import InsufficientPrivilegeError

import db.tables  # noqa: F401  (declares the tables)
from db import partitions, roles
from db.address import Address
from db.base import tables
from db.queue import names
from db.queue.names import NAMES, QUEUE, queries
from db.queue.schema import SCHEMA
from tests.db.queue.waiting import Queue
from tests.db.test_roles import of


async def test_the_migrations_have_made_what_the_library_wants(queue: Queue) -> None:
    """If not, what is printed belongs into a new revision."""
    plan = await queries(queue.connection).plan_upgrade()
    assert (list(plan.statements), list(plan.notes)) == ([], [])


async def test_a_table_has_an_access_rule_or_lies_where_nobody_looks(queue: Queue) -> None:
    found = await queue.rows(
        "SELECT relnamespace::regnamespace::text, relname FROM pg_class WHERE relkind IN ('r', 'p') "
        "AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)"
    )
    ours = {("public", table.__tablename__) for table in tables()} | {("public", "alembic_version")}
    others = {tuple(row) for row in found} - ours
    assert {schema for schema, _ in others} == {SCHEMA, partitions.SCHEMA}


async def test_whoever_reads_for_the_graph_cannot_look_into_the_queue_and_whoever_writes_can(queue: Queue) -> None:
    writer, reader = of(queue.url, "queue_writer"), of(queue.url, "queue_reader")
    await roles.give(queue.url, writer, reader_url=reader)
    for url, may in ((writer, True), (reader, False)):
        connection = await Address.parse(url).connect()
        try:
            if may:
                await connection.execute(
                    f"INSERT INTO {QUEUE} (priority, status, entrypoint) VALUES (0, 'queued', 'x')"  # noqa: S608  (a name of ours)
                )
            else:
                with pytest.raises(InsufficientPrivilegeError):
                    await connection.fetch(f"SELECT FROM {QUEUE}")
        finally:
            await connection.close()


def test_the_environment_changes_no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGQUEUER_QUEUE_TABLE", "CHANNEL", "PGQUEUER_SCHEMA"):
        monkeypatch.setenv(name, "other")
    assert importlib.reload(names).NAMES == NAMES
