"""Counting courses anew, without waiting for the job."""

import strawberry

from db import tables
from db.actions import course_analytics
from db.errors import Forbidden
from db.permissions import MANAGE
from db.write import Work
from graphql_schema.core import mutation
from graphql_schema.core.restricted import REFUSED


@strawberry.input(description="The courses to count.")
class RefreshCourseAnalyticsInput:
    """A course, or all."""

    course_id: strawberry.ID | None = strawberry.field(
        default=None, description="The course; all courses if it is left out, which is for administrators."
    )


@mutation(analytics=tables.CourseAnalytics)
async def refresh_course_analytics(work: Work, input: RefreshCourseAnalyticsInput) -> tables.CourseAnalytics | None:
    """Count a course now: students, progress, revenue and rating. For who teaches it.

    Without a course all are counted, for administrators, and `analytics` is null.
    """
    if input.course_id is None:
        if not work.viewer.is_admin:
            raise Forbidden(REFUSED, at="courseId")
        return await course_analytics.refresh(work)
    course = await work.get(tables.Course, input.course_id, at="courseId", may=MANAGE)
    return await course_analytics.refresh(work, course)
