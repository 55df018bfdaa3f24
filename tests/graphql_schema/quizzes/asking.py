"""The mutations of quizzes, with what the tests look at of their answers, and a quiz of every type of question."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from sqlalchemy import select

from db.access import GUEST
from db.ids import decode
from tests.conftest import Graph
from tests.db.waiting import until
from tests.graphql_schema.asking import done
from tests.graphql_schema.learning.asking import asked

QUESTIONS = "questions { nodes { id type question points order options { id text } correctAnswer { %s } } }"
QUIZ = "quiz { id title version isPublished " + QUESTIONS % "optionIds texts explanation" + " }"
ATTEMPT = """
    attempt {
      id number status isExpired score passed deadlineAt completedAt gradedAt
      questions { id type question points options { id text } }
      correctAnswers { questionId optionIds texts explanation }
      answers { nodes { id isCorrect points feedback sequence answer { optionIds text } } }
    }
"""
ANSWER = "answer { id isCorrect points feedback gradedAt sequence answer { optionIds text } gradedBy { name } }"

CREATE, UPDATE, PUBLISH, UNPUBLISH = (
    asked(mutation, QUIZ) for mutation in ("createQuiz", "updateQuiz", "publishQuiz", "unpublishQuiz")
)
DELETE = asked("deleteQuiz", "deletedQuizId course { id quizzes { nodes { title } } }")
START, SUBMIT = (asked(mutation, ATTEMPT) for mutation in ("startQuizAttempt", "submitQuizAttempt"))
SAVE = asked("saveAnswer", f"attempt {{ id status }} {ANSWER}")
GRADE = asked("gradeAnswer", f"{ANSWER} {ATTEMPT}")


def choice(*options: str, right: tuple[str, ...], **given: Any) -> dict[str, Any]:
    """A question with these options."""
    written = [{"text": option, "isCorrect": option in right} for option in options]
    return {"type": "MULTIPLE_CHOICE", "question": "Which?", "options": written, **given}


CAPITAL = choice("Rome", "Oslo", "Bern", right=("Oslo",), points=2, explanation="It is in Norway.")
PRIMES = choice("2", "3", "4", right=("2", "3"), type="MULTIPLE_SELECT", question="Which are prime?")
ROUND = choice("True", "False", right=("True",), type="TRUE_FALSE", question="The earth is round.")
TOOL = {"type": "SHORT_ANSWER", "question": "Which tool?", "acceptedTexts": ["rustup", "rust up"]}
WHY = {"type": "ESSAY", "question": "Why?", "points": 5, "explanation": "A good one says because."}
ALL = [CAPITAL, PRIMES, ROUND, TOOL, WHY]
GRADED = ALL[:4]
"""Those that the server grades: five points."""


async def quiz(graph: Graph, *questions: dict[str, Any], is_published: bool = True, **given: Any) -> dict[str, Any]:
    """A quiz of Ines in Logic."""
    new = {"courseId": graph.world.logic.public_id, "title": "New", "questions": list(questions) or GRADED}
    made: dict[str, Any] = (await done(graph, "ines", CREATE, **new | given))["quiz"]
    return (await done(graph, "ines", PUBLISH, quizId=made["id"]))["quiz"] if is_published else made


async def start(graph: Graph, who: str, quiz_: dict[str, Any]) -> dict[str, Any]:
    """The attempt that somebody begins."""
    found: dict[str, Any] = (await done(graph, who, START, quizId=quiz_["id"]))["attempt"]
    return found


async def answer(
    graph: Graph, who: str, attempt: dict[str, Any], question: str, *options: str, sequence: int = 1, **given: Any
) -> dict[str, Any]:
    """The answer that somebody saves, by the text of the question and those of the options."""
    found = place(attempt, question, *options, sequence=sequence, **given)
    saved: dict[str, Any] = (await done(graph, who, SAVE, **found))["answer"]
    return saved


def place(attempt: dict[str, Any], question: str, *options: str, sequence: int = 1, **given: Any) -> dict[str, Any]:
    """The input that saves an answer."""
    (one,) = (one for one in attempt["questions"] if one["question"] == question)
    ids = {option["text"]: option["id"] for option in one["options"]}
    chosen = [ids[option] for option in options]
    return {"attemptId": attempt["id"], "questionId": one["id"], "optionIds": chosen, "sequence": sequence, **given}


async def submit(graph: Graph, who: str, attempt: dict[str, Any]) -> dict[str, Any]:
    """The attempt that somebody submits."""
    found: dict[str, Any] = (await done(graph, who, SUBMIT, attemptId=attempt["id"]))["attempt"]
    return found


async def taken(graph: Graph, who: str, quiz_: dict[str, Any], *answers: tuple[str, ...]) -> dict[str, Any]:
    """An attempt that somebody began, answered with options, and submitted."""
    attempt = await start(graph, who, quiz_)
    for question, *options in answers:
        await answer(graph, who, attempt, question, *options)
    return await submit(graph, who, attempt)


async def at_once(graph: Graph, public_id: str, *asked: Coroutine[Any, Any, Any]) -> list[Any]:
    """The answers to what is asked at one moment: all wait for a row, up to ten of them, before the first goes on."""
    found = decode(public_id)
    assert found
    table, key = found
    async with graph.database.work(GUEST) as work:
        await work.execute(select(table).where(table.id == key).with_for_update())
        going = asyncio.gather(*asked)
        waiting = "SELECT count(*) >= :number FROM pg_locks WHERE NOT granted"
        await until(graph.database, waiting, number=min(len(asked), 10))
    return await going
