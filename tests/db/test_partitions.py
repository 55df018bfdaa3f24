"""Tables in parts: a month has one that is made ahead, what comes without one is kept all the same, and old ones go."""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from asyncpg import Connection
from sqlalchemy import Column, Integer, MetaData, String, Table, UniqueConstraint, func, literal_column, select, text

from db import partitions, tables
from db.access import GUEST
from db.base import Base, new_id
from db.engine import Database
from db.errors import Conflict
from db.partitions import Month, Monthly
from db.session_settings import COMPILED_SETTINGS
from tests.conftest import Graph, NotingDatabase
from tests.db.waiting import until
from tests.graphql_schema.asking import add
from tests.world import World

UPGRADE = "import sys; from db import migrations; migrations.upgrade(sys.argv[1])"
NOW = datetime.now(UTC)
PARTS = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:table AS regclass) ORDER BY 1")


def made_at(moment: datetime) -> UUID:
    """An id as it is made at a moment."""
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 0x7 << 76 | 0b10 << 62 | new_id().int & (1 << 62) - 1)


def event(world: World, moment: datetime) -> tables.WebhookEvent:
    return tables.WebhookEvent(
        id=made_at(moment),
        delivery_id=new_id().hex,
        organization_id=world.analytical.id,
        event="push",
        payload={},
        received_at=moment,
    )


async def arrange(database: Database, now: datetime) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(lambda sync: partitions.arrange(sync, now=now))


def _delivery(of: tables.WebhookEvent) -> tables.WebhookDelivery:
    return tables.WebhookDelivery(id=of.id, organization_id=of.organization_id, delivery_id=of.delivery_id)


async def parts(database: Database, table: str = "webhook_events") -> list[str]:
    async with database.read() as session:
        return [name.removeprefix(f"partitions.{table}_") for name in await session.scalars(PARTS, {"table": table})]


async def part_of(database: Database, row: Base) -> str | None:
    """The part that a row lies in."""
    lies_in = select(literal_column("tableoid::regclass::text", String)).where(type(row).id == row.id)
    async with database.read() as session:
        found: str | None = await session.scalar(lies_in)
        return found and found.removeprefix(f"partitions.{row.__tablename__}_")


def named(*months: Month) -> list[str]:
    return [f"{month.year}_{month.number:02}" for month in months]


@pytest.mark.parametrize("table", partitions.declared, ids=lambda table: table.name)
async def test_an_upgraded_database_has_partitions_of_this_month_and_the_next_ones(
    database: Database, table: Any
) -> None:
    expected = named(*(Month.of(NOW).later(months) for months in range(4)))
    assert await parts(database, table.name) == [*expected, "default"]


async def test_a_row_lies_in_the_partition_of_the_month_in_which_its_id_was_made(
    database: Database, world: World
) -> None:
    this, later = event(world, NOW), event(world, Month.of(NOW).later(3).start)
    await add(database, this, later)
    assert [await part_of(database, row) for row in (this, later)] == named(Month.of(NOW), Month.of(NOW).later(3))


async def test_a_row_of_a_month_without_a_partition_is_kept_until_it_has_one(database: Database, world: World) -> None:
    then = Month.of(NOW).later(5).start + timedelta(days=10)
    early = event(world, then)
    await add(database, early)
    assert await part_of(database, early) == "default"
    await arrange(database, now=then + timedelta(days=70))
    assert await part_of(database, early) == named(Month.of(then))[0]
    async with database.read() as session:
        assert (await session.get_one(tables.WebhookEvent, early.id)).delivery_id == early.delivery_id


@pytest.mark.parametrize("table", ["audit_logs", "partitions.audit_logs_default"])
async def test_entries_of_the_audit_log_are_moved_as_they_are_and_stay_closed(database: Database, table: str) -> None:
    then = Month.of(NOW).later(5).start
    moved, later = (
        tables.AuditLog(id=made_at(moment), action="looked_at", resource="users")
        for moment in (then, Month.of(then).later(9).start)
    )
    await add(database, moved, later)
    await arrange(database, now=then)
    assert [await part_of(database, entry) for entry in (moved, later)] == [*named(Month.of(then)), "default"]
    with pytest.raises(Conflict, match="stay as they are"):
        async with database.work(GUEST) as work:
            await work.execute(text(f"DELETE FROM {table}"))  # noqa: S608  (a name, no value)


