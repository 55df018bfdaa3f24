"""Writing quizzes: by who teaches the course, with the right answers that types need, and refused at their places."""

import asyncio
from typing import Any

import pytest

from db import tables
from db.engine import Database
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, done, refusal, refusals
from tests.graphql_schema.quizzes.asking import (
    ALL,
    CAPITAL,
    CREATE,
    DELETE,
    PRIMES,
    PUBLISH,
    ROUND,
    START,
    TOOL,
    UNPUBLISH,
    UPDATE,
    WHY,
    choice,
    quiz,
    start,
    taken,
)
from tests.world import World

NOTHING_RIGHT = choice("Rome", "Oslo", right=())


def again(question: dict[str, Any]) -> dict[str, Any]:
    """The input that keeps a question of a quiz as it is shown."""
    right = question["correctAnswer"]
    options = [{**option, "isCorrect": option["id"] in right["optionIds"]} for option in question["options"]]
    kept = {name: question[name] for name in ("id", "type", "question", "points")}
    return {**kept, "options": options, "acceptedTexts": right["texts"], "explanation": right["explanation"]}


def questions(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The questions of a quiz."""
    shown: list[dict[str, Any]] = found["questions"]["nodes"]
    return shown


async def test_a_teacher_writes_a_draft_with_questions_of_every_type(graph: Graph) -> None:
    made = await quiz(graph, *ALL, is_published=False)
    assert (made["version"], made["isPublished"]) == (1, False)
    found = questions(made)
    assert [(one["type"], one["points"], one["order"]) for one in found] == [
        ("MULTIPLE_CHOICE", 2, 1),
        ("MULTIPLE_SELECT", 1, 2),
        ("TRUE_FALSE", 1, 3),
        ("SHORT_ANSWER", 1, 4),
        ("ESSAY", 5, 5),
    ]
    right = [
        [option["text"] for option in one["options"] if option["id"] in one["correctAnswer"]["optionIds"]]
        for one in found
    ]
    assert right == [["Oslo"], ["2", "3"], ["True"], [], []]
    assert found[3]["correctAnswer"]["texts"] == ["rustup", "rust up"]
    assert found[4]["correctAnswer"]["explanation"] == "A good one says because."


@pytest.mark.parametrize(("who", "code"), [("sam", "FORBIDDEN"), ("ada", "FORBIDDEN"), ("root", None)])
async def test_who_teaches_the_course_and_administrators_write_its_quizzes(
    graph: Graph, world: World, who: str, code: str | None
) -> None:
    given = {"courseId": world.logic.public_id, "title": "New"}
    assert await refusals(graph, who, CREATE, **given) == ([(code, "input.courseId")] if code else [])
    named = {"quizId": world.quiz.public_id}
    for mutation, more in ((UPDATE, {"expectedVersion": 1}), (PUBLISH, {}), (UNPUBLISH, {}), (DELETE, {})):
        assert await refusals(graph, who, mutation, **named, **more) == ([(code, "input.quizId")] if code else [])


async def test_a_draft_is_not_there_for_others(graph: Graph, world: World) -> None:
    named = {"quizId": world.draft_quiz.public_id}
    for mutation, more in ((UPDATE, {"expectedVersion": 1}), (PUBLISH, {}), (DELETE, {})):
        assert await refusal(graph, "sam", mutation, **named, **more) == ("NOT_FOUND", "input.quizId")


@pytest.mark.parametrize(
    ("question", "path"),
    [
        (choice("Rome", right=("Rome",)), "options"),
        (choice("Rome", "Rome", right=("Rome",)), "options"),
        (choice("Rome", "Oslo", right=("Rome", "Oslo")), "options"),
        (choice("Yes", "No", "So", right=("Yes",), type="TRUE_FALSE"), "options"),
        (TOOL | {"options": CAPITAL["options"]}, "options"),
        (WHY | {"acceptedTexts": ["So"]}, "acceptedTexts"),
        (TOOL | {"acceptedTexts": ["rustup", " "]}, "acceptedTexts.1"),
        (TOOL | {"points": 0}, "points"),
        (TOOL | {"question": " "}, "question"),
    ],
)
async def test_what_cannot_be_asked_is_refused_at_its_place(
    graph: Graph, world: World, question: dict[str, Any], path: str
) -> None:
    given = {"courseId": world.logic.public_id, "title": "New", "questions": [CAPITAL, question]}
    assert await refusal(graph, "ines", CREATE, **given) == ("BAD_USER_INPUT", f"input.questions.1.{path}")


async def test_a_quiz_has_two_hundred_questions_at_most(graph: Graph, world: World) -> None:
    given = {"courseId": world.logic.public_id, "title": "New", "questions": [TOOL] * 201}
    assert await refusal(graph, "ines", CREATE, **given) == ("BAD_USER_INPUT", "input.questions")
    assert len((await done(graph, "ines", CREATE, **given | {"questions": [TOOL] * 200}))["quiz"]["questions"]) == 1


async def test_a_chapter_and_a_lesson_are_those_of_the_course(graph: Graph, world: World) -> None:
    given = {"courseId": world.rhetoric.public_id, "title": "New"}
    for field, row in (("moduleId", world.logic_1), ("lessonId", world.logic_1_1)):
        assert await refusal(graph, "ines", CREATE, **given, **{field: row.public_id}) == (
            "NOT_FOUND",
            f"input.{field}",
        )
        made = await quiz(graph, courseId=world.rhetoric.public_id)
        named = {"quizId": made["id"], "expectedVersion": 1, field: row.public_id}
        assert await refusal(graph, "ines", UPDATE, **named) == ("NOT_FOUND", f"input.{field}")


async def test_a_quiz_without_questions_or_with_one_that_nothing_answers_stays_a_draft(
    graph: Graph, world: World
) -> None:
    empty = (await done(graph, "ines", CREATE, courseId=world.logic.public_id, title="Empty"))["quiz"]
    keyless = [
        await quiz(graph, WHY, question, is_published=False)
        for question in (NOTHING_RIGHT, TOOL | {"acceptedTexts": []})
    ]
    for made in (empty, *keyless):
        assert await refusal(graph, "ines", PUBLISH, quizId=made["id"]) == ("CONFLICT", "input.quizId")


async def test_a_quiz_that_is_published_keeps_a_right_answer_to_every_question(graph: Graph) -> None:
    made = await quiz(graph)
    given = {"quizId": made["id"], "expectedVersion": 1}
    for written, path in (
        ([], "questions"),
        ([NOTHING_RIGHT], "questions.0.options"),
        ([WHY, TOOL | {"acceptedTexts": []}], "questions.1.acceptedTexts"),
    ):
        assert await refusal(graph, "ines", UPDATE, **given, questions=written) == ("BAD_USER_INPUT", f"input.{path}")


async def test_questions_are_added_changed_deleted_and_put_in_another_order(graph: Graph) -> None:
    made = await quiz(graph, CAPITAL, PRIMES, ROUND)
    first, second, third = map(again, questions(made))
    first["options"] = [*reversed(first["options"][1:]), {"text": "Kyiv"}]
    written = [third, TOOL, first | {"question": "Which is the capital?"}]
    changed = (await done(graph, "ines", UPDATE, quizId=made["id"], expectedVersion=1, questions=written))["quiz"]
    found = questions(changed)
    assert [one["question"] for one in found] == ["The earth is round.", "Which tool?", "Which is the capital?"]
    assert [one["order"] for one in found] == [1, 2, 3]
    assert (found[0]["id"], found[2]["id"]) == (third["id"], first["id"])
    assert [option["text"] for option in found[2]["options"]] == ["Bern", "Oslo", "Kyiv"]
    assert found[2]["correctAnswer"]["optionIds"] == [first["options"][1]["id"]]
    assert second["id"] not in {one["id"] for one in found}
    assert changed["version"] == 2


async def test_an_id_is_that_of_one_question_of_the_quiz_and_of_one_of_its_options(graph: Graph, world: World) -> None:
    made = await quiz(graph, CAPITAL)
    given = {"quizId": made["id"], "expectedVersion": 1}
    (kept,) = map(again, questions(made))
    option = {**kept["options"][0], "id": "elsewhere"}
    for written, path in (
        ([kept, kept], "questions.1.id"),
        ([kept | {"id": world.quiz_question.public_id}], "questions.0.id"),
        ([kept | {"options": [option, *kept["options"][1:]]}], "questions.0.options.0.id"),
        ([kept | {"id": None}], "questions.0.options.0.id"),
    ):
        assert (await refusals(graph, "ines", UPDATE, **given, questions=written))[0] == ("NOT_FOUND", f"input.{path}")


async def test_of_two_who_change_a_quiz_the_second_sees_what_the_first_did(graph: Graph, world: World) -> None:
    asked = [
        graph.data("ines", UPDATE, input={"quizId": world.quiz.public_id, "expectedVersion": 1, "title": title})
        for title in ("One", "Two")
    ]
    payloads = [found["updateQuiz"] for found in await asyncio.gather(*asked)]
    assert sorted([error["code"] for error in payload["errors"]] for payload in payloads) == [[], ["CONFLICT"]]
    assert len({payload["quiz"]["title"] for payload in payloads}) == 1
    assert {payload["quiz"]["version"] for payload in payloads} == {2}


async def test_what_was_begun_goes_on_when_a_quiz_is_a_draft_again(graph: Graph) -> None:
    made = await quiz(graph)
    await start(graph, "sam", made)
    await done(graph, "ines", UNPUBLISH, quizId=made["id"])
    assert await refusal(graph, "olga", START, quizId=made["id"]) == ("NOT_FOUND", "input.quizId")
    assert not (await done(graph, "ines", UNPUBLISH, quizId=made["id"]))["quiz"]["isPublished"]


async def test_a_quiz_goes_with_all_attempts_at_it(graph: Graph, world: World) -> None:
    made = await quiz(graph)
    attempt = await taken(graph, "sam", made, ("Which?", "Oslo"))
    gone = await done(graph, "ines", DELETE, quizId=made["id"])
    assert gone["deletedQuizId"] == made["id"]
    assert made["title"] not in [one["title"] for one in gone["course"]["quizzes"]["nodes"]]
    for id_ in (made["id"], attempt["id"], attempt["answers"]["nodes"][0]["id"]):
        assert await graph.data("ines", "query ($id: ID!) { node(id: $id) { id } }", id=id_) == {"node": None}
    assert await refusal(graph, "ines", DELETE, quizId=f"qui_{UNKNOWN}") == ("NOT_FOUND", "input.quizId")


async def test_a_course_without_lessons_is_completed_by_its_quiz(graph: Graph, database: Database) -> None:
    bank = tables.Course(
        slug="bank",
        title="Bank",
        description="",
        difficulty="BEGINNER",
        published=True,
        instructor_id=graph.world.ines.id,
    )
    await add(database, bank)
    made = await quiz(graph, CAPITAL, courseId=bank.public_id)
    await graph.data("olga", ENROLL, id=bank.public_id)
    assert await status(graph, bank.public_id) == "ACTIVE"
    await taken(graph, "olga", made, ("Which?", "Rome"))
    assert await status(graph, bank.public_id) == "ACTIVE"
    await taken(graph, "olga", made, ("Which?", "Oslo"))
    assert await status(graph, bank.public_id) == "COMPLETED"


ENROLL = "mutation ($id: ID!) { enroll(input: {courseId: $id}) { errors { code } } }"
STATUS = "query ($id: ID!) { node(id: $id) { ... on Course { viewerEnrollment { status } } } }"


async def status(graph: Graph, course: str) -> str:
    """How far Olga is in a course."""
    found: str = (await graph.data("olga", STATUS, id=course))["node"]["viewerEnrollment"]["status"]
    return found
