"""Quizzes of courses: their questions, the attempts of students, and what these answered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Json, Updated, count, flag, outlives, refers, state, string
from db.columns import PublicId, json, json_list, score
from db.constraints import check, in_order, not_blank, unique
from db.enums import Words
from db.indexes import partial
from db.outbox import Topic, topic
from db.permissions import MANAGE, OWN, SEE
from db.roots import narrow
from db.rules import owned_by, through


class QuestionType(Words):
    """The way in which a question is answered."""

    MULTIPLE_CHOICE = "MULTIPLE_CHOICE", "One of several options."
    MULTIPLE_SELECT = "MULTIPLE_SELECT", "All options that are right."
    TRUE_FALSE = "TRUE_FALSE", "Whether it is true."
    SHORT_ANSWER = "SHORT_ANSWER", "A few words."
    ESSAY = "ESSAY", "A text, which the instructor grades."


class Reveal(Words):
    """The moment from which a student sees the right answers of a quiz."""

    NEVER = "NEVER", "They are not shown."
    AFTER_PASS_OR_LAST = "AFTER_PASS_OR_LAST", "When an attempt has passed, or none is left."
    AFTER_ATTEMPT = "AFTER_ATTEMPT", "When an attempt has ended."


class QuizAttemptStatus(Words):
    """How far an attempt is."""

    IN_PROGRESS = "IN_PROGRESS", "Being answered."
    SUBMITTED = "SUBMITTED", "Waits for the instructor to grade what only people can."
    GRADED = "GRADED", "Done: its score stands."


class QuizAttemptEventKind(Words):
    """Something that happened to your attempts at a quiz."""

    QUIZ_ATTEMPT_STARTED = "QUIZ_ATTEMPT_STARTED", "You began an attempt."
    QUIZ_ANSWER_SAVED = "QUIZ_ANSWER_SAVED", "An answer of yours was saved."
    QUIZ_ATTEMPT_SUBMITTED = "QUIZ_ATTEMPT_SUBMITTED", "An attempt has ended, and waits to be graded."
    QUIZ_ANSWER_GRADED = "QUIZ_ANSWER_GRADED", "The instructor has graded an answer, and others wait yet."
    QUIZ_ATTEMPT_GRADED = "QUIZ_ATTEMPT_GRADED", "An attempt is graded: its score stands."


QUIZ_ATTEMPT_TRANSITIONS = {
    QuizAttemptStatus.IN_PROGRESS: [QuizAttemptStatus.SUBMITTED, QuizAttemptStatus.GRADED],
    QuizAttemptStatus.SUBMITTED: [QuizAttemptStatus.GRADED],
}

OPTIONS = 20
"""The options that a question has at most."""
QUESTIONS = 200
"""The questions that a quiz has at most."""


class QuestionOption(BaseModel):
    """One of the options of a question."""

    id: str = Field(max_length=100, description="The name of the option within its question.")
    text: str = Field(max_length=2_000, description="The option, in Markdown.")


class AttemptQuestion(BaseModel):
    """A question as it was asked in an attempt."""

    id: PublicId = Field(description="The id of the question.")
    type: QuestionType = Field(description="The way in which it is answered.")
    question: str = Field(description="The question, in Markdown.")
    options: list[QuestionOption] = Field(
        [], max_length=OPTIONS, description="Its options, in the order of this attempt; empty for what is written."
    )
    points: int = Field(description="The points that a right answer gives.")


class AnswerGiven(BaseModel):
    """An answer to a question."""

    option_ids: list[str] = Field([], max_length=OPTIONS, description="The options that were chosen.")
    text: str | None = Field(None, max_length=20_000, description="The text that was written; null where none was.")


class CorrectAnswer(BaseModel):
    """The right answer to a question."""

    question_id: PublicId = Field(description="The id of the question.")
    option_ids: list[str] = Field(default=[], max_length=OPTIONS, description="The options that are right.")
    texts: list[str] = Field(
        default=[],
        max_length=OPTIONS,
        description="The texts that are right, one as good as another; of a short answer.",
    )
    explanation: str | None = Field(
        default=None, description="Why, in Markdown. Of an essay this is what a good one says."
    )


class Quiz(
    Updated,
    Base,
    access=through("course_id", where=lambda quiz: quiz.is_published) | through("course_id", see=MANAGE, learn=MANAGE),
    prefix="qui",
):
    """A quiz of a course. Those who see the course see it once it is published, and its questions in an attempt."""

    __tablename__ = "quizzes"

    course_id: Mapped[UUID] = refers("courses")
    module_id: Mapped[UUID | None] = refers("course_modules", ondelete="SET NULL", index=True)
    lesson_id: Mapped[UUID | None] = refers("lessons", ondelete="SET NULL", index=True)
    title: Mapped[str] = string(200)
    description: Mapped[str | None] = string(20_000)
    passing_score: Mapped[int] = score(default=70, server_default="70")
    time_limit: Mapped[int | None]
    max_attempts: Mapped[int] = count(3)
    is_published: Mapped[bool] = flag(default=False)
    reveal: Mapped[Reveal] = state(Reveal.AFTER_PASS_OR_LAST)
    version: Mapped[int] = count(1)

    __table_args__ = (
        not_blank("title"),
        check("time_limit BETWEEN 1 AND 10000", at="time_limit", says="A quiz takes 1 to 10,000 minutes."),
        check("max_attempts BETWEEN 1 AND 1000", at="max_attempts", says="A quiz has 1 to 1,000 attempts."),
        check("version >= 1", at="version", says="Versions are counted from 1."),
        Index(None, "course_id", "created_at", "id"),
    )


class Question(Updated, Base, access=through("quiz_id", see=MANAGE), prefix="que"):
    """A question of a quiz, which only who manages the quiz sees: others are asked it in an attempt.

    The right answer is sealed with its explanation (`db.keyring`), so that it survives a stolen dump.
    """

    __tablename__ = "questions"

    quiz_id: Mapped[UUID] = refers("quizzes")
    type: Mapped[QuestionType]
    question: Mapped[str] = string(20_000)
    options: Mapped[list[Any]] = json_list("options", QuestionOption, most=OPTIONS)
    correct_answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    points: Mapped[int] = count(1)
    order: Mapped[int]

    __table_args__ = (
        not_blank("question"),
        check("points BETWEEN 1 AND 1000", at="points", says="A question gives 1 to 1,000 points."),
        in_order("quiz_id"),
        Index(None, "quiz_id", "order", "id"),
    )


class QuizAttempt(Updated, Base, access=owned_by("user_id", SEE, OWN) | through("quiz_id", see=MANAGE), prefix="qat"):
    """A student's attempt at a quiz, with the questions as they were when it began, and their right answers, sealed."""

    __tablename__ = "quiz_attempts"

    quiz_id: Mapped[UUID] = refers("quizzes")
    user_id: Mapped[UUID] = refers("users", reveals=True)
    number: Mapped[int]
    status: Mapped[QuizAttemptStatus] = state(QuizAttemptStatus.IN_PROGRESS, transitions=QUIZ_ATTEMPT_TRANSITIONS)
    is_expired: Mapped[bool] = flag(default=False)
    questions: Mapped[list[Any]] = json_list("questions", AttemptQuestion, most=QUESTIONS)
    correct_answers: Mapped[bytes | None] = mapped_column(LargeBinary)
    passing_score: Mapped[int] = score(default=70, server_default="70")
    score: Mapped[float | None] = score()
    passed: Mapped[bool | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deadline_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    graded_at: Mapped[datetime | None]

    __table_args__ = (
        unique("quiz_id", "user_id", "number", says="There is an attempt of this number already."),
        unique(
            "quiz_id",
            "user_id",
            name="uq_quiz_attempts_in_progress",
            where="status = 'IN_PROGRESS'",
            says="An attempt of this person is not over yet.",
        ),
        check("number >= 1", at="number", says="Attempts are counted from 1."),
        check(
            "(status = 'IN_PROGRESS') = (completed_at IS NULL)",
            name="completed",
            says="An attempt that has ended says when, and no other.",
        ),
        check(
            "(status = 'GRADED') = (graded_at IS NOT NULL)",
            name="graded",
            says="An attempt that is graded says when, and no other.",
        ),
        check(
            "num_nulls(score, passed, graded_at) IN (0, 3)",
            name="scored",
            says="An attempt that is graded has a score, and no other.",
        ),
        Index(None, "user_id", "quiz_id", "started_at"),
        Index(None, "user_id", "started_at", "id"),
        Index(None, "quiz_id", "started_at", "id"),
        partial("ix_quiz_attempts_deadline", "deadline_at", where={"status": QuizAttemptStatus.IN_PROGRESS}),
    )


narrow(QuizAttempt, "quiz_attempts", "user_id", "quiz_id")


def quiz_attempts_topic(user_id: UUID, quiz_id: UUID) -> Topic:
    """The topic of one person's attempts at one quiz."""
    return topic("quiz_attempts", user_id, quiz_id)


class QuizAnswer(Updated, Base, access=through("attempt_id"), prefix="qan"):
    """An answer to a question in an attempt, which stays when the question is gone."""

    __tablename__ = "quiz_answers"

    attempt_id: Mapped[UUID] = refers("quiz_attempts")
    question_id: Mapped[UUID] = outlives("questions")
    answer: Mapped[Json] = json("answer", AnswerGiven)
    sequence: Mapped[int] = count()
    is_correct: Mapped[bool | None]
    points: Mapped[float | None]
    feedback: Mapped[str | None] = string(5_000)
    graded_by_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True, index=True)
    graded_at: Mapped[datetime | None]

    __table_args__ = (
        unique("attempt_id", "question_id", says="This question has an answer already."),
        check("points >= 0", at="points", says="Points are counted from 0."),
        Index(None, "question_id"),
    )
