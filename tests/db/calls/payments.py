"""Calls of what becomes of payments, and of how courses are counted."""

from decimal import Decimal

from db import tables
from db.actions import course_analytics, paid_enrollments, payments
from db.actions.charges import Message
from db.tables import PaymentStatus
from db.write import Work
from tests.db.calls import Call, newcomer
from tests.db.paying import event
from tests.world import NOON


async def begun(work: Work, rhetoric: tables.Course) -> None:
    user = await newcomer(work, "buyer")
    price = {"payment_amount": rhetoric.price, "payment_currency": rhetoric.currency}
    place = await work.add(tables.Enrollment(user_id=user.id, course_id=rhetoric.id, **price))
    await payments.begin(work, place, rhetoric)


async def received(work: Work) -> None:
    told = event(None, named="evt_called")
    await payments.receive(work, "test", Message.model_validate(told), told)


async def followed(work: Work, rhetoric: tables.Course) -> None:
    user = await newcomer(work, "payer")
    place = await work.add(tables.Enrollment(user_id=user.id, course_id=rhetoric.id))
    payment = tables.Transaction(
        user_id=user.id,
        course_id=rhetoric.id,
        enrollment_id=place.id,
        user_email=user.email,
        course_title=rhetoric.title,
        amount=Decimal("49.90"),
        status=PaymentStatus.COMPLETED,
        completed_at=NOON,
    )
    await paid_enrollments.follow(work, await work.add(payment), place, was=PaymentStatus.PENDING)


CALLS = (
    Call(
        payments.begin,
        "olga",
        ("rhetoric",),
        begun,
        "SELECT count(*) = 1 FROM transactions WHERE user_email = 'buyer@example.com' AND status = 'PENDING'",
    ),
    Call(
        payments.receive,
        "olga",
        (),
        received,
        "SELECT count(*) = 1 FROM payment_events WHERE provider_event_id = 'evt_called'",
    ),
    Call(
        paid_enrollments.follow,
        "olga",
        ("rhetoric",),
        followed,
        "SELECT count(*) = 1 FROM enrollments e JOIN users u ON u.id = e.user_id "
        "WHERE u.name = 'payer' AND e.payment_status = 'COMPLETED'",
    ),
    Call(
        course_analytics.refresh,
        "ines",
        ("rhetoric",),
        course_analytics.refresh,
        "SELECT count(*) = 1 FROM course_analytics a JOIN courses c ON c.id = a.course_id WHERE slug = 'rhetoric'",
    ),
)
