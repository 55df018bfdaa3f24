"""Sam's payment for Rhetoric, which did not go through, and the event that told of it."""

from decimal import Decimal

from db import tables
from db.tables import PaymentStatus
from db.write import Work
from tests.world import NOON, World

NEEDS = ("courses",)


async def make(world: World, work: Work) -> None:
    payment = tables.Transaction(
        user_id=world.sam.id,
        course_id=world.rhetoric.id,
        user_email="sam@example.com",
        course_title=world.rhetoric.title,
        amount=Decimal("49.90"),
        status=PaymentStatus.FAILED,
        provider="test",
        provider_txn_id="ch_declined",
        failure_reason="The card was declined.",
        failed_at=NOON,
    )
    world.rows["payment"] = await work.add(payment)
    event = tables.PaymentEvent(
        provider="test",
        provider_event_id="evt_declined",
        type="charge.failed",
        charge="ch_declined",
        transaction_id=payment.id,
        payload={"id": "evt_declined", "data": {"object": {"id": "ch_declined", "amount": 4990, "currency": "usd"}}},
        occurred_at=NOON,
        processed_at=NOON,
    )
    world.rows["payment_event"] = await work.add(event)
