"""Writing learning modules: by instructors, each by its author, and refused with the way to what is wrong."""

import asyncio
from typing import Any

import pytest

from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, change, done, refusal, refusals
from tests.graphql_schema.learning.asking import CREATE, PUBLISH, UPDATE, written
from tests.world import World

LESSON = {"title": "One", "kind": "TEXT", "body": "# One", "durationMinutes": 5}
FILM = {"title": "Film", "kind": "VIDEO", "videoUrl": "https://example.com/film"}
CHOICE = {"title": "Choose", "prompt": "Which?", "kind": "CHOICE", "options": ["a", "b"], "answer": ["b"]}
TEXT = {"title": "Write", "prompt": "What?", "kind": "WRITE", "rubric": [{"text": "It is short.", "points": 3}]}
LOCKED = "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted"


async def test_an_instructor_writes_a_draft_with_lessons_exercises_and_prerequisites(
    graph: Graph, world: World
) -> None:
    given = written(
        world, lessons=[LESSON, FILM], exercises=[CHOICE, TEXT], prerequisiteIds=["@basics"], phase="DESIGN"
    )
    made = (await done(graph, "ines", CREATE, **given))["module"]
    lessons, exercises = made.pop("lessons"), made.pop("exercises")
    assert [lesson["title"] for lesson in lessons] == ["One", "Film"]
    assert [exercise["options"] for exercise in exercises] == [["a", "b"], []]
    assert [line["points"] for line in exercises[1]["rubric"]] == [3]
    assert len({part["id"] for part in [*lessons, *exercises]}) == 4
    del made["id"]
    assert made == {
        "slug": "new",
        "title": "New",
        "phase": "DESIGN",
        "version": 1,
        "isPublished": False,
        "answers": {"nodes": [{"exerciseId": exercises[0]["id"], "options": ["b"]}]},
        "prerequisites": {"nodes": [{"slug": "basics"}]},
    }


@pytest.mark.parametrize(("who", "may"), [("ines", True), ("root", True), ("ada", False), ("sam", False)])
async def test_instructors_and_administrators_write_modules(graph: Graph, world: World, who: str, may: bool) -> None:
    found = await refusals(graph, who, CREATE, **written(world))
    assert found == ([] if may else [("FORBIDDEN", "")])


async def test_a_name_in_addresses_is_taken_once(graph: Graph, world: World) -> None:
    assert await refusal(graph, "ines", CREATE, **written(world, slug="basics")) == ("CONFLICT", "input.slug")
    given = {"moduleId": world.sketch.public_id, "expectedVersion": 1, "slug": "basics"}
    assert await refusal(graph, "ines", UPDATE, **given) == ("CONFLICT", "input.slug")


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "slug": ({"slug": "Not this"}, "slug"),
    "title": ({"title": " "}, "title"),
    "duration": ({"estimatedDuration": 0}, "estimatedDuration"),
    "lesson title": ({"lessons": [LESSON, LESSON, {**LESSON, "title": " "}]}, "lessons.2.title"),
    "lesson length": ({"lessons": [LESSON, {**LESSON, "body": "a" * 20_001}]}, "lessons.1.body"),
    "lesson minutes": ({"lessons": [{**LESSON, "durationMinutes": -1}]}, "lessons.0.durationMinutes"),
    "film": ({"lessons": [{**FILM, "videoUrl": None}]}, "lessons.0.videoUrl"),
    "script": ({"lessons": [{**FILM, "videoUrl": "javascript:alert(1)"}]}, "lessons.0.videoUrl"),
    "exercise title": ({"exercises": [CHOICE, {**CHOICE, "title": ""}]}, "exercises.1.title"),
    "no options": ({"exercises": [{**CHOICE, "options": [], "answer": []}]}, "exercises.0.options"),
    "an option twice": ({"exercises": [{**CHOICE, "options": ["a", "a"]}]}, "exercises.0.options"),
    "another answer": ({"exercises": [{**CHOICE, "answer": ["c"]}]}, "exercises.0.answer"),
    "an answer twice": ({"exercises": [{**CHOICE, "kind": "CHECKLIST", "answer": ["b", "b"]}]}, "exercises.0.answer"),
    "two answers": ({"exercises": [{**CHOICE, "answer": ["a", "b"]}]}, "exercises.0.answer"),
    "options of a text": ({"exercises": [{**TEXT, "options": ["a"]}]}, "exercises.0.options"),
    "rubric": ({"exercises": [{**TEXT, "rubric": [{"text": "", "points": 1}]}]}, "exercises.0.rubric.0.text"),
    "points": ({"exercises": [{**TEXT, "rubric": [{"text": "a", "points": -1}]}]}, "exercises.0.rubric.0.points"),
    "too many exercises": ({"exercises": [TEXT] * 21}, "exercises"),
    "a draft before": ({"prerequisiteIds": ["@basics", "@sketch"]}, "prerequisiteIds.1"),
}


