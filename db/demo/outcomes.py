"""Payments, certificates and reviews, which come of enrollments; and courses in numbers, counted here in Python."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from db import tables
from db.certificate_numbers import new_number
from db.demo.rows import Batch, Row, dice, row
from db.demo.sources import moment
from db.tables import EnrollmentStatus, PaymentStatus

if TYPE_CHECKING:
    from db.demo.learning import Study, Syllabus

COUNTED = moment("2026-08-20")  # when the sources end
PAYING, REFUNDING = timedelta(minutes=2), timedelta(days=9)


def batches(studies: Sequence[tuple["Study", Row]]) -> Iterator[Batch]:
    """The rows that come of ways through courses, each with its enrollment."""
    yield Batch(tables.Transaction, [_payment(one, enrollment) for one, enrollment in studies if one.syllabus.price])
    done = [(one, enrollment) for one, enrollment in studies if one.status is EnrollmentStatus.COMPLETED]
    yield Batch(tables.Certificate, [_certificate(one, enrollment) for one, enrollment in done])
    yield Batch(tables.CourseReview, [_review(one, enrollment) for one, enrollment in studies if one.rating])


def analytics(syllabi: Sequence["Syllabus"], studies: Sequence["Study"]) -> Batch:
    """Courses in numbers."""
    of_courses: dict[UUID, list[Study]] = defaultdict(list)
    for one in studies:
        of_courses[one.syllabus.course_id].append(one)
    return Batch(tables.CourseAnalytics, [_numbers(one, of_courses[one.course_id]) for one in syllabi])


def _payment(one: "Study", enrollment: Row) -> Row:
    paid_at = one.enrolled_at + PAYING
    refunded_at = paid_at + REFUNDING if one.payment_status is PaymentStatus.REFUNDED else None
    return row(
        tables.Transaction,
        one.name,
        at=one.enrolled_at,
        user_id=one.student.id,
        course_id=one.syllabus.course_id,
        enrollment_id=enrollment["id"],
        user_email=one.student.email,
        course_title=one.syllabus.title,
        amount=one.syllabus.price,
        status=one.payment_status,
        provider="demo",
        provider_txn_id=f"ch_{enrollment['id'].hex}",
        completed_at=paid_at,
        refunded_at=refunded_at,
        updated_at=refunded_at or paid_at,
    )


def _certificate(one: "Study", enrollment: Row) -> Row:
    at = enrollment["completed_at"]
    return row(
        tables.Certificate,
        one.name,
        at=at,
        user_id=one.student.id,
        course_id=one.syllabus.course_id,
        enrollment_id=enrollment["id"],
        holder_name=one.student.name,
        course_title=one.syllabus.title,
        certificate_no=new_number(at.year, dice(f"certificate of {one.name}").choice),
        issued_at=at,
    )


def _review(one: "Study", enrollment: Row) -> Row:
    return row(
        tables.CourseReview,
        one.name,
        at=enrollment["updated_at"],
        course_id=one.syllabus.course_id,
        user_id=one.student.id,
        rating=one.rating,
    )


def _numbers(syllabus: "Syllabus", studies: Sequence["Study"]) -> Row:
    statuses = [one.status for one in studies]
    kept = [one for one in studies if one.payment_status is PaymentStatus.COMPLETED]
    return row(
        tables.CourseAnalytics,
        syllabus.course_id.hex,
        at=COUNTED,
        course_id=syllabus.course_id,
        total_enrollments=len(studies),
        active_enrollments=statuses.count(EnrollmentStatus.ACTIVE),
        completed_enrollments=statuses.count(EnrollmentStatus.COMPLETED),
        completion_rate=_mean([100 * (status is EnrollmentStatus.COMPLETED) for status in statuses]) or 0.0,
        average_progress=_mean([one.percent for one in studies]) or 0.0,
        total_revenue=sum((one.syllabus.price for one in kept), Decimal(0)),
        average_rating=_mean([one.rating for one in studies if one.rating]),
        last_calculated_at=COUNTED,
    )


def _mean(values: Sequence[Any]) -> float | None:
    return sum(values) / len(values) if values else None
