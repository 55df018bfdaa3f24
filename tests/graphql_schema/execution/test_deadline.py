"""What takes too long is stopped, each at its own time, and nothing else is."""

import asyncio

import pytest

from db.errors import TooSlow
from graphql_schema.execution.deadline import Deadline


async def test_what_comes_in_time_comes() -> None:
    loop = asyncio.get_running_loop()
    coming = loop.create_future()
    loop.call_soon(coming.set_result, "done")
    assert await Deadline(60).keep(coming) == "done"


async def test_each_is_stopped_when_its_own_time_is_over() -> None:
    deadline, loop, later = Deadline(0.1), asyncio.get_running_loop(), asyncio.Event()

    async def end() -> float:
        with pytest.raises(TooSlow):
            await deadline.keep(asyncio.Event().wait())
        return loop.time() - began

    began = loop.time()
    first = asyncio.create_task(end())
    loop.call_later(0.05, later.set)
    await later.wait()
    assert await end() >= 0.15
    assert await first >= 0.1


async def test_who_is_cancelled_by_another_was_not_too_slow() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    kept = asyncio.create_task(Deadline(60).keep(work()))
    await begun.wait()
    kept.cancel()
    with pytest.raises(asyncio.CancelledError):
        await kept


async def test_who_was_stopped_can_go_on_with_something_else() -> None:
    with pytest.raises(TooSlow):
        await Deadline(0.01).keep(asyncio.Event().wait())
    task = asyncio.current_task()
    assert task
    assert task.cancelling() == 0
