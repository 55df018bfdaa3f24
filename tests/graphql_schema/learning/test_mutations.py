"""Taking learning modules: begun, their lessons and exercises done, completed once nothing is left, or left out."""

import asyncio
from typing import Any

import pytest

from db import tables
from db.tables import ModuleProgressStatus
from db.tables.learning_shapes import ATTEMPTS
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, change, refusal
from tests.graphql_schema.learning.asking import ASSESS, COMPLETE, SKIP, START, SUBMIT, progress
from tests.world import NOON, World

RIGHT = "WHEN asked, the map SHALL open."
WRONG = "The map opens fast."
REQUIREMENTS = """\
# Requirements

## Introduction

The map shows where people are.

## Requirements

1. WHEN a person opens the map, THE SYSTEM SHALL show the place of that person.
"""
PARALLEL = 20
LOCKED = "SELECT count(*) = {} FROM pg_locks WHERE NOT granted"


async def test_a_module_is_begun_once(graph: Graph, world: World) -> None:
    begun = await progress(graph, "olga", START, "basics")
    assert begun == {
        "status": "IN_PROGRESS",
        "progressPercent": 0,
        "completedLessons": [],
        "score": None,
        "completedAt": None,
        "exerciseResults": [],
        "skillAssessments": [],
    }
    assert await progress(graph, "olga", START, "basics") == begun


async def test_a_module_is_begun_when_those_it_requires_are_completed_or_skipped(graph: Graph, world: World) -> None:
    advanced = {"moduleId": world.advanced.public_id}
    for who in ("sam", "olga"):
        (error,) = (await graph.data(who, START, input=advanced))["startModule"]["errors"]
        message = "Complete these modules first, or skip them: Basics."
        assert error == {"code": "CONFLICT", "message": message, "path": ["input", "moduleId"]}
    await progress(graph, "olga", SKIP, "basics")
    assert (await progress(graph, "olga", START, "advanced"))["status"] == "IN_PROGRESS"
    await change(graph.database, world.module_progress, status=ModuleProgressStatus.COMPLETED, completed_at=NOON)
    assert (await progress(graph, "sam", START, "advanced"))["status"] == "IN_PROGRESS"


async def test_what_is_refused_leaves_no_progress(graph: Graph, world: World) -> None:
    await refusal(graph, "olga", START, moduleId=world.advanced.public_id)
    asked = "query ($id: ID!) { learningModule(id: $id) { viewerProgress { status } } }"
    found = await graph.data("olga", asked, id=world.advanced.public_id)
    assert found["learningModule"]["viewerProgress"] is None


async def test_a_module_is_completed_when_all_lessons_are_done_and_all_exercises_have_a_result(
    graph: Graph, world: World
) -> None:
    steps: list[tuple[str, dict[str, Any], int]] = [
        (COMPLETE, {"lessonId": "lesson-forms"}, 60),
        (COMPLETE, {"lessonId": "lesson-forms"}, 60),
        (SUBMIT, {"exerciseId": "exercise-list", "answer": []}, 80),
        (SUBMIT, {"exerciseId": "exercise-text", "answer": [REQUIREMENTS]}, 100),
    ]
    for mutation, given, percent in steps:
        found = await progress(graph, "sam", mutation, "basics", **given)
        assert found["progressPercent"] == percent
        assert (found["status"] == "COMPLETED") == (found["completedAt"] is not None) == (percent == 100)


async def test_a_module_that_is_completed_stays_so(graph: Graph, world: World) -> None:
    await change(graph.database, world.module_progress, status=ModuleProgressStatus.COMPLETED, completed_at=NOON)
    given = {"moduleId": world.basics.public_id}
    for mutation in (START, SKIP):
        ((_, found),) = (await graph.data("sam", mutation, input=given)).items()
        assert [(error["code"], error["path"]) for error in found["errors"]] == [("CONFLICT", ["input", "moduleId"])]
        assert found["progress"]["status"] == "COMPLETED"
    again = await progress(graph, "sam", SUBMIT, "basics", exerciseId="exercise-choice", answer=[RIGHT])
    assert (again["status"], again["progressPercent"], again["score"]) == ("COMPLETED", 100, 100)


@pytest.mark.parametrize("status", list(ModuleProgressStatus))
async def test_a_module_goes_from_one_state_to_those_that_follow_it(
    graph: Graph, world: World, status: ModuleProgressStatus
) -> None:
    completed_at = NOON if status is ModuleProgressStatus.COMPLETED else None
    await change(graph.database, world.module_progress, status=status, completed_at=completed_at)
    found = {}
    for name, mutation in (("skip", SKIP), ("start", START)):
        ((_, payload),) = (await graph.data("sam", mutation, input={"moduleId": world.basics.public_id})).items()
        found[name] = [error["code"] for error in payload["errors"]] or payload["progress"]["status"]
    refused = {"skip": ["CONFLICT"], "start": ["CONFLICT"]}
    assert found == (refused if completed_at else {"skip": "SKIPPED", "start": "IN_PROGRESS"})


