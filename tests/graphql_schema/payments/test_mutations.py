"""Operators have events of payments applied again that were put before them, while the job applies others."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from db import tables
from db.actions import enrollments
from db.tables import AuditLog, PaymentStatus
from tests.conftest import Graph
from tests.db.actions.test_media import run
from tests.db.paying import PAID, again, event, receive, tell
from tests.graphql_schema.asking import change, done, refusal
from tests.world import NOON, World

REPLAY = """
    mutation ($input: ReplayPaymentEventsInput!) {
      replayPaymentEvents(input: $input) {
        replayedCount events { isParked isProcessed error } errors { code path }
      }
    }
"""
OPEN = {"isParked": False, "isProcessed": False, "error": None}


@pytest.fixture
async def parked(graph: Graph, world: World) -> tables.PaymentEvent:
    """An event that Ben has paid for Rhetoric, of an amount that was not asked for."""
    async with graph.database.work(world.viewer("ben")) as work:
        *_, payment = await enrollments.enroll(work, world.rhetoric)
    assert payment
    world.rows["payment"] = payment
    [told] = await tell(graph.database, event(payment.public_id, PAID, amount=100))
    assert told.is_parked
    return told


async def replay(graph: Graph, *events: Any) -> Any:
    return await done(graph, "root", REPLAY, eventIds=[one.public_id for one in events])


async def test_an_event_is_applied_once_what_hindered_it_is_put_right(
    graph: Graph, world: World, parked: tables.PaymentEvent, told: Any
) -> None:
    await change(graph.database, world.payment, amount="1.00")
    answer = await replay(graph, parked)
    assert (answer["replayedCount"], answer["events"]) == (1, [OPEN])
    assert told[-1] == ("PAYMENT_EVENT_REPLAYED", {"event": parked.public_id})
    async with graph.database.read() as reading:
        noted = select(AuditLog.action, AuditLog.actor_id).where(AuditLog.resource_id == parked.id)
        assert (await reading.execute(noted)).all() == [("payment_event_replayed", world.root.id)]
    await run(graph.database, "apply_payment_event", event=parked.public_id)
    now = await again(graph.database, parked)
    assert (now.is_processed, now.is_parked) == (True, False)
    assert (await again(graph.database, world.payment)).status is PaymentStatus.COMPLETED


async def test_an_event_that_still_cannot_be_applied_is_parked_again(graph: Graph, parked: tables.PaymentEvent) -> None:
    await replay(graph, parked)
    await run(graph.database, "apply_payment_event", event=parked.public_id)
    now = await again(graph.database, parked)
    assert (now.is_parked, now.is_processed, now.error) == (True, False, parked.error)


async def test_what_was_applied_already_is_settled_and_not_applied_again(
    graph: Graph, parked: tables.PaymentEvent
) -> None:
    await change(graph.database, parked, processed_at=NOON)
    await replay(graph, parked)
    await run(graph.database, "apply_payment_event", event=parked.public_id)
    now = await again(graph.database, parked)
    assert (now.is_parked, now.processed_at, now.attempts) == (False, NOON, parked.attempts)


async def test_two_operators_and_the_job_apply_an_event_once(
    graph: Graph, world: World, parked: tables.PaymentEvent
) -> None:
    await change(graph.database, world.payment, amount="1.00")
    applying = [run(graph.database, "apply_payment_event", event=parked.public_id) for _ in range(2)]
    answers = await asyncio.gather(replay(graph, parked), replay(graph, parked), *applying)
    assert sorted(answer["replayedCount"] for answer in answers[:2]) == [0, 1]
    await run(graph.database, "apply_payment_event", event=parked.public_id)
    assert (await again(graph.database, parked)).is_processed
    assert (await again(graph.database, world.payment)).status is PaymentStatus.COMPLETED


async def test_an_event_that_waits_is_left_alone(graph: Graph, told: Any) -> None:
    [waiting] = await receive(graph.database, event(None))
    assert (await replay(graph, waiting))["replayedCount"] == 0
    assert told == [("PAYMENT_EVENT_RECEIVED", {"event": waiting.public_id})]  # it came


@pytest.mark.parametrize("who", ["ben", "ines", "ada"])
async def test_others_replay_nothing(graph: Graph, parked: tables.PaymentEvent, who: str) -> None:
    assert await refusal(graph, who, REPLAY, eventIds=[parked.public_id]) == ("NOT_FOUND", "input.eventIds.0")
    assert (await again(graph.database, parked)).is_parked
