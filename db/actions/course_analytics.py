"""Courses in numbers: one statement counts all of them, or one, and keeps what it has counted."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Double, cast, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.outbox import topic
from db.queue.declared import job
from db.queue.steps import Steps
from db.tables import EnrollmentStatus, PaymentStatus
from db.write import Work

PAID = (PaymentStatus.COMPLETED, PaymentStatus.REFUNDED)
"""The states of payment in which somebody has enrolled: it went through, or was paid back later."""

courses: Any = tables.Course.__table__
numbers: Any = tables.CourseAnalytics.__table__


@job(cron="19 * * * *")
async def refresh_course_analytics(steps: Steps) -> None:
    """Count all courses anew."""
    async with steps.work() as work:
        await refresh(work)


async def refresh(work: Work, course: tables.Course | None = None) -> tables.CourseAnalytics | None:
    """Count a course anew, or all; returns the numbers of the one.

    Two runs wait for each other. Of all courses, a run writes those whose numbers have changed.
    """
    await work.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("course_analytics", 0))))
    counted = await work.scalars(counting(course.id if course else None))
    work.touch(*(topic("course", key) for key in counted))
    if course is None:
        work.audit("course_analytics_refreshed", tables.CourseAnalytics)
        return None
    analytics = tables.CourseAnalytics
    found = (await work.scalars(select(analytics).where(analytics.course_id == course.id))).one_or_none()
    if found:
        work.audit("course_analytics_refreshed", found)
    return found


def counting(course_id: UUID | None = None) -> Any:
    """The statement that counts a course, or all, and writes its numbers, or those that are others than before.

    It returns the ids of the courses. They are locked in the order of their ids, so that none is purged meanwhile. What
    was counted later stays.
    """
    of_people, of_money, of_reviews = _people(course_id), _money(course_id), _reviews(course_id)
    figures = {
        "total_enrollments": func.coalesce(of_people.c.total, 0),
        "active_enrollments": func.coalesce(of_people.c.active, 0),
        "completed_enrollments": func.coalesce(of_people.c.completed, 0),
        "completion_rate": _mean(100 * of_people.c.completed, of_people.c.total),
        "average_progress": _mean(of_people.c.percents, of_people.c.total),
        "total_revenue": func.coalesce(of_money.c.revenue, 0),
        "currency": courses.c.currency,
        "average_rating": of_reviews.c.rating,
    }
    known = numbers.alias("known")
    differs = or_(*(known.c[name].is_distinct_from(figure) for name, figure in figures.items()), known.c.id.is_(None))
    figures["last_calculated_at"] = func.statement_timestamp()
    counted = (
        select(func.uuidv7(), courses.c.id, *figures.values())
        .outerjoin(of_people, of_people.c.course_id == courses.c.id)
        .outerjoin(of_money, (of_money.c.course_id == courses.c.id) & (of_money.c.currency == courses.c.currency))
        .outerjoin(of_reviews, of_reviews.c.course_id == courses.c.id)
        .outerjoin(known, known.c.course_id == courses.c.id)
        .where(*_only(courses.c.id, course_id) or [differs])
        .order_by(courses.c.id)
        .with_for_update(read=True, key_share=True, of=courses)
    )
    addition = insert(numbers).from_select(["id", "course_id", *figures], counted)
    new = addition.excluded
    return addition.on_conflict_do_update(
        index_elements=["course_id"],
        set_={name: new[name] for name in figures},
        where=numbers.c.last_calculated_at <= new.last_calculated_at,
    ).returning(numbers.c.course_id)


def _people(course_id: UUID | None) -> Any:
    """The people who enrolled in each course, each counted once however often they came back."""
    enrollment, progress = tables.Enrollment.__table__, tables.CourseProgress.__table__
    people = (
        select(
            enrollment.c.course_id,
            enrollment.c.user_id,
            func.bool_or(enrollment.c.status == EnrollmentStatus.ACTIVE).label("active"),
            func.bool_or(enrollment.c.status == EnrollmentStatus.COMPLETED).label("completed"),
        )
        .where(enrollment.c.payment_status.in_(PAID), *_only(enrollment.c.course_id, course_id))
        .group_by(enrollment.c.course_id, enrollment.c.user_id)
        .subquery("people")
    )
    is_theirs = (progress.c.course_id == people.c.course_id) & (progress.c.user_id == people.c.user_id)
    return (
        select(
            people.c.course_id,
            func.count().label("total"),
            func.count().filter(people.c.active).label("active"),
            func.count().filter(people.c.completed).label("completed"),
            func.sum(progress.c.progress_percent).label("percents"),
        )
        .select_from(people.outerjoin(progress, is_theirs))
        .group_by(people.c.course_id)
        .subquery("of_people")
    )


def _money(course_id: UUID | None) -> Any:
    """The money that was paid for each course in each currency, without what was paid back."""
    payment = tables.Transaction.__table__
    return (
        select(payment.c.course_id, payment.c.currency, func.sum(payment.c.amount).label("revenue"))
        .where(payment.c.status == PaymentStatus.COMPLETED, *_only(payment.c.course_id, course_id))
        .group_by(payment.c.course_id, payment.c.currency)
        .subquery("of_money")
    )


def _reviews(course_id: UUID | None) -> Any:
    """The mean rating of each course, of what everybody sees."""
    review = tables.CourseReview.__table__
    return (
        select(review.c.course_id, _mean(func.sum(review.c.rating), func.count()).label("rating"))
        .where(~review.c.is_hidden, *_only(review.c.course_id, course_id))
        .group_by(review.c.course_id)
        .subquery("of_reviews")
    )


def _only(column: Any, course_id: UUID | None) -> list[ColumnElement[bool]]:
    """The condition that a row is of this course, if there is to be one."""
    return [column == course_id] if course_id else []


def _mean(total: Any, number: Any) -> ColumnElement[float]:
    """A total for each of a number of things; 0 where there are none, and so neither is known."""
    return func.coalesce(cast(total, Double()) / number, 0.0)