@pytest.mark.parametrize("status", [None, ModuleProgressStatus.NOT_STARTED, ModuleProgressStatus.SKIPPED])
async def test_nothing_is_done_in_a_module_that_was_not_begun(
    graph: Graph, world: World, status: ModuleProgressStatus | None
) -> None:
    if status:
        row = tables.ModuleProgress(user_id=world.olga.id, module_id=world.basics.id, status=status)
        await add(graph.database, row)
    given = {"moduleId": world.basics.public_id}
    for mutation, more in (
        (COMPLETE, {"lessonId": "lesson-words"}),
        (SUBMIT, {"exerciseId": "exercise-choice", "answer": [RIGHT]}),
    ):
        assert await refusal(graph, "olga", mutation, **given, **more) == ("CONFLICT", "input.moduleId")


async def test_lessons_and_exercises_are_those_of_the_module(graph: Graph, world: World) -> None:
    given = {"moduleId": world.advanced.public_id}
    await progress(graph, "olga", SKIP, "basics")
    await progress(graph, "olga", START, "advanced")
    assert await refusal(graph, "olga", COMPLETE, **given, lessonId="lesson-forms") == ("NOT_FOUND", "input.lessonId")
    answered = {"exerciseId": "exercise-choice", "answer": [RIGHT]}
    assert await refusal(graph, "olga", SUBMIT, **given, **answered) == ("NOT_FOUND", "input.exerciseId")


@pytest.mark.parametrize(
    ("exercise", "answer", "score", "feedback"),
    [
        ("exercise-choice", [RIGHT], 100, "This is right."),
        ("exercise-choice", [WRONG], 0, "This is not right: choose another option."),
        ("exercise-list", ["A subject", "A condition"], 100, "2 chosen rightly."),
        ("exercise-list", ["A subject", "A guess"], 0, "1 chosen that do not hold."),
        ("exercise-list", ["A subject"], 50, "1 missing."),
        ("exercise-text", [REQUIREMENTS], 70, ""),
    ],
)
async def test_an_answer_is_graded_and_the_feedback_says_why(
    graph: Graph, world: World, exercise: str, answer: list[str], score: float, feedback: str
) -> None:
    found = await progress(graph, "sam", SUBMIT, "basics", exerciseId=exercise, answer=answer)
    result = found["exerciseResults"][-1]
    assert (result["exerciseId"], result["answer"]) == (exercise, answer)
    assert result["score"] == score if exercise != "exercise-text" else result["score"] > score
    assert feedback in result["feedback"] != ""


async def test_a_text_without_requirements_is_graded_lower_than_one_that_has_them(graph: Graph, world: World) -> None:
    scores = []
    for text in ("The map should be fast and user-friendly, etc.", REQUIREMENTS):
        found = await progress(graph, "sam", SUBMIT, "basics", exerciseId="exercise-text", answer=[text])
        scores.append(found["exerciseResults"][-1]["score"])
        assert len(found["exerciseResults"][-1]["feedback"]) > 20
    assert scores[0] < scores[1]


@pytest.mark.parametrize(
    ("exercise", "answer", "path"),
    [
        ("exercise-choice", [], "answer"),
        ("exercise-choice", [RIGHT, WRONG], "answer"),
        ("exercise-choice", [RIGHT, "Another"], "answer.1"),
        ("exercise-list", ["Another"], "answer.0"),
        ("exercise-list", ["A guess", "A guess"], "answer"),
        ("exercise-text", [], "answer"),
        ("exercise-text", [" \n"], "answer"),
        ("exercise-text", ["One", "two"], "answer"),
        ("exercise-text", ["a" * 5_001], "answer.0"),
    ],
)
async def test_what_is_no_answer_is_refused_and_no_attempt(
    graph: Graph, world: World, exercise: str, answer: list[str], path: str
) -> None:
    given = {"moduleId": world.basics.public_id, "exerciseId": exercise, "answer": answer}
    assert await refusal(graph, "sam", SUBMIT, **given) == ("BAD_USER_INPUT", f"input.{path}")


