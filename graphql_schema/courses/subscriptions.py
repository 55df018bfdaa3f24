"""Hearing of one's own progress, wherever it is made."""

from db import tables
from db.tables import ProgressEventKind, progress_topic
from graphql_schema.core import events

progress_events = events(
    "How you advance in a course, from now on, on whichever of your devices.",
    "ProgressEvent",
    ProgressEventKind,
    of=tables.Course,
    own=progress_topic,
    progress=tables.CourseProgress,
    lesson=tables.Lesson,
)
