"""What takes long is done beside everything else: each viewer's things in turn, each once, and not more than can be."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any
from uuid import UUID

import pytest

from db.access import GUEST, Viewer
from db.errors import Overloaded
from graphql_schema.core.tree import objects
from graphql_schema.execution import Executor, Request, threads
from graphql_schema.execution.threads import MAX_WAITING, THREAD, Turns
from graphql_schema.schema import executor
from tests.app.serving import until
from tests.conftest import Graph

KNOWN = Request("{ __typename }")
ADA, BEN = Viewer(UUID(int=1)), Viewer(UUID(int=2))


@pytest.fixture
def fresh() -> Executor:
    """One that knows a single text."""
    fresh = Executor(executor.schema)
    fresh.prepare(KNOWN)
    return fresh


async def waits(task: asyncio.Task[Any]) -> bool:
    """Whether the task goes on waiting."""
    done, _ = await asyncio.wait([task], timeout=0.1)
    return not done


@contextmanager
def busy_thread() -> Iterator[None]:
    """A time in which the thread has something else to do."""
    over = Event()
    busy = THREAD.submit(over.wait)
    try:
        yield
    finally:
        over.set()
        assert busy.result()


async def test_what_is_known_need_not_wait_for_what_is_new(fresh: Executor) -> None:
    with busy_thread():
        new = asyncio.create_task(fresh.read(Request("{ new: __typename }"), GUEST))
        assert (await fresh.read(KNOWN, GUEST)).kind == "query"
        assert await waits(new)
    assert (await new).kind == "query"


async def test_a_text_that_many_send_at_once_is_read_once(fresh: Executor) -> None:
    request = Request("{ courses(first: 1) { nodes { id } } }")
    with busy_thread():
        asked = [asyncio.create_task(fresh.read(request, viewer)) for viewer in (GUEST, ADA, BEN, ADA)]
        await until(lambda: fresh.turns.waiting == 3)
    operations = await asyncio.gather(*asked)
    assert len({operation.plan for operation in operations}) == 1


async def test_another_choice_of_fields_is_planned_in_the_thread(fresh: Executor) -> None:
    text = "query ($with: Boolean!) { viewer { id name @include(if: $with) } }"
    await fresh.read(Request(text, variables={"with": True}), GUEST)
    with busy_thread():
        other = asyncio.create_task(fresh.read(Request(text, variables={"with": False}), GUEST))
        await fresh.read(Request(text, variables={"with": True}), GUEST)
        assert await waits(other)
    (viewer,) = objects((await other).plan.members[0].node)
    assert [member.key for member in viewer.members] == ["id"]


async def test_a_statement_for_other_filters_is_written_in_the_thread(graph: Graph) -> None:
    text = "query ($f: CourseFilter) { courses(first: 1, filter: $f) { nodes { id } } }"
    await graph.data(None, text, f=None)
    with busy_thread():
        filtered = asyncio.create_task(graph.data(None, text, f={"search": "algebra"}))
        assert await graph.data(None, text, f=None)
        assert await waits(filtered)
    assert await filtered == {"courses": {"nodes": []}}


async def test_everybody_else_comes_after_one_thing_of_each_viewer() -> None:
    turns, order = Turns(), list[str]()

    async def take(who: str) -> None:
        async with turns.turn(who):
            order.append(who)

    async with turns.turn("ada"):
        asked = [asyncio.create_task(take(who)) for who in ("ada", "ada", "ada", "ben", "vera")]
        await until(lambda: turns.waiting == len(asked))
    await asyncio.gather(*asked)
    assert order == ["ben", "vera", "ada", "ada", "ada"]


async def test_as_many_as_are_allowed_wait_and_no_more() -> None:
    turns = Turns()

    async def take(who: int) -> None:
        async with turns.turn(who):
            pass

    async with turns.turn("somebody"):
        waiting = [asyncio.create_task(take(who)) for who in range(MAX_WAITING)]
        await until(lambda: turns.waiting == MAX_WAITING)
        with pytest.raises(Overloaded):
            await take(MAX_WAITING)
    await asyncio.gather(*waiting)
    assert turns.waiting == 0


async def test_who_waits_too_long_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "TIMEOUT", 0.01)
    turns = Turns()
    async with turns.turn("ada"):
        with pytest.raises(Overloaded):
            async with asyncio.timeout(60), turns.turn("ben"):
                pass
    async with turns.turn("ben"):
        assert turns.waiting == 0


async def test_who_leaves_while_waiting_holds_nobody_up() -> None:
    turns = Turns()
    async with turns.turn("ada"):
        waiting = asyncio.create_task(turns.turn("ben").__aenter__())
        await until(lambda: turns.waiting == 1)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert turns.waiting == 0
    async with turns.turn("ben"):
        pass
