"""A change of each row that a list names: all or those that can be, with an event and an entry for each."""

import asyncio
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select

from db import tables
from db.change.declared import UpdateEach
from db.change.making import Each, each_made
from db.change.parts import Form
from db.change.statement import statement
from db.errors import Forbidden, NotFound, Refusals
from db.outbox import CHANGED, OutboxEvent
from db.permissions import COMMENT
from db.tables import CommentStatus
from tests.conftest import NotingDatabase
from tests.world import World

SETTLE = UpdateEach(
    table=tables.CommentThread,
    may=COMMENT,
    at="thread_ids",
    shows={},
    where=lambda thread: thread.status == CommentStatus.OPEN,
    set=lambda thread, input, viewer: {
        "status": CommentStatus.RESOLVED,
        "resolved_at": func.now(),
        "resolved_by_id": viewer,
    },
    tells="THREAD_RESOLVED",
)
QUIETLY = replace(SETTLE, tells=CHANGED, is_audited=False)


@dataclass(frozen=True)
class Settling:
    """Settles threads of the world, as one person after another."""

    database: NotingDatabase
    world: World

    async def __call__(
        self, *names: str, who: str = "ben", change: UpdateEach = SETTLE, is_partial: bool = False
    ) -> Each:
        viewer = self.world.viewer(who)
        ids = [self.world.rows[name].public_id if name in self.world.rows else name for name in names]
        one = statement(change, viewer.typical, form=Form.ALONE)
        given = change, self.database, viewer, SimpleNamespace(thread_ids=ids), one, {"request_id": None}
        return await each_made(*given, is_partial=is_partial)

    async def events(self) -> list[Any]:
        async with self.database.read() as session:
            return list(await session.scalars(select(OutboxEvent).order_by(OutboxEvent.sequence)))

    async def entries(self) -> list[Any]:
        """The entries of the audit log about threads, the latest first."""
        log = tables.AuditLog
        about = select(log).where(log.resource == "comment_threads").order_by(log.sequence.desc())
        async with self.database.read() as session:
            return list(await session.scalars(about))


@pytest.fixture
def settle(database: NotingDatabase, world: World) -> Settling:
    return Settling(database, world)


async def test_each_row_is_changed_told_and_noted_by_one_statement(settle: Settling, world: World) -> None:
    before, runs = await settle.entries(), list[str]()
    run = settle.database.changes.run

    async def noting(sql: str, *arguments: Any, **options: Any) -> Any:
        runs.append(sql)
        return await run(sql, *arguments, **options)

    settle.database.changes.run = noting
    settle.database.statements.clear()
    done = await settle("thread_1", "settled", "thread_0", "thread_1")
    assert (len(runs), settle.database.statements) == (1, [])
    assert done.keys == [world.rows[name].id for name in ("thread_1", "settled", "thread_0", "thread_1")]
    assert (done.changed, done.refusals) == (2, [])
    events, entries = await settle.events(), await settle.entries()
    assert [(event.kind, event.sequence) for event in events] == [("THREAD_RESOLVED", 1), ("THREAD_RESOLVED", 2)]
    changed = {world.thread_0.public_id, world.thread_1.public_id}
    assert {event.ids["thread"] for event in events} == changed
    new = entries[: len(entries) - len(before)]
    assert {f"thr_{entry.resource_id.hex}" for entry in new} == changed
    assert {entry.action for entry in new} == {"thread_resolved"}
    assert new[0].after["status"] == "RESOLVED"


async def test_what_only_raises_a_sequence_is_told_once_for_a_root(settle: Settling, world: World) -> None:
    before = await settle.entries()
    assert (await settle("thread_0", "thread_1", change=QUIETLY)).changed == 2
    assert [(event.topic, event.ids) for event in await settle.events()] == [(f"project:{world.atlas.id.hex}", {})]
    assert len(await settle.entries()) == len(before)


async def test_where_one_is_not_found_nothing_is_changed_or_the_others_are(settle: Settling, world: World) -> None:
    with pytest.raises(Refusals) as refused:
        await settle("nothing", "thread_0", "atlas")
    assert [(type(one), one.at) for one in refused.value.refusals] == [
        (NotFound, "threadIds.0"),
        (NotFound, "threadIds.2"),
    ]
    assert await settle.events() == []
    done = await settle("nothing", "thread_0", "atlas", is_partial=True)
    assert (done.keys, done.changed, len(done.refusals)) == ([world.thread_0.id], 1, 2)


async def test_whoever_may_only_look_is_forbidden(settle: Settling) -> None:
    with pytest.raises(Refusals) as refused:
        await settle("thread_0", "thread_1", who="vera")
    assert [type(one) for one in refused.value.refusals] == [Forbidden, Forbidden]


async def test_of_nothing_nothing_is_changed(settle: Settling) -> None:
    assert await settle() == Each([], 0, [])


@pytest.mark.usefixtures("patient")
async def test_of_the_same_at_the_same_time_each_is_changed_once(settle: Settling) -> None:
    orders = ("thread_0", "thread_1"), ("thread_1", "thread_0")
    done = await asyncio.gather(*(settle(*order) for order in orders * 4))
    assert sum(one.changed for one in done) == 2
    assert [event.sequence for event in await settle.events()] == [1, 2]
