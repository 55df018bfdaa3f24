"""Calls of what students do in a course, and of how far they are counted to be."""

from typing import Any

from db import tables
from db.actions import enrollments, progress
from db.tables import PaymentStatus
from db.write import Work
from tests.db.calls import Call, newcomer
from tests.world import NOON

STATES = "SELECT count(*) = 1 FROM enrollments e JOIN users u ON u.id = e.user_id WHERE"
COUNTED = "SELECT count(*) = 1 FROM course_progress p JOIN users u ON u.id = p.user_id WHERE"


async def begun(work: Work, name: str, course: tables.Course) -> progress.Place:
    """The place of a new student in a course, whose progress knows of no lesson."""
    user = await newcomer(work, name)
    place = {"user_id": user.id, "course_id": course.id}
    enrollment = await work.add(tables.Enrollment(payment_status=PaymentStatus.COMPLETED, **place))
    return enrollment, await work.add(tables.CourseProgress(total_lessons=0, **place))


async def left(work: Work, logic: tables.Course) -> None:
    enrollment, _ = await begun(work, "leaver", logic)
    await enrollments.cancel(work, enrollment)


async def recounted(work: Work, rhetoric: tables.Course) -> None:
    await begun(work, "counted", rhetoric)
    await progress.recount(work, rhetoric.id)


async def finished(work: Work, name: str, *lessons: tables.Lesson, course: tables.Course) -> progress.Place:
    enrollment, mine = await begun(work, name, course)
    for lesson in lessons:
        done = {"completed": True, "completed_at": NOON}
        await work.add(tables.LessonProgress(progress_id=mine.id, lesson_id=lesson.id, **done))
    await work.session()
    return enrollment, mine


async def finish(work: Work, course: tables.Course, *lessons: tables.Lesson) -> None:
    enrollment, _ = await finished(work, "finisher", *lessons, course=course)
    await progress.finish_if_done(work, enrollment.user_id, course.id)


async def advance(work: Work, course: tables.Course, *lessons: tables.Lesson) -> None:
    await progress.advance(work, *await finished(work, "advancing", *lessons, course=course))


async def begin(work: Work, course: tables.Course) -> None:
    await progress.begun(work, (await newcomer(work, "beginner")).id, course.id)


async def ended(work: Work, course: tables.Course) -> None:
    enrollment, _ = await begun(work, "ended", course)
    await progress.tell_of_end(work, enrollment)


LOGIC: Any = ("logic", "logic_1_1", "logic_1_2", "logic_2_1", "logic_2_2")
CALLS = (
    Call(
        enrollments.open_course,
        "sam",
        ("logic",),
        enrollments.open_course,
        f"{COUNTED} u.name = 'Sam' AND last_accessed_at > started_at",
    ),
    Call(
        enrollments.add_watch_time,
        "sam",
        ("logic_2_2",),
        lambda work, lesson: enrollments.add_watch_time(work, lesson, 60),
        f"{COUNTED} u.name = 'Sam' AND watched_at IS NOT NULL",
    ),
    Call(enrollments.cancel, "sam", ("logic",), left, f"{STATES} u.name = 'leaver' AND status = 'CANCELLED'"),
    Call(progress.recount, "ines", ("rhetoric",), recounted, f"{COUNTED} u.name = 'counted' AND total_lessons = 4"),
    Call(progress.finish_if_done, "sam", LOGIC, finish, f"{STATES} u.name = 'finisher' AND status = 'COMPLETED'"),
    Call(progress.advance, "sam", LOGIC, advance, f"{STATES} u.name = 'advancing' AND status = 'COMPLETED'"),
    Call(
        progress.tell_of_end,
        "sam",
        ("logic",),
        ended,
        "SELECT count(*) > 0 FROM outbox_events WHERE kind = 'ENROLLMENT_ENDED'",
    ),
    Call(progress.begun, "ines", ("draft",), begin, f"{COUNTED} u.name = 'beginner'"),
)
