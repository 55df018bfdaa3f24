"""What takes too long is stopped, each at its own time, and nothing else is."""

import asyncio

import pytest

from db.errors import TooSlow
from graphql_schema.execution.deadline import Deadline


async def test_what_comes_in_time_comes() -> None:
    assert await Deadline(60).keep(asyncio.sleep(0, "done")) == "done"


async def test_each_is_stopped_when_its_own_time_is_over() -> None:
    deadline, clock = Deadline(0.1), asyncio.get_running_loop().time
    began = clock()

    async def end_of(work: asyncio.Event) -> float:
        with pytest.raises(TooSlow):
            await deadline.keep(work.wait())
        return clock() - began

    first = asyncio.create_task(end_of(asyncio.Event()))
    await deadline.keep(asyncio.sleep(0.05))
    ends = await asyncio.gather(first, end_of(asyncio.Event()))
    assert ends[0] >= 0.1
    assert ends[1] >= 0.15


async def test_who_is_cancelled_by_another_was_not_too_slow() -> None:
    kept = asyncio.create_task(Deadline(60).keep(asyncio.Event().wait()))
    await asyncio.sleep(0)
    kept.cancel()
    with pytest.raises(asyncio.CancelledError):
        await kept


async def test_who_was_stopped_can_go_on_with_something_else() -> None:
    with pytest.raises(TooSlow):
        await Deadline(0.01).keep(asyncio.Event().wait())
    task = asyncio.current_task()
    assert task
    assert task.cancelling() == 0