@pytest.mark.parametrize(("given", "path"), FAULTS.values(), ids=FAULTS)
async def test_what_is_wrong_is_refused_at_its_place_and_nothing_is_made(
    graph: Graph, world: World, given: dict[str, Any], path: str
) -> None:
    assert await refusal(graph, "ines", CREATE, **written(world, **given)) == ("BAD_USER_INPUT", f"input.{path}")
    found = written(world, **given | {"slug": given.get("slug", "basic")})
    changed = {"moduleId": world.basics.public_id, "expectedVersion": 1}
    assert await refusal(graph, "ines", UPDATE, **found | changed) == ("BAD_USER_INPUT", f"input.{path}")
    assert await graph.data("ines", '{ learningModule(slug: "new") { id } }') == {"learningModule": None}


async def test_a_module_that_others_cannot_see_is_not_required(graph: Graph, world: World) -> None:
    await change(graph.database, world.sketch, author_id=world.root.id)
    for required in (world.sketch.public_id, f"lmo_{UNKNOWN}"):
        given = written(world, prerequisiteIds=[required])
        assert await refusal(graph, "ines", CREATE, **given) == ("NOT_FOUND", "input.prerequisiteIds.0")


async def test_fields_that_are_left_out_stay_as_they_are(graph: Graph, world: World) -> None:
    given = {"moduleId": world.basics.public_id, "expectedVersion": 1}
    made = (await done(graph, "ines", UPDATE, **given, title="Other", phase=None))["module"]
    assert (made["title"], made["phase"], made["version"], made["slug"]) == ("Other", None, 2, "basics")
    assert [len(made["lessons"]), len(made["exercises"]), len(made["answers"]["nodes"])] == [2, 3, 2]


async def test_a_lesson_keeps_its_id_and_a_new_one_gets_another(graph: Graph, world: World) -> None:
    lessons = [LESSON, {**LESSON, "id": "lesson-words", "title": "Words again"}]
    given = {"moduleId": world.basics.public_id, "expectedVersion": 1, "lessons": lessons}
    made = (await done(graph, "ines", UPDATE, **given))["module"]
    assert [lesson["title"] for lesson in made["lessons"]] == ["One", "Words again"]
    assert made["lessons"][1]["id"] == "lesson-words" != made["lessons"][0]["id"]


@pytest.mark.parametrize("ids", [["another"], ["lesson-words", "lesson-words"], ["exercise-list"]])
async def test_an_id_is_that_of_one_lesson_of_the_module(graph: Graph, world: World, ids: list[str]) -> None:
    lessons = [{**LESSON, "id": id_} for id_ in ids]
    given = {"moduleId": world.basics.public_id, "expectedVersion": 1, "lessons": lessons}
    assert await refusal(graph, "ines", UPDATE, **given) == ("NOT_FOUND", f"input.lessons.{len(ids) - 1}.id")


