"""Administrators look after the catalogue: the front page, who teaches what, and all courses of an instructor."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from db import tables
from db.access import GUEST
from tests.conftest import Graph
from tests.db.waiting import until
from tests.graphql_schema.asking import change, done, refusal, values, with_ids
from tests.graphql_schema.courses.withdrawn import withdraw
from tests.world import World

ERRORS = "errors { code message path }"
FEATURE = (
    f"mutation ($input: FeatureCourseInput!) {{ featureCourse(input: $input) {{ course {{ featured }} {ERRORS} }} }}"
)
ASSIGN = f"""
    mutation ($input: AssignInstructorInput!) {{
      assignInstructor(input: $input) {{ course {{ instructor {{ name }} }} {ERRORS} }}
    }}
"""
UNPUBLISH = f"""
    mutation ($input: UnpublishCoursesInput!) {{
      unpublishCourses(input: $input) {{ instructor {{ name }} unpublishedCount {ERRORS} }}
    }}
"""
CATALOGUE = "{ courses(filter: {published: true}, orderBy: TITLE_ASC) { nodes { slug } } }"
TAUGHT = "{ viewer { teaching(orderBy: TITLE_ASC) { nodes { slug } } } }"


@pytest.fixture(autouse=True)
async def _withdrawn(graph: Graph, world: World) -> None:
    """A course that is deleted."""
    await withdraw(graph, world)


async def test_a_course_comes_to_the_front_page_and_leaves_it(graph: Graph, world: World, told: Any) -> None:
    logic = world.logic.public_id
    featured = "{ courses(filter: {featured: true}) { nodes { slug } } }"
    assert (await done(graph, "root", FEATURE, courseId=logic))["course"] == {"featured": True}
    assert (await done(graph, "root", FEATURE, courseId=logic))["course"] == {"featured": True}
    assert await values(graph, None, featured) == ["logic"]
    assert (await done(graph, "root", FEATURE, courseId=logic, featured=False))["course"] == {"featured": False}
    assert await values(graph, None, featured) == []
    assert told == [("COURSE_CHANGED", {"course": logic})] * 2


async def test_a_course_is_given_to_another_instructor(graph: Graph, world: World) -> None:
    await change(graph.database, world.ada, role="INSTRUCTOR")
    given = with_ids(world, {"courseId": "@draft", "instructorId": "@ada"})
    assert (await done(graph, "root", ASSIGN, **given))["course"] == {"instructor": {"name": "Ada"}}
    assert await values(graph, "ada", TAUGHT) == ["draft"]
    assert await values(graph, "ines", TAUGHT) == ["logic", "rhetoric", "withdrawn"]


async def test_only_an_instructor_who_is_active_teaches(graph: Graph, world: World) -> None:
    given = with_ids(world, {"courseId": "@draft", "instructorId": "@sam"})
    assert await refusal(graph, "root", ASSIGN, **given) == ("BAD_USER_INPUT", "input.instructorId")
    await change(graph.database, world.sam, role="INSTRUCTOR", is_active=False)
    assert await refusal(graph, "root", ASSIGN, **given) == ("BAD_USER_INPUT", "input.instructorId")


async def test_who_loses_the_role_while_a_course_is_given_to_them_does_not_get_it(graph: Graph, world: World) -> None:
    await change(graph.database, world.ada, role="INSTRUCTOR")
    given = with_ids(world, {"courseId": "@draft", "instructorId": "@ada"})
    async with graph.database.work(GUEST) as work:
        await work.execute(text("UPDATE users SET role = 'STUDENT' WHERE name = 'Ada'"))
        late = asyncio.create_task(refusal(graph, "root", ASSIGN, **given))
        await until(graph.database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
    assert await late == ("BAD_USER_INPUT", "input.instructorId")


async def test_all_courses_of_an_instructor_leave_the_catalogue(graph: Graph, world: World, told: Any) -> None:
    await change(graph.database, world.rhetoric, instructor_id=world.ada.id)
    found = await done(graph, "root", UNPUBLISH, instructorId=world.ines.public_id)
    assert (found["instructor"], found["unpublishedCount"]) == ({"name": "Ines"}, 1)
    assert await values(graph, None, CATALOGUE) == ["rhetoric"]
    assert told == [("COURSE_UNPUBLISHED", {"course": world.logic.public_id})]
    assert (await done(graph, "root", UNPUBLISH, instructorId=world.ines.public_id))["unpublishedCount"] == 0
    async with graph.database.read() as session:
        withdrawn = await session.get_one(tables.Course, world.withdrawn.id)
        assert withdrawn.published_at is not None  # so that it comes back as it was


@pytest.mark.parametrize(
    ("mutation", "given", "at"),
    [
        (FEATURE, {"courseId": "@logic"}, "input.courseId"),
        (ASSIGN, {"courseId": "@logic", "instructorId": "@ines"}, ""),
        (UNPUBLISH, {"instructorId": "@ines"}, ""),
    ],
)
async def test_this_is_for_administrators(graph: Graph, world: World, mutation: str, given: Any, at: str) -> None:
    for who in ("ines", "sam", "ada"):
        assert await refusal(graph, who, mutation, **with_ids(world, given)) == ("FORBIDDEN", at)
    assert await values(graph, None, CATALOGUE) == ["logic", "rhetoric"]


@pytest.mark.parametrize(
    ("mutation", "given", "at"),
    [
        (FEATURE, {"courseId": "@ada"}, "courseId"),
        (ASSIGN, {"courseId": "@ada", "instructorId": "@ines"}, "courseId"),
        (ASSIGN, {"courseId": "@logic", "instructorId": "@logic"}, "instructorId"),
        (UNPUBLISH, {"instructorId": "@logic"}, "instructorId"),
    ],
)
async def test_what_is_not_there_is_not_found(graph: Graph, world: World, mutation: str, given: Any, at: str) -> None:
    assert await refusal(graph, "root", mutation, **with_ids(world, given)) == ("NOT_FOUND", f"input.{at}")
