"""Courses in numbers, as a job counts them."""

from db import tables
from graphql_schema.core import column, node, one


@node(tables.CourseAnalytics)
class CourseAnalytics:
    """A course in numbers, for whoever teaches it."""

    total_enrollments = column("How many people have enrolled, each counted once.")
    active_enrollments = column("How many are taking it.")
    completed_enrollments = column("How many have completed it.")
    completion_rate = column("The share of those who enrolled that have completed it, from 0 to 100.")
    average_progress = column("How much of it the students have done on average, from 0 to 100.")
    total_revenue = column("What was paid for it, without what was paid back.")
    currency = column("The ISO 4217 code of the revenue's currency.")
    average_rating = column("How good students find it on average, from 1 to 5; null without a review.")
    last_calculated_at = column("When it was counted.")
    course = one(tables.CourseAnalytics.course_id, "The course.")
