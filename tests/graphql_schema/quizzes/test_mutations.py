"""Taking quizzes: attempts are limited, saved as one goes, graded by the server, and what only people can by people."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from db import tables
from db.engine import Database
from db.ids import key_of
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, change, done, refusal
from tests.graphql_schema.quizzes.asking import (
    ALL,
    CAPITAL,
    GRADE,
    GRADED,
    SAVE,
    START,
    SUBMIT,
    WHY,
    answer,
    at_once,
    choice,
    place,
    quiz,
    start,
    submit,
    taken,
)
from tests.world import World

RIGHT = (("Which?", "Oslo"), ("Which are prime?", "3", "2"), ("The earth is round.", "True"))


async def overdue(database: Database, attempt: dict[str, Any], seconds: float) -> None:
    """Let the deadline of an attempt have been so many seconds ago."""
    deadline = func.now() - timedelta(seconds=seconds)
    await change(database, tables.QuizAttempt(id=key_of(tables.QuizAttempt, attempt["id"])), deadline_at=deadline)


async def test_the_server_scores_what_was_chosen_and_written(graph: Graph) -> None:
    attempt = await start(graph, "sam", await quiz(graph))
    for question, *options in RIGHT:
        await answer(graph, "sam", attempt, question, *options)
    await answer(graph, "sam", attempt, "Which tool?", text=" RustUp\n")
    done_ = await submit(graph, "sam", attempt)
    assert (done_["status"], done_["score"], done_["passed"], done_["isExpired"]) == ("GRADED", 100, True, False)
    assert all(one["isCorrect"] for one in done_["answers"]["nodes"])


@pytest.mark.parametrize(
    ("question", "options", "score"),
    [
        ("Which?", ["Oslo"], 40),
        ("Which?", ["Rome"], 0),
        ("Which are prime?", ["2", "3"], 20),
        ("Which are prime?", ["2"], 0),
        ("Which are prime?", ["2", "3", "4"], 0),
        ("The earth is round.", ["False"], 0),
    ],
)
async def test_all_right_options_and_no_others_give_the_points(
    graph: Graph, question: str, options: list[str], score: float
) -> None:
    assert (await taken(graph, "sam", await quiz(graph), (question, *options)))["score"] == score


async def test_the_score_that_is_enough_passes(graph: Graph) -> None:
    for passing, passed in ((40, True), (41, False)):
        attempt = await taken(graph, "sam", await quiz(graph, passingScore=passing), ("Which?", "Oslo"))
        assert (attempt["score"], attempt["passed"]) == (40, passed)


async def test_while_an_attempt_goes_on_there_is_no_other(graph: Graph) -> None:
    made = await quiz(graph)
    attempt = await start(graph, "sam", made)
    (payload,) = (await graph.data("sam", START, input={"quizId": made["id"]})).values()
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("CONFLICT", ["input", "quizId"])]
    assert payload["attempt"] == attempt


async def test_of_twenty_starts_of_the_last_attempt_one_begins(graph: Graph) -> None:
    made = await quiz(graph, maxAttempts=2)
    await taken(graph, "sam", made)
    asked = [graph.data("sam", START, input={"quizId": made["id"]}) for _ in range(20)]
    payloads = [found["startQuizAttempt"] for found in await at_once(graph, made["id"], *asked)]
    assert sum(not payload["errors"] for payload in payloads) == 1
    assert {payload["attempt"]["number"] for payload in payloads} == {2}
    await submit(graph, "sam", payloads[0]["attempt"])
    assert await refusal(graph, "sam", START, quizId=made["id"]) == ("CONFLICT", "input.quizId")


async def test_an_attempt_needs_a_quiz_that_is_published_and_a_course_that_is_open(graph: Graph, world: World) -> None:
    made = await quiz(graph)
    paid = await quiz(graph, courseId=world.rhetoric.public_id)
    draft = await quiz(graph, is_published=False)
    assert await refusal(graph, "ines", START, quizId=draft["id"]) == ("CONFLICT", "input.quizId")
    assert await refusal(graph, "sam", START, quizId=draft["id"]) == ("NOT_FOUND", "input.quizId")
    assert await refusal(graph, "olga", START, quizId=paid["id"]) == ("FORBIDDEN", "input.quizId")
    assert await refusal(graph, "sam", START, quizId=f"qui_{UNKNOWN}") == ("NOT_FOUND", "input.quizId")
    assert (await start(graph, "olga", made))["number"] == 1


async def test_the_deadline_is_the_servers(graph: Graph) -> None:
    assert (await start(graph, "sam", await quiz(graph)))["deadlineAt"] is None
    limited = await start(graph, "sam", await quiz(graph, timeLimit=30))
    async with graph.database.read() as session:
        attempt = tables.QuizAttempt
        lasts = select(attempt.deadline_at - attempt.started_at).where(attempt.id == key_of(attempt, limited["id"]))
        assert await session.scalar(lasts) == timedelta(minutes=30)


async def test_an_answer_that_comes_late_or_twice_changes_nothing(graph: Graph) -> None:
    attempt = await start(graph, "sam", await quiz(graph))
    for sequence, option, stands in (
        (2, "Oslo", "Oslo"),
        (1, "Rome", "Oslo"),
        (2, "Bern", "Oslo"),
        (3, "Bern", "Bern"),
    ):
        saved = await answer(graph, "sam", attempt, "Which?", option, sequence=sequence)
        assert saved["answer"]["optionIds"] == place(attempt, "Which?", stands)["optionIds"]


async def test_of_answers_that_come_at_once_the_newest_stands(graph: Graph) -> None:
    attempt = await start(graph, "sam", await quiz(graph))
    texts = [answer(graph, "sam", attempt, "Which tool?", text=f"{number}", sequence=number) for number in range(20)]
    await at_once(graph, attempt["id"], *texts)
    (saved,) = (await submit(graph, "sam", attempt))["answers"]["nodes"]
    assert (saved["answer"]["text"], saved["sequence"]) == ("19", 19)


@pytest.mark.parametrize(
    ("question", "given", "path"),
    [
        ("Which?", {"text": "Oslo"}, "input.text"),
        ("Which?", {"optionIds": ["elsewhere"]}, "input.optionIds.0"),
        ("Why?", {"optionIds": ["a"]}, "input.optionIds"),
    ],
)
async def test_what_is_no_answer_is_refused(graph: Graph, question: str, given: dict[str, Any], path: str) -> None:
    attempt = await start(graph, "sam", await quiz(graph, *ALL))
    assert await refusal(graph, "sam", SAVE, **place(attempt, question) | given) == ("BAD_USER_INPUT", path)


async def test_one_option_is_chosen_of_a_choice_and_each_once(graph: Graph) -> None:
    attempt = await start(graph, "sam", await quiz(graph))
    for given in (
        place(attempt, "Which?", "Rome", "Oslo"),
        place(attempt, "Which are prime?", "2", "2"),
    ):
        assert await refusal(graph, "sam", SAVE, **given) == ("BAD_USER_INPUT", "input.optionIds")


async def test_a_question_of_another_quiz_is_not_asked(graph: Graph, world: World) -> None:
    attempt = await start(graph, "sam", await quiz(graph))
    given = place(attempt, "Which?") | {"questionId": world.quiz_question.public_id}
    assert await refusal(graph, "sam", SAVE, **given) == ("NOT_FOUND", "input.questionId")


async def test_nobody_answers_or_submits_for_another(graph: Graph) -> None:
    attempt = await start(graph, "sam", await quiz(graph))
    for who, code in (("ines", "FORBIDDEN"), ("root", "FORBIDDEN"), ("olga", "NOT_FOUND")):
        assert await refusal(graph, who, SAVE, **place(attempt, "Which?", "Oslo")) == (code, "input.attemptId")
        assert await refusal(graph, who, SUBMIT, attemptId=attempt["id"]) == (code, "input.attemptId")


async def test_answers_after_the_end_are_refused_and_another_submission_changes_nothing(graph: Graph) -> None:
    attempt = await start(graph, "sam", await quiz(graph))
    first = await submit(graph, "sam", attempt)
    given = place(attempt, "Which?", "Oslo")
    assert await refusal(graph, "sam", SAVE, **given) == ("CONFLICT", "input.attemptId")
    assert await submit(graph, "sam", attempt) == first


async def test_what_comes_within_the_period_of_grace_came_in_time(graph: Graph, database: Database) -> None:
    attempt = await start(graph, "sam", await quiz(graph, timeLimit=1))
    await overdue(database, attempt, 5)
    await answer(graph, "sam", attempt, "Which?", "Oslo")
    ended = await submit(graph, "sam", attempt)
    assert (ended["score"], ended["isExpired"]) == (40, False)


async def test_behind_the_period_of_grace_what_was_saved_counts(graph: Graph, database: Database) -> None:
    attempt = await start(graph, "sam", await quiz(graph, timeLimit=1))
    await answer(graph, "sam", attempt, "Which?", "Oslo")
    await overdue(database, attempt, 11)
    late = place(attempt, "Which are prime?", "2", "3")
    assert await refusal(graph, "sam", SAVE, **late) == ("CONFLICT", "input.attemptId")
    ended = await submit(graph, "sam", attempt)
    assert (ended["status"], ended["score"], ended["isExpired"]) == ("GRADED", 40, True)
    assert ended["completedAt"] == (await submit(graph, "sam", attempt))["deadlineAt"]


async def test_an_attempt_whose_time_is_over_is_not_in_the_way_of_the_next(graph: Graph, database: Database) -> None:
    made = await quiz(graph, timeLimit=1)
    first = await start(graph, "sam", made)
    await overdue(database, first, 11)
    assert (await start(graph, "sam", made))["number"] == 2
    assert (await submit(graph, "sam", first))["isExpired"]


async def test_an_essay_waits_for_the_instructor(graph: Graph) -> None:
    attempt = await start(graph, "sam", await quiz(graph, CAPITAL, WHY))
    await answer(graph, "sam", attempt, "Which?", "Oslo")
    essay = await answer(graph, "sam", attempt, "Why?", text="Because.")
    waiting = await submit(graph, "sam", attempt)
    assert (waiting["status"], waiting["score"], waiting["gradedAt"]) == ("SUBMITTED", None, None)
    graded = await done(graph, "ines", GRADE, answerId=essay["id"], points=3.5, feedback="Well said.")
    assert (graded["answer"]["points"], graded["answer"]["gradedBy"]) == (3.5, {"name": "Ines"})
    assert (graded["attempt"]["status"], graded["attempt"]["score"]) == ("GRADED", pytest.approx(100 * 5.5 / 7))
    assert graded["attempt"]["passed"]


async def test_an_essay_in_which_nothing_stands_waits_for_nobody(graph: Graph) -> None:
    attempt = await start(graph, "sam", await quiz(graph, CAPITAL, WHY))
    await answer(graph, "sam", attempt, "Why?", text=" \n")
    assert (await submit(graph, "sam", attempt))["status"] == "GRADED"


async def test_the_last_of_several_essays_grades_the_attempt(graph: Graph) -> None:
    other = WHY | {"question": "How?"}
    attempt = await start(graph, "sam", await quiz(graph, WHY, other))
    essays = [await answer(graph, "sam", attempt, question, text="So.") for question in ("Why?", "How?")]
    await submit(graph, "sam", attempt)
    for essay, status in zip(essays, ("SUBMITTED", "GRADED"), strict=True):
        graded = await done(graph, "ines", GRADE, answerId=essay["id"], points=5)
        assert graded["attempt"]["status"] == status


async def test_of_two_who_grade_an_essay_the_second_sees_what_the_first_said(graph: Graph) -> None:
    attempt = await start(graph, "sam", await quiz(graph, WHY, WHY | {"question": "How?"}))
    essay = await answer(graph, "sam", attempt, "Why?", text="So.")
    await answer(graph, "sam", attempt, "How?", text="So.")
    await submit(graph, "sam", attempt)
    grades = [
        graph.data(who, GRADE, input={"answerId": essay["id"], "points": points})
        for who, points in (("ines", 1), ("root", 2), ("ines", 3))
    ]
    payloads = [found["gradeAnswer"] for found in await at_once(graph, attempt["id"], *grades)]
    refused = [payload["errors"] for payload in payloads if payload["errors"]]
    assert [[error["code"] for error in errors] for errors in refused] == [["CONFLICT"], ["CONFLICT"]]
    assert len({payload["answer"]["points"] for payload in payloads}) == 1


async def test_only_who_teaches_grades_and_only_essays_that_wait(graph: Graph) -> None:
    attempt = await start(graph, "sam", await quiz(graph, CAPITAL, WHY))
    chosen = await answer(graph, "sam", attempt, "Which?", "Oslo")
    essay = await answer(graph, "sam", attempt, "Why?", text="Because.")
    given = {"answerId": essay["id"], "points": 1}
    assert await refusal(graph, "ines", GRADE, **given) == ("CONFLICT", "input.answerId")
    await submit(graph, "sam", attempt)
    assert await refusal(graph, "sam", GRADE, **given) == ("FORBIDDEN", "input.answerId")
    assert await refusal(graph, "olga", GRADE, **given) == ("NOT_FOUND", "input.answerId")
    assert await refusal(graph, "ines", GRADE, **given | {"answerId": chosen["id"]}) == ("CONFLICT", "input.answerId")
    for points in (-0.5, 5.5):
        assert await refusal(graph, "ines", GRADE, **given | {"points": points}) == ("BAD_USER_INPUT", "input.points")


async def test_options_are_in_an_order_of_each_attempt_and_those_of_true_and_false_in_theirs(graph: Graph) -> None:
    many = [f"{number}" for number in range(20)]
    made = await quiz(graph, choice(*many, right=("7",)), GRADED[2], maxAttempts=1000)
    orders = set()
    for _ in range(3):
        asked, certain = (await taken(graph, "sam", made))["questions"]
        orders.add(tuple(option["text"] for option in asked["options"]))
        assert [option["text"] for option in certain["options"]] == ["True", "False"]
    assert len(orders) == 3
    assert {tuple(sorted(order, key=int)) for order in orders} == {tuple(many)}
