"""Taking a course: enroll, complete lessons, advance."""

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.errors import BadInput, Conflict, Forbidden, NotFound
from db.outbox import viewer_topic
from db.tables import EnrollmentStatus, PaymentStatus, ProgressEventKind
from db.tables.courses import opens
from db.transitions import may_become, transition
from db.write import Work


async def enroll(work: Work, course: tables.Course) -> tuple[tables.Enrollment, tables.CourseProgress]:
    """A place for the viewer in a course, with their progress: at the start, or where they left it.

    Raises Conflict with the enrollment that holds; of two at the same time the second waits for the first and fails.
    """
    await _expire(work, course)
    addition = insert(tables.Enrollment).values(
        user_id=work.viewer_id,
        course_id=course.id,
        payment_status=PaymentStatus.COMPLETED,
        payment_amount=course.price,
        payment_currency=course.currency,
    )
    enrollment = await work.scalar(addition.on_conflict_do_nothing().returning(tables.Enrollment))
    if enrollment is None:
        existing = await work.scalar(_mine(work, course).where(_holds()))
        raise Conflict("You are enrolled in this course already.", at="courseId", current=existing)
    # Asked last: who has a place already is to hear of it, not of the price.
    if course.price > 0:
        raise BadInput("This course costs money, and payments are not open yet.", at="courseId")
    work.audit("enrolled", enrollment)
    progress = await _progress(work, course)
    await _advance(work, course, progress, enrollment=enrollment)
    await work.changed(enrollment)
    await work.changed(progress)
    work.touch(viewer_topic(work.viewer_id))
    return enrollment, progress


async def complete_lesson(work: Work, lesson: tables.Lesson) -> tuple[tables.CourseProgress, tables.LessonProgress]:
    """Mark a lesson as done for the viewer; percentage and completion of the course follow.

    A lesson that is done already stays as it is. The enrollment is locked first and then the progress, here as
    everywhere, so that completions at the same time are counted one after the other. Raises Forbidden without an
    enrollment that opens the course.
    """
    course = await _course(work, lesson)
    enrollment = await work.scalar(_mine(work, course).where(_holds(), opens(tables.Enrollment)).with_for_update())
    if enrollment is None:
        raise Forbidden("Enroll in the course first.", at="lessonId")
    progress = await _progress(work, course)
    done = await _lesson_progress(work, progress, lesson)
    if not done.completed:
        done.completed, done.completed_at = True, datetime.now(UTC)
        work.audit("lesson_completed", done)
        await work.happened(ProgressEventKind.LESSON_COMPLETED, progress, lesson=lesson)
        await _advance(work, course, progress, enrollment=enrollment)
    return progress, done


async def _advance(
    work: Work, course: tables.Course, progress: tables.CourseProgress, *, enrollment: tables.Enrollment
) -> None:
    """Bring the numbers of a progress up to date with its lessons, and complete the enrollment when all are done."""
    finished = select(func.count()).where(
        tables.LessonProgress.progress_id == progress.id, tables.LessonProgress.completed
    )
    progress.last_accessed_at = datetime.now(UTC)
    progress.total_lessons = await _lesson_count(work, course)
    progress.completed_lessons = await work.scalar(finished) or 0
    progress.progress_percent = 100 * progress.completed_lessons // max(progress.total_lessons, 1)
    if progress.progress_percent == 100:
        await _complete(work, progress, enrollment)


async def _complete(work: Work, progress: tables.CourseProgress, enrollment: tables.Enrollment) -> None:
    now = datetime.now(UTC)
    progress.completed_at = progress.completed_at or now
    if transition(enrollment, EnrollmentStatus.COMPLETED):
        enrollment.completed_at = now
        work.audit("course_completed", enrollment)
        await work.happened(ProgressEventKind.COURSE_COMPLETED, progress)
        await work.changed(enrollment)


async def _progress(work: Work, course: tables.Course) -> tables.CourseProgress:
    """The viewer's progress in a course, locked, and made if there is none."""
    progress = tables.CourseProgress
    begun = insert(progress).values(user_id=work.viewer_id, course_id=course.id, total_lessons=0)
    await work.execute(begun.on_conflict_do_nothing())
    mine = select(progress).where(progress.user_id == work.viewer_id, progress.course_id == course.id)
    return (await work.scalars(mine.with_for_update())).one()


async def _course(work: Work, lesson: tables.Lesson) -> tables.Course:
    """The course that a lesson belongs to; raises NotFound if both are gone by now."""
    of_lesson = select(tables.Course).join(tables.CourseModule).where(tables.CourseModule.id == lesson.module_id)
    course = await work.scalar(of_lesson)
    if course is None:
        raise NotFound(at="lessonId")
    return course


async def _lesson_progress(work: Work, progress: tables.CourseProgress, lesson: tables.Lesson) -> tables.LessonProgress:
    done = tables.LessonProgress
    begun = select(done).where(done.progress_id == progress.id, done.lesson_id == lesson.id)
    return (await work.scalars(begun)).one_or_none() or await work.add(
        done(progress_id=progress.id, lesson_id=lesson.id)
    )


async def _expire(work: Work, course: tables.Course) -> None:
    """End an enrollment of the viewer whose time is over, so that another can begin."""
    enrollment = tables.Enrollment
    mine = enrollment.user_id == work.viewer_id, enrollment.course_id == course.id
    is_over = may_become(enrollment, EnrollmentStatus.EXPIRED), enrollment.expires_at <= func.now()
    expired = update(enrollment).where(*mine, *is_over).values(status=EnrollmentStatus.EXPIRED).returning(enrollment)
    for row in await work.scalars(expired):
        work.audit("enrollment_expired", row)


def _mine(work: Work, course: tables.Course) -> Select[tables.Enrollment]:
    enrollment = tables.Enrollment
    return select(enrollment).where(enrollment.user_id == work.viewer_id, enrollment.course_id == course.id)


def _holds() -> ColumnElement[bool]:
    """Whether an enrollment is one of which a person has one at a time."""
    enrollment = tables.Enrollment
    return and_(
        enrollment.status.in_((EnrollmentStatus.ACTIVE, EnrollmentStatus.COMPLETED)),
        enrollment.payment_status.in_((PaymentStatus.PENDING, PaymentStatus.COMPLETED)),
    )


async def _lesson_count(work: Work, course: tables.Course) -> int:
    module, lesson = tables.CourseModule, tables.Lesson
    lessons = select(func.count()).join_from(lesson, module).where(module.course_id == course.id)
    return await work.scalar(lessons) or 0
