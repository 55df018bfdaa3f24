"""Calls of what instructors do with quizzes, and of what students do at them."""

from types import SimpleNamespace
from typing import Any

from db import tables
from db.actions import quiz_attempts, quizzes
from db.tables import QuestionType
from db.write import Work
from tests.db.calls import Call, newcomer

ONE = "SELECT count(*) = 1 FROM quizzes WHERE"
QUESTION: Any = SimpleNamespace(
    id=None,
    type=QuestionType.SHORT_ANSWER,
    question="Who is mortal?",
    options=[],
    accepted_texts=["Socrates"],
    explanation=None,
    points=1,
)
ESSAY: Any = SimpleNamespace(option_ids=[], text="More of it")


async def made(work: Work, course: tables.Course, title: str) -> tables.Quiz:
    """A draft with a question."""
    quiz, _ = await quizzes.create_quiz(work, tables.Quiz(course_id=course.id, title=title), [QUESTION])
    return quiz


async def updated(work: Work, course: tables.Course) -> None:
    await quizzes.update_quiz(work, await made(work, course, "Before"), {"title": "After"}, version=1, questions=None)


async def published(work: Work, course: tables.Course) -> None:
    await quizzes.publish_quiz(work, await made(work, course, "Published"))


async def unpublished(work: Work, course: tables.Course) -> None:
    quiz = await work.add(tables.Quiz(course_id=course.id, title="Withdrawn", is_published=True))
    await quizzes.unpublish_quiz(work, quiz)


async def deleted(work: Work, course: tables.Course) -> None:
    await quizzes.delete_quiz(work, await made(work, course, "Deleted"))


async def saved(work: Work, attempt: tables.QuizAttempt) -> None:
    await quiz_attempts.save(work, attempt, attempt.questions[-1]["id"], ESSAY, sequence=5)


async def submitted(work: Work, quiz: tables.Quiz) -> None:
    await newcomer(work, "submitter")
    await quiz_attempts.submit(work, await quiz_attempts.start(work, quiz))


CALLS = (
    Call(
        quizzes.create_quiz,
        "ines",
        ("logic",),
        lambda work, logic: made(work, logic, "Made"),
        "SELECT count(*) = 1 FROM quizzes z JOIN questions q ON q.quiz_id = z.id WHERE title = 'Made'",
    ),
    Call(quizzes.update_quiz, "ines", ("logic",), updated, f"{ONE} title = 'After' AND version = 2"),
    Call(quizzes.publish_quiz, "ines", ("logic",), published, f"{ONE} title = 'Published' AND is_published"),
    Call(quizzes.unpublish_quiz, "ines", ("logic",), unpublished, f"{ONE} title = 'Withdrawn' AND NOT is_published"),
    Call(
        quizzes.delete_quiz,
        "ines",
        ("logic",),
        deleted,
        "SELECT count(*) = 1 FROM audit_logs WHERE action = 'quiz_deleted' "
        "AND NOT EXISTS (SELECT FROM quizzes WHERE title = 'Deleted')",
    ),
    Call(
        quiz_attempts.start,
        "olga",
        ("quiz",),
        quiz_attempts.start,
        "SELECT count(*) = 1 FROM quiz_attempts a JOIN users u ON u.id = user_id WHERE u.name = 'Olga'",
    ),
    Call(
        quiz_attempts.save,
        "sam",
        ("open_attempt",),
        saved,
        "SELECT count(*) = 1 FROM quiz_answers WHERE sequence = 5 AND answer ->> 'text' = 'More of it'",
    ),
    Call(
        quiz_attempts.submit,
        "olga",
        ("quiz",),
        submitted,
        "SELECT count(*) = 1 FROM quiz_attempts a JOIN users u ON u.id = user_id "
        "WHERE u.name = 'submitter' AND a.completed_at IS NOT NULL",
    ),
    Call(
        quiz_attempts.grade,
        "ines",
        ("essay",),
        lambda work, essay: quiz_attempts.grade(work, essay, 1, "Well said"),
        "SELECT count(*) = 1 FROM quiz_answers WHERE feedback = 'Well said' AND graded_at IS NOT NULL",
    ),
)
