"""Payments for courses: begun with an enrollment, and brought to an end by the events of their providers.

An event is kept first, and applied by a job. Whatever it says, the payment is worked out anew from all that is known of
it: see `db.actions.payment_history`. The enrollment follows the payment.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Select, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.actions import progress
from db.actions.charges import TYPES, Charge, Message, charge_in
from db.actions.paid_enrollments import follow
from db.actions.payment_history import OPEN_FOR, History, history
from db.base import Json
from db.ids import key_of
from db.queue.declared import job
from db.queue.steps import Steps
from db.tables import PaymentEventKind, PaymentStatus
from db.write import Work

WAITS_FOR = timedelta(days=3)
"""The time for which an event waits for others, until an operator has to look at it."""
OVERDUE_FOR = timedelta(minutes=15)
"""The time after which a payment of which nothing was heard is told to operators."""

_event, _payment = tables.PaymentEvent, tables.Transaction
_WAITS = and_(~_event.is_processed, ~_event.is_parked)

log = structlog.get_logger()


async def begin(work: Work, enrollment: tables.Enrollment, course: tables.Course) -> tables.Transaction:
    """The payment for a place that the viewer has taken in a course. Its amount stays when the price changes."""
    payment = await work.add(
        _payment(
            user_id=work.viewer_id,
            course_id=course.id,
            enrollment_id=enrollment.id,
            user_email=await work.scalar(select(tables.User.email).where(tables.User.id == work.viewer_id)),
            course_title=course.title,
            amount=enrollment.payment_amount,
            currency=enrollment.payment_currency,
        )
    )
    work.audit("payment_begun", payment)
    return payment


async def receive(work: Work, provider: str, message: Message, payload: Json) -> None:
    """Keep an event of a provider as it came, and have it applied. One that was received before changes nothing."""
    row = insert(_event).values(
        provider=provider,
        provider_event_id=message.id,
        type=message.type,
        charge=message.charge and message.charge.id,
        payload=payload,
        occurred_at=datetime.fromtimestamp(message.created, UTC),
        processed_at=None if message.type in TYPES else func.now(),
    )
    event = await work.scalar(row.on_conflict_do_nothing().returning(_event))
    if event and event.processed_at is None:
        await work.happened(PaymentEventKind.PAYMENT_EVENT_RECEIVED, event)


@job(on=(PaymentEventKind.PAYMENT_EVENT_RECEIVED, PaymentEventKind.PAYMENT_EVENT_REPLAYED))
async def apply_payment_event(steps: Steps, event: str) -> None:
    """Bring the payment that an event is about to where its events say that it is."""
    async with steps.work() as work:
        await _apply(work, key_of(_event, event))


@job(cron="*/5 * * * *")
async def retry_payment_events(steps: Steps) -> None:
    """Apply the events that wait, and put those before an operator that have waited for too long."""
    async with steps.work() as work:
        waiting = (await work.scalars(select(_event.id).where(_WAITS).order_by(_event.received_at, _event.id))).all()
    for key in waiting:
        async with steps.work() as work:
            await _apply(work, key)


@job(cron="*/5 * * * *")
async def chase_pending_payments(steps: Steps) -> None:
    """Let the payments fail that nothing was heard of for too long."""
    open_too_long = _payment.status == PaymentStatus.PENDING, _payment.created_at < func.now() - OPEN_FOR
    async with steps.work() as work:
        pending = (await work.scalars(select(_payment.id).where(*open_too_long).order_by(_payment.id))).all()
    for key in pending:
        async with steps.work() as work:
            await _settle(work, key)


def counts() -> Select[Any]:
    """The statement that counts for operators: `waiting` events, `parked` ones, and payments that are `overdue`."""
    is_overdue = and_(_payment.status == PaymentStatus.PENDING, _payment.created_at < func.now() - OVERDUE_FOR)
    conditions = {"waiting": _WAITS, "parked": _event.is_parked, "overdue": is_overdue}
    found = (select(func.count()).where(one).scalar_subquery().label(name) for name, one in conditions.items())
    return select(*found)


async def _apply(work: Work, key: UUID | None) -> None:
    event = await work.scalar(select(_event).where(_event.id == key, _WAITS))
    if event is None:  # it was applied with another one
        return
    charge = charge_in(event.payload["data"]["object"])
    if charge is None:
        _park(event, "What it says of the charge makes no sense.")
        return
    # Of two events of one charge only one may name the payment: the other one sees that, or is seen.
    await _turn(work, f"charge {event.provider} {charge.id}")
    of_charge = and_(_event.provider == event.provider, _event.charge == charge.id)
    others = select(_event.transaction_id).where(of_charge, _event.transaction_id.is_not(None)).limit(1)
    if payment := await work.scalar(others) or await _named_in(work, charge):
        nameless = update(_event).where(of_charge, _event.transaction_id.is_(None))
        await work.execute(nameless.values(transaction_id=payment))
        await _settle(work, payment)
    else:
        _wait(event, "No payment is known that this charge is for.")


async def _named_in(work: Work, charge: Charge) -> UUID | None:
    """The key of the payment that a charge itself names."""
    key = key_of(_payment, str(charge.metadata.get("transaction")))
    return await work.scalar(select(_payment.id).where(_payment.id == key))


async def _settle(work: Work, key: UUID) -> None:
    """Work out a payment anew, and have the enrollment follow it."""
    await _turn(work, f"payment {key}")
    payment, enrollment = await _locked(work, key)
    events = (await work.scalars(select(_event).where(_event.transaction_id == key).order_by(_event.id))).all()
    now = datetime.now(UTC)
    found, was = history(payment, events, now=now), payment.status
    work.change(
        payment,
        {
            "status": found.status,
            "provider": found.charge[0],
            "provider_txn_id": found.charge[1],
            "failure_reason": found.reason,
            "completed_at": found.times.get(PaymentStatus.COMPLETED),
            "failed_at": found.times.get(PaymentStatus.FAILED),
            "refunded_at": found.times.get(PaymentStatus.REFUNDED),
        },
    )
    fault = None
    if found.status is not was:
        work.audit(f"payment_{found.status.lower()}", payment)
        fault = await follow(work, payment, enrollment, was=was)
    for event in events:
        _note(event, found, fault, now=now)


async def _locked(work: Work, key: UUID) -> tuple[tables.Transaction, tables.Enrollment | None]:
    """A payment and the enrollment that it is for, both locked, behind the course and ahead of all that hangs on it."""
    payment = (await work.scalars(select(_payment).where(_payment.id == key))).one()
    if payment.course_id:
        await progress.keep(work, payment.course_id)
    place = select(tables.Enrollment).where(tables.Enrollment.id == payment.enrollment_id)
    if enrollment := await work.scalar(place.with_for_update()):
        await progress.begun(work, enrollment.user_id, enrollment.course_id)
    return (await work.scalars(select(_payment).where(_payment.id == key).with_for_update())).one(), enrollment


async def _turn(work: Work, thing: str) -> None:
    """Have others who work on a thing wait until this transaction ends."""
    await work.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(thing, 0))))


def _note(event: tables.PaymentEvent, found: History, fault: str | None, *, now: datetime) -> None:
    """Note with an event what has become of it. With `fault` it was applied, and an operator has to look at it."""
    if reason := found.refused.get(event.id):
        event.processed_at = None
        _park(event, reason)
    elif reason := found.waiting.get(event.id):
        event.processed_at = None
        _wait(event, reason)
    else:
        has_fault = event.processed_at and event.parked_at and found.status is PaymentStatus.COMPLETED
        event.processed_at = event.processed_at or now
        if fault and TYPES[event.type] is PaymentStatus.COMPLETED:
            _park(event, fault)
        elif not has_fault:
            event.parked_at = event.error = None


def _wait(event: tables.PaymentEvent, reason: str) -> None:
    event.attempts += 1
    if event.received_at < datetime.now(UTC) - WAITS_FOR:
        _park(event, f"{reason} This was waited for for {WAITS_FOR.days} days.")
    else:
        event.error = reason


def _park(event: tables.PaymentEvent, reason: str) -> None:
    """Put an event before an operator."""
    if event.parked_at is None:
        event.parked_at = datetime.now(UTC)
        log.error("payment event parked", id=event.public_id, provider=event.provider, reason=reason)
    event.error = reason
