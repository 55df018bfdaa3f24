"""How far students are: counted anew from the lessons that they have finished, and completed once all is done."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.actions import certificates
from db.ids import key_of
from db.outbox import viewer_topic
from db.queue.declared import job
from db.queue.steps import Steps
from db.tables import ClassEventKind, CourseEventKind, EnrollmentStatus, PaymentStatus, ProgressEventKind, class_topic
from db.tables.courses import opens
from db.transitions import transition
from db.write import Work

Place = tuple[tables.Enrollment, tables.CourseProgress]
"""A student's place in a course, and how far they are."""
AT_ONCE = 50
"""Enrollments that one transaction completes, so that none takes long."""


async def recount(work: Work, course_id: UUID) -> None:
    """Bring the numbers of all students of a course up to date, after any change of what it asks.

    The course must be locked for that change by `alone`, before its lessons were: nobody finishes one or enrolls
    meanwhile.
    Whoever has done all by now is completed by a job, as they may be many. Of them all it is the sequence of the course
    that grows, which whoever changes it raises.
    """
    await work.execute(_counting(tables.CourseProgress.course_id == bindparam("course")), {"course": course_id})
    work.tell(class_topic(course_id), ClassEventKind.LESSONS_CHANGED, course=tables.Course(id=course_id))


@job(on=(ClassEventKind.LESSONS_CHANGED, CourseEventKind.COURSE_CHANGED))
async def complete_students(steps: Steps, course: str) -> None:
    """Complete the enrollments of a course whose students have done all that it asks since it asks for less."""
    key = key_of(tables.Course, course)
    while key and await _complete_some(steps, key):
        pass


async def _complete_some(steps: Steps, course_id: UUID) -> int:
    """Complete some of them; returns how many these are."""
    async with steps.work() as work:
        await keep(work, course_id)
        places = [(place, progress) for place, progress in await work.execute(_ready(course_id))]
        await _complete(work, places)
    return len(places)


async def finish_if_done(work: Work, user_id: UUID, course_id: UUID) -> None:
    """Count a person's lessons anew, and complete their enrollment if they have done all that the course asks."""
    await keep(work, course_id)
    enrollment = await work.scalar(held(user_id, course_id).with_for_update())
    if enrollment:
        await advance(work, enrollment, await begun(work, user_id, course_id))


async def advance(work: Work, enrollment: tables.Enrollment, progress: tables.CourseProgress) -> None:
    """Count the lessons of a progress anew, and complete its enrollment if that is open and all is done.

    Both must be locked.
    """
    row, place, course = tables.CourseProgress, tables.Enrollment, tables.Course
    (await work.execute(_counting_one(), {"course": progress.course_id, "progress": progress.id})).one()
    if progress.completed_lessons == progress.total_lessons:
        both = select(and_(opens(place), _is_done())).select_from(row).join(course, course.id == row.course_id)
        mine = both.join(place, place.id == enrollment.id).where(row.id == progress.id)
        if await work.scalar(mine):
            await _complete(work, [(enrollment, progress)])


async def tell_of_end(work: Work, enrollment: tables.Enrollment) -> None:
    """Tell the class that an enrollment has ended, and raise the sequences of what its student sees less of."""
    work.tell(class_topic(enrollment.course_id), ClassEventKind.ENROLLMENT_ENDED, enrollment=enrollment)
    work.touch(viewer_topic(enrollment.user_id))
    await work.changed(enrollment)


async def keep(work: Work, course_id: UUID) -> None:
    """Keep the lessons of a course as they are until the transaction ends: whoever changes them locks the course."""
    await work.execute(kept(tables.Course.id == course_id))


def kept(which: ColumnElement[bool]) -> Select[UUID]:
    """The key of a course, of which that is kept. Whoever waits to change it is not overtaken: see `alone`."""
    behind = func.pg_advisory_xact_lock_shared(_queue()).is_not(None)
    return select(tables.Course.id).where(which, behind).with_for_update(key_share=True, read=True)


async def alone(work: Work, course_id: UUID) -> tables.Course | None:
    """The course, locked to change what it asks; None if it is gone.

    It waits behind those who learn there now, and ahead of those who come. Those who keep a row share its lock, however
    long somebody waits for it alone: so all queue for another one before.
    """
    first = func.pg_advisory_xact_lock(_queue()).is_not(None)
    course = select(tables.Course).where(tables.Course.id == course_id, first).with_for_update()
    return await work.scalar(course.execution_options(populate_existing=True))


def _queue() -> Any:
    """The number of the lock for which those queue who change a course, and those who learn there."""
    return func.hashtextextended(
        literal_column("'lessons:'", Text()) + cast(tables.Course.id, Text()), literal_column("0")
    )


async def begun(work: Work, user_id: UUID, course_id: UUID) -> tables.CourseProgress:
    """A person's progress in a course, locked, and made if there is none."""
    progress = tables.CourseProgress
    theirs = select(progress).where(progress.user_id == user_id, progress.course_id == course_id).with_for_update()
    if found := await work.scalar(theirs):
        return found
    row = insert(progress).values(user_id=user_id, course_id=course_id, total_lessons=0)
    await work.execute(row.on_conflict_do_nothing())
    return (await work.scalars(theirs)).one()


