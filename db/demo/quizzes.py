"""The quizzes of the courses with their questions, whose right answers the installation seals that loads them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from db import tables
from db.actions import correct_answers
from db.demo.courses import published_at
from db.demo.rows import Batch, Row, as_json, key, row
from db.demo.sources import Record
from db.keyring import Keyring
from db.tables import CorrectAnswer, QuestionType

TYPES = {"tracing": QuestionType.SHORT_ANSWER, "open": QuestionType.ESSAY}
"""The types that the sources name in another way."""
REFUSED = "does not compile"


def rows(courses: list[Record], keyring: Keyring) -> Iterator[Batch]:
    """Quizzes, all published, and their questions."""
    found = [
        (published_at(number), course, module, quiz)
        for number, course in enumerate(courses)
        for module in course["modules"]
        for quiz in module["quizzes"]
    ]
    yield Batch(tables.Quiz, [_quiz(*one) for one in found])
    asked = [(at, quiz, question) for at, _, _, quiz in found for question in quiz["questions"]]
    yield Batch(tables.Question, [_question(*one, keyring) for one in asked])


def _quiz(at: datetime, course: Record, module: Record, quiz: Record) -> Row:
    lesson = quiz["lesson_id"]
    return row(
        tables.Quiz,
        quiz["id"],
        at=at,
        course_id=key(tables.Course, course["id"], at=at),
        module_id=key(tables.CourseModule, module["id"], at=at),
        lesson_id=key(tables.Lesson, lesson, at=at) if lesson else None,
        title=quiz["title"],
        is_published=True,
    )


def _question(at: datetime, quiz: Record, question: Record, keyring: Keyring) -> Row:
    quiz_id = key(tables.Quiz, quiz["id"], at=at)
    found = row(
        tables.Question,
        question["id"],
        at=at,
        quiz_id=quiz_id,
        type=TYPES.get(question["type"]) or QuestionType[question["type"].upper()],
        question=_text(question),
        options=as_json([{"id": option["id"], "text": option["text"]} for option in question.get("options", ())]),
        order=question["order"],
    )
    return found | {"correct_answer": _sealed(found["id"], quiz_id, question, keyring)}


def _text(question: Record) -> str:
    """The question. Where the sources ask two things at once, one answer is asked for."""
    text: str = question["question"]
    return f"{text}\n\nIf it does not pass, write `{REFUSED}`." if question["type"] == "tracing" else text


def _sealed(id_: UUID, quiz_id: UUID, question: Record, keyring: Keyring) -> bytes:
    sealed = tables.Question(id=id_, quiz_id=quiz_id)
    right = CorrectAnswer(
        question_id=sealed.public_id,  # type: ignore[arg-type]
        option_ids=question.get("correct", []),
        texts=_texts(question),
        explanation=_explanation(question),
    )
    return correct_answers.seal(keyring, sealed, [right])


def _texts(question: Record) -> list[str]:
    answer: Any = question.get("answer")
    match question["type"]:
        case "tracing":
            return [answer["stdout"] if answer["does_compile"] else REFUSED]
        case "short_answer":
            return list(answer)
    return []


def _explanation(question: Record) -> str | None:
    """The explanations of the right answer and of each option; of an essay its model solution."""
    said = [question.get("explanation"), question["answer"] if question["type"] == "open" else None]
    of_options = [
        f"- {option['text']}: {option['explanation']}"
        for option in question.get("options", ())
        if option.get("explanation")
    ]
    return "\n\n".join(filter(None, [*said, "\n".join(of_options)])) or None
