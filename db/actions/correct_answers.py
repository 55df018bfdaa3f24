"""The right answers to the questions of quizzes: sealed where they are kept, and opened for those who may see them.

Those of a question are sealed for its quiz, row and column (`db.keyring`), and so are those of all questions of an
attempt, as they were when it began: put anywhere else they cannot be opened.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog
from pydantic import TypeAdapter
from sqlalchemy import ARRAY, ColumnElement, Uuid, and_, any_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db import tables
from db.access import Viewer, allows, any_row, viewer_id
from db.keyring import NAME, Keyring, Unreadable
from db.permissions import MANAGE
from db.queue.declared import job
from db.queue.steps import Steps
from db.tables import CorrectAnswer, QuizAttemptStatus, Reveal
from db.write import Work

RESEALED = 100
"""Rows that are sealed anew by one transaction."""
COLUMNS: dict[type[tables.Question] | type[tables.QuizAttempt], str] = {
    tables.Question: "correct_answer",
    tables.QuizAttempt: "correct_answers",
}
LIST = TypeAdapter(list[CorrectAnswer])

Row = tables.Question | tables.QuizAttempt

log = structlog.get_logger()


def seal(keyring: Keyring, row: Row, answers: Sequence[CorrectAnswer]) -> bytes:
    """The right answers of a question or an attempt that has its key and that of its quiz, for its column."""
    return keyring.seal(LIST.dump_json(list(answers)).decode(), owner=row.quiz_id, place=_place(type(row), row.id))


def opened(keyring: Keyring, row: Row) -> dict[str, CorrectAnswer]:
    """The right answers in a question or an attempt, by the ids of their questions; raises Unreadable."""
    column = COLUMNS[type(row)]
    return _opened(keyring, type(row), (row.id, row.quiz_id, getattr(row, column)))


async def of_questions(session: AsyncSession, viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, Any]:
    """The sealed right answers of those of these questions of which the viewer may see them."""
    return await _sealed(session, viewer, tables.Question, keys, allows(MANAGE, tables.Question.__table__, viewer))


async def of_attempts(session: AsyncSession, viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, Any]:
    """The sealed right answers of those of these attempts of which the viewer may see them."""
    row: Any = tables.QuizAttempt.__table__
    is_taught = and_(row.c.user_id.is_distinct_from(viewer_id()), allows(MANAGE, row, viewer))
    is_own = and_(row.c.user_id == viewer_id(), are_revealed(row.c))
    return await _sealed(session, viewer, tables.QuizAttempt, keys, or_(is_taught, is_own))


def of_question(keyring: Keyring, sealed: Any) -> dict[str, Any] | None:
    """The right answer to a question, as the graph shows it; None where nothing was found."""
    shown = _shown(keyring, tables.Question, sealed)
    return shown[0] if shown else None


def of_attempt(keyring: Keyring, sealed: Any) -> list[dict[str, Any]]:
    """The right answers of an attempt, as the graph shows them; none where nothing was found."""
    return _shown(keyring, tables.QuizAttempt, sealed)


def are_revealed(attempt: Any) -> ColumnElement[bool]:
    """Whether its student sees the right answers of an attempt now: never while an attempt at this quiz goes on."""
    quiz, other = tables.Quiz.__table__.alias(), tables.QuizAttempt.__table__.alias()
    same = other.c.quiz_id == attempt.quiz_id, other.c.user_id == attempt.user_id
    used = select(func.count()).select_from(other).where(*same).correlate_except(other).scalar_subquery()
    is_over = or_(any_row(other, *same, other.c.passed), used >= quiz.c.max_attempts)
    reveals = or_(
        quiz.c.reveal == Reveal.AFTER_ATTEMPT,
        and_(quiz.c.reveal == Reveal.AFTER_PASS_OR_LAST, is_over),
    )
    goes_on = any_row(other, *same, other.c.status == QuizAttemptStatus.IN_PROGRESS)
    return and_(~goes_on, any_row(quiz, quiz.c.id == attempt.quiz_id, reveals))


@job(cron="41 3 * * *", at_once=1)
async def seal_answers_anew(steps: Steps) -> None:
    """Seal right answers with the secret in use that are sealed with an older one, which then can be taken away."""
    for table in COLUMNS:
        after: UUID | None = UUID(int=0)
        while after is not None:
            async with steps.work() as work:
                after = await _seal_some(work, table, after)


async def _seal_some(work: Work, table: type[Any], after: UUID) -> UUID | None:
    """Seal the next rows behind a key anew; returns the last key, or None where there are no more."""
    column = COLUMNS[table]
    is_of_older = func.substr(getattr(table, column), 1, NAME) != work.keyring.mark
    page = select(table).where(table.id > after, is_of_older).order_by(table.id).limit(RESEALED)
    found = (await work.scalars(page.with_for_update())).all()
    for row in found:
        try:
            setattr(row, column, seal(work.keyring, row, list(opened(work.keyring, row).values())))
        except Unreadable:
            log.warning("right answers cannot be opened", row=row.public_id)
    return found[-1].id if len(found) == RESEALED else None


async def _sealed(
    session: AsyncSession, viewer: Viewer, table: type[Any], keys: Sequence[UUID], may: ColumnElement[bool]
) -> dict[UUID, Any]:
    column = getattr(table, COLUMNS[table])
    of_keys = table.id == any_(bindparam("keys", type_=ARRAY(Uuid()))), column.is_not(None), may
    found = select(table.id, table.quiz_id, column).where(*of_keys)
    return {row.id: row for row in await session.execute(found, {"keys": list(keys), **viewer.parameters})}


def _shown(keyring: Keyring, table: type[Any], sealed: Any) -> list[dict[str, Any]]:
    return [answer.model_dump() for answer in _opened(keyring, table, sealed).values()] if sealed else []


def _opened(keyring: Keyring, table: type[Any], sealed: Any) -> dict[str, CorrectAnswer]:
    key, quiz_id, content = sealed
    if content is None:
        return {}
    text = keyring.open(content, owner=quiz_id, place=_place(table, key))
    return {answer.question_id: answer for answer in LIST.validate_json(text)}


def _place(table: type[Any], key: UUID) -> str:
    return f"{table.__tablename__}.{COLUMNS[table]}:{key.hex}"
