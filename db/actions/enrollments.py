"""Taking a course: enroll, learn, advance, leave; and the end of a time that is over."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, select, update
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.actions import payments, progress
from db.actions.notifications import notify
from db.errors import BadInput, Conflict, Forbidden, NotFound
from db.indexes import has_value
from db.outbox import viewer_topic
from db.queue.declared import job
from db.queue.steps import Steps
from db.tables import (
    ClassEventKind,
    EnrollmentStatus,
    NotificationType,
    PaymentStatus,
    ProgressEventKind,
    class_topic,
)
from db.tables.courses import opens
from db.transitions import may_become, transition
from db.write import Work

AT_ONCE = 100
"""Enrollments that one transaction ends, so that none takes long."""
LONGEST = 300
"""Seconds that one call may say were watched."""
NO_PLACE = "Enroll in the course first."


async def enroll(
    work: Work, course: tables.Course
) -> tuple[tables.Enrollment, tables.CourseProgress, tables.Transaction | None]:
    """A place for the viewer in a course, with their progress: at the start, or where they left it. If the course
    costs money the place opens it once its payment is completed.

    Raises Conflict with the enrollment that holds; of two at the same time the second waits for the first and fails.
    So it does for a course that was deleted, which its instructor sees.
    """
    course = await _as_it_is(work, course)
    if course.deleted_at:
        raise Conflict("This course was deleted.", at="courseId")
    await _end(work, _is_mine(work, course), _is_over())
    addition = insert(tables.Enrollment).values(
        user_id=work.viewer_id,
        course_id=course.id,
        expires_at=course.access_days and datetime.now(UTC) + timedelta(days=course.access_days),
        payment_status=PaymentStatus.PENDING if course.price else PaymentStatus.COMPLETED,
        payment_amount=course.price,
        payment_currency=course.currency,
    )
    enrollment = await work.scalar(addition.on_conflict_do_nothing().returning(tables.Enrollment))
    if enrollment is None:
        existing = await work.scalar(progress.held(work.viewer_id, course.id))
        raise Conflict("You are enrolled in this course already.", at="courseId", current=existing)
    work.audit("enrolled", enrollment)
    mine = await progress.begun(work, work.viewer_id, course.id)
    payment = await payments.begin(work, enrollment, course) if course.price else None
    there = class_topic(course.id)
    work.tell(there, ClassEventKind.STUDENT_ENROLLED, enrollment=enrollment, progress=mine)
    await progress.advance(work, enrollment, mine)
    await work.changed(enrollment)
    await work.changed(mine)
    work.touch(viewer_topic(work.viewer_id))
    return enrollment, mine, payment


async def _as_it_is(work: Work, course: tables.Course) -> tables.Course:
    """The course with its price, which stays what it is until the transaction ends. Raises NotFound if it is gone."""
    # Its row is shared, for more than its lessons are kept: nobody writes another price.
    again = progress.kept(tables.Course.id == course.id).with_only_columns(tables.Course).with_for_update(read=True)
    found = await work.scalar(again.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(at="courseId")
    return found


async def cancel(work: Work, enrollment: tables.Enrollment) -> tables.Enrollment:
    """End an enrollment at the will of its student, or of whoever manages the course. It must be locked.

    One that was cancelled stays as it is. Raises Conflict where it has ended otherwise, and Forbidden where others than
    the student would end what was paid for: that is paid back instead.
    """
    if enrollment.payment_amount > 0 and enrollment.user_id != work.viewer_id:
        raise Forbidden("This was paid for: pay it back instead.", at="enrollmentId")
    if transition(enrollment, EnrollmentStatus.CANCELLED, at="enrollmentId"):
        work.audit("enrollment_cancelled", enrollment)
        await progress.tell_of_end(work, enrollment)
    return enrollment


@job(cron="*/5 * * * *")
async def expire_enrollments(steps: Steps) -> None:
    """End the enrollments whose time is over, and tell their students."""
    while await _end_some(steps):
        pass


async def _end_some(steps: Steps) -> int:
    """End some of them, those first whose time was over first; returns how many these are."""
    row: Any = tables.Enrollment.__table__.c
    is_late = has_value(row, row.status, EnrollmentStatus.ACTIVE), row.expires_at <= func.now()
    late = select(row.id).where(*is_late).order_by(row.expires_at).limit(AT_ONCE).with_for_update(skip_locked=True)
    async with steps.work() as work:
        ended = await _end(work, tables.Enrollment.id.in_(late), _is_over())
        course = tables.Course
        titles = select(course.id, course.title).where(course.id.in_({one.course_id for one in ended}))
        title_of = {one.id: one.title for one in await work.execute(titles)}
        await notify(work, [_news(one, title_of[one.course_id]) for one in ended])
    return len(ended)


async def open_course(work: Work, course: tables.Course) -> tables.CourseProgress:
    """Note that the viewer is at a course now. Raises Forbidden without an enrollment that opens it."""
    mine = progress.held(work.viewer_id, course.id).where(opens(tables.Enrollment))
    if await work.scalar(mine) is None:
        raise Forbidden(NO_PLACE, at="courseId")
    found = await progress.begun(work, work.viewer_id, course.id)
    found.last_accessed_at = datetime.now(UTC)
    await work.changed(found)
    return found


async def complete_lesson(work: Work, lesson: tables.Lesson) -> tuple[tables.CourseProgress, tables.LessonProgress]:
    """Mark a lesson as done for the viewer; percentage and completion of the course follow.

    A lesson that is done already stays as it is. Raises Forbidden without an enrollment that opens the course.
    """
    enrollment, mine = await _place(work, lesson)
    row, now = tables.LessonProgress, datetime.now(UTC)
    finished = {"completed": True, "completed_at": now}
    addition = insert(row).values(progress_id=mine.id, lesson_id=lesson.id, **finished)
    keys = ["progress_id", "lesson_id"]
    once = addition.on_conflict_do_update(index_elements=keys, set_=finished, where=not_(row.completed))
    if done := (await work.scalars(once.returning(row))).one_or_none():
        work.audit("lesson_completed", done)
        await work.happened(ProgressEventKind.LESSON_COMPLETED, mine, lesson=lesson)
        there = class_topic(mine.course_id)
        work.tell(there, ClassEventKind.LESSON_COMPLETED, enrollment=enrollment, progress=mine, lesson=lesson)
        await progress.advance(work, enrollment, mine)
        return mine, done
    before = select(row).where(row.progress_id == mine.id, row.lesson_id == lesson.id)
    return mine, (await work.scalars(before)).one()


async def add_watch_time(
    work: Work, lesson: tables.Lesson, seconds: int
) -> tuple[tables.CourseProgress, tables.LessonProgress]:
    """Add seconds to the time for which the viewer has watched a lesson: no more than have passed since the last call.

    That is the last one of the same person, for whichever lesson and on whichever device: their own row comes first, so
    that one call of a person comes after the other. Raises Forbidden as `complete_lesson` does.
    """
    if not 1 <= seconds <= LONGEST:
        raise BadInput(f"A call adds 1 to {LONGEST} seconds.", at="seconds")
    person = select(tables.User.id).where(tables.User.id == work.viewer_id)
    await work.execute(person.with_for_update(key_share=True))
    _, mine = await _place(work, lesson)
    row, watched = tables.CourseProgress, tables.LessonProgress
    last = select(func.max(row.watched_at), func.clock_timestamp()).where(row.user_id == work.viewer_id)
    before, now = (await work.execute(last)).one()
    before = before or mine.started_at
    passed = max(int((now - before).total_seconds()), 0)
    # Parts of a second stay for the next call.
    mine.watched_at, mine.last_accessed_at = before + timedelta(seconds=passed), now
    added = min(seconds, passed)
    addition = insert(watched).values(
        progress_id=mine.id, lesson_id=lesson.id, watch_time_seconds=added, last_watched_at=now
    )
    sums = {"watch_time_seconds": watched.watch_time_seconds + added, "last_watched_at": now}
    keys = ["progress_id", "lesson_id"]
    found = (
        await work.scalars(addition.on_conflict_do_update(index_elements=keys, set_=sums).returning(watched))
    ).one()
    await work.changed(mine)
    return mine, found


async def _place(work: Work, lesson: tables.Lesson) -> progress.Place:
    """The viewer's place in the course of a lesson and their progress, locked in this order, here as everywhere.

    So what one person does on two devices comes one after the other. Raises NotFound if the lesson is gone by now.
    """
    module, course = tables.CourseModule, tables.Course
    of_lesson = select(module.course_id).join(tables.Lesson, tables.Lesson.module_id == module.id)
    there = of_lesson.where(tables.Lesson.id == lesson.id).scalar_subquery()
    course_id = await work.scalar(progress.kept(course.id == there))
    if course_id is None:
        raise NotFound(at="lessonId")
    held = progress.held(work.viewer_id, course_id).where(opens(tables.Enrollment))
    # Only now can nobody move or delete the lesson.
    mine = (await work.execute(held.add_columns(there).with_for_update(of=tables.Enrollment))).one_or_none()
    if mine is None:
        raise Forbidden(NO_PLACE, at="lessonId")
    if mine[1] != course_id:
        raise NotFound(at="lessonId")
    return mine[0], await progress.begun(work, work.viewer_id, course_id)


async def _end(work: Work, *which: ColumnElement[bool]) -> Sequence[tables.Enrollment]:
    """End enrollments as their time is over, so that others can begin."""
    ended = update(tables.Enrollment).where(*which).values(status=EnrollmentStatus.EXPIRED)
    rows = (await work.scalars(ended.returning(tables.Enrollment))).all()
    for row in rows:
        work.audit("enrollment_expired", row)
        await progress.tell_of_end(work, row)
    return rows


def _news(enrollment: tables.Enrollment, title: str) -> dict[str, object]:
    """The notification that the time in a course is over."""
    return {
        "user_id": enrollment.user_id,
        "type": NotificationType.ENROLLMENT_EXPIRED,
        "title": "Your time in a course is over",
        "message": f"“{title}” is closed to you now. Your progress stays: enroll again to go on.",
        "data": {"courseId": tables.Course(id=enrollment.course_id).public_id},
    }


def _is_mine(work: Work, course: tables.Course) -> ColumnElement[bool]:
    return and_(tables.Enrollment.user_id == work.viewer_id, tables.Enrollment.course_id == course.id)


def _is_over() -> ColumnElement[bool]:
    """Whether the time of an enrollment is over, and its status does not say so."""
    table = tables.Enrollment
    return and_(may_become(table, EnrollmentStatus.EXPIRED), table.expires_at <= func.now())
