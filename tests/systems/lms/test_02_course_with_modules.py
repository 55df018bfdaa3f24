"""A course is read with its modules and lessons in order, with its counts, and for its instructor with its numbers."""

import asyncio
from typing import Any

import pytest

from db import tables
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change, done, with_ids
from tests.graphql_schema.courses.withdrawn import withdraw
from tests.world import World

COURSE = """
    query Course($slug: String!) {
      course(slug: $slug) {
        title
        lessonCount
        modules { totalCount nodes { title order lessons { totalCount nodes { title order content } } } }
        analytics { totalEnrollments averageProgress }
        enrollments { totalCount }
        statistics { students averagePercent }
      }
    }
"""
ERRORS = "errors { code message path }"
MOVE = f"mutation ($input: MoveLessonInput!) {{ moveLesson(input: $input) {{ {ERRORS} }} }}"
DELETE = f"mutation ($input: DeleteLessonInput!) {{ deleteLesson(input: $input) {{ {ERRORS} }} }}"
REORDER = f"mutation ($input: ReorderModulesInput!) {{ reorderModules(input: $input) {{ {ERRORS} }} }}"


@pytest.fixture(autouse=True)
async def _withdrawn(graph: Graph, world: World) -> None:
    """A course that is deleted."""
    await withdraw(graph, world)


async def read(graph: Graph, who: str | None, slug: str = "logic") -> Any:
    """The course as somebody sees it, read by one statement."""
    course = (await graph.data(who, COURSE, slug=slug))["course"]
    assert len(graph.statements) == 1
    return course


def content(course: Any) -> dict[str, list[str]]:
    """The titles of the modules with those of their lessons, whose places are 1, 2, 3 and so on."""
    modules = course["modules"]["nodes"]
    for rows in (modules, *(module["lessons"]["nodes"] for module in modules)):
        assert [row["order"] for row in rows] == list(range(1, len(rows) + 1))
    return {module["title"]: [lesson["title"] for lesson in module["lessons"]["nodes"]] for module in modules}


async def test_02_modules_and_lessons_come_in_their_order_by_one_statement(
    graph: Graph, resolved: Graph, world: World
) -> None:
    course = await read(graph, "sam")
    assert content(course) == {"logic 1": ["1.1", "1.2"], "logic 2": ["2.1", "2.2"]}
    assert (course["lessonCount"], course["modules"]["totalCount"]) == (4, 2)
    assert [module["lessons"]["totalCount"] for module in course["modules"]["nodes"]] == [2, 2]
    assert (await resolved.data("sam", COURSE, slug="logic"))["course"] == course


async def test_02_the_order_holds_whatever_is_moved_put_in_order_and_deleted(graph: Graph, world: World) -> None:
    await done(graph, "ines", REORDER, **with_ids(world, {"courseId": "@logic", "moduleIds": ["@logic_2"]}))
    given = with_ids(world, {"lessonId": "@logic_1_1", "moduleId": "@logic_2", "place": 2})
    await done(graph, "ines", MOVE, **given)
    await done(graph, "ines", DELETE, lessonId=world.logic_2_1.public_id)
    course = await read(graph, "sam")
    assert content(course) == {"logic 2": ["1.1", "2.2"], "logic 1": ["1.2"]}
    assert course["lessonCount"] == 3


async def test_02_a_course_that_many_write_at_once_has_every_lesson_once_and_in_order(
    graph: Graph, world: World
) -> None:
    more = [tables.Lesson(module_id=world.logic_1.id, title=f"1.{n}", content="", order=n) for n in range(3, 9)]
    await add(graph.database, *more)
    modules = [world.logic_2.public_id, world.logic_1.public_id]
    given = ({"lessonId": one.public_id, "moduleId": modules[n % 2], "place": 1} for n, one in enumerate(more))
    ids = with_ids(world, ["@logic_2", "@logic_1"])
    await asyncio.gather(
        *(done(graph, "ines", MOVE, **one) for one in given),
        *(done(graph, "ines", REORDER, courseId=world.logic.public_id, moduleIds=ids[n:]) for n in range(2)),
        done(graph, "ines", DELETE, lessonId=world.logic_2_2.public_id),
    )
    titles = [title for lessons in content(await read(graph, "sam")).values() for title in lessons]
    assert sorted(titles) == sorted(["1.1", "1.2", "2.1", *(lesson.title for lesson in more)])


async def test_02_the_numbers_of_a_course_are_for_its_instructor(graph: Graph, world: World) -> None:
    numbers = {"totalEnrollments": 1, "averageProgress": 25.0}
    for teacher in ("ines", "root"):
        course = await read(graph, teacher)
        assert (course["analytics"], course["enrollments"]) == (numbers, {"totalCount": 1})
        assert course["statistics"] == {"students": 1, "averagePercent": 25.0}
    for who in (None, "ada"):
        course = await read(graph, who)
        assert (course["analytics"], course["enrollments"]) == (None, {"totalCount": 0})
        assert course["statistics"]["students"] == 0
    assert (await read(graph, "sam"))["analytics"] is None


async def test_02_what_a_course_that_costs_teaches_is_for_those_who_take_it(graph: Graph, world: World) -> None:
    await change(graph.database, world.logic, price=5)
    texts = {
        who: {
            lesson["content"]
            for module in (await read(graph, who))["modules"]["nodes"]
            for lesson in module["lessons"]["nodes"]
        }
        for who in (None, "ada", "sam", "ines")
    }
    assert texts == {None: {None}, "ada": {None}, "sam": {"Text"}, "ines": {"Text"}}


async def test_02_a_draft_with_all_that_is_in_it_is_nothing_to_others(graph: Graph, world: World) -> None:
    assert content(await read(graph, "ines", "draft")) == {"draft 1": ["1.1", "1.2"], "draft 2": ["2.1", "2.2"]}
    ids = with_ids(world, ["@draft", "@draft_1", "@draft_1_1", "@withdrawn"])
    for who in (None, "sam", "ada"):
        assert (await graph.data(who, COURSE, slug="draft"))["course"] is None
        assert (await graph.data(who, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids))["nodes"] == [
            None
        ] * 4
