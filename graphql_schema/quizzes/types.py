"""Quizzes, their questions, and the attempts of students."""

from typing import Any

from sqlalchemy import case, func, or_, select

from db import tables
from db.access import viewer_id
from db.actions import correct_answers
from db.actions.correct_answers import are_revealed
from db.tables import CorrectAnswer
from graphql_schema.core import column, many, node, one, opened, shaped, sql
from graphql_schema.core.shapes import object_of

questions = tables.Question.__table__
attempts = tables.QuizAttempt.__table__
object_of(CorrectAnswer)


def _question_count(quiz: Any) -> Any:
    return select(func.count()).select_from(questions).where(questions.c.quiz_id == quiz.id).scalar_subquery()


def _attempts_left(quiz: Any) -> Any:
    mine = attempts.c.quiz_id == quiz.id, attempts.c.user_id == viewer_id()
    used = select(func.count()).select_from(attempts).where(*mine).scalar_subquery()
    return func.greatest(quiz.max_attempts - used, 0)


def _revealed(value: str, *, by_person: bool = False) -> Any:
    """A column of an answer: for its student once the right answers are revealed, or if a person has graded it."""

    def shown(answer: Any) -> Any:
        attempt = attempts.alias()
        is_shown = or_(attempt.c.user_id.is_distinct_from(viewer_id()), are_revealed(attempt.c))
        found = select(is_shown).where(attempt.c.id == answer.attempt_id).correlate_except(attempt).scalar_subquery()
        return case((or_(found, answer.graded_by_id.is_not(None)) if by_person else found, answer[value]))

    return shown


@node(tables.Quiz, orders=("created_at", "title"), filters=("is_published",))
class Quiz:
    """A quiz of a course. You see its questions in an attempt."""

    title = column("The title to show.")
    description = column("What it asks about, in Markdown.")
    passing_score = column("The score with which an attempt passes: 0 to 100.")
    time_limit = column("The minutes that an attempt has; null for as many as you like.")
    max_attempts = column("How many attempts everybody has.")
    is_published = column("Whether students can take it.")
    reveal = column("When you see the right answers.")
    version = column("Grows with each change, for `expectedVersion`.")
    created_at = column("When it was made.")
    updated_at = column("When it was last changed.")
    course = one(tables.Quiz.course_id, "The course.")
    module = one(tables.Quiz.module_id, "The chapter that it belongs to; null if it belongs to none.")
    lesson = one(tables.Quiz.lesson_id, "The lesson that it belongs to; null if it belongs to none.")
    question_count = sql(int, "How many questions it has.", _question_count)
    attempts_left = sql(int, "How many attempts you can still begin.", _attempts_left)
    questions = many(tables.Question.quiz_id, "Its questions, in their order, as far as you see them: if you teach it.")
    attempts = many(
        tables.QuizAttempt.quiz_id, "The attempts, as far as you see them: your own, or all if you teach it."
    )


@node(tables.Question, orders=("order",))
class Question:
    """A question of a quiz. For who teaches the course; students see it in their attempts."""

    type = column("The way in which it is answered.")
    question = column("The question, in Markdown.")
    options = shaped("The options to choose from; empty for what is written.")
    correct_answer = opened(
        "CorrectAnswer | None",
        "The right answer; for who teaches the course.",
        reads=correct_answers.of_questions,
        value=correct_answers.of_question,
    )
    points = column("The points that a right answer gives.")
    order = column("Its place in the quiz, from 1.")
    quiz = one(tables.Question.quiz_id, "The quiz.")
    answers = many(tables.QuizAnswer.question_id, "What was answered to it.")


@node(tables.QuizAttempt, orders=("-started_at",), filters=("status",))
class QuizAttempt:
    """A student's attempt at a quiz."""

    number = column("Which attempt of this student it is, from 1.")
    status = column("How far it is.")
    is_expired = column("Whether its time was over before it was submitted.")
    questions = shaped("Its questions, as they were when it began, in the order of this attempt.")
    correct_answers = opened(
        "list[CorrectAnswer]",
        "The right answers to its questions, as they were when it began. Its student sees them when the quiz reveals "
        "them, and not while they are at another attempt at it; empty until then.",
        reads=correct_answers.of_attempts,
        value=correct_answers.of_attempt,
        weight=10,
    )
    passing_score = column("The score with which it passes, as it was when it began.")
    score = column("From 0 to 100; null until it is graded.")
    passed = column("Whether the score is enough; null until it is graded.")
    started_at = column("When it began.")
    deadline_at = column("Until when it can be answered; null for ever.")
    completed_at = column("When it was submitted; null until then.")
    graded_at = column("When it was graded; null until then.")
    quiz = one(tables.QuizAttempt.quiz_id, "The quiz, if you see it.")
    user = one(tables.QuizAttempt.user_id, "The student.")
    answers = many(tables.QuizAnswer.attempt_id, "What the student has answered.")


@node(tables.QuizAnswer)
class QuizAnswer:
    """An answer in an attempt."""

    answer = shaped("What was answered.")
    is_correct = sql(
        bool | None,
        "Whether it is right; null for what a person grades, and for its student until the quiz reveals right answers.",
        _revealed("is_correct"),
    )
    points = sql(
        float | None,
        "The points that it got; null until it is graded, and for its student until the quiz reveals right answers, "
        "unless a person has graded it.",
        _revealed("points", by_person=True),
    )
    sequence = column("The number that the client gave it when it was saved.")
    feedback = column("What the instructor says of it.")
    created_at = column("When it was first answered.")
    updated_at = column("When it was last changed.")
    graded_at = column("When it was graded; null until then.")
    attempt = one(tables.QuizAnswer.attempt_id, "The attempt.")
    question = one(tables.QuizAnswer.question_id, "The question as it is today, if you see it.")
    graded_by = one(tables.QuizAnswer.graded_by_id, "The instructor who graded it; null if the server did.")
