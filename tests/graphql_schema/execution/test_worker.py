"""What takes long is done beside everything else: each viewer's things in turn, each once, and not more than can be."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, current_thread, main_thread
from typing import Any
from uuid import UUID

import pytest

from db.access import GUEST, Viewer
from db.cache import Cache
from graphql_schema.core.tree import objects
from graphql_schema.execution import Executor, Request
from graphql_schema.execution.worker import THREAD, Worker
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
        await until(lambda: fresh.worker.turns.waiting == 2)
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


class Making:
    """Something to make in the thread for a key of a cache, and how often it was made."""

    def __init__(self) -> None:
        self.worker, self.cache, self.times = Worker(), Cache[str](100), 0

    def make(self) -> str:
        self.times += 1
        assert current_thread() is not main_thread()
        return "made"

    def ask(self, payer: str) -> asyncio.Task[str]:
        made = self.worker.get_or_make(self.cache, "key", self.make, len, payer=payer)
        return asyncio.create_task(made)


async def test_what_many_ask_for_at_once_is_made_once_and_kept() -> None:
    making = Making()
    with busy_thread():
        asked = [making.ask(payer) for payer in ("ada", "ada", "ben", "vera", "ben")]
        await until(lambda: making.worker.turns.waiting == 2)
    assert await asyncio.gather(*asked, making.ask("vera")) == ["made"] * 6
    assert (making.times, making.cache.bytes) == (1, 4)


@pytest.mark.parametrize("others", ["ada", "ben"])
async def test_who_leaves_fails_nobody_who_waits_for_the_same(others: str) -> None:
    making = Making()
    with busy_thread():
        leaving, *asked = [making.ask(payer) for payer in ("ada", others, others)]
        await until(lambda: making.worker.turns.waiting == len({"ada", others}) - 1)
        leaving.cancel()
        await asyncio.wait([leaving])
    assert await asyncio.gather(*asked) == ["made"] * 2
    assert making.times == 1


async def test_nobody_waits_for_the_turn_of_another_who_asked_for_the_same_first() -> None:
    """What Ada has asked for before it is not Ben's to wait for."""
    making, order = Making(), list[str]()

    async def other(number: int) -> None:
        await making.worker.run(lambda: order.append(f"other {number}"), "ada")

    with busy_thread():
        asked: list[asyncio.Task[Any]] = [asyncio.create_task(other(number)) for number in range(5)]
        asked += [making.ask("ada"), making.ask("ben")]
        asked[-1].add_done_callback(lambda _: order.append("made"))
        await until(lambda: making.worker.turns.waiting == len(asked) - 1)
    await asyncio.gather(*asked)
    assert order.index("made") <= 2


async def test_a_failure_is_everybodys_and_is_not_kept() -> None:
    making = Making()

    def fail() -> str:
        raise ZeroDivisionError

    with busy_thread():
        making.make = fail  # type: ignore[method-assign]
        asked = [making.ask("ada") for _ in range(2)]
        await until(lambda: bool(making.worker._making._running))
    assert [type(e) for e in await asyncio.gather(*asked, return_exceptions=True)] == [ZeroDivisionError] * 2
    del making.make
    assert await making.ask("ada") == "made"
