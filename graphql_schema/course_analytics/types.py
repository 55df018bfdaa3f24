"""Courses in numbers: those that a job counts, and figures of their students, lessons and payments as they are now."""

from typing import Any

from db import tables
from db.periods import Granularity
from db.permissions import MANAGE
from db.tables import EnrollmentStatus, PaymentStatus
from graphql_schema.core import (
    aggregate_of,
    average,
    column,
    count,
    highest,
    lowest,
    node,
    one,
    percentile,
    period,
    share,
    total,
)


def _is_completed(enrollment: Any) -> Any:
    return enrollment.status == EnrollmentStatus.COMPLETED


def _is_paid(enrollment: Any) -> Any:
    return enrollment.payment_status == PaymentStatus.COMPLETED


@aggregate_of(tables.CourseProgress)
class CourseStatistics:
    """How far the students of a course are, all together."""

    students = count("How many people have begun.")
    completed = count("How many have finished the last lesson.", where=lambda row: row.completed_at.is_not(None))
    completion_rate = share("How many of a hundred have.", met=lambda row: row.completed_at.is_not(None))
    average_percent = average("progress_percent", "How much of the course they have done on average, 0 to 100.")
    median_percent = percentile(0.5, "progress_percent", "Half of them have done at least so much of the course.")
    lowest_percent = lowest("progress_percent", "How much the one has done who is least far.")
    highest_percent = highest("progress_percent", "How much the one has done who is farthest.")
    completed_lessons = total("completed_lessons", "How many lessons they have finished together.")
    last_accessed_at = highest("last_accessed_at", "When the last of them was at it.")


@aggregate_of(tables.Enrollment)
class EnrollmentActivity:
    """The enrollments of one period whose amounts are in one currency."""

    begins_at = period("enrolled_at", "The moment at which the period begins.")
    currency = column("The ISO 4217 code of the currency.", source="payment_currency")
    enrollments = count("How many people have enrolled.")
    completed = count("How many of them have completed the course.", where=_is_completed)
    paid = total("payment_amount", "What they have paid.", where=_is_paid)
    average_paid = average("payment_amount", "What those paid on average who paid.", where=_is_paid)


@aggregate_of(tables.LessonProgress, order="-started_count")
class LessonStatistics:
    """How far the students of a course are in one of its lessons."""

    lesson = one(tables.LessonProgress.lesson_id, "The lesson.")
    started_count = count("How many people have begun it.")
    completed_count = count("How many have finished it.", where=lambda row: row.completed)
    completion_rate = share("How many of a hundred who have begun it have finished it.", met=lambda row: row.completed)
    average_watch_seconds = average("watch_time_seconds", "How long they watched it on average, in seconds.")


@aggregate_of(tables.Transaction, needs=MANAGE)
class RevenueMonth:
    """The money that came in for courses in one month in one currency, and what went back."""

    month = period("completed_at", "The moment at which the month begins, in UTC.", Granularity.MONTH)
    currency = column("The ISO 4217 code of the currency.")
    revenue = total("amount", "What was paid in this month, also where it was paid back later.")
    transaction_count = count("How many payments these are.")
    refunded = total("amount", "What was paid back in this month, whenever it was paid.", at="refunded_at")
    refund_count = count("How many payments were paid back.", at="refunded_at")


@node(tables.CourseAnalytics)
class CourseAnalytics:
    """A course in numbers, for whoever teaches it. A job counts them every hour."""

    total_enrollments = column("How many people have enrolled and paid what it cost then, each counted once.")
    active_enrollments = column("How many of them are taking it.")
    completed_enrollments = column("How many have completed it.")
    completion_rate = column("How many of a hundred who have enrolled have completed it; 0 where nobody has enrolled.")
    average_progress = column("How much of it they have done on average, from 0 to 100; 0 where nobody has enrolled.")
    total_revenue = column("What was paid for it, without what was paid back.")
    currency = column("The ISO 4217 code of the revenue's currency, which is that of the course.")
    average_rating = column("How good students find it on average, from 1 to 5; null without a review.")
    last_calculated_at = column(
        "When it was counted. The job counts all courses and leaves those as they are whose numbers are the same."
    )
    course = one(tables.CourseAnalytics.course_id, "The course.")
