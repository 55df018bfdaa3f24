"""Payments follow what their providers tell, and enrollments follow payments. What cannot be applied is put before an
operator.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from sqlalchemy import delete, func, select

from db import tables
from db.access import GUEST
from db.actions import enrollments, payments
from db.actions.charges import Message
from db.actions.paid_enrollments import DELETED, GONE, TAKEN
from db.actions.payment_history import OPEN_FOR
from db.tables import EnrollmentStatus, NotificationType, PaymentStatus
from tests.conftest import NotingDatabase
from tests.db.actions.test_media import run
from tests.db.paying import CREATED, FAILED, PAID, REFUNDED, again, event, receive, tell
from tests.graphql_schema.asking import change
from tests.world import World

NOW = int(datetime.now(UTC).timestamp())
State = tuple[PaymentStatus, EnrollmentStatus, PaymentStatus]

OPEN: State = PaymentStatus.COMPLETED, EnrollmentStatus.ACTIVE, PaymentStatus.COMPLETED
WAITING: State = PaymentStatus.PENDING, EnrollmentStatus.ACTIVE, PaymentStatus.PENDING
LOST: State = PaymentStatus.FAILED, EnrollmentStatus.CANCELLED, PaymentStatus.FAILED
RETURNED: State = PaymentStatus.REFUNDED, EnrollmentStatus.CANCELLED, PaymentStatus.REFUNDED


async def enroll(database: NotingDatabase, world: World, who: str = "ben") -> tables.Transaction:
    """The payment that somebody has begun for Rhetoric."""
    async with database.work(world.viewer(who)) as work:
        *_, payment = await enrollments.enroll(work, world.rhetoric)
    assert payment
    return payment


@pytest.fixture
async def payment(database: NotingDatabase, world: World) -> tables.Transaction:
    return await enroll(database, world)


async def state(database: NotingDatabase, payment: tables.Transaction) -> State:
    """The states of a payment and of the enrollment that it is for now."""
    now = await again(database, payment)
    async with database.read() as reading:
        place = (
            await reading.scalars(select(tables.Enrollment).where(tables.Enrollment.id == now.enrollment_id))
        ).one()
    return now.status, place.status, place.payment_status


async def places(database: NotingDatabase, world: World) -> int:
    """How many enrollments Ben has had in Rhetoric."""
    mine = tables.Enrollment.user_id == world.ben.id, tables.Enrollment.course_id == world.rhetoric.id
    async with database.read() as reading:
        return await reading.scalar(select(func.count()).where(*mine)) or 0


async def parked(database: NotingDatabase, row: tables.PaymentEvent) -> str | None:
    """Why an event is before an operator; None if it is not."""
    now: tables.PaymentEvent = await again(database, row)
    return now.error if now.is_parked else None


async def history(database: NotingDatabase, user: tables.User) -> list[tuple[NotificationType, str]]:
    """What somebody was told of payments, the first first."""
    told = tables.Notification
    async with database.read() as reading:
        found = await reading.scalars(select(told).where(told.user_id == user.id).order_by(told.id))
        return [(one.type, one.message) for one in found if one.type.startswith("PAYMENT")]


@pytest.mark.parametrize(
    ("types", "end"),
    [
        ([], WAITING),
        ([CREATED], WAITING),
        ([CREATED, PAID], OPEN),
        ([PAID], OPEN),
        ([FAILED], LOST),
        (["charge.expired"], LOST),
        ([PAID, REFUNDED], RETURNED),
        ([REFUNDED, PAID], RETURNED),
        ([REFUNDED], WAITING),
        (["customer.created"], WAITING),
    ],
)
async def test_an_enrollment_follows_its_payment(
    database: NotingDatabase, world: World, payment: tables.Transaction, types: list[str], end: State
) -> None:
    await tell(database, *(event(payment.public_id, type_) for type_ in types))
    assert await state(database, payment) == end
    assert await places(database, world) == 1


async def test_a_payment_has_the_name_of_its_charge_and_the_times_of_its_events(
    database: NotingDatabase, payment: tables.Transaction
) -> None:
    await tell(
        database, event(payment.public_id, PAID, created=NOW - 60), event(payment.public_id, REFUNDED, created=NOW)
    )
    now = await again(database, payment)
    assert (now.provider, now.provider_txn_id) == ("test", f"ch_{payment.public_id}")
    assert (now.completed_at.timestamp(), now.refunded_at.timestamp()) == (NOW - 60, NOW)


async def test_a_payment_that_fails_says_why_and_another_can_be_begun(
    database: NotingDatabase, world: World, payment: tables.Transaction
) -> None:
    await tell(database, event(payment.public_id, FAILED, failure_message="The card was declined."))
    assert (await again(database, payment)).failure_reason == "The card was declined."
    other = await enroll(database, world)
    await tell(database, event(other.public_id))
    assert await state(database, other) == OPEN
    assert await state(database, payment) == LOST


async def test_who_pays_is_told_each_time(database: NotingDatabase, world: World, payment: tables.Transaction) -> None:
    await tell(database, *(event(payment.public_id, type_) for type_ in (CREATED, PAID, PAID, REFUNDED, REFUNDED)))
    text = "49.90 USD for Rhetoric."
    told = [(NotificationType.PAYMENT_SUCCESS, text), (NotificationType.PAYMENT_REFUNDED, text)]
    assert await history(database, world.ben) == told


async def test_a_course_of_some_days_is_open_for_them_once_it_is_paid(
    database: NotingDatabase, world: World, payment: tables.Transaction
) -> None:
    await change(database, world.rhetoric, access_days=30)
    await tell(database, event(payment.public_id))
    async with database.read() as reading:
        place = (
            await reading.scalars(select(tables.Enrollment).where(tables.Enrollment.id == payment.enrollment_id))
        ).one()
    assert timedelta(days=29) < place.expires_at - datetime.now(UTC) <= timedelta(days=30)


# --- events that come late, twice, or for nothing ---------------------------------------------------------------------


async def test_an_event_that_comes_twice_is_kept_once_also_after_90_days(
    database: NotingDatabase, payment: tables.Transaction
) -> None:
    [first] = await tell(database, event(payment.public_id, named="evt_1"))
    await change(database, first, received_at=datetime.now(UTC) - timedelta(days=90))
    [second] = await tell(database, event(payment.public_id, FAILED, named="evt_1"))
    assert (second.id, second.type) == (first.id, PAID)
    assert await state(database, payment) == OPEN


async def test_the_same_id_of_another_provider_is_another_event(
    database: NotingDatabase, payment: tables.Transaction
) -> None:
    [one] = await receive(database, event(payment.public_id, named="evt_1"))
    async with database.work(GUEST) as work:
        message = event(payment.public_id, named="evt_1")
        await payments.receive(work, "other", Message.model_validate(message), message)
        assert await work.scalar(select(func.count()).where(tables.PaymentEvent.provider_event_id == "evt_1")) == 2
    assert one.provider == "test"


async def test_an_event_waits_for_the_one_that_names_its_payment(
    database: NotingDatabase, payment: tables.Transaction
) -> None:
    charge = {"id": "ch_7"}
    [paid] = await tell(database, event(None, PAID, created=NOW, **charge))
    assert (paid.error, paid.is_processed, paid.attempts) == ("No payment is known that this charge is for.", False, 1)
    assert await state(database, payment) == WAITING
    await tell(database, event(payment.public_id, CREATED, created=NOW - 5, **charge))
    assert await state(database, payment) == OPEN
    assert (await again(database, paid)).is_processed


async def test_an_event_that_waits_is_tried_again_and_parked_after_three_days(
    database: NotingDatabase, payment: tables.Transaction
) -> None:
    [refund] = await tell(database, event(payment.public_id, REFUNDED))
    await run(database, "retry_payment_events")
    now = await again(database, refund)
    assert (now.is_parked, now.attempts, now.error) == (False, 2, "It is not known that this was paid.")
    await change(database, refund, received_at=datetime.now(UTC) - timedelta(days=3, minutes=1))
    with structlog.testing.capture_logs() as logged:
        await run(database, "retry_payment_events")
    assert [(entry["event"], entry["log_level"]) for entry in logged] == [("payment event parked", "error")]
    assert await parked(database, refund) == "It is not known that this was paid. This was waited for for 3 days."


async def test_an_event_whose_job_was_lost_is_applied_all_the_same(
    database: NotingDatabase, payment: tables.Transaction
) -> None:
    await receive(database, event(payment.public_id))
    await run(database, "retry_payment_events")
    assert await state(database, payment) == OPEN


@pytest.mark.parametrize(
    "wrong",
    [{"amount": 1}, {"currency": "eur"}, {"amount": "4990"}, {"id": None}],
    ids=["amount", "currency", "text", "nameless"],
)
async def test_an_event_that_does_not_fit_its_payment_is_parked_and_changes_nothing(
    database: NotingDatabase, payment: tables.Transaction, wrong: dict[str, Any]
) -> None:
    with structlog.testing.capture_logs() as logged:
        [told] = await tell(database, event(payment.public_id, PAID, **wrong))
    assert await state(database, payment) == WAITING
    assert await parked(database, told)
    assert [(entry["event"], entry["log_level"]) for entry in logged] == [("payment event parked", "error")]


async def test_a_payment_goes_on_behind_an_event_that_was_parked(
    database: NotingDatabase, payment: tables.Transaction
) -> None:
    await tell(database, event(payment.public_id, PAID, amount=1), event(payment.public_id, PAID))
    assert await state(database, payment) == OPEN


async def test_an_event_that_was_parked_too_early_is_applied_once_that_can_be(
    database: NotingDatabase, payment: tables.Transaction
) -> None:
    [refund] = await receive(database, event(payment.public_id, REFUNDED))
    await change(database, refund, received_at=datetime.now(UTC) - timedelta(days=4))
    await run(database, "apply_payment_event", event=refund.public_id)
    assert await parked(database, refund)
    await tell(database, event(payment.public_id, PAID))
    assert await state(database, payment) == RETURNED
    assert await parked(database, refund) is None


async def test_a_payment_that_is_known_late_to_have_been_made_opens_another_place(
    database: NotingDatabase, world: World, payment: tables.Transaction
) -> None:
    """The enrollment that ended when the payment seemed to fail does not come back."""
    [failed, _] = await tell(
        database, event(payment.public_id, FAILED, created=NOW), event(payment.public_id, PAID, created=NOW - 5)
    )
    assert await state(database, payment) == OPEN
    assert await places(database, world) == 2
    assert await parked(database, failed) == "A payment that is COMPLETED does not become FAILED."


async def test_a_payment_that_is_known_late_to_have_failed_takes_its_place_away(
    database: NotingDatabase, world: World, payment: tables.Transaction
) -> None:
    [paid, _] = await tell(
        database, event(payment.public_id, PAID, created=NOW), event(payment.public_id, FAILED, created=NOW - 5)
    )
    assert await state(database, payment) == LOST
    assert await parked(database, paid) == "A payment that is FAILED does not become COMPLETED."


# --- money for nothing ------------------------------------------------------------------------------------------------


async def test_a_payment_for_a_course_that_was_deleted_is_before_an_operator_until_it_is_paid_back(
    database: NotingDatabase, world: World, payment: tables.Transaction
) -> None:
    await change(database, world.rhetoric, published=False, deleted_at=func.now())
    [paid] = await tell(database, event(payment.public_id))
    assert await state(database, payment) == OPEN
    assert await parked(database, paid) == DELETED
    await tell(database, event(payment.public_id, PAID))  # told again: it is before an operator still
    assert await parked(database, paid) == DELETED
    await tell(database, event(payment.public_id, REFUNDED))
    assert await state(database, payment) == RETURNED
    assert await parked(database, paid) is None


@pytest.mark.parametrize("gone", ["rhetoric", "vera"])
async def test_a_payment_outlives_its_course_and_its_person(database: NotingDatabase, world: World, gone: str) -> None:
    payment, row = await enroll(database, world, "vera"), getattr(world, gone)
    async with database.work(GUEST) as work:
        await work.execute(delete(type(row)).where(type(row).id == row.id))
    [paid] = await tell(database, event(payment.public_id))
    now = await again(database, payment)
    assert (now.status, now.enrollment_id) == (PaymentStatus.COMPLETED, None)
    assert await parked(database, paid) == GONE
    await tell(database, event(payment.public_id, REFUNDED))
    assert (await again(database, payment)).status is PaymentStatus.REFUNDED
    assert await parked(database, paid) is None


async def test_a_payment_of_who_has_left_and_come_back_is_before_an_operator(
    database: NotingDatabase, world: World, payment: tables.Transaction
) -> None:
    async with database.work(GUEST) as work:
        place = (
            await work.scalars(select(tables.Enrollment).where(tables.Enrollment.id == payment.enrollment_id))
        ).one()
        place.status = EnrollmentStatus.CANCELLED
    other = await enroll(database, world)
    [paid] = await tell(database, event(payment.public_id))
    assert await parked(database, paid) == TAKEN
    assert await state(database, other) == WAITING


# --- payments of which nothing is heard -------------------------------------------------------------------------------


async def test_a_payment_fails_of_which_nothing_is_heard_for_a_day(
    database: NotingDatabase, world: World, payment: tables.Transaction
) -> None:
    await change(database, payment, created_at=func.now() - OPEN_FOR + timedelta(minutes=1))
    await run(database, "chase_pending_payments")
    assert await state(database, payment) == WAITING
    await change(database, payment, created_at=func.now() - OPEN_FOR - timedelta(minutes=1))
    await run(database, "chase_pending_payments")
    assert await state(database, payment) == LOST
    assert [type_ for type_, _ in await history(database, world.ben)] == [NotificationType.PAYMENT_FAILED]


async def test_a_payment_of_that_day_that_is_heard_of_later_opens_the_course(
    database: NotingDatabase, payment: tables.Transaction
) -> None:
    await change(database, payment, created_at=func.now() - 2 * OPEN_FOR)
    await run(database, "chase_pending_payments")
    in_time, too_late = (NOW - int(hours * 3600) for hours in (47, 1))
    [late] = await tell(database, event(payment.public_id, PAID, created=too_late))
    assert await state(database, payment) == LOST
    assert await parked(database, late)
    await tell(database, event(payment.public_id, PAID, created=in_time))
    assert await state(database, payment) == OPEN


async def test_operators_see_how_much_waits_is_parked_and_is_overdue(
    database: NotingDatabase, payment: tables.Transaction
) -> None:
    async def counts() -> dict[str, int]:
        async with database.read() as reading:
            return dict((await reading.execute(payments.counts())).mappings().one())

    assert await counts() == {"waiting": 0, "parked": 0, "overdue": 0}
    await tell(database, event(payment.public_id, REFUNDED), event(payment.public_id, PAID, amount=1))
    await change(database, payment, created_at=func.now() - timedelta(minutes=16))
    assert await counts() == {"waiting": 1, "parked": 1, "overdue": 1}
