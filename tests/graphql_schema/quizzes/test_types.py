"""What is seen of quizzes: right answers when the quiz reveals them, and attempts as they were when they began."""

from typing import Any

import pytest
from sqlalchemy import delete

from db import tables
from db.engine import Database
from db.ids import key_of
from tests.conftest import Graph
from tests.graphql_schema.asking import change, done
from tests.graphql_schema.quizzes.asking import CAPITAL, GRADE, ROUND, WHY, answer, quiz, start, submit, taken
from tests.world import World

SEEN = """
    query ($id: ID!) {
      node(id: $id) {
        ... on QuizAttempt {
          correctAnswers { optionIds explanation }
          answers { nodes { isCorrect points feedback } }
        }
      }
    }
"""
QUIZ = "query ($id: ID!) { node(id: $id) { ... on Quiz { questionCount attemptsLeft questions { totalCount } } } }"
RIGHT, WRONG = ("Which?", "Oslo"), ("Which?", "Rome")


async def sees(graph: Graph, who: str, attempt: dict[str, Any]) -> bool:
    """Whether somebody sees the right answers of an attempt, and with them which of the answers are right."""
    node = (await graph.data(who, SEEN, id=attempt["id"]))["node"]
    (given,) = node["answers"]["nodes"]
    is_revealed = bool(node["correctAnswers"])
    assert (given["isCorrect"] is not None) == (given["points"] is not None) == is_revealed
    return is_revealed


@pytest.mark.parametrize(
    ("reveal", "answers", "seen"),
    [
        ("NEVER", [RIGHT], [False]),
        ("NEVER", [WRONG, WRONG], [False, False]),
        ("AFTER_ATTEMPT", [WRONG], [True]),
        ("AFTER_PASS_OR_LAST", [WRONG], [False]),
        ("AFTER_PASS_OR_LAST", [RIGHT], [True]),
        ("AFTER_PASS_OR_LAST", [WRONG, RIGHT], [True, True]),
        ("AFTER_PASS_OR_LAST", [WRONG, WRONG], [True, True]),
    ],
)
async def test_a_quiz_reveals_right_answers_when_it_says(
    graph: Graph, reveal: str, answers: list[tuple[str, str]], seen: list[bool]
) -> None:
    made = await quiz(graph, CAPITAL, reveal=reveal, maxAttempts=2)
    attempts = [await taken(graph, "sam", made, one) for one in answers]
    assert [await sees(graph, "sam", attempt) for attempt in attempts] == seen
    assert all([await sees(graph, "ines", attempt) for attempt in attempts])


async def test_while_another_attempt_goes_on_nothing_is_revealed(graph: Graph) -> None:
    made = await quiz(graph, CAPITAL, reveal="AFTER_ATTEMPT")
    first = await taken(graph, "sam", made, RIGHT)
    assert await sees(graph, "sam", first)
    second = await start(graph, "sam", made)
    assert not await sees(graph, "sam", first)
    await submit(graph, "sam", second)
    assert await sees(graph, "sam", first)


async def test_attempts_of_others_reveal_nothing_to_a_student(graph: Graph) -> None:
    made = await quiz(graph, CAPITAL, maxAttempts=2)
    first = await taken(graph, "sam", made, WRONG)
    await taken(graph, "olga", made, RIGHT)
    assert not await sees(graph, "sam", first)


async def test_what_a_person_says_of_an_essay_its_student_sees_whatever_the_quiz_reveals(graph: Graph) -> None:
    attempt = await start(graph, "sam", await quiz(graph, WHY, reveal="NEVER"))
    essay = await answer(graph, "sam", attempt, "Why?", text="Because.")
    await submit(graph, "sam", attempt)
    await done(graph, "ines", GRADE, answerId=essay["id"], points=2, feedback="Why not?")
    node = (await graph.data("sam", SEEN, id=attempt["id"]))["node"]
    assert node["answers"]["nodes"] == [{"isCorrect": None, "points": 2, "feedback": "Why not?"}]
    assert node["correctAnswers"] == []


async def test_a_question_that_is_edited_or_deleted_does_not_change_an_attempt(
    graph: Graph, database: Database
) -> None:
    made = await quiz(graph, CAPITAL, ROUND, reveal="AFTER_ATTEMPT")
    attempt = await start(graph, "sam", made)
    await answer(graph, "sam", attempt, *RIGHT)
    async with database.work(graph.world.viewer(None)) as work:
        await work.execute(delete(tables.Question).where(tables.Question.question == "Which?"))
    ended = await submit(graph, "sam", attempt)
    assert ended["questions"] == attempt["questions"]
    assert ended["score"] == pytest.approx(100 * 2 / 3)
    assert [one["explanation"] for one in ended["correctAnswers"]] == ["It is in Norway.", None]


async def test_what_passes_is_as_it_was_at_the_start(graph: Graph, database: Database) -> None:
    made = await quiz(graph, CAPITAL, ROUND, passingScore=60)
    attempt = await start(graph, "sam", made)
    await change(database, tables.Quiz(id=key_of(tables.Quiz, made["id"])), passing_score=100)
    await answer(graph, "sam", attempt, *RIGHT)
    assert (await submit(graph, "sam", attempt))["passed"]


async def test_a_student_knows_how_many_questions_there_are_and_how_many_attempts_are_left(
    graph: Graph, world: World
) -> None:
    made = await quiz(graph, CAPITAL, ROUND, maxAttempts=2)
    for left in (2, 1, 0):
        found = (await graph.data("sam", QUIZ, id=made["id"]))["node"]
        assert found == {"questionCount": 2, "attemptsLeft": left, "questions": {"totalCount": 0}}
        if left:
            await taken(graph, "sam", made)
    assert (await graph.data(None, QUIZ, id=made["id"]))["node"]["attemptsLeft"] == 2
