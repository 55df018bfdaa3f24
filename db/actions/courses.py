"""A course as a whole: written, given to another instructor, taken out of the catalogue, and deleted for good."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, select, update

from db import tables
from db.access import viewer_id
from db.actions import media
from db.actions.accounts import check_instructor
from db.actions.course_contents import NewModule, contents
from db.errors import BadInput, Conflict
from db.outbox import viewer_topic
from db.records import fill_defaults
from db.tables import CourseEventKind, UserRole
from db.write import Work

INSTRUCTORS = (UserRole.INSTRUCTOR, UserRole.ADMIN)

_course, _module, _lesson, _quiz = tables.Course, tables.CourseModule, tables.Lesson, tables.Quiz


async def create_course(
    work: Work, course: tables.Course, modules: Sequence[NewModule]
) -> tuple[tables.Course, list[tables.CourseModule]]:
    """A new course of the viewer, who has to be an instructor or an administrator, and its modules in their order.

    Raises Forbidden for others.
    """
    await check_instructor(work)
    course.instructor_id = work.viewer_id
    rows, chapters = contents(fill_defaults(course), modules)
    await work.add_all([(course, None), *rows])
    work.audit("course_created", course)
    await work.changed(course)
    work.touch(viewer_topic(work.viewer_id))
    return course, chapters


def is_empty(course: tables.Course) -> ColumnElement[bool]:
    """Whether there is nothing to learn in a course: no lesson, and no quiz that is published."""
    lesson = exists(
        select(_lesson.id).join(_module).where(_module.course_id == course.id).correlate_except(_lesson, _module)
    )
    quiz = exists(select(_quiz.id).where(_quiz.course_id == course.id, _quiz.is_published).correlate_except(_quiz))
    return ~lesson & ~quiz


def is_no_administrator() -> ColumnElement[bool]:
    """Whether the viewer is no administrator at this moment."""
    user = tables.User
    return ~exists(select(user.id).where(user.id == viewer_id(), user.role == UserRole.ADMIN))


async def assign(work: Work, course: tables.Course, instructor: tables.User) -> tables.Course:
    """The course with another instructor. Both must be locked. Raises BadInput for a person who is none."""
    if instructor.role not in INSTRUCTORS or not instructor.is_active:
        raise BadInput("This person is no instructor.", at="instructorId")
    before = course.instructor_id
    if work.change(course, {"instructor_id": instructor.id}):
        work.audit("instructor_assigned", course)
        await work.happened(CourseEventKind.COURSE_CHANGED, course)
        work.touch(viewer_topic(instructor.id), *([viewer_topic(before)] if before else []))
    return course


async def unpublish_all(work: Work, instructor: tables.User) -> int:
    """Take all courses of an instructor out of the catalogue; returns how many were in it."""
    theirs = select(_course.id).where(_course.instructor_id == instructor.id, _course.published)
    locked = theirs.order_by(_course.id).with_for_update(key_share=True).cte("locked")
    unpublished = update(_course).where(_course.id.in_(select(locked.c.id)), _course.published)
    changed = unpublished.values(published=False, published_at=None).returning(_course)
    found = (await work.scalars(changed)).all()
    for course in found:
        work.audit("course_unpublished", course)
        await work.happened(CourseEventKind.COURSE_UNPUBLISHED, course)
    return len(found)


async def purge(work: Work, course: tables.Course) -> None:
    """Delete a course for good, with all that people have learned in it. It must be locked.

    Payments and certificates stay. Raises Conflict for a course that is not deleted yet. Students lost it when it was
    deleted, and may be more than one transaction can tell of it: no topic of theirs moves.
    """
    if course.deleted_at is None:
        raise Conflict("Delete the course first: that can be undone.", at="courseId", current=course)
    files = tables.Media
    inside = select(_lesson.id).join(_module).where(_module.course_id == course.id)
    await media.release_all(work, (files.course_id == course.id) | files.lesson_id.in_(inside))
    work.audit("course_purged", course)
    await work.changed(course)
    if course.instructor_id:
        work.touch(viewer_topic(course.instructor_id))
    await work.delete(course)
