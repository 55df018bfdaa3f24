"""Taking courses."""

import strawberry

from db import tables
from db.actions import enrollments
from db.permissions import LEARN
from db.write import Work
from graphql_schema.core import mutation


@strawberry.input(description="A course to take.")
class EnrollInput:
    """A course."""

    course_id: strawberry.ID = strawberry.field(description="A published course.")


@strawberry.input(description="A lesson that is done.")
class CompleteLessonInput:
    """A lesson."""

    lesson_id: strawberry.ID = strawberry.field(description="A lesson of a course that you are enrolled in.")


@mutation(enrollment=tables.Enrollment, progress=tables.CourseProgress)
async def enroll(work: Work, input: EnrollInput) -> tuple[tables.Enrollment, tables.CourseProgress]:
    """Enroll in a course. While you are enrolled, again is refused with `CONFLICT` and `enrollment` is what you have.

    After an enrollment was cancelled, has expired or was paid back you can begin another. Your progress goes on.
    """
    return await enrollments.enroll(work, await work.get(tables.Course, input.course_id, at="courseId"))


@mutation(progress=tables.CourseProgress, lesson_progress=tables.LessonProgress)
async def complete_lesson(
    work: Work,
    input: CompleteLessonInput,
) -> tuple[tables.CourseProgress, tables.LessonProgress]:
    """Mark a lesson as done. Your percentage follows, and with the last lesson the course is completed.

    It takes an enrollment that is paid and not over.
    """
    return await enrollments.complete_lesson(
        work, await work.get(tables.Lesson, input.lesson_id, at="lessonId", may=LEARN)
    )
