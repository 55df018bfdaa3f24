"""Quizzes: attempts limited, time kept and answers scored by the server, right answers kept from learners until the
end, and open answers graded by the instructor.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import func

from db import tables
from db.ids import key_of
from tests.conftest import Graph
from tests.db.actions.test_media import run
from tests.graphql_schema.asking import change, done, refusal
from tests.graphql_schema.quizzes.asking import (
    ALL,
    CAPITAL,
    GRADE,
    SAVE,
    START,
    SUBMIT,
    UPDATE,
    answer,
    at_once,
    choice,
    place,
    quiz,
    start,
    submit,
    taken,
)

TO_GRADE = """
    query ($id: ID!) {
      node(id: $id) {
        ... on Quiz {
          attempts(filter: {status: [SUBMITTED]}) {
            nodes { user { name } answers { nodes { id gradedAt answer { text } } } }
          }
        }
      }
    }
"""
AFTER = "query ($id: ID!) { node(id: $id) { ... on QuizAttempt { status score passed correctAnswers { texts } } } }"


async def overdue(graph: Graph, attempt: dict[str, Any], seconds: float) -> None:
    """Let the deadline of an attempt have been so many seconds ago."""
    row = tables.QuizAttempt(id=key_of(tables.QuizAttempt, attempt["id"]))
    await change(graph.database, row, deadline_at=func.now() - timedelta(seconds=seconds))


async def test_07_quiz_is_written_taken_graded_and_revealed(graph: Graph) -> None:
    made = await quiz(graph, *ALL, passingScore=80)
    attempt = await start(graph, "sam", made)
    for question, *options in (("Which?", "Oslo"), ("Which are prime?", "2", "3"), ("The earth is round.", "True")):
        await answer(graph, "sam", attempt, question, *options)
    await answer(graph, "sam", attempt, "Which tool?", text="Rustup")
    await answer(graph, "sam", attempt, "Why?", text="Because.")
    waiting = await submit(graph, "sam", attempt)
    assert (waiting["status"], waiting["correctAnswers"]) == ("SUBMITTED", [])
    (shown,) = (await graph.data("ines", TO_GRADE, id=made["id"]))["node"]["attempts"]["nodes"]
    (essay,) = (one for one in shown["answers"]["nodes"] if one["gradedAt"] is None)
    assert (shown["user"], essay["answer"]) == ({"name": "Sam"}, {"text": "Because."})
    await done(graph, "ines", GRADE, answerId=essay["id"], points=3)
    ended = (await graph.data("sam", AFTER, id=attempt["id"]))["node"]
    assert (ended["status"], ended["score"], ended["passed"]) == ("GRADED", 80, True)
    assert ["rustup", "rust up"] in [one["texts"] for one in ended["correctAnswers"]]


async def test_07_quiz_of_twenty_starts_of_the_last_attempt_begins_one(graph: Graph) -> None:
    made = await quiz(graph, CAPITAL, maxAttempts=3)
    for _ in range(2):
        await taken(graph, "sam", made)
    starts = [graph.data("sam", START, input={"quizId": made["id"]}) for _ in range(20)]
    payloads = [found["startQuizAttempt"] for found in await at_once(graph, made["id"], *starts)]
    assert sorted(len(payload["errors"]) for payload in payloads) == [0] + [1] * 19
    assert {payload["attempt"]["id"] for payload in payloads} == {payloads[0]["attempt"]["id"]}


async def test_07_quiz_submitted_right_behind_its_deadline_is_in_time(graph: Graph) -> None:
    attempt = await start(graph, "sam", await quiz(graph, CAPITAL, timeLimit=1))
    await overdue(graph, attempt, 0.001)
    await answer(graph, "sam", attempt, "Which?", "Oslo")
    ended = await submit(graph, "sam", attempt)
    assert (ended["score"], ended["isExpired"]) == (100, False)


async def test_07_quiz_whose_time_is_over_is_submitted_once_by_job_and_student(graph: Graph) -> None:
    made = await quiz(graph, CAPITAL, timeLimit=1)
    attempt = await start(graph, "sam", made)
    await answer(graph, "sam", attempt, "Which?", "Oslo")
    await overdue(graph, attempt, 11)
    submits = [graph.data("sam", SUBMIT, input={"attemptId": attempt["id"]}) for _ in range(5)]
    await at_once(graph, attempt["id"], run(graph.database, "submit_overdue_attempts"), *submits)
    ended = await submit(graph, "sam", attempt)
    assert (ended["status"], ended["score"], ended["isExpired"]) == ("GRADED", 100, True)
    assert await refusal(graph, "sam", SAVE, **place(attempt, "Which?", "Rome")) == ("CONFLICT", "input.attemptId")


async def test_07_quiz_that_is_edited_leaves_the_attempt_as_it_began(graph: Graph) -> None:
    made = await quiz(graph, *ALL[:2])
    attempt = await start(graph, "sam", made)
    other = choice("Rome", "Oslo", "Bern", right=("Bern",))
    await done(graph, "ines", UPDATE, quizId=made["id"], expectedVersion=1, passingScore=100, questions=[other])
    await answer(graph, "sam", attempt, "Which?", "Oslo")
    await answer(graph, "sam", attempt, "Which are prime?", "2", "3")
    ended = await submit(graph, "sam", attempt)
    assert (ended["questions"], ended["score"], ended["passed"]) == (attempt["questions"], 100, True)
    again = await taken(graph, "sam", made, ("Which?", "Bern"))
    assert ([one["question"] for one in again["questions"]], again["score"]) == (["Which?"], 100)


async def test_07_quiz_graded_by_two_at_once_is_graded_once(graph: Graph) -> None:
    attempt = await start(graph, "sam", await quiz(graph, *ALL))
    essay = await answer(graph, "sam", attempt, "Why?", text="Because.")
    await submit(graph, "sam", attempt)
    grades = [
        graph.data(who, GRADE, input={"answerId": essay["id"], "points": points})
        for who, points in (("ines", 1), ("root", 2))
    ]
    payloads = [found["gradeAnswer"] for found in await at_once(graph, attempt["id"], *grades)]
    first, second = sorted(payloads, key=lambda payload: len(payload["errors"]))
    assert (first["errors"], [error["code"] for error in second["errors"]]) == ([], ["CONFLICT"])
    assert second["answer"] == first["answer"]
