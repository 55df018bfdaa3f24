"""Hearing what happens to a course, of one's own progress, wherever it is made, and of all students of a course."""

from db import tables
from db.permissions import MANAGE
from db.tables import ClassEventKind, CourseEventKind, ProgressEventKind, class_topic, progress_topic
from graphql_schema.core import events

course_events = events(
    """What happens to a course that you see, from now on: it is changed, published, deleted, or its content is another.

    Who loses sight of it, as its students do when it is deleted, is told so, and hears no more.
    """,
    "CourseEvent",
    CourseEventKind,
    of=tables.Course,
    course=tables.Course,
    module=tables.CourseModule,
    lesson=tables.Lesson,
)
progress_events = events(
    "How you advance in a course, from now on, on whichever of your devices.",
    "ProgressEvent",
    ProgressEventKind,
    of=tables.Course,
    own=progress_topic,
    progress=tables.CourseProgress,
    lesson=tables.Lesson,
)
class_events = events(
    """The students of a course, from now on: who enrolls, finishes a lesson, completes the course, or leaves. For those
    who manage it.

    After `LESSONS_CHANGED` read the percentages of all students again.
    """,
    "ClassEvent",
    ClassEventKind,
    of=tables.Course,
    beside=class_topic,
    may=MANAGE,
    course=tables.Course,
    enrollment=tables.Enrollment,
    progress=tables.CourseProgress,
    lesson=tables.Lesson,
)
