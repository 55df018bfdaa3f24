"""Rating courses, by those who take them."""

from sqlalchemy import exists, or_, select
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.errors import Forbidden
from db.tables import EnrollmentStatus
from db.tables.courses import opens
from db.write import Work


async def review(work: Work, course: tables.Course, *, rating: int, comment: str | None) -> tables.CourseReview:
    """The viewer's review of a course, which has these values from now on; a hidden one stays hidden.

    Raises Forbidden where they are no student of the course, or teach it.
    """
    await _check_student(work, course)
    written = tables.CourseReview
    given = {"rating": rating, "comment": comment}
    addition = insert(written).values(user_id=work.viewer_id, course_id=course.id, **given)
    differs = or_(*(getattr(written, name).is_distinct_from(value) for name, value in given.items()))
    keys = ["course_id", "user_id"]
    renewed = addition.on_conflict_do_update(index_elements=keys, set_=given, where=differs).returning(written)
    if changed := await work.scalar(renewed):
        work.audit("course_reviewed", changed, rating=rating)
        await work.changed(changed)
        return changed
    mine = select(written).where(written.user_id == work.viewer_id, written.course_id == course.id)
    return (await work.scalars(mine)).one()


async def take_back(work: Work, review: tables.CourseReview) -> tables.Course:
    """Delete a review, which is locked; returns its course. Raises Forbidden where a moderator has hidden it."""
    if review.is_hidden:
        raise Forbidden("A moderator has hidden this review: it stays.", at="reviewId")
    work.audit("course_review_deleted", review)
    await work.changed(review)
    await work.delete(review)
    return (await work.scalars(select(tables.Course).where(tables.Course.id == review.course_id))).one()


async def _check_student(work: Work, course: tables.Course) -> None:
    if course.instructor_id == work.viewer_id:
        raise Forbidden("You teach this course: its students rate it.", at="courseId")
    enrollment = tables.Enrollment
    mine = enrollment.user_id == work.viewer_id, enrollment.course_id == course.id
    holds = enrollment.status.in_((EnrollmentStatus.ACTIVE, EnrollmentStatus.COMPLETED))
    if not await work.scalar(select(exists().where(*mine, holds, opens(enrollment)))):
        raise Forbidden("Only students of a course rate it. Enroll first.", at="courseId")
