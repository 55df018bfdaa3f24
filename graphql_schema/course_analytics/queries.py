"""Courses in numbers from the root."""

from db import tables
from graphql_schema.core import aggregate, listing
from graphql_schema.course_analytics.types import EnrollmentActivity, RevenueMonth

course_progress = listing(
    tables.CourseProgress,
    "How far people are in courses, as far as you see it: you yourself, and those whom you teach. Who is inactive is "
    "found by `lastAccessedAt`, `progressPercent` and `enrollmentStatus`.",
)
enrollment_activity = aggregate(
    tables.Enrollment,
    EnrollmentActivity,
    "Enrollments over time, as far as you see them: your own, and those in the courses that you teach. Periods in "
    "which nobody enrolled are left out.",
)
revenue_by_month = aggregate(
    tables.Transaction,
    RevenueMonth,
    "What came in for the courses that you teach, or for all if you are an administrator, and what went back, month by "
    "month. Months in which nothing did are left out, and currencies are never added up.",
)
