"""Modules and lessons of a course are put in order and moved, each at a place of its own whatever happens meanwhile."""

import asyncio
from typing import Any

from db import tables
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, change, done, refusal, refusals, with_ids
from tests.graphql_schema.courses.test_content_mutations import (
    ADD_LESSONS,
    DELETE_LESSON,
    MOVE,
    REORDER_MODULES,
    asked,
    content,
    lessons,
    progress,
)
from tests.world import World


async def test_modules_are_put_in_another_order(graph: Graph, world: World) -> None:
    given = with_ids(world, {"courseId": "@logic", "moduleIds": ["@logic_2"]})
    course = (await done(graph, "ines", REORDER_MODULES, **given))["course"]
    assert course["modules"]["nodes"] == [{"title": "logic 2", "order": 1}, {"title": "logic 1", "order": 2}]
    ids = ["@logic_2", "@draft_1", "@logic_2", "nothing"]
    given = with_ids(world, {"courseId": "@logic", "moduleIds": ids})
    wrong = [
        ("NOT_FOUND", "input.moduleIds.1"),
        ("BAD_USER_INPUT", "input.moduleIds.2"),
        ("NOT_FOUND", "input.moduleIds.3"),
    ]
    assert await refusals(graph, "ines", REORDER_MODULES, **given) == wrong
    assert list(await content(graph)) == ["logic 2", "logic 1"]


async def test_a_lesson_is_moved_within_its_module_and_to_another(graph: Graph, world: World, told: Any) -> None:
    async def moved(lesson: str, module: str, place: int | None) -> dict[str, list[str]]:
        given = with_ids(world, {"lessonId": lesson, "moduleId": module, "place": place})
        assert (await done(graph, "ines", MOVE, **given))["lesson"]
        return await content(graph)

    assert await moved("@logic_1_2", "@logic_1", 1) == {"logic 1": ["1.2", "1.1"], "logic 2": ["2.1", "2.2"]}
    assert await moved("@logic_1_2", "@logic_1", None) == {"logic 1": ["1.1", "1.2"], "logic 2": ["2.1", "2.2"]}
    assert await moved("@logic_1_1", "@logic_2", 2) == {"logic 1": ["1.2"], "logic 2": ["2.1", "1.1", "2.2"]}
    assert await moved("@logic_1_2", "@logic_2", None) == {"logic 1": [], "logic 2": ["2.1", "1.1", "2.2", "1.2"]}
    assert await moved("@logic_2_2", "@logic_1", 2**31 - 1) == {"logic 1": ["2.2"], "logic 2": ["2.1", "1.1", "1.2"]}
    assert {kind for kind, _ in told} == {"CONTENT_CHANGED"}


async def test_what_students_have_done_moves_with_a_lesson(graph: Graph, world: World) -> None:
    given = with_ids(world, {"lessonId": "@logic_1_1", "moduleId": "@logic_2"})
    await done(graph, "ines", MOVE, **given)
    assert await progress(graph) == (1, 4, 25)
    query = "query ($id: ID!) { node(id: $id) { ... on Lesson { viewerProgress { completed } } } }"
    found = await graph.data("sam", query, id=world.logic_1_1.public_id)
    assert found["node"]["viewerProgress"] == {"completed": True}


async def test_a_lesson_stays_in_its_course(graph: Graph, world: World) -> None:
    for module, code in (("@rhetoric_1", "BAD_USER_INPUT"), (f"mod_{UNKNOWN}", "NOT_FOUND"), ("@atlas", "NOT_FOUND")):
        given = with_ids(world, {"lessonId": "@logic_1_1", "moduleId": module})
        assert await refusal(graph, "ines", MOVE, **given) == (code, "input.moduleId")
    await change(graph.database, world.rhetoric, instructor_id=world.ada.id, published=False)
    given = with_ids(world, {"lessonId": "@logic_1_1", "moduleId": "@rhetoric_1"})
    assert await refusal(graph, "ines", MOVE, **given) == ("NOT_FOUND", "input.moduleId")
    given = with_ids(world, {"lessonId": "@logic_1_1", "moduleId": "@logic_2", "place": 0})
    assert await refusal(graph, "ines", MOVE, **given) == ("BAD_USER_INPUT", "input.place")


async def test_lessons_that_are_moved_and_ordered_at_the_same_time_have_a_place_each(
    graph: Graph, world: World
) -> None:
    more = [tables.Lesson(module_id=world.logic_1.id, title=f"1.{n}", content="", order=n) for n in range(3, 9)]
    await add(graph.database, *more)
    reorder = asked("reorderLessons", "module { id }")
    ids = [lesson.public_id for lesson in reversed(more)]
    modules = [world.logic_1.public_id, world.logic_2.public_id]
    moving = (done(graph, "ines", MOVE, lessonId=one, moduleId=modules[n % 2], place=1) for n, one in enumerate(ids))
    ordering = (done(graph, "ines", reorder, moduleId=modules[1], lessonIds=[]) for _ in range(3))
    deleting = done(graph, "ines", DELETE_LESSON, lessonId=world.logic_2_2.public_id)
    adding = done(graph, "ines", ADD_LESSONS, moduleId=modules[1], lessons=lessons(2))
    await asyncio.gather(*moving, *ordering, deleting, adding)
    found = await content(graph)
    assert sorted(map(len, found.values())) == [5, 6]
    assert await progress(graph) == (1, 11, 9)
