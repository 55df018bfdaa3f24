"""The job that ends attempts whose time is over: with what was saved, once, also while their students submit them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from db import tables
from db.engine import Database
from db.ids import key_of
from db.keyring import Keyring
from db.tables import QuizAttemptStatus
from tests.conftest import KEYRING, Graph
from tests.db.actions.test_media import run
from tests.graphql_schema.asking import change
from tests.graphql_schema.quizzes.asking import CAPITAL, answer, at_once, quiz, start, submit
from tests.world import World

NOTIFICATIONS = "{ viewer { notifications(first: 1) { nodes { type title message data } } } }"


async def begun(graph: Graph, *, seconds_ago: float, who: str = "sam") -> dict[str, Any]:
    """An attempt, answered rightly, whose deadline was so many seconds ago."""
    attempt = await start(graph, who, await quiz(graph, CAPITAL, timeLimit=1))
    await answer(graph, who, attempt, "Which?", "Oslo")
    row = tables.QuizAttempt(id=key_of(tables.QuizAttempt, attempt["id"]))
    await change(graph.database, row, deadline_at=func.now() - timedelta(seconds=seconds_ago))
    return attempt


async def of(database: Database, attempt: dict[str, Any]) -> tables.QuizAttempt:
    async with database.read() as session:
        return await session.get_one(tables.QuizAttempt, key_of(tables.QuizAttempt, attempt["id"]))


async def test_what_was_saved_is_submitted_when_the_time_is_over_and_its_student_told(graph: Graph) -> None:
    attempt = await begun(graph, seconds_ago=11)
    await run(graph.database, "submit_overdue_attempts")
    ended = await of(graph.database, attempt)
    assert (ended.status, ended.score, ended.passed, ended.is_expired) == (QuizAttemptStatus.GRADED, 100, True, True)
    assert ended.completed_at == ended.deadline_at
    (told,) = (await graph.data("sam", NOTIFICATIONS))["viewer"]["notifications"]["nodes"]
    assert told == {
        "type": "QUIZ_GRADED",
        "title": "New is graded",
        "message": "You have passed: your score is 100 of 100.",
        "data": {"attemptId": attempt["id"]},
    }


async def test_within_the_period_of_grace_and_without_a_deadline_an_attempt_goes_on(graph: Graph, world: World) -> None:
    attempt = await begun(graph, seconds_ago=9)
    await run(graph.database, "submit_overdue_attempts")
    assert (await of(graph.database, attempt)).status is QuizAttemptStatus.IN_PROGRESS
    assert (await of(graph.database, {"id": world.open_attempt.public_id})).status is QuizAttemptStatus.IN_PROGRESS


async def test_job_and_student_at_once_end_an_attempt_once(graph: Graph) -> None:
    attempt = await begun(graph, seconds_ago=11, who="olga")
    submits = [submit(graph, "olga", attempt) for _ in range(3)]
    await at_once(graph, attempt["id"], run(graph.database, "submit_overdue_attempts"), *submits)
    key = key_of(tables.QuizAttempt, attempt["id"])
    async with graph.database.read() as session:
        entry = tables.AuditLog
        ends = select(func.count()).where(entry.action == "quiz_attempt_graded", entry.resource_id == key)
        assert await session.scalar(ends) == 1


async def test_one_that_cannot_be_opened_is_not_in_the_way_of_others(graph: Graph) -> None:
    lost, attempt = await begun(graph, seconds_ago=12), await begun(graph, seconds_ago=11, who="olga")
    other = Keyring(["x" * 32])
    row = tables.QuizAttempt(id=key_of(tables.QuizAttempt, lost["id"]))
    await change(graph.database, row, correct_answers=other.seal("[]", owner=row.id, place="elsewhere"))
    await run(graph.database, "submit_overdue_attempts")
    assert (await of(graph.database, lost)).status is QuizAttemptStatus.IN_PROGRESS
    assert (await of(graph.database, attempt)).status is QuizAttemptStatus.GRADED
    assert graph.database.keyring == KEYRING