async def test_a_partition_goes_when_its_time_is_over_with_what_is_kept_with_its_rows(
    database: Database, world: World
) -> None:
    old, kept = event(world, NOW), event(world, Month.of(NOW).later(2).start)
    deliveries = [_delivery(row) for row in (old, kept)]
    await add(database, old, kept, *deliveries)
    end = Month.of(NOW).later(1).start
    await arrange(database, now=end + timedelta(days=89))
    assert await part_of(database, old)
    await arrange(database, now=Month.of(NOW).later(2).start + timedelta(days=90))
    assert (await part_of(database, old), bool(await part_of(database, kept))) == (None, True)
    async with database.read() as session:
        left = select(tables.WebhookDelivery.id).where(tables.WebhookDelivery.id.in_([old.id, kept.id]))
        assert list(await session.scalars(left)) == [kept.id]
    assert named(Month.of(NOW))[0] not in await parts(database)
    assert named(Month.of(NOW))[0] in await parts(database, "audit_logs")


async def test_rows_with_ids_older_than_what_is_kept_stay(database: Database, world: World) -> None:
    imported = event(world, NOW - timedelta(days=400))
    await add(database, imported)
    before = await parts(database)
    await arrange(database, now=NOW)
    assert await part_of(database, imported) == "default"
    assert await parts(database) == before


async def test_a_transaction_that_reads_and_then_writes_is_waited_for(database: Database, world: World) -> None:
    then = Month.of(NOW).later(5).start
    late = event(world, then)
    async with database.work(GUEST) as work:
        await work.scalar(select(func.count()).select_from(tables.WebhookEvent))
        arranging = asyncio.create_task(arrange(database, now=then))
        await until(database, "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted")
        await work.add(late)
    await arranging
    assert await part_of(database, late) == named(Month.of(then))[0]


async def test_processes_that_start_at_once_make_partitions_once(database: Database, database_url: str) -> None:
    before = await parts(database)
    async with database.engine.begin() as connection:
        for name in before[:-1]:
            await connection.execute(text(f"DROP TABLE partitions.webhook_events_{name}"))
        # Both have begun before one of them can do anything.
        await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('trellis migrations'))"))
        command = sys.executable, "-c", UPGRADE, database_url
        processes = [await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT) for _ in range(2)]
        waiting = "SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        await until(database, waiting)
    said = [(await process.communicate())[0].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert await parts(database) == before


@pytest.fixture
async def planner(database: Database) -> AsyncIterator[Connection]:
    """A connection that plans like those of compiled reads."""
    connection = await database.address.reach(COMPILED_SETTINGS)
    yield connection
    await connection.close()


async def looked_into(planner: Connection, statement: str, arguments: list[Any]) -> set[str]:
    """The parts that a statement reads, planned once for all values."""
    await planner.execute(f"PREPARE planned AS {statement}")
    values = ", ".join("NULL" if value is None else f"'{value}'" for value in arguments)
    plan = await planner.fetch(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE planned({values})")
    await planner.execute("DEALLOCATE planned")
    lines = [line for (line,) in plan if "never executed" not in line]
    return set(re.findall(r"\bwebhook_events_\w+?_(?:\d\d|default)\b(?= )", "\n".join(lines)))


@pytest.mark.parametrize("who", ["ada", "root"])
async def test_a_read_of_one_row_looks_into_one_partition(
    graph: Graph, database: NotingDatabase, planner: Connection, world: World, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[tuple[str, list[Any]]]()
    fetch = database.reads.fetch

    async def noting(statement: Any, arguments: Any) -> Any:
        asked.append((statement.sql, list(arguments)))
        return await fetch(statement, arguments)

    monkeypatch.setattr(database.reads, "fetch", noting)
    query = "query ($id: ID!) { node(id: $id) { ... on WebhookEvent { deliveryId } } }"
    found = await graph.data(who, query, id=world.engine_event.public_id)
    assert found["node"]["deliveryId"] == "delivery-engine"
    [(statement, arguments)] = asked
    [part] = await looked_into(planner, statement, arguments)
    assert part.endswith(named(Month.of_id(world.engine_event.id))[0])


async def test_rows_that_are_added_together_lie_where_each_belongs(database: Database, world: World) -> None:
    rows = [event(world, Month.of(NOW).later(months).start) for months in range(6)]
    await add(database, *rows)
    async with database.read() as session:
        count = select(func.count()).where(tables.WebhookEvent.id.in_([row.id for row in rows]))
        assert await session.scalar(count) == 6
    assert len({await part_of(database, row) for row in rows}) == 5


def test_a_table_with_partitions_has_nothing_unique_beside_its_id() -> None:
    letters = Table("letters", MetaData(), Column("number", Integer), UniqueConstraint("number"))
    with pytest.raises(TypeError, match="kept_with"):
        partitions.declare(letters, Monthly(days=1), kept_with="")


@pytest.mark.parametrize(("month", "later", "expected"), [(11, 1, (2026, 12)), (11, 2, (2027, 1)), (1, 24, (2028, 1))])
def test_months_follow_each_other(month: int, later: int, expected: tuple[int, int]) -> None:
    found = Month(2026, month).later(later)
    assert (found.year, found.number) == expected
    assert Month.of_id(found.first_id) == found
