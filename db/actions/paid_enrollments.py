"""Enrollments follow their payments: they open when these are paid, and end when these fail or are paid back."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.actions import certificates, progress
from db.actions.notifications import notify
from db.outbox import viewer_topic
from db.tables import ClassEventKind, EnrollmentStatus, NotificationType, PaymentStatus, class_topic
from db.transitions import transition
from db.write import Work

NEWS = {
    PaymentStatus.COMPLETED: (NotificationType.PAYMENT_SUCCESS, "Your payment went through"),
    PaymentStatus.FAILED: (NotificationType.PAYMENT_FAILED, "Your payment did not go through"),
    PaymentStatus.REFUNDED: (NotificationType.PAYMENT_REFUNDED, "You got your money back"),
}
"""The notification of each state that a payment comes to: its type and its title."""
GONE = "What was paid for is gone: pay it back."
TAKEN = "Its enrollment had ended, and the person has another one: pay it back."
DELETED = "The course was deleted: pay it back, or restore the course."


async def follow(
    work: Work, payment: tables.Transaction, enrollment: tables.Enrollment | None, *, was: PaymentStatus
) -> str | None:
    """Have an enrollment follow its payment, which was in another state before; both are locked.

    Returns what an operator has to do about money that was taken for nothing.
    """
    fault = None
    # Of what was paid and paid back before it was heard of, both happen.
    if payment.completed_at and was is not PaymentStatus.COMPLETED:
        enrollment, fault = await _pay(work, payment, enrollment)
    if payment.status is not PaymentStatus.COMPLETED:
        fault = None
        if enrollment:
            await _end(work, payment, enrollment)
    await _tell(work, payment)
    return fault


async def _pay(
    work: Work, payment: tables.Transaction, enrollment: tables.Enrollment | None
) -> tuple[tables.Enrollment | None, str | None]:
    """The enrollment that a payment opens, and what is wrong with that.

    One that has ended meanwhile does not come back: its person begins another.
    """
    course = await work.scalar(select(tables.Course).where(tables.Course.id == payment.course_id))
    if course is None or payment.user_id is None:
        return enrollment, GONE
    if enrollment is None or not _waits(enrollment):
        enrollment = await _another(work, payment)
        if enrollment is None:
            return None, TAKEN
        payment.enrollment_id = enrollment.id
    enrollment.payment_status = PaymentStatus.COMPLETED
    if course.access_days:
        enrollment.expires_at = datetime.now(UTC) + timedelta(days=course.access_days)
    work.audit("enrollment_paid", enrollment)
    await work.changed(enrollment)
    await progress.finish_if_done(work, payment.user_id, course.id)
    return enrollment, DELETED if course.deleted_at else None


def _waits(enrollment: tables.Enrollment) -> bool:
    is_active = enrollment.status is EnrollmentStatus.ACTIVE
    return is_active and enrollment.payment_status is PaymentStatus.PENDING


async def _another(work: Work, payment: tables.Transaction) -> tables.Enrollment | None:
    """Another enrollment for the person who pays; None where they have begun one themselves."""
    row = insert(tables.Enrollment).values(
        user_id=payment.user_id,
        course_id=payment.course_id,
        payment_amount=payment.amount,
        payment_currency=payment.currency,
    )
    enrollment = await work.scalar(row.on_conflict_do_nothing().returning(tables.Enrollment))
    if enrollment:
        work.audit("enrolled", enrollment)
        mine = await progress.begun(work, enrollment.user_id, enrollment.course_id)
        there = class_topic(enrollment.course_id)
        work.tell(there, ClassEventKind.STUDENT_ENROLLED, enrollment=enrollment, progress=mine)
    return enrollment


async def _end(work: Work, payment: tables.Transaction, enrollment: tables.Enrollment) -> None:
    """End an enrollment that is not paid, or not any more. Who has completed the course stays so, without a
    certificate.
    """
    # Not by a transition: what is known late can make a payment fail that was completed before.
    enrollment.payment_status = payment.status
    if enrollment.status is EnrollmentStatus.ACTIVE:
        transition(enrollment, EnrollmentStatus.CANCELLED)
    work.audit("enrollment_unpaid", enrollment)
    await progress.tell_of_end(work, enrollment)
    await certificates.revoke(work, enrollment)


async def _tell(work: Work, payment: tables.Transaction) -> None:
    """Tell who pays; nobody if they are gone."""
    if payment.user_id is None:
        return
    await work.changed(payment)
    work.touch(viewer_topic(payment.user_id))
    type_, title = NEWS[payment.status]
    message = f"{payment.amount} {payment.currency} for {payment.course_title}."
    told = {"type": type_, "title": title, "message": message, "data": {"transactionId": payment.public_id}}
    await notify(work, [{"user_id": payment.user_id, **told}])
