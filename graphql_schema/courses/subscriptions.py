"""Hearing of one's own progress, wherever it is made."""

from typing import Annotated

from strawberry import ID

from db import tables
from db.errors import Unauthenticated
from db.tables import ProgressEventKind, progress_topic
from graphql_schema.core import subscription
from graphql_schema.core.context import Context, Feed


@subscription("ProgressEvent", ProgressEventKind, progress=tables.CourseProgress, lesson=tables.Lesson)
async def progress_events(context: Context, course_id: Annotated[ID, "The course to listen to."]) -> Feed:
    """How you advance in a course, from now on, on whichever of your devices."""
    key = await context.see(tables.Course, course_id, at="courseId")
    if context.viewer.id is None:
        raise Unauthenticated
    return Feed(progress_topic(context.viewer.id, key))
