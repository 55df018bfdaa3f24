"""Writing courses."""

from db import tables
from db.actions import courses
from db.write import Work
from graphql_schema.core import mutation, references
from graphql_schema.courses.inputs import LARGEST_COURSE, CreateCourseInput


@mutation(
    values=10 * LARGEST_COURSE,
    course=tables.Course,
    modules=references(tables.CourseModule, "Its modules, in their order.", most="modules"),
)
async def create_course(work: Work, input: CreateCourseInput) -> tuple[tables.Course, list[tables.CourseModule]]:
    """Write a course with its modules and lessons: a draft that you teach. For instructors.

    All of it is made, or nothing.
    """
    course = tables.Course(**{name: value for name, value in vars(input).items() if name != "modules"})
    return await courses.create_course(work, course, input.modules)
