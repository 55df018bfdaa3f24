"""Hearing of one's own progress, wherever it is made."""

import strawberry

from db import tables
from db.enums import Words
from db.errors import Unauthenticated
from db.outbox import Topic, progress_topic
from graphql_schema.core import subscription
from graphql_schema.core.context import Context


class ProgressEventKind(Words):
    """Something that happened to your progress in a course."""

    LESSON_COMPLETED = "LESSON_COMPLETED", "You finished a lesson."
    COURSE_COMPLETED = "COURSE_COMPLETED", "You finished the last lesson of the course."


@subscription("ProgressEvent", ProgressEventKind, progress=tables.CourseProgress, lesson=tables.Lesson)
async def progress_events(context: Context, course_id: strawberry.ID) -> Topic:
    """How you advance in a course, from now on, on whichever of your devices."""
    key = await context.see(tables.Course, course_id, at="courseId")
    if context.viewer.id is None:
        raise Unauthenticated
    return progress_topic(context.viewer.id, key)
