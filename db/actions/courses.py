"""Taking a course: enroll, complete lessons, advance."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Uuid, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from db import tables
from db.enums import EnrollmentStatus, PaymentStatus
from db.errors import BadInput, Conflict, Forbidden
from db.outbox import progress_topic
from db.write import Work


async def enroll(work: Work, course: tables.Course) -> tuple[tables.Enrollment, tables.CourseProgress]:
    """A place for the viewer in a course, with their progress at the start.

    Raises Conflict with the enrollment that exists; of two at the same time the second waits for the first and fails.
    """
    place = insert(tables.Enrollment).values(
        user_id=work.viewer_id,
        course_id=course.id,
        payment_status=PaymentStatus.COMPLETED,
        payment_amount=course.price,
        payment_currency=course.currency,
    )
    enrollment = await work.session.scalar(place.on_conflict_do_nothing().returning(tables.Enrollment))
    if enrollment is None:
        existing = await _enrollment(work, course)
        raise Conflict("You are enrolled in this course already.", at="courseId", current=existing)
    # Asked last: who has a place already is to hear of it, not of the price.
    if course.price > 0:
        raise BadInput("This course costs money, and payments are not open yet.", at="courseId")
    lessons = await _lesson_count(work, course)
    progress = tables.CourseProgress(user_id=work.viewer_id, course_id=course.id, total_lessons=lessons)
    return enrollment, await work.add(progress)


async def complete_lesson(work: Work, lesson: tables.Lesson) -> tuple[tables.CourseProgress, tables.LessonProgress]:
    """Mark a lesson as done for the viewer; percentage and completion of the course follow.

    A lesson that is done already stays as it is. The progress is locked first, so that completions at the same time
    are counted one after the other. Raises Forbidden without an enrollment that is active or completed.
    """
    module = await work.session.get_one(tables.CourseModule, lesson.module_id)
    course = await work.session.get_one(tables.Course, module.course_id)
    progress = await _progress(work, course)
    done = await _lesson_progress(work, progress, lesson)
    if not done.completed:
        done.completed, done.completed_at = True, datetime.now(UTC)
        await work.session.flush()
        work.happened(progress_topic(work.viewer_id, course.id), "LESSON_COMPLETED", progress=progress, lesson=lesson)
        await _advance(work, course, progress)
    return progress, done


async def reorder_lessons(
    work: Work, module: tables.CourseModule, first: Sequence[tables.Lesson]
) -> tables.CourseModule:
    """The module with these lessons first, in this order, and then its others as they were, numbered from 1.

    The module must be locked: two orders at the same time would mix.
    """
    lesson = tables.Lesson
    named = func.unnest(bindparam("ids", [row.id for row in first], type_=ARRAY(Uuid())))
    asked = named.table_valued("id", with_ordinality="place").render_derived()
    place = func.row_number().over(order_by=(asked.c.place.nulls_last(), lesson.order, lesson.id))
    wanted = select(lesson.id, place.label("order")).outerjoin(asked, asked.c.id == lesson.id)
    order = wanted.where(lesson.module_id == module.id).subquery()
    moved = update(lesson).where(lesson.id == order.c.id, lesson.order != order.c.order).values(order=order.c.order)
    await work.session.execute(moved, execution_options={"synchronize_session": False})
    return module


async def _advance(work: Work, course: tables.Course, progress: tables.CourseProgress) -> None:
    """Bring the numbers of a progress up to date with its lessons."""
    finished = select(func.count()).where(
        tables.LessonProgress.progress_id == progress.id, tables.LessonProgress.completed
    )
    now = datetime.now(UTC)
    progress.last_accessed_at = now
    progress.total_lessons = await _lesson_count(work, course)
    progress.completed_lessons = (await work.session.execute(finished)).scalar_one()
    progress.progress_percent = 100 * progress.completed_lessons // progress.total_lessons
    if progress.progress_percent == 100 and progress.completed_at is None:
        progress.completed_at = now
        await _complete(work, course, progress)
    await work.session.flush()


async def _complete(work: Work, course: tables.Course, progress: tables.CourseProgress) -> None:
    enrollment = await _enrollment(work, course)
    if enrollment is not None and enrollment.status is EnrollmentStatus.ACTIVE:
        enrollment.status, enrollment.completed_at = EnrollmentStatus.COMPLETED, progress.completed_at
    work.happened(progress_topic(work.viewer_id, course.id), "COURSE_COMPLETED", progress=progress)


async def _progress(work: Work, course: tables.Course) -> tables.CourseProgress:
    enrollment = await _enrollment(work, course)
    if enrollment is None or enrollment.status not in (EnrollmentStatus.ACTIVE, EnrollmentStatus.COMPLETED):
        raise Forbidden("Enroll in the course first.", at="lessonId")
    progress = tables.CourseProgress
    mine = select(progress).where(progress.user_id == work.viewer_id, progress.course_id == course.id)
    return (await work.session.scalars(mine.with_for_update())).one()


async def _lesson_progress(work: Work, progress: tables.CourseProgress, lesson: tables.Lesson) -> tables.LessonProgress:
    done = tables.LessonProgress
    begun = select(done).where(done.progress_id == progress.id, done.lesson_id == lesson.id)
    return (await work.session.scalars(begun)).one_or_none() or await work.add(
        done(progress_id=progress.id, lesson_id=lesson.id)
    )


async def _enrollment(work: Work, course: tables.Course) -> tables.Enrollment | None:
    enrollment = tables.Enrollment
    mine = select(enrollment).where(enrollment.user_id == work.viewer_id, enrollment.course_id == course.id)
    return (await work.session.scalars(mine)).one_or_none()


async def _lesson_count(work: Work, course: tables.Course) -> int:
    module, lesson = tables.CourseModule, tables.Lesson
    lessons = select(func.count()).join_from(lesson, module).where(module.course_id == course.id)
    return (await work.session.execute(lessons)).scalar_one()
