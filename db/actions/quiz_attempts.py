"""Attempts at quizzes: begun, answered as one goes, submitted by the student or when their time is over, and graded.

The questions of an attempt and their right answers are those of its start, whatever becomes of the quiz. Who ends one
locks the course, then the enrollment, and the attempt last: with an attempt that passes a course may be completed.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.actions import correct_answers
from db.actions.notifications import notify
from db.actions.progress import finish_if_done, held, keep
from db.actions.quiz_scoring import Given, asked, check_answer, is_empty, is_right, score
from db.base import new_id
from db.errors import BadInput, Conflict, NotFound
from db.ids import key_of
from db.keyring import Unreadable
from db.outbox import viewer_topic
from db.queue.declared import job
from db.queue.steps import Steps
from db.tables import NotificationType, QuestionType, QuizAttemptEventKind, QuizAttemptStatus
from db.transitions import transition
from db.write import Work

GRACE = timedelta(seconds=10)
"""Answers that are sent at the last moment may be on their way for as long: until then they count as in time."""
AT_A_TIME = 100

_attempt = tables.QuizAttempt
_answer = tables.QuizAnswer

log = structlog.get_logger()


async def start(work: Work, quiz: tables.Quiz) -> tables.QuizAttempt:
    """A new attempt of the viewer at a quiz that is published. Raises Conflict where one goes on, or none is left."""
    mine = _attempt.quiz_id == quiz.id, _attempt.user_id == work.viewer_id
    if left := await work.scalar(select(_attempt.id).where(*mine, _is_overdue())):
        await _submit(work, left)
    quiz, questions = await _as_it_is(work, quiz)
    newest = (await work.scalars(select(_attempt).where(*mine).order_by(_attempt.number.desc()).limit(1))).one_or_none()
    goes_on = newest is not None and newest.status is QuizAttemptStatus.IN_PROGRESS
    if newest and newest.number >= quiz.max_attempts and not goes_on:
        raise Conflict("You have no attempt left.", at="quizId", current=newest)
    begun = None if goes_on else await _begun(work, quiz, questions, number=newest.number + 1 if newest else 1)
    if begun is None:  # of two at the same time the second has waited for the first
        current = await work.scalar(select(_attempt).where(*mine).order_by(_attempt.number.desc()).limit(1))
        raise Conflict("An attempt of yours goes on: submit it first.", at="quizId", current=current)
    work.touch(viewer_topic(work.viewer_id))
    work.audit("quiz_attempt_started", begun)
    await work.happened(QuizAttemptEventKind.QUIZ_ATTEMPT_STARTED, begun)
    return begun


async def save(
    work: Work, attempt: tables.QuizAttempt, question_id: str, given: Given, *, sequence: int
) -> tables.QuizAnswer:
    """The answer to a question of an attempt, which must be locked; as it is where the client's sequence is no newer.

    Raises Conflict where the attempt is over.
    """
    question = next((one for one in attempt.questions if one["id"] == question_id), None)
    if question is None:
        raise NotFound(at="questionId")
    if attempt.status is not QuizAttemptStatus.IN_PROGRESS or await _time_is_over(work, attempt):
        raise Conflict("This attempt is over.", at="attemptId", current=attempt)
    check_answer(question, given)
    saved = {"answer": {"option_ids": given.option_ids, "text": given.text}, "sequence": sequence}
    added = insert(_answer).values(attempt_id=attempt.id, question_id=key_of(tables.Question, question_id), **saved)
    newer = added.on_conflict_do_update(
        index_elements=["attempt_id", "question_id"],
        set_={"answer": added.excluded.answer, "sequence": added.excluded.sequence, "updated_at": func.now()},
        where=_answer.sequence < added.excluded.sequence,
    )
    answer = await work.scalar(newer.returning(_answer))
    if answer is None:
        of_question = _answer.question_id == key_of(tables.Question, question_id)
        return (await work.scalars(select(_answer).where(_answer.attempt_id == attempt.id, of_question))).one()
    work.audit("quiz_answer_saved", answer)
    await work.happened(QuizAttemptEventKind.QUIZ_ANSWER_SAVED, attempt, answer=answer)
    return answer


async def submit(work: Work, attempt: tables.QuizAttempt) -> tables.QuizAttempt:
    """The attempt, which is over now; one that was over stays as it is."""
    return await _submit(work, attempt.id)


async def grade(
    work: Work, answer: tables.QuizAnswer, points: float, feedback: str | None
) -> tuple[tables.QuizAnswer, tables.QuizAttempt]:
    """An essay with its points, and its attempt, which is graded with the last of them.

    Raises Conflict where it is graded already, or the attempt goes on.
    """
    attempt = await _locked(work, answer.attempt_id)
    answer = (await work.scalars(select(_answer).where(_answer.id == answer.id).with_for_update())).one()
    if attempt.status is QuizAttemptStatus.IN_PROGRESS:
        raise Conflict("This attempt is not over yet.", at="answerId", current=answer)
    if answer.graded_at is not None:
        raise Conflict("This answer is graded already.", at="answerId", current=answer)
    question = next(one for one in attempt.questions if key_of(tables.Question, one["id"]) == answer.question_id)
    if not 0 <= points <= question["points"]:
        raise BadInput(f"This question gives 0 to {question['points']} points.", at="points")
    answer.points, answer.feedback = points, feedback
    answer.graded_by_id, answer.graded_at = work.viewer_id, datetime.now(UTC)
    work.audit("quiz_answer_graded", answer)
    answers = (await work.scalars(select(_answer).where(_answer.attempt_id == attempt.id))).all()
    if any(one.graded_at is None for one in answers):
        await work.happened(QuizAttemptEventKind.QUIZ_ANSWER_GRADED, attempt, answer=answer)
    else:
        await _grade(work, attempt, answers)
    return answer, attempt


@job(cron="* * * * *", at_once=1)
async def submit_overdue_attempts(steps: Steps) -> None:
    """Submit the attempts whose time is over, with the answers that are saved."""
    after: UUID | None = UUID(int=0)
    while after is not None:
        async with steps.work() as work:
            page = select(_attempt.id).where(_is_overdue(), _attempt.id > after).order_by(_attempt.id).limit(AT_A_TIME)
            found = (await work.scalars(page)).all()
        for key in found:
            try:
                async with steps.work() as work:
                    await _submit(work, key)
            except Unreadable:
                log.exception("attempt cannot be graded", attempt=f"{_attempt.prefix}_{key.hex}")
        after = found[-1] if len(found) == AT_A_TIME else None


async def _as_it_is(work: Work, quiz: tables.Quiz) -> tuple[tables.Quiz, Sequence[tables.Question]]:
    """A published quiz with its questions, which nobody edits until the end of the transaction."""
    found = await work.scalar(select(tables.Quiz).where(tables.Quiz.id == quiz.id).with_for_update(read=True))
    if found is None:
        raise NotFound(at="quizId")
    if not found.is_published:
        raise Conflict("This quiz is not published.", at="quizId")
    of_quiz = select(tables.Question).where(tables.Question.quiz_id == quiz.id).order_by(tables.Question.order)
    return found, (await work.scalars(of_quiz)).all()


async def _begun(
    work: Work, quiz: tables.Quiz, questions: Sequence[tables.Question], *, number: int
) -> tables.QuizAttempt | None:
    """An attempt that is begun now; None where another of the viewer was begun at the same time."""
    attempt = _attempt(id=new_id(), quiz_id=quiz.id)
    right = [one for question in questions for one in correct_answers.opened(work.keyring, question).values()]
    begun = insert(_attempt).values(
        id=attempt.id,
        quiz_id=quiz.id,
        user_id=work.viewer_id,
        number=number,
        questions=[asked(question).model_dump() for question in questions],
        correct_answers=correct_answers.seal(work.keyring, attempt, right),
        passing_score=quiz.passing_score,
        deadline_at=func.now() + timedelta(minutes=quiz.time_limit) if quiz.time_limit else None,
    )
    return await work.scalar(begun.on_conflict_do_nothing().returning(_attempt))


def _is_overdue() -> ColumnElement[bool]:
    """Whether the time of an attempt that goes on is over."""
    goes_on = _attempt.status == QuizAttemptStatus.IN_PROGRESS
    return and_(goes_on, _attempt.deadline_at < func.now() - GRACE)


async def _time_is_over(work: Work, attempt: tables.QuizAttempt) -> bool:
    return await work.scalar(select(_attempt.id).where(_attempt.id == attempt.id, _is_overdue())) is not None


async def _locked(work: Work, key: UUID) -> tables.QuizAttempt:
    """An attempt, locked behind the course and the enrollment of its student; raises NotFound if it is gone."""
    of_attempt = select(_attempt.user_id, tables.Quiz.course_id).join(tables.Quiz, tables.Quiz.id == _attempt.quiz_id)
    for user_id, course_id in await work.execute(of_attempt.where(_attempt.id == key)):
        await keep(work, course_id)
        await work.scalar(held(user_id, course_id).with_for_update())
    found = (await work.scalars(select(_attempt).where(_attempt.id == key).with_for_update())).one_or_none()
    if found is None:
        raise NotFound
    return found


async def _submit(work: Work, key: UUID) -> tables.QuizAttempt:
    """End an attempt that goes on, and grade what the server can."""
    attempt = await _locked(work, key)
    if attempt.status is not QuizAttemptStatus.IN_PROGRESS:
        return attempt
    is_overdue = await _time_is_over(work, attempt)
    answers = (await work.scalars(select(_answer).where(_answer.attempt_id == key))).all()
    now = datetime.now(UTC)
    _score(work, attempt, answers, now)
    attempt.is_expired = is_overdue
    attempt.completed_at = attempt.deadline_at if is_overdue else now
    if any(answer.graded_at is None for answer in answers):
        transition(attempt, QuizAttemptStatus.SUBMITTED)
        work.audit("quiz_attempt_submitted", attempt)
        await work.happened(QuizAttemptEventKind.QUIZ_ATTEMPT_SUBMITTED, attempt)
    else:
        await _grade(work, attempt, answers)
    return attempt


def _score(work: Work, attempt: tables.QuizAttempt, answers: Sequence[tables.QuizAnswer], now: datetime) -> None:
    """Give points to all answers but the essays in which something stands."""
    right = correct_answers.opened(work.keyring, attempt)
    questions = {key_of(tables.Question, one["id"]): one for one in attempt.questions}
    for answer in answers:
        question = questions[answer.question_id]
        if question["type"] != QuestionType.ESSAY:
            answer.is_correct = is_right(question, right[question["id"]], answer.answer)
            answer.points, answer.graded_at = question["points"] if answer.is_correct else 0, now
        elif is_empty(answer.answer):
            answer.points, answer.graded_at = 0, now


async def _grade(work: Work, attempt: tables.QuizAttempt, answers: Sequence[tables.QuizAnswer]) -> None:
    """Set the score of an attempt all of whose answers have points, and complete the course if that was all."""
    attempt.score = score(attempt.questions, (answer.points or 0 for answer in answers))
    attempt.passed = attempt.score >= attempt.passing_score
    attempt.graded_at = datetime.now(UTC)
    transition(attempt, QuizAttemptStatus.GRADED)
    work.audit("quiz_attempt_graded", attempt)
    await work.happened(QuizAttemptEventKind.QUIZ_ATTEMPT_GRADED, attempt)
    quiz = (await work.scalars(select(tables.Quiz).where(tables.Quiz.id == attempt.quiz_id))).one()
    await notify(work, [_news(attempt, quiz)])
    if attempt.passed:
        await finish_if_done(work, attempt.user_id, quiz.course_id)


def _news(attempt: tables.QuizAttempt, quiz: tables.Quiz) -> dict[str, Any]:
    """The notification of a student whose attempt is graded."""
    passed = "You have passed" if attempt.passed else "You have not passed"
    return {
        "user_id": attempt.user_id,
        "type": NotificationType.QUIZ_GRADED,
        "title": f"{quiz.title} is graded",
        "message": f"{passed}: your score is {int(attempt.score or 0)} of 100.",
        "data": {"attemptId": attempt.public_id},
    }