async def test_the_best_of_several_attempts_counts_and_is_kept(graph: Graph, world: World) -> None:
    answers = [RIGHT, *[WRONG] * (ATTEMPTS + 2)]
    for answer in answers:
        found = await progress(graph, "sam", SUBMIT, "basics", exerciseId="exercise-choice", answer=[answer])
        assert found["score"] == 100
    newest = range(3, len(answers) + 2)[-(ATTEMPTS - 1) :]
    assert [result["attempt"] for result in found["exerciseResults"]] == [2, *newest]


async def test_an_exercise_assesses_the_skill_that_it_trains(graph: Graph, world: World) -> None:
    await progress(graph, "sam", SUBMIT, "basics", exerciseId="exercise-choice", answer=[RIGHT])
    await progress(graph, "sam", SUBMIT, "basics", exerciseId="exercise-choice", answer=[WRONG])
    found = await progress(graph, "sam", SUBMIT, "basics", exerciseId="exercise-text", answer=[REQUIREMENTS])
    *choice, text = found["skillAssessments"]
    assert choice == [
        {"skill": "Phrasing", "level": 2, "source": "SELF"},
        {"skill": "Phrasing", "level": 5, "source": "EXERCISE"},
    ]
    assert (text["skill"], text["source"], text["level"] > 2) == ("Writing", "REVIEW", True)


async def test_what_one_says_of_a_skill_replaces_what_one_said_before(graph: Graph, world: World) -> None:
    for level in (0, 5):
        found = await progress(graph, "olga", ASSESS, "basics", skill=" Patience ", level=level)
        assert found["skillAssessments"] == [{"skill": "Patience", "level": level, "source": "SELF"}]
        assert found["status"] == "NOT_STARTED"


@pytest.mark.parametrize(
    ("skill", "level", "at"), [("", 3, "skill"), ("\t", 3, "skill"), ("A", 6, "level"), ("A", -1, "level")]
)
async def test_a_skill_has_a_name_and_a_level(graph: Graph, world: World, skill: str, level: int, at: str) -> None:
    given = {"moduleId": world.basics.public_id, "skill": skill, "level": level}
    assert await refusal(graph, "olga", ASSESS, **given) == ("BAD_USER_INPUT", f"input.{at}")


@pytest.mark.parametrize(
    "mutation", [START, SKIP, COMPLETE, SUBMIT, ASSESS], ids=["start", "skip", "lesson", "exercise", "skill"]
)
async def test_a_draft_is_not_there_for_others(graph: Graph, world: World, mutation: str) -> None:
    more: dict[str, dict[str, Any]] = {
        COMPLETE: {"lessonId": "a"},
        SUBMIT: {"exerciseId": "a", "answer": []},
        ASSESS: {"skill": "A", "level": 1},
    }
    for module in (world.sketch.public_id, f"lmo_{UNKNOWN}"):
        given = {"moduleId": module, **more.get(mutation, {})}
        assert await refusal(graph, "sam", mutation, **given) == ("NOT_FOUND", "input.moduleId")


async def test_the_author_tries_a_draft(graph: Graph, world: World) -> None:
    assert (await progress(graph, "ines", START, "sketch"))["status"] == "IN_PROGRESS"


async def test_lessons_that_are_completed_at_the_same_time_are_all_counted(graph: Graph, world: World) -> None:
    names = [f"lesson-{number}" for number in range(PARALLEL)]
    lessons = [{"id": name, "title": name, "kind": "TEXT", "body": "", "duration_minutes": 1} for name in names]
    await change(graph.database, world.advanced, lessons=lessons)
    await progress(graph, "olga", SKIP, "basics")
    await progress(graph, "olga", START, "advanced")
    await asyncio.gather(*(progress(graph, "olga", COMPLETE, "advanced", lessonId=name) for name in names))
    found = await progress(graph, "olga", COMPLETE, "advanced", lessonId=names[0])
    assert (found["completedLessons"], found["status"]) == (names, "COMPLETED")


async def test_answers_that_are_sent_at_the_same_time_are_all_attempts(graph: Graph, world: World) -> None:
    given = {"exerciseId": "exercise-choice", "answer": [RIGHT]}
    await asyncio.gather(*(progress(graph, "sam", SUBMIT, "basics", **given) for _ in range(8)))
    found = await progress(graph, "sam", SUBMIT, "basics", **given)
    assert [result["attempt"] for result in found["exerciseResults"]] == list(range(1, 11))


async def test_who_begins_twice_at_the_same_time_has_one_progress(graph: Graph, world: World) -> None:
    await asyncio.gather(*(progress(graph, "olga", START, "basics") for _ in range(8)))
    asked = "{ viewer { moduleProgress { nodes { status } } } }"
    assert (await graph.data("olga", asked))["viewer"]["moduleProgress"]["nodes"] == [{"status": "IN_PROGRESS"}]
