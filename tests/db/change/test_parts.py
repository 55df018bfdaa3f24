"""Changes of one moment: one statement makes them all, each has its own outcome, and none harms another."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from orjson import loads
from sqlalchemy import func, select, text

from db import tables
from db.access import GUEST
from db.change.declared import Change, Deletion, Update
from db.change.keys import AT
from db.errors import BadInput, Forbidden, NotFound
from db.outbox import topic
from db.permissions import COMMENT, OWN
from db.tables import ReactionType
from tests.conftest import NotingDatabase
from tests.db.change.test_statement import DELETE, EDIT_DOCUMENT, RESOLVE, Doing
from tests.db.waiting import until
from tests.deadline import DEADLINE
from tests.world import World

EDIT_COMMENT = Update(
    table=tables.Comment,
    may=OWN,
    at="comment_id",
    shows={"comment": tables.Comment},
    set=lambda comment, input, viewer: {"content": input.content},
)
REMOVE_REACTION = Deletion(
    table=tables.Comment,
    may=COMMENT,
    at="comment_id",
    shows={"comment": tables.Comment},
    rows=lambda comment, input, viewer: tables.Reaction(comment_id=comment.id, user_id=viewer, type=input.type),
)

READ = Update(
    table=tables.Notification,
    may=OWN,
    at="notification_id",
    shows={"notification": tables.Notification},
    set=lambda notification, input, viewer: {"read_at": func.now()},
)


@dataclass(frozen=True)
class Moment(Doing):
    """Makes changes of one moment; says whose row was changed, and by how many statements."""

    runs: list[str] = field(default_factory=list)

    def begin(self, who: str, change: Change, row: Any, **given: Any) -> asyncio.Task[Any]:
        return asyncio.create_task(self(who, change, **{change.at: row.public_id}, **given))

    async def all(self, *changes: asyncio.Task[Any]) -> list[Any]:
        """The keys of the changed rows, None where nothing was changed, or the kind of the refusal."""
        done = await asyncio.gather(*changes, return_exceptions=True)
        return [type(one) if isinstance(one, BaseException) else one[1] for one in done]


@pytest.fixture
def moment(database: NotingDatabase, world: World) -> Moment:
    found, run = Moment(database, world), database.changes.run

    async def noting(sql: str, *arguments: Any, **options: Any) -> Any:
        found.runs.append(sql)
        return await run(sql, *arguments, **options)

    database.changes.run = noting
    return found


async def test_transitions_of_one_moment_are_one_statement_and_each_has_its_outcome(
    moment: Moment, world: World
) -> None:
    given = ("ben", "thread_0"), ("vera", "requirements"), ("ada", "thread_1"), ("ben", "settled"), ("olga", "comment")
    rows = [world.rows[name] for _, name in given]
    done = await moment.all(*(moment.begin(who, RESOLVE, world.rows[name]) for who, name in given))
    assert done == [rows[0].id, NotFound, rows[2].id, None, NotFound]
    assert len(moment.runs) == 1
    assert await moment.events() == [("THREAD_RESOLVED", 1), ("THREAD_RESOLVED", 2)]
    async with moment.database.read() as session:
        threads = [await session.get_one(tables.CommentThread, rows[number].id) for number in (0, 2)]
        entries = select(tables.AuditLog).where(tables.AuditLog.action == "thread_resolved")
        noted = {entry.resource_id: entry.actor_id for entry in await session.scalars(entries)}
    assert [thread.resolved_by_id for thread in threads] == [world.ben.id, world.ada.id]
    assert noted == {rows[0].id: world.ben.id, rows[2].id: world.ada.id}


async def test_of_two_who_resolve_one_thread_in_one_moment_one_does(moment: Moment, world: World) -> None:
    """The second finds the thread as the first has left it: a statement changes a row once."""
    given = ("ben", world.thread_0), ("ada", world.thread_0), ("ben", world.thread_1)
    done = await moment.all(*(moment.begin(who, RESOLVE, thread) for who, thread in given))
    assert done == [world.thread_0.id, None, world.thread_1.id]
    assert len(moment.runs) == 2
    assert await moment.events() == [("THREAD_RESOLVED", 1), ("THREAD_RESOLVED", 2)]


async def test_a_conflict_of_one_is_none_of_the_others(moment: Moment, world: World) -> None:
    given = [(world.requirements, 1, "Late"), (world.design, 2, "New"), (world.requirements, 2, "In time")]
    saving = (moment.begin("ben", EDIT_DOCUMENT, row, content=text, expected_version=n) for row, n, text in given)
    assert await moment.all(*saving) == [None, world.design.id, world.requirements.id]
    async with moment.database.read() as session:
        version = tables.DocumentVersion
        saved = {(one.document_id, one.content) for one in await session.scalars(select(version)) if one.version == 3}
    assert saved == {(world.design.id, "New"), (world.requirements.id, "In time")}
    assert [sequence for _, sequence in await moment.events()] == [1, 2]


async def test_what_a_constraint_refuses_of_one_is_done_for_the_others(moment: Moment, world: World) -> None:
    given = (world.remark, "First"), (world.comment, " ")
    done = await moment.all(*(moment.begin("ada", EDIT_COMMENT, row, content=text) for row, text in given))
    assert done == [world.remark.id, BadInput]
    assert len(moment.runs) == 3, "both together, and then each by itself"


async def test_deletions_of_one_moment_are_one_statement(moment: Moment, world: World) -> None:
    """The second of two at one row comes after the first, and finds nothing."""
    async with moment.database.read() as session:
        adas = await session.scalars(select(tables.Comment).where(tables.Comment.author_id == world.ada.id))
        another = next(one for one in adas if one.id not in (world.comment.id, world.remark.id))
    given = ("ada", world.comment), ("ben", another), ("ada", world.remark), ("ben", world.remark)
    done = await moment.all(*(moment.begin(who, DELETE, row) for who, row in given))
    assert done == [world.comment.id, Forbidden, world.remark.id, NotFound]
    assert len(moment.runs) == 2


async def test_everybody_takes_back_their_own_row(moment: Moment, world: World) -> None:
    given = ("ben", world.comment), ("ada", world.remark)
    like = {"type": ReactionType.LIKE}
    bens, adas = await moment.all(*(moment.begin(who, REMOVE_REACTION, row, **like) for who, row in given))
    assert len(moment.runs) == 1
    assert adas is None
    async with moment.database.read() as session:
        left = list(await session.scalars(select(tables.Reaction).where(tables.Reaction.user_id == world.ben.id)))
    assert bens not in {one.id for one in left}
    assert world.remark.id in {one.comment_id for one in left}


async def test_each_is_told_of_the_topics_that_it_has_moved_itself(moment: Moment, world: World) -> None:
    given = ("ben", world.invitation), ("vera", world.alert)
    rows = await asyncio.gather(*(moment.begin(who, READ, row) for who, row in given))
    assert len(moment.runs) == 1
    assert [loads(row[AT]) for row in rows] == [{topic("user", world.rows[who].id): 1} for who, _ in given]


@pytest.mark.usefixtures("patient")
async def test_rows_that_another_transaction_has_locked_hold_up_none_of_the_others(
    moment: Moment, world: World
) -> None:
    async with moment.database.work(GUEST) as work:
        lock = text("SELECT FROM comment_threads WHERE id <> :id FOR UPDATE")
        await work.execute(lock, {"id": world.thread_1.id})
        late, soon, later = (
            moment.begin("ben", RESOLVE, world.rows[name]) for name in ("thread_0", "thread_1", "settled")
        )
        async with asyncio.timeout(DEADLINE):
            assert await moment.all(soon) == [world.thread_1.id]
        await until(moment.database, WAITING)
        assert not late.done()
    assert await moment.all(late, later) == [world.thread_0.id, None]


WAITING = """SELECT count(*) = 2 FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'WITH found AS%'"""
