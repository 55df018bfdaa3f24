"""Changing courses, bringing them into the catalogue and back, and deleting them so that they can be restored."""

from sqlalchemy import and_, func, not_

from db import tables
from db.actions import courses
from db.errors import Conflict
from db.permissions import EDIT, MANAGE
from db.tables import CourseEventKind
from graphql_schema.core import update
from graphql_schema.courses.inputs import CourseInput, UpdateCourseInput

update_course = update(
    "Change what a course says of itself; fields that are left out stay as they are. For its instructor."
    "\n\nWhen somebody has changed it since the version that you changed, the error is `CONFLICT`, and `course` is the "
    "course as it stands. What its students have paid, and how long it is open to them, stays.",
    UpdateCourseInput,
    at=tables.Course,
    may=EDIT,
    version="expected_version",
    tells=CourseEventKind.COURSE_CHANGED,
)
publish_course = update(
    "Bring a course into the catalogue. For its instructor. One in which there is nothing to learn, neither a lesson "
    "nor a published quiz, is a `CONFLICT`.",
    CourseInput,
    at=tables.Course,
    may=MANAGE,
    where=lambda course: not_(course.published),
    unless=(
        lambda course, viewer: and_(not_(course.published), courses.is_empty(course)),
        Conflict("Write a lesson or publish a quiz first."),
    ),
    sets=lambda course, input, viewer: {"published": True, "published_at": func.now()},
    tells=CourseEventKind.COURSE_PUBLISHED,
)
unpublish_course = update(
    "Take a course out of the catalogue: it is a draft again. Its students keep it. For its instructor.",
    CourseInput,
    at=tables.Course,
    may=MANAGE,
    where=lambda course: course.published,
    sets=lambda course, input, viewer: {"published": False, "published_at": None},
    tells=CourseEventKind.COURSE_UNPUBLISHED,
)
delete_course = update(
    "Delete a course. From then on its students do not see it, its name in addresses stays taken, and nothing in it "
    "can be changed. `restoreCourse` brings it back with all that was in it. For its instructor.",
    CourseInput,
    at=tables.Course,
    may=MANAGE,
    sets=lambda course, input, viewer: {"published": False, "deleted_at": func.now()},
    tells=CourseEventKind.COURSE_DELETED,
)
restore_course = update(
    "Bring a deleted course back as it was: to its students, and into the catalogue if it was there. For its "
    "instructor.",
    CourseInput,
    at=tables.Course,
    may=MANAGE,
    in_any_state=True,
    where=lambda course: course.deleted_at.is_not(None),
    sets=lambda course, input, viewer: {"published": course.published_at.is_not(None), "deleted_at": None},
    tells=CourseEventKind.COURSE_RESTORED,
)
