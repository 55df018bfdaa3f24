"""Row 8: events are kept for 90 days and the audit log for one to seven years, as each organization says; tables that
grow are in partitions by time, which go as a whole.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from db import tables
from db.actions import accounts, partitions, retention, verification
from db.partitions import Month, arrange, declared
from db.tables import VerificationPurpose
from tests.conftest import Graph
from tests.db.actions.test_media import run
from tests.db.actions.test_retention import entry, event, left
from tests.graphql_schema.asking import add, change, done, listed, refusal
from tests.world import NOON, World

NOW = datetime.now(UTC)
KEEP = """
    mutation ($input: UpdateRetentionInput!) {
      updateRetention(input: $input) { policy { kind days } errors { code path message } }
    }
"""
EVENTS = '{ organization(slug: "analytical") { webhookEvents { nodes { deliveryId } } } }'
EVENT = "query ($id: ID!) { node(id: $id) { ... on WebhookEvent { deliveryId } } }"
ENTRIES = '{ organization(slug: "analytical") { auditLogs(filter: {action: "looked_at"}) { nodes { id action } } } }'


async def keep(graph: Graph, organization: Any, kind: str, days: int, *, who: str = "ada") -> Any:
    asked = {"organizationId": organization.public_id, "kind": kind, "days": days}
    return (await done(graph, who, KEEP, **asked))["policy"]


async def seen(graph: Graph) -> set[str]:
    return {one["deliveryId"] for one in await listed(graph, "ada", EVENTS)}


async def test_08_what_grows_is_in_partitions_of_a_month_that_go_as_a_whole(graph: Graph, world: World) -> None:
    """Nothing is made too late, and what is over goes without a row being looked at."""
    assert {table.name for table in declared} >= {"webhook_events", "audit_logs"}
    await add(graph.database, old := event(world.analytical, days=0))
    assert (await graph.data("ada", EVENT, id=old.public_id))["node"] == {"deliveryId": old.delivery_id}
    await run(graph.database, partitions.arrange_partitions.name)
    assert old.delivery_id in await seen(graph)
    over = Month.of(NOW).later(1).start + timedelta(days=120)
    async with graph.database.engine.begin() as connection:
        await connection.run_sync(lambda sync: arrange(sync, now=over))
    assert old.delivery_id not in await seen(graph)
    assert (await graph.data("ada", EVENT, id=old.public_id))["node"] is None


async def test_08_an_organization_says_for_itself_how_long_it_keeps_events(graph: Graph, world: World) -> None:
    rows = [event(world.analytical, days=days) for days in (8, 6)]
    await add(graph.database, *rows)
    assert await keep(graph, world.analytical, "EVENTS", 7) == {"kind": "EVENTS", "days": 7}
    await run(graph.database, retention.apply_retention.name)
    assert {row.delivery_id for row in rows} & await seen(graph) == {rows[1].delivery_id}


async def test_08_the_audit_log_is_kept_for_one_to_seven_years(graph: Graph, world: World) -> None:
    rows = [entry(world.analytical, days=days) for days in (400, 300)]
    await add(graph.database, *rows)
    for days in (364, 7 * 365 + 1):
        asked = {"organizationId": world.analytical.public_id, "kind": "AUDIT", "days": days}
        assert await refusal(graph, "ada", KEEP, **asked) == ("BAD_USER_INPUT", "input.days")
    await run(graph.database, retention.apply_retention.name)
    assert len(await listed(graph, "ada", ENTRIES)) == 2
    await keep(graph, world.analytical, "AUDIT", 365)
    await run(graph.database, retention.apply_retention.name)
    assert [one["id"] for one in await listed(graph, "ada", ENTRIES)] == [rows[1].public_id]


async def test_08_what_one_organization_says_is_nothing_to_another(graph: Graph, world: World) -> None:
    await add(graph.database, row := event(world.remote, days=30))
    await keep(graph, world.analytical, "EVENTS", 7)
    await run(graph.database, retention.apply_retention.name)
    assert await left(graph, row) == [True]
    asked = {"organizationId": world.remote.public_id, "kind": "EVENTS", "days": 7}
    assert await refusal(graph, "ada", KEEP, **asked) == ("NOT_FOUND", "input.organizationId")


async def test_08_a_job_that_is_begun_again_goes_on(
    graph: Graph, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker ends in the middle: what is deleted is deleted, and the rest follows."""
    monkeypatch.setattr(retention, "CLEARED", 2)
    rows = [event(world.analytical, days=40) for _ in range(5)]
    await add(graph.database, *rows)
    delete, calls = retention._delete, list[int]()

    async def dying(*given: Any) -> int:
        if len(calls) == 1:
            raise InterruptedError
        calls.append(await delete(*given))
        return calls[-1]

    monkeypatch.setattr(retention, "_delete", dying)
    with pytest.raises(InterruptedError):
        await run(graph.database, retention.apply_retention.name)
    assert sum(await left(graph, *rows)) == 3
    monkeypatch.setattr(retention, "_delete", delete)
    await run(graph.database, retention.apply_retention.name)
    assert not any(await left(graph, *rows))


async def test_08_sessions_and_links_that_have_ended_go(graph: Graph, world: World) -> None:
    await change(graph.database, world.bens_session, expires_at=NOON)
    link = tables.VerificationToken(
        identifier="ada@example.com", purpose=VerificationPurpose.MAGIC_LINK, token_hash=b"over", expires_at=NOON
    )
    await add(graph.database, link)
    for job in (accounts.ended_sessions, verification.ended_links):
        await run(graph.database, job.name)
    assert await left(graph, world.bens_session, link, world.adas_session) == [False, False, True]
    async with graph.database.read() as session:
        assert await session.scalar(select(tables.User.id).where(tables.User.id == world.ben.id))
