"""Learning modules about the phases of specifications: written, taken, and recommended where they are needed."""

import asyncio
from typing import Any

from tests.conftest import Graph
from tests.graphql_schema.asking import done, listed, refusal
from tests.graphql_schema.learning.asking import (
    COMPLETE,
    CREATE,
    PUBLISH,
    SKIP,
    START,
    SUBMIT,
    UPDATE,
    progress,
    written,
)
from tests.world import World

RECOMMENDED = """
    query ($id: ID!) {
      project(id: $id) { recommendedModules { nodes { slug viewerProgress { status progressPercent } } } }
    }
"""
CHECKLIST = {
    "title": "Check",
    "prompt": "Which?",
    "kind": "CHECKLIST",
    "options": ["a", "b", "c"],
    "answer": ["a", "c"],
}
TEXT = {"title": "Write", "prompt": "Requirements of a map", "kind": "WRITE"}
MAP = "## Introduction\n\nA map.\n\n## Requirements\n\n1. WHEN a place is chosen, THE SYSTEM SHALL show it.\n"
LESSONS = [{"title": f"Lesson {number}", "body": "# A lesson"} for number in range(20)]


async def module(graph: Graph, **given: Any) -> dict[str, Any]:
    """A module of Ines about requirements, which is published."""
    written_ = written(graph.world, **{"phase": "REQUIREMENTS", "lessons": LESSONS[:2]} | given)
    draft = (await done(graph, "ines", CREATE, **written_))["module"]
    found: dict[str, Any] = (await done(graph, "ines", PUBLISH, moduleId=draft["id"]))["module"]
    graph.world.rows[found["slug"]] = Named(found["id"])  # type: ignore[assignment]
    return found


class Named:
    """What has an id, for whoever looks it up in the world."""

    def __init__(self, public_id: str) -> None:
        self.public_id = public_id


async def test_a_project_leads_a_member_through_a_module_until_it_is_completed(graph: Graph, world: World) -> None:
    made = await module(graph, exercises=[CHECKLIST, TEXT])
    first, second = (lesson["id"] for lesson in made["lessons"])
    check, text = (exercise["id"] for exercise in made["exercises"])
    await progress(graph, "ben", START, "new")
    steps: list[tuple[str, dict[str, Any], int]] = [
        (COMPLETE, {"lessonId": first}, 25),
        (SUBMIT, {"exerciseId": check, "answer": ["a"]}, 50),
        (SUBMIT, {"exerciseId": check, "answer": ["a", "c"]}, 50),
        (COMPLETE, {"lessonId": second}, 75),
        (SUBMIT, {"exerciseId": text, "answer": [MAP]}, 100),
    ]
    for mutation, given, percent in steps:
        found = await progress(graph, "ben", mutation, "new", **given)
        assert found["progressPercent"] == percent
    assert found["status"] == "COMPLETED"
    shown = await listed(graph, "ben", RECOMMENDED, id=world.atlas.public_id)
    assert [(one["slug"], one["viewerProgress"] and one["viewerProgress"]["status"]) for one in shown] == [
        ("basics", None),
        ("new", "COMPLETED"),
    ]


async def test_a_chain_of_modules_is_taken_from_its_start(graph: Graph, world: World) -> None:
    first = await module(graph, slug="first", title="The first")
    second = await module(graph, slug="second", title="The second", prerequisiteIds=[first["id"]])
    await module(graph, slug="third", title="The third", prerequisiteIds=[first["id"], second["id"]])
    third = {"moduleId": world.third.public_id}
    (error,) = (await graph.data("ben", START, input=third))["startModule"]["errors"]
    assert error["message"] == "Complete these modules first, or skip them: The first, The second."
    await progress(graph, "ben", SKIP, "first")
    await progress(graph, "ben", START, "second")
    assert await refusal(graph, "ben", START, **third) == ("CONFLICT", "input.moduleId")
    for lesson in second["lessons"]:
        await progress(graph, "ben", COMPLETE, "second", lessonId=lesson["id"])
    assert (await progress(graph, "ben", START, "third"))["status"] == "IN_PROGRESS"
    closing = {"moduleId": first["id"], "expectedVersion": 1, "prerequisiteIds": [world.third.public_id]}
    assert await refusal(graph, "ines", UPDATE, **closing) == ("CONFLICT", "input.prerequisiteIds")


async def test_twenty_lessons_that_are_finished_at_the_same_time_are_twenty(graph: Graph) -> None:
    made = await module(graph, lessons=LESSONS)
    await progress(graph, "ben", START, "new")
    ids = [lesson["id"] for lesson in made["lessons"]]
    await asyncio.gather(*(progress(graph, "ben", COMPLETE, "new", lessonId=lesson) for lesson in ids))
    found = await progress(graph, "ben", COMPLETE, "new", lessonId=ids[0])
    assert (found["status"], found["completedLessons"]) == ("COMPLETED", ids)


async def test_a_module_that_is_edited_while_it_is_taken_counts_as_it_is_now(graph: Graph, world: World) -> None:
    made = await module(graph, exercises=[CHECKLIST])
    one, two = made["lessons"]
    await progress(graph, "ben", START, "new")
    await progress(graph, "ben", COMPLETE, "new", lessonId=one["id"])
    kept = [{"id": two["id"], "title": "Kept"}, {"title": "Another"}]
    given = {"moduleId": made["id"], "expectedVersion": 1}
    edited = (await done(graph, "ines", UPDATE, **given, lessons=kept))["module"]
    assert await refusal(graph, "ben", COMPLETE, moduleId=made["id"], lessonId=one["id"]) == (
        "NOT_FOUND",
        "input.lessonId",
    )
    found = await progress(graph, "ben", COMPLETE, "new", lessonId=two["id"])
    assert (found["progressPercent"], found["completedLessons"]) == (33, [two["id"]])
    for mutation, more in (
        (COMPLETE, {"lessonId": edited["lessons"][1]["id"]}),
        (SUBMIT, {"exerciseId": edited["exercises"][0]["id"], "answer": ["b"]}),
    ):
        found = await progress(graph, "ben", mutation, "new", **more)
    given |= {"expectedVersion": 2, "lessons": [*kept, *LESSONS]}
    await done(graph, "ines", UPDATE, **given)
    assert (await progress(graph, "ben", COMPLETE, "new", lessonId=two["id"]))["status"] == "COMPLETED"