async def test_of_two_who_change_a_version_the_second_is_told_what_stands_there(graph: Graph, world: World) -> None:
    given = {"moduleId": world.basics.public_id, "expectedVersion": 1}
    titles = ("First", "Second")
    asked = (graph.data("ines", UPDATE, input={**given, "title": title}) for title in titles)
    found = [answer["updateLearningModule"] for answer in await asyncio.gather(*asked)]
    refused = [one for one in found if one["errors"]]
    assert [error["path"] for one in refused for error in one["errors"]] == [["input", "expectedVersion"]]
    assert refused[0]["errors"][0]["code"] == "CONFLICT"
    assert (refused[0]["module"]["version"], refused[0]["module"]["title"] in titles) == (2, True)


@pytest.mark.parametrize(
    ("who", "module", "code"),
    [
        ("sam", "basics", "FORBIDDEN"),
        ("sam", "sketch", "NOT_FOUND"),
        ("root", "sketch", None),
        ("ines", "sketch", None),
    ],
)
async def test_the_author_changes_and_publishes_a_module(
    graph: Graph, world: World, who: str, module: str, code: str | None
) -> None:
    given = {"moduleId": getattr(world, module).public_id}
    expected = [(code, "input.moduleId")] if code else []
    assert await refusals(graph, who, UPDATE, **given, expectedVersion=1, title="Other") == expected
    assert await refusals(graph, who, PUBLISH, **given) == expected


async def test_everybody_sees_a_module_from_when_it_is_published(graph: Graph, world: World) -> None:
    asked = '{ learningModule(slug: "sketch") { isPublished } }'
    assert await graph.data(None, asked) == {"learningModule": None}
    for _ in range(2):
        made = (await done(graph, "ines", PUBLISH, moduleId=world.sketch.public_id))["module"]
        assert (made["isPublished"], made["version"]) == (True, 1)
    assert await graph.data(None, asked) == {"learningModule": {"isPublished": True}}


async def test_what_is_published_has_something_in_it(graph: Graph, world: World) -> None:
    empty = (await done(graph, "ines", CREATE, **written(world)))["module"]
    assert await refusal(graph, "ines", PUBLISH, moduleId=empty["id"]) == ("CONFLICT", "input.moduleId")
    given = {"moduleId": world.advanced.public_id, "expectedVersion": 1, "lessons": []}
    assert await refusal(graph, "ines", UPDATE, **given) == ("BAD_USER_INPUT", "input.lessons")


async def test_no_module_requires_itself_by_whatever_way(graph: Graph, world: World) -> None:
    for required in ("basics", "advanced"):
        given = {"moduleId": world.basics.public_id, "expectedVersion": 1}
        given["prerequisiteIds"] = [getattr(world, required).public_id]
        assert await refusal(graph, "ines", UPDATE, **given) == ("CONFLICT", "input.prerequisiteIds")


async def test_of_two_modules_that_come_to_require_each_other_at_the_same_time_one_is_refused(
    graph: Graph, world: World
) -> None:
    await done(graph, "ines", PUBLISH, moduleId=world.sketch.public_id)
    pairs = (("basics", "sketch"), ("sketch", "advanced"))  # and Advanced requires Basics
    asked = (
        refusals(
            graph,
            "ines",
            UPDATE,
            moduleId=getattr(world, module).public_id,
            expectedVersion=1,
            prerequisiteIds=[getattr(world, required).public_id],
        )
        for module, required in pairs
    )
    found = sorted(await asyncio.gather(*asked), key=len)
    assert found == [[], [("CONFLICT", "input.prerequisiteIds")]]


async def test_right_options_are_those_of_the_exercises_of_today(graph: Graph, world: World) -> None:
    choice = {**CHOICE, "id": "exercise-choice"}
    given = {"moduleId": world.basics.public_id, "expectedVersion": 1, "exercises": [choice, TEXT]}
    made = (await done(graph, "ines", UPDATE, **given))["module"]
    assert made["answers"]["nodes"] == [{"exerciseId": "exercise-choice", "options": ["b"]}]
