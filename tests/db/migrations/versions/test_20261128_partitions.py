"""What becomes of the rows of tables that are cut by months: they are kept, and lie where rows of their month lie."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from alembic import command
from asyncpg import CheckViolationError, UniqueViolationError
from sqlalchemy import make_url

from db import migrations
from db.base import new_id
from db.partitions import Month
from tests.databases import Databases

BEFORE = "3c9a1e5f7b20"
OLD, NOW = UUID("01600000-0000-7000-8000-000000000000"), new_id()
ORGANIZATION = new_id()
EVENTS = f"""
    WITH organization AS (
        INSERT INTO organizations (id, name, slug) VALUES ('{ORGANIZATION}', 'Octo', 'octo') RETURNING id
    )
    INSERT INTO webhook_events (id, organization_id, delivery_id, event, payload, received_at) SELECT told.* FROM
        organization, LATERAL (VALUES
            ($1::uuid, organization.id, 'old', 'push', '{{}}'::jsonb, '2018-01-01Z'::timestamptz),
            ($2::uuid, organization.id, 'now', 'push', '{{"a": 1}}'::jsonb, now())
        ) AS told
"""  # noqa: S608  (a key of our own)
ENTRIES = (
    "INSERT INTO audit_logs (id, action, resource) VALUES ($1, 'signed_in', 'sessions'), ($2, 'signed_out', 'sessions')"
)
ADDED = "INSERT INTO audit_logs (id, action, resource) VALUES ($1, $2, 'sessions') RETURNING sequence"
AGAIN = "INSERT INTO webhook_deliveries (id, organization_id, delivery_id) VALUES ($1, $2, 'now')"
LYING = "SELECT id, tableoid::regclass::text FROM {} ORDER BY id"


@pytest.fixture
async def upgraded(databases: Databases) -> AsyncIterator[Any]:
    """A connection to a database that had these rows before it was upgraded."""
    url = databases.create("cut")
    await asyncio.to_thread(command.upgrade, migrations._config(url), BEFORE)
    connection = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    for statement in (EVENTS, ENTRIES):
        await connection.execute(statement, OLD, NOW)
    await asyncio.to_thread(migrations.upgrade, url)
    yield connection
    await connection.close()
    databases.drop(url)


async def test_rows_are_kept_and_lie_in_the_partitions_of_their_months(upgraded: Any) -> None:
    this = Month.of(datetime.now(UTC))
    for table in ("webhook_events", "audit_logs"):
        found = [tuple(row) for row in await upgraded.fetch(LYING.format(table))]
        months = f"partitions.{table}_{this.year}_{this.number:02}"
        assert found == [(OLD, f"partitions.{table}_default"), (NOW, months)]
    assert await upgraded.fetchval("SELECT payload FROM webhook_events WHERE id = $1", NOW) == '{"a": 1}'


async def test_what_was_unique_is_in_the_table_beside_it(upgraded: Any) -> None:
    deliveries = await upgraded.fetch("SELECT id, delivery_id FROM webhook_deliveries ORDER BY id")
    assert [tuple(row) for row in deliveries] == [(OLD, "old"), (NOW, "now")]
    with pytest.raises(UniqueViolationError):
        await upgraded.execute(AGAIN, new_id(), ORGANIZATION)


async def test_numbers_of_entries_go_on_and_constraints_hold(upgraded: Any) -> None:
    assert await upgraded.fetchval(ADDED, new_id(), "signed_in") == 3
    with pytest.raises(CheckViolationError):
        await upgraded.execute(ADDED, new_id(), "Signed in")
