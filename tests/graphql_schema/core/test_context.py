"""The batches of one operation: one statement for all that is asked at a time, and nothing shared beyond it."""

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from db import read, tables
from db.access import Viewer
from db.base import new_id
from db.errors import NotFound
from graphql_schema.core.context import Context
from tests.conftest import Heard, NotingDatabase
from tests.world import World


@pytest.fixture
def context(database: NotingDatabase, world: World) -> Context:
    """An operation of Ada's."""
    database.statements.clear()
    return Context(world.viewer("ada"), database, Heard())


@dataclass(eq=False)
class Reading:
    """A batched read that waits until it may go on, and answers every key with itself."""

    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    batches: list[list[UUID]] = field(default_factory=list)
    problem: Exception | None = None

    async def __call__(self, session: AsyncSession, viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, Any]:
        self.batches.append(list(keys))
        self.begun.set()
        await self.go_on.wait()
        if self.problem:
            raise self.problem
        return {key: key for key in keys}


async def test_all_that_is_asked_at_a_time_is_one_statement(
    context: Context, database: NotingDatabase, world: World
) -> None:
    people = [world.ada.id, world.ben.id, new_id(), world.ada.id]
    found = await asyncio.gather(*(context.load(read.by_id, tables.User, key=key) for key in people))
    assert [row and row.name for row in found] == ["Ada", "Ben", None, "Ada"]
    assert len(database.statements) == 1


async def test_what_was_loaded_is_not_loaded_again(context: Context, database: NotingDatabase, world: World) -> None:
    for _ in range(2):
        await context.load(read.by_id, tables.User, key=world.ada.id)
    assert len(database.statements) == 1
    context.forget()
    await context.load(read.by_id, tables.User, key=world.ada.id)
    assert len(database.statements) == 2


async def test_reads_with_other_arguments_are_other_batches(
    context: Context, database: NotingDatabase, world: World
) -> None:
    user, project = await asyncio.gather(
        context.load(read.by_id, tables.User, key=world.ada.id),
        context.load(read.by_id, tables.SpecificationProject, key=world.atlas.id),
    )
    assert (user.name, project.name) == ("Ada", "Atlas")
    assert len(database.statements) == 2


async def test_operations_share_nothing(context: Context, database: NotingDatabase, world: World) -> None:
    """Not even of one viewer: what another has loaded may be stale, and what another sees may be more."""
    key = world.atlas.id
    for other in (context, context.heard(), Context(world.viewer("olga"), database, Heard())):
        expected = None if other.viewer.id == world.olga.id else "Atlas"
        row = await other.load(read.by_id, tables.SpecificationProject, key=key)
        assert (row and row.name) == expected
    assert len(database.statements) == 3


async def test_a_caller_who_is_cancelled_takes_nothing_from_the_others(context: Context) -> None:
    reading, key = Reading(), new_id()
    leaving, staying = [asyncio.create_task(context.load(reading, key=key)) for _ in range(2)]
    await reading.begun.wait()
    leaving.cancel()
    reading.go_on.set()
    assert await staying == key
    assert leaving.cancelled()


async def test_a_caller_who_is_cancelled_spoils_nothing_for_later(context: Context) -> None:
    reading, key = Reading(), new_id()
    leaving = asyncio.create_task(context.load(reading, key=key))
    await reading.begun.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    reading.go_on.set()
    assert await context.load(reading, key=key) == key
    assert len(reading.batches) == 1


async def test_a_failure_reaches_everybody_and_can_be_tried_again(context: Context) -> None:
    reading, keys = Reading(problem=RuntimeError("lost")), [new_id(), new_id()]
    reading.go_on.set()
    failures = await asyncio.gather(*(context.load(reading, key=key) for key in keys), return_exceptions=True)
    assert [str(failure) for failure in failures] == ["lost", "lost"]
    reading.problem = None
    assert await context.load(reading, key=keys[0]) == keys[0]


async def test_a_failure_that_nobody_waits_for_any_more_is_not_told_twice(context: Context) -> None:
    reading = Reading(problem=RuntimeError("lost"))
    leaving = asyncio.create_task(context.load(reading, key=new_id()))
    await reading.begun.wait()
    leaving.cancel()
    reading.go_on.set()
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, problem: told.append(problem))
    with pytest.raises(RuntimeError):
        await context.load(reading, key=new_id())
    del leaving
    gc.collect()  # it is then that asyncio complains
    assert told == []


async def test_an_object_is_seen_or_not_found(context: Context, world: World) -> None:
    found = await context.see(tables.SpecificationProject, world.atlas.public_id, at="projectId")
    assert found == world.atlas.id
    for public_id in (world.island.public_id, f"prj_{new_id().hex}", world.ada.public_id, "nonsense"):
        with pytest.raises(NotFound) as refused:
            await context.see(tables.SpecificationProject, public_id, at="projectId")
        assert refused.value.at == "projectId"
