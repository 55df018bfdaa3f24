"""Saying which courses are to be taken before another."""

import strawberry

from db import tables
from db.actions import requirements
from db.errors import Refusal, Refusals
from db.permissions import EDIT
from db.write import Work
from graphql_schema.core import mutation
from graphql_schema.core.bulk import items

MOST = 20
"""Courses that one can require."""


@strawberry.input(description="The courses to take before another.")
class SetRequiredCoursesInput:
    """Required courses."""

    course_id: strawberry.ID = strawberry.field(description="The course that requires them.")
    required_ids: list[strawberry.ID] = items("Courses that you see; those that it required before go.", most=MOST)


@mutation(course=tables.Course)
async def set_required_courses(work: Work, input: SetRequiredCoursesInput) -> tables.Course:
    """Say which courses are to be taken before this one, all at once. For who teaches it.

    It is advice: who has not taken them may enroll all the same.
    """
    await requirements.begin(work)
    course = await work.get(tables.Course, input.course_id, at="courseId", may=EDIT, lock=True)
    found = await work.get_all(tables.Course, input.required_ids, at="requiredIds.{}")
    if refusals := [one for one in found if isinstance(one, Refusal)]:
        raise Refusals(refusals)
    return await requirements.require(work, course, [one for one in found if not isinstance(one, Refusal)])
