"""Idempotency keys in the statement of a change: one effect, one answer, and nothing kept of a conflict."""

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from db import tables
from db.access import GUEST
from db.change.declared import Change
from db.change.keys import ANSWER, Key
from db.change.making import made
from db.change.parts import Form
from db.change.statement import statement
from db.coalescing import Record
from db.errors import BadInput, KeyReused
from db.outbox import OutboxEvent
from tests.conftest import NotingDatabase
from tests.db.change.test_statement import ADD, EDIT_DOCUMENT, RESOLVE, SUBMIT
from tests.world import World

PIECES = ['{"shown":', ',"moved":', "}"]


@dataclass(frozen=True)
class Keyed:
    """Makes changes of the world under a key, as Ben."""

    database: NotingDatabase
    world: World

    async def __call__(self, change: Change, *, key: str = "k", body: bytes = b"body", **given: Any) -> Record:
        viewer = self.world.viewer("ben")
        one = statement(change, viewer.typical, form=Form.KEYED)
        values = {"request_id": None, **Key(type(change).__name__, key, body).parameters(PIECES)}
        return await made(change, self.database, viewer, SimpleNamespace(**given), one, values)

    def answer(self, key: UUID) -> bytes:
        """What is kept of the first change."""
        return b'{"shown":"%s","moved":{"project:%s": 1}}' % (str(key).encode(), self.world.atlas.id.hex.encode())

    async def counted(self, *made: Any) -> list[int]:
        async with self.database.read() as session:
            return [await session.scalar(select(func.count()).select_from(table)) or 0 for table in made]

    async def execute(self, sql: str) -> None:
        async with self.database.work(GUEST) as work:
            await work.execute(text(sql))


@pytest.fixture
def do(database: NotingDatabase, world: World) -> Keyed:
    return Keyed(database, world)


@pytest.fixture
def comment(world: World) -> dict[str, Any]:
    return {"thread_id": world.thread_0.public_id, "content": "Once"}


async def test_what_comes_again_is_answered_as_it_was_and_not_done_again(do: Keyed, comment: dict[str, Any]) -> None:
    first, second = await do(ADD, **comment), await do(ADD, **comment)
    assert (first[ANSWER], second[1]) == (None, None)
    assert second[ANSWER] == do.answer(first[1])
    assert await do.counted(OutboxEvent, tables.IdempotencyKey) == [1, 1]


@pytest.mark.usefixtures("patient")
async def test_of_many_at_once_one_is_done(do: Keyed, comment: dict[str, Any]) -> None:
    """Nobody waits for a turn here, as in as many processes: those that come second are undone, and told."""
    before = await do.counted(tables.Comment)
    rows = await asyncio.gather(*(do(ADD, **comment) for _ in range(20)))
    done = [row[1] for row in rows if row[1] is not None]
    assert len(done) == 1
    assert {row[ANSWER] for row in rows} == {None, do.answer(done[0])}
    assert await do.counted(tables.Comment, OutboxEvent) == [before[0] + 1, 1]


async def test_a_key_is_not_taken_for_something_else(do: Keyed, comment: dict[str, Any]) -> None:
    await do(ADD, **comment)
    with pytest.raises(KeyReused):
        await do(ADD, body=b"other", **comment)
    with pytest.raises(KeyReused):  # whatever else is wrong with it
        await do(ADD, body=b"other", thread_id="nothing", content="Once")


async def test_what_was_refused_leaves_no_key(do: Keyed, world: World, comment: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        await do(ADD, **comment | {"content": " "})
    old = {"document_id": world.requirements.public_id, "content": "New", "expected_version": 1}
    assert (await do(EDIT_DOCUMENT, **old))[1] is None
    assert await do.counted(tables.IdempotencyKey) == [0]


async def test_what_a_condition_has_refused_leaves_no_key(do: Keyed, world: World) -> None:
    document = {"document_id": world.requirements.public_id, "expected_version": 2}
    assert (await do(SUBMIT, **document))[1] is None
    assert await do.counted(tables.IdempotencyKey) == [0]


async def test_where_nothing_had_to_be_changed_that_is_kept(do: Keyed, world: World) -> None:
    """Somebody opens the thread again: whoever has resolved it before and asks again does not resolve it."""
    thread = {"thread_id": world.settled.public_id}
    first = await do(RESOLVE, **thread)
    await do.execute("UPDATE comment_threads SET status = 'OPEN', resolved_at = NULL, resolved_by_id = NULL")
    second = await do(RESOLVE, **thread)
    assert (first[0], first[1], first[ANSWER], second[1]) == (world.settled.id, None, None, None)
    assert second[ANSWER]
    assert await do.counted(OutboxEvent) == [0]


async def test_a_key_is_forgotten_after_a_day(do: Keyed, comment: dict[str, Any]) -> None:
    await do(ADD, **comment)
    await do.execute("UPDATE idempotency_keys SET created_at = created_at - interval '24 hours'")
    assert (await do(ADD, body=b"other", **comment))[1] is not None
    assert (await do(ADD, body=b"other", **comment))[1] is None
    assert await do.counted(OutboxEvent, tables.IdempotencyKey) == [2, 1]
