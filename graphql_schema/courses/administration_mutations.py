"""Looking after the catalogue, for administrators."""

import strawberry

from db import tables
from db.actions import courses, people
from db.errors import Forbidden
from db.permissions import MANAGE
from db.tables import CourseEventKind
from db.write import Work
from graphql_schema.core import mutation, update
from graphql_schema.courses.inputs import CourseInput


@strawberry.input(description="Whether the front page shows a course.")
class FeatureCourseInput:
    """A course."""

    course_id: strawberry.ID = strawberry.field(description="The course.")
    featured: bool = strawberry.field(default=True, description="Whether the front page shows it.")


@strawberry.input(description="Who is to teach a course.")
class AssignInstructorInput:
    """An instructor of a course."""

    course_id: strawberry.ID = strawberry.field(description="The course.")
    instructor_id: strawberry.ID = strawberry.field(description="An instructor, or an administrator.")


@strawberry.input(description="Whose courses to take out of the catalogue.")
class UnpublishCoursesInput:
    """An instructor."""

    instructor_id: strawberry.ID = strawberry.field(description="The instructor.")


feature_course = update(
    "Show a course on the front page, or not any more. For administrators.",
    FeatureCourseInput,
    at=tables.Course,
    may=MANAGE,
    unless=(lambda course, viewer: courses.is_no_administrator(), Forbidden(people.ADMINISTRATORS)),
    sets=lambda course, input, viewer: {"featured": input.featured},
    tells=CourseEventKind.COURSE_CHANGED,
)


@mutation(course=tables.Course)
async def assign_instructor(work: Work, input: AssignInstructorInput) -> tables.Course:
    """Let somebody else teach a course, who then sees its drafts and its students. For administrators.

    Who taught it before does so no more.
    """
    course = await work.get(tables.Course, input.course_id, at="courseId")
    instructor = await people.person(work, input.instructor_id, at="instructorId")
    course = await work.get(tables.Course, input.course_id, at="courseId", may=MANAGE, lock=True)
    return await courses.assign(work, course, instructor)


@mutation(instructor=tables.User, unpublished_count=int)
async def unpublish_courses(work: Work, input: UnpublishCoursesInput) -> tuple[tables.User, int]:
    """Take all courses of an instructor out of the catalogue. Their students keep them. For administrators."""
    instructor = await people.person(work, input.instructor_id, at="instructorId")
    return instructor, await courses.unpublish_all(work, instructor)


@mutation(deleted_course_id=strawberry.ID)
async def purge_course(work: Work, input: CourseInput) -> str:
    """Delete a course for good that was deleted before, with all that people have learned in it. For administrators.

    Payments and certificates stay. Nothing brings it back.
    """
    course = await work.get(tables.Course, input.course_id, at="courseId", may=MANAGE, lock=True, in_any_state=True)
    if not work.viewer.is_admin:
        raise Forbidden(people.ADMINISTRATORS, at="courseId")
    await courses.purge(work, course)
    return course.public_id
