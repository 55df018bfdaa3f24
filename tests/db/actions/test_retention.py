"""What an organization keeps no longer is deleted with what goes with it, in a role that may do nothing else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncpg import InsufficientPrivilegeError, IntegrityConstraintViolationError
from sqlalchemy import select

from db import tables
from db.actions import retention
from db.actions.retention import apply_retention
from db.base import Base
from db.partitions import RETENTION_ROLE
from db.tables import DeliveryChannel, DeliveryStatus, RetentionKind
from tests.conftest import Graph
from tests.db.actions.test_media import run
from tests.db.test_partitions import made_at
from tests.graphql_schema.asking import add
from tests.world import World

NOW = datetime.now(UTC)


def event(organization: Any, *, days: int) -> tables.WebhookEvent:
    """A delivery to an organization that came so many days ago."""
    at = NOW - timedelta(days=days)
    id_ = made_at(at)
    return tables.WebhookEvent(
        id=id_, delivery_id=id_.hex, organization_id=organization.id, event="push", payload={}, received_at=at
    )


def entry(organization: Any, *, days: int) -> tables.AuditLog:
    at = NOW - timedelta(days=days)
    of = {"organization_id": organization and organization.id, "action": "looked_at", "resource": "users"}
    return tables.AuditLog(id=made_at(at), created_at=at, **of)


async def left(graph: Graph, *rows: Base) -> list[bool]:
    """Which of the rows are still there."""
    async with graph.database.read() as session:
        return [await session.scalar(select(type(row).id).where(type(row).id == row.id)) is not None for row in rows]


async def says(graph: Graph, organization: Any, kind: RetentionKind, days: int) -> None:
    await add(graph.database, tables.RetentionPolicy(organization_id=organization.id, kind=kind, days=days))


async def test_events_go_when_their_organization_keeps_them_no_longer(graph: Graph, world: World) -> None:
    """Analytical keeps them for 30 days, Remote for 60."""
    rows = [event(one, days=days) for one in (world.analytical, world.remote) for days in (61, 59, 31, 29)]
    deliveries = [
        tables.WebhookDelivery(id=row.id, organization_id=row.organization_id, delivery_id=row.delivery_id)
        for row in rows
    ]
    await add(graph.database, *rows, *deliveries)
    await run(graph.database, apply_retention.name)
    stay = [False, False, False, True, False, True, True, True]
    assert await left(graph, *rows) == stay
    assert await left(graph, *deliveries) == stay


async def test_events_of_no_organization_and_of_those_that_say_nothing_stay(graph: Graph, world: World) -> None:
    quiet = tables.Organization(name="Quiet", slug="quiet")
    await add(graph.database, quiet)
    rows = [event(quiet, days=89), entry(quiet, days=2_000), entry(world.analytical, days=2_000)]
    await add(graph.database, *rows)
    await run(graph.database, apply_retention.name)
    assert await left(graph, *rows) == [True] * 3


async def test_entries_of_the_audit_log_go_by_the_same_rule(graph: Graph, world: World) -> None:
    await says(graph, world.analytical, RetentionKind.AUDIT, 400)
    rows = [entry(world.analytical, days=days) for days in (401, 399)]
    rows += [entry(world.remote, days=401), entry(None, days=401)]
    await add(graph.database, *rows)
    await run(graph.database, apply_retention.name)
    assert await left(graph, *rows) == [False, True, True, True]


async def test_what_was_deleted_is_counted_in_the_audit_log(
    graph: Graph, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CLEARED", 2)
    await add(graph.database, *(event(world.analytical, days=40) for _ in range(5)))
    for _ in range(2):  # the second time there is nothing
        await run(graph.database, apply_retention.name)
    async with graph.database.read() as session:
        log = tables.AuditLog
        noted = (await session.scalars(select(log).where(log.action == "retention_applied"))).all()
    assert [(one.resource_id, one.organization_id, one.details) for one in noted] == [
        (world.analytical_keeps.id, world.analytical.id, {"kind": "EVENTS", "deleted": 5})
    ]


@pytest.fixture
async def role(graph: Graph) -> AsyncIterator[Any]:
    """A connection in the role of the retention."""
    await run(graph.database, apply_retention.name)
    connection = await graph.database.address.connect()
    await connection.execute(f"SET ROLE {RETENTION_ROLE}")
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM users",
        "SELECT FROM sessions",
        "DELETE FROM retention_policies",
        "UPDATE webhook_events SET event = 'other'",
        "UPDATE audit_logs SET action = 'other'",
        "INSERT INTO audit_logs (id, action, resource) VALUES (gen_random_uuid(), 'signed_in', 'users')",
        "TRUNCATE audit_logs",
        "DELETE FROM partitions.audit_logs_default",
        "ALTER TABLE audit_logs DISABLE TRIGGER USER",
        "DROP TABLE webhook_events",
    ],
)
async def test_its_role_may_do_nothing_else(role: Any, statement: str) -> None:
    with pytest.raises(InsufficientPrivilegeError):
        await role.execute(statement)


async def test_not_even_its_role_deletes_entries_of_the_last_year(graph: Graph, world: World, role: Any) -> None:
    await add(graph.database, young := entry(world.analytical, days=364), old := entry(world.analytical, days=366))
    with pytest.raises(IntegrityConstraintViolationError, match="stay as they are"):
        await role.execute("DELETE FROM audit_logs WHERE id = $1", young.id)
    assert await role.execute("DELETE FROM audit_logs WHERE id = $1", old.id) == "DELETE 1"


async def test_nobody_else_deletes_entries_however_old_they_are(graph: Graph, world: World) -> None:
    await add(graph.database, old := entry(world.analytical, days=3_000))
    connection = await graph.database.address.connect()
    with pytest.raises(IntegrityConstraintViolationError, match="stay as they are"):
        await connection.execute("DELETE FROM audit_logs WHERE id = $1", old.id)
    await connection.close()


async def test_deliveries_go_as_the_organization_of_their_rule_says(graph: Graph, world: World) -> None:
    await says(graph, world.analytical, RetentionKind.DELIVERIES, 7)
    rule = world.adas_rule.id
    at = {"channel": DeliveryChannel.EMAIL, "status": DeliveryStatus.SENT, "sent_at": NOW, "payload": {}}
    rows = [tables.NotificationDelivery(id=made_at(NOW - timedelta(days=days)), rule_id=rule, **at) for days in (8, 6)]
    await add(graph.database, *rows)
    await run(graph.database, apply_retention.name)
    assert await left(graph, *rows) == [False, True]