def held(user_id: UUID, course_id: UUID) -> Select[tables.Enrollment]:
    """The enrollment of a person in a course that holds or waits for its payment: they have one at a time."""
    enrollment = tables.Enrollment
    return select(enrollment).where(
        enrollment.user_id == user_id,
        enrollment.course_id == course_id,
        enrollment.status.in_((EnrollmentStatus.ACTIVE, EnrollmentStatus.COMPLETED)),
        enrollment.payment_status.in_((PaymentStatus.PENDING, PaymentStatus.COMPLETED)),
    )


async def _complete(work: Work, places: Sequence[Place]) -> None:
    """Complete enrollments, which are locked, with their certificates. What is completed stays so."""
    now = datetime.now(UTC)
    for enrollment, progress in places:
        progress.completed_at = progress.completed_at or now
        progress.progress_percent = 100
        if transition(enrollment, EnrollmentStatus.COMPLETED):
            enrollment.completed_at = now
            work.audit("course_completed", enrollment)
            await work.happened(ProgressEventKind.COURSE_COMPLETED, progress)
            there = class_topic(enrollment.course_id)
            work.tell(there, ClassEventKind.COURSE_COMPLETED, enrollment=enrollment, progress=progress)
            await work.changed(enrollment)
    if places:
        await certificates.issue_all(work, [enrollment for enrollment, _ in places])


@cache
def _counting_one() -> Any:
    """The statement that counts the lessons of the progress with the key `progress`. To build it takes longer than to
    run it.
    """
    row = tables.CourseProgress
    return _counting(row.id == bindparam("progress"), last_accessed_at=func.now()).returning(row)


def _counting(which: ColumnElement[bool], **others: ColumnElement[Any]) -> Update:
    """The statement that counts the lessons of some progress in the course with the key `course`, and writes what has
    changed; or all of it, where other columns are set with it.

    Lessons count that the course has now. Of a course without any nobody has done a part: nothing, or all.
    """
    row, done = tables.CourseProgress, tables.LessonProgress
    module, lesson = tables.CourseModule, tables.Lesson
    inside = select(lesson.id).join(module, module.id == lesson.module_id)
    lessons = inside.where(module.course_id == bindparam("course")).cte("course_lessons")
    of_course = done.completed, done.lesson_id.in_(select(lessons.c.id))
    finished = select(done.progress_id, func.count().label("lessons")).where(*of_course).group_by(done.progress_id)
    theirs = finished.subquery("finished")
    total = select(func.count()).select_from(lessons).scalar_subquery()
    completed = func.coalesce(theirs.c.lessons, 0)
    of_none = case((row.completed_at.is_not(None), 100), else_=0)
    numbers = {
        "total_lessons": total,
        "completed_lessons": completed,
        "progress_percent": case((total == 0, of_none), else_=100 * completed // total),
    }
    each = select(row.id, *(number.label(name) for name, number in numbers.items())).where(which)
    counted = each.outerjoin(theirs, theirs.c.progress_id == row.id).subquery("counted")
    is_other = or_(*(getattr(row, name) != counted.c[name] for name in numbers))
    changed = update(row).where(row.id == counted.c.id, true() if others else is_other)
    written = changed.values({name: counted.c[name] for name in numbers} | others)
    return written.execution_options(synchronize_session=False)


def _ready(course_id: UUID) -> Select[tables.Enrollment, tables.CourseProgress]:
    """Some places in a course whose students have done all that it asks and are not completed, locked."""
    place, row, course = tables.Enrollment, tables.CourseProgress, tables.Course
    theirs = and_(row.user_id == place.user_id, row.course_id == place.course_id)
    places = select(place, row).join(row, theirs).join(course, course.id == place.course_id)
    ready = places.where(course.id == course_id, place.status == EnrollmentStatus.ACTIVE, opens(place), _is_done())
    return ready.order_by(place.id).limit(AT_ONCE).with_for_update(of=(place, row))


def _is_done() -> ColumnElement[bool]:
    """Whether a progress, joined with its course, has all that this asks: its lessons, and its quizzes if it says so.

    A course without a lesson asks for its quizzes.
    """
    row, course, quiz, attempt = tables.CourseProgress, tables.Course, tables.Quiz, tables.QuizAttempt
    published = select(quiz.id).where(quiz.course_id == course.id, quiz.is_published).correlate_except(quiz)
    passed = select(attempt.id).where(attempt.quiz_id == quiz.id, attempt.user_id == row.user_id)
    has_failed = not_(passed.where(attempt.passed.is_(True)).correlate_except(attempt).exists())
    has_passed = not_(published.where(has_failed).exists())
    asks_quizzes = or_(course.requires_quizzes, row.total_lessons == 0)
    return and_(
        row.completed_lessons == row.total_lessons,
        or_(row.total_lessons > 0, published.exists()),
        or_(not_(asks_quizzes), has_passed),
    )
