"""Taking courses, and leaving them."""

import strawberry

from db import tables
from db.actions import enrollments
from db.permissions import LEARN, MANAGE
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


@strawberry.input(description="Time for which a lesson was watched.")
class AddWatchTimeInput:
    """Seconds of a lesson."""

    lesson_id: strawberry.ID = strawberry.field(description="A lesson of a course that you are enrolled in.")
    seconds: int = strawberry.field(description="The seconds since you said so last: 1 to 300.")


@strawberry.input(description="A course that is opened.")
class OpenCourseInput:
    """A course."""

    course_id: strawberry.ID = strawberry.field(description="A course that you are enrolled in.")


@strawberry.input(description="A place in a course to give up.")
class CancelEnrollmentInput:
    """A place in a course."""

    enrollment_id: strawberry.ID = strawberry.field(description="The enrollment.")


@mutation(enrollment=tables.Enrollment, progress=tables.CourseProgress, transaction=tables.Transaction)
async def enroll(
    work: Work, input: EnrollInput
) -> tuple[tables.Enrollment, tables.CourseProgress, tables.Transaction | None]:
    """Enroll in a course. While you are enrolled, again is refused with `CONFLICT` and `enrollment` is what you have.

    A course that costs money opens once `transaction` is completed: have its provider name the id of that, as
    `transaction` in the metadata of the charge. It is null for a free course.

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


@mutation(progress=tables.CourseProgress, lesson_progress=tables.LessonProgress)
async def add_watch_time(
    work: Work,
    input: AddWatchTimeInput,
) -> tuple[tables.CourseProgress, tables.LessonProgress]:
    """Say for how long you have watched a lesson since you said so last: once a minute, say, while a film runs.

    It is added up. No more is added than time has passed since your last call, for whichever lesson and on whichever
    of your devices: see `watchTimeSeconds` for what was.
    """
    lesson = await work.get(tables.Lesson, input.lesson_id, at="lessonId", may=LEARN)
    return await enrollments.add_watch_time(work, lesson, input.seconds)


@mutation(progress=tables.CourseProgress)
async def open_course(work: Work, input: OpenCourseInput) -> tables.CourseProgress:
    """Say that you go on with a course: it comes first among your courses, and nobody asks where you are."""
    return await enrollments.open_course(work, await work.get(tables.Course, input.course_id, at="courseId"))


@mutation(enrollment=tables.Enrollment)
async def cancel_enrollment(work: Work, input: CancelEnrollmentInput) -> tables.Enrollment:
    """Leave a course that you have not completed. What you have paid is not paid back by this; your progress stays.

    Whoever manages the course ends places that are free.
    """
    enrollment = await work.get(tables.Enrollment, input.enrollment_id, at="enrollmentId", may=MANAGE, lock=True)
    return await enrollments.cancel(work, enrollment)
