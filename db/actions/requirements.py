"""Which courses are to be taken before another."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from db import tables
from db.guards import turn
from db.write import Work


async def begin(work: Work) -> None:
    """Take the lock of all requirements, before any course is locked: the guard takes it in the end."""
    await work.execute(turn("course"))


async def require(work: Work, course: tables.Course, required: Sequence[tables.Course]) -> tables.Course:
    """Let a course, which is locked, require these courses and no others. Raises BadInput where that is a circle."""
    link = tables.CoursePrerequisite
    wanted = list(dict.fromkeys(one.id for one in required))
    dropped = delete(link).where(link.course_id == course.id, link.required_id.not_in(wanted)).returning(link.id)
    gone = (await work.scalars(dropped)).all()
    known = set(await work.scalars(select(link.required_id).where(link.course_id == course.id)))
    new = [key for key in wanted if key not in known]
    await work.add_all([(link(course_id=course.id, required_id=key), None) for key in new])
    if gone or new:
        work.audit("required_courses_changed", course, required=wanted)
        await work.changed(course)
    return course
