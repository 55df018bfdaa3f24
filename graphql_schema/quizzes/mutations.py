"""Taking quizzes, and grading what only people can."""

import strawberry

from db import tables
from db.actions import quiz_attempts
from db.permissions import LEARN, MANAGE, OWN
from db.tables.quizzes import OPTIONS
from db.write import Work
from graphql_schema.core import mutation
from graphql_schema.core.bulk import items
from graphql_schema.core.texts import text


@strawberry.input(description="A quiz to take.")
class StartQuizAttemptInput:
    """A quiz."""

    quiz_id: strawberry.ID = strawberry.field(description="A quiz of a course that you take.")


@strawberry.input(description="An answer to a question of an attempt.")
class SaveAnswerInput:
    """An answer."""

    attempt_id: strawberry.ID = strawberry.field(description="An attempt of yours that goes on.")
    question_id: strawberry.ID = strawberry.field(description="The `id` of one of its questions.")
    option_ids: list[str] = items(
        "The options that you choose; none takes the answer back.", most=OPTIONS, longest=100, default_factory=list
    )
    text: str | None = text(20_000, "What you write; null or empty takes it back.", default=None)
    sequence: int = strawberry.field(
        description="A number that grows with each answer that you save in this attempt: an older one that comes late "
        "changes nothing, nor does one that comes twice."
    )


@strawberry.input(description="An attempt to submit.")
class SubmitQuizAttemptInput:
    """An attempt."""

    attempt_id: strawberry.ID = strawberry.field(description="An attempt of yours.")


@strawberry.input(description="The points for an essay.")
class GradeAnswerInput:
    """A grade."""

    answer_id: strawberry.ID = strawberry.field(description="An answer in an attempt that is `SUBMITTED`.")
    points: float = strawberry.field(description="What it is worth, from 0 to the points of the question.")
    feedback: str | None = text(tables.QuizAnswer.feedback, "What you say of it to the student.", default=None)


@mutation(attempt=tables.QuizAttempt)
async def start_quiz_attempt(work: Work, input: StartQuizAttemptInput) -> tables.QuizAttempt:
    """Begin an attempt at a quiz: its `questions` are those of this moment, with their options in an order of its own.

    While an attempt of yours goes on it is a `CONFLICT`, and so it is when none is left; `attempt` is your newest then.
    """
    return await quiz_attempts.start(work, await work.get(tables.Quiz, input.quiz_id, at="quizId", may=LEARN))


@mutation(attempt=tables.QuizAttempt, answer=tables.QuizAnswer)
async def save_answer(work: Work, input: SaveAnswerInput) -> tuple[tables.QuizAttempt, tables.QuizAnswer]:
    """Save an answer, as you go: it is what counts when the attempt is submitted or its time is over.

    From ten seconds after `deadlineAt` on it is a `CONFLICT`, and so it is in an attempt that was submitted.
    """
    attempt = await work.get(tables.QuizAttempt, input.attempt_id, at="attemptId", may=OWN, lock=True)
    return attempt, await quiz_attempts.save(work, attempt, input.question_id, input, sequence=input.sequence)


@mutation(attempt=tables.QuizAttempt)
async def submit_quiz_attempt(work: Work, input: SubmitQuizAttemptInput) -> tables.QuizAttempt:
    """End an attempt. It is graded at once, but for essays, which wait for the instructor.

    One that is over, because its time was, stays as it is.
    """
    return await quiz_attempts.submit(
        work, await work.get(tables.QuizAttempt, input.attempt_id, at="attemptId", may=OWN)
    )


@mutation(answer=tables.QuizAnswer, attempt=tables.QuizAttempt)
async def grade_answer(work: Work, input: GradeAnswerInput) -> tuple[tables.QuizAnswer, tables.QuizAttempt]:
    """Grade an essay, once. With the last of an attempt its score stands. For the teacher of the course.

    Of two who grade the same answer the second gets a `CONFLICT`, and `answer` is what the first said.
    """
    answer = await work.get(tables.QuizAnswer, input.answer_id, at="answerId", may=MANAGE)
    return await quiz_attempts.grade(work, answer, input.points, input.feedback)
