"""Payments are seen by those who pay and who teach, and what providers tell of them by administrators alone."""

from typing import Any

import pytest
from sqlalchemy import select

from db.tables import AuditLog, EnrollmentStatus, PaymentStatus
from tests.conftest import Graph, NotingDatabase
from tests.db.paying import PAID, REFUNDED, event, receive, tell
from tests.graphql_schema.asking import change, done, error_code, listed
from tests.systems.lms.test_03_enroll import ENROLL
from tests.world import NOON, World

EVENTS = """
    query ($filter: PaymentEventFilter) {
      paymentEvents(filter: $filter) {
        nodes {
          provider type charge isProcessed isParked error attempts
          transaction { id status events { nodes { id } } }
        }
      }
    }
"""
PAYMENTS = "query ($filter: TransactionFilter) { transactions(filter: $filter) { nodes { id } } }"
NEWS = "{ viewer { notifications(first: 1) { nodes { type title message data } } } }"


@pytest.fixture
async def payment(graph: Graph, world: World) -> str:
    """The payment that Ben has begun for Rhetoric."""
    begun: str = (await done(graph, "ben", ENROLL, courseId=world.rhetoric.public_id))["transaction"]["id"]
    return begun


async def types(graph: Graph, **given: bool) -> list[str]:
    """The types of the events that an administrator is shown."""
    return [one["type"] for one in await listed(graph, "root", EVENTS, filter=given)]


async def test_an_administrator_sees_what_a_provider_has_told_of_a_payment(graph: Graph, payment: str) -> None:
    await tell(graph.database, event(payment, PAID))
    [told, _] = await listed(graph, "root", EVENTS)
    assert told.pop("transaction")["id"] == payment
    assert told == {
        "provider": "test",
        "type": PAID,
        "charge": f"ch_{payment}",
        "isProcessed": True,
        "isParked": False,
        "error": None,
        "attempts": 0,
    }


async def test_an_administrator_finds_what_has_to_be_looked_at_and_what_waits(graph: Graph, payment: str) -> None:
    await tell(graph.database, event(payment, PAID, amount=1), event(payment, REFUNDED))
    assert await types(graph, isParked=True) == [PAID]
    assert await types(graph, isParked=False, isProcessed=False) == [REFUNDED]
    assert await types(graph, isProcessed=True) == ["charge.failed"]  # of the world


@pytest.mark.parametrize("who", ["ben", "ines", "ada"])
async def test_others_see_nothing_of_it(graph: Graph, payment: str, who: str) -> None:
    await tell(graph.database, event(payment, PAID))
    assert await error_code(graph, who, EVENTS) == "FORBIDDEN"
    query = "{ transactions { nodes { events { totalCount nodes { id } } } } }"
    seen = await listed(graph, who, query)
    assert all(one["events"] == {"totalCount": 0, "nodes": []} for one in seen)


async def test_payments_are_found_by_their_status(graph: Graph, world: World, payment: str) -> None:
    async def found(**given: Any) -> list[str]:
        return [one["id"] for one in await listed(graph, "root", PAYMENTS, filter=given)]

    assert await found(status=["PENDING"]) == [payment]
    assert await found(status=["FAILED"]) == [world.payment.public_id]
    await change(graph.database, world.payment, created_at=NOON)
    assert await found(createdAt={"until": "2026-01-02T00:00:00Z"}) == [world.payment.public_id]


@pytest.mark.parametrize(
    ("types", "news"),
    [
        ([PAID], ("PAYMENT_SUCCESS", "Your payment went through")),
        (["charge.failed"], ("PAYMENT_FAILED", "Your payment did not go through")),
        ([PAID, REFUNDED], ("PAYMENT_REFUNDED", "You got your money back")),
    ],
)
async def test_who_pays_is_told_what_became_of_it(
    graph: Graph, payment: str, types: list[str], news: tuple[str, str]
) -> None:
    await tell(graph.database, *(event(payment, type_) for type_ in types))
    [told] = await listed(graph, "ben", NEWS)
    assert (told["type"], told["title"]) == news
    assert told["message"] == "49.90 USD for Rhetoric."
    assert told["data"] == {"transactionId": payment}


async def test_what_became_of_it_stands_in_the_audit_log(graph: Graph, payment: str) -> None:
    await tell(graph.database, event(payment, PAID), event(payment, REFUNDED))
    async with graph.database.read() as reading:
        entries = {one.action: one for one in await reading.scalars(select(AuditLog))}
    assert entries["payment_completed"].after["status"] == PaymentStatus.COMPLETED
    assert entries["payment_refunded"].before["status"] == PaymentStatus.COMPLETED
    assert entries["enrollment_paid"].after["payment_status"] == PaymentStatus.COMPLETED
    assert entries["enrollment_unpaid"].after["status"] == EnrollmentStatus.CANCELLED
    assert entries["payment_begun"].actor_id == graph.world.ben.id


async def test_an_event_is_kept_for_its_provider_and_shows_no_payload(database: NotingDatabase, graph: Graph) -> None:
    await receive(database, event(None, receipt_email="ben@example.com"))
    query = '{ __type(name: "PaymentEvent") { fields { name } } }'
    fields = (await graph.data("root", query))["__type"]["fields"]
    assert "payload" not in {field["name"] for field in fields}
