"""Courses from the root."""

from db import tables
from graphql_schema.core import aggregate, listing, lookup
from graphql_schema.courses.types import EnrollmentActivity

course = lookup(tables.Course, "A course of the catalogue, or a draft of yours.", "slug")
courses = listing(tables.Course, "The catalogue, and your own drafts.")
enrollment_activity = aggregate(
    tables.Enrollment,
    EnrollmentActivity,
    "Enrollments over time, as far as you see them: your own, and those in the courses that you teach. Periods in "
    "which nobody enrolled are left out.",
)
