"""Answers to the questions of quizzes: which can be given to a question, which are right, and the score of them all."""

from collections.abc import Iterable, Mapping, Sequence
from random import SystemRandom
from typing import Any, Protocol
from unicodedata import normalize

from db import tables
from db.errors import BadInput
from db.tables import AttemptQuestion, CorrectAnswer, QuestionType

WRITTEN = QuestionType.SHORT_ANSWER, QuestionType.ESSAY
"""The types of questions that are answered with a text; the others are with options."""
SHUFFLED = QuestionType.MULTIPLE_CHOICE, QuestionType.MULTIPLE_SELECT
random = SystemRandom()


class Given(Protocol):
    """An answer to a question."""

    option_ids: list[str]
    text: str | None


def asked(question: tables.Question) -> AttemptQuestion:
    """A question as an attempt asks it, with its options in an order of their own."""
    options = list(question.options)
    if question.type in SHUFFLED:
        random.shuffle(options)
    return AttemptQuestion(
        id=question.public_id,  # type: ignore[arg-type]
        type=question.type,
        question=question.question,
        options=options,
        points=question.points,
    )


def check_answer(question: Mapping[str, Any], given: Given) -> None:
    """Raise BadInput for what is no answer to a question of an attempt. An empty one takes back what was answered."""
    known = {option["id"] for option in question["options"]}
    if question["type"] in WRITTEN and given.option_ids:
        raise BadInput("This question is answered with a text.", at="optionIds")
    if question["type"] not in WRITTEN and given.text is not None:
        raise BadInput("This question is answered with options.", at="text")
    for index, option in enumerate(given.option_ids):
        if option not in known:
            raise BadInput("This is none of the options.", at=f"optionIds.{index}")
    if len(set(given.option_ids)) < len(given.option_ids):
        raise BadInput("Name every option once.", at="optionIds")
    if question["type"] != QuestionType.MULTIPLE_SELECT and len(given.option_ids) > 1:
        raise BadInput("Choose one option.", at="optionIds")


def is_empty(answer: Mapping[str, Any]) -> bool:
    """Whether an answer says nothing."""
    return not answer.get("option_ids") and not (answer.get("text") or "").strip()


def is_right(question: Mapping[str, Any], right: CorrectAnswer, answer: Mapping[str, Any]) -> bool:
    """Whether an answer is right: the right options and no others, or one of the texts but for case and space."""
    if question["type"] in WRITTEN:
        return _plain(answer.get("text") or "") in map(_plain, right.texts)
    return set(answer.get("option_ids", ())) == set(right.option_ids)


def score(questions: Sequence[Mapping[str, Any]], points: Iterable[float]) -> float:
    """How many of the points of these questions were reached, from 0 to 100."""
    total: int = sum(question["points"] for question in questions)
    return 100 * sum(points) / total


def _plain(text: str) -> str:
    return " ".join(normalize("NFKC", text).casefold().split())
