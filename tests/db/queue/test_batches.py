"""Jobs that come together are run together, and fail one by one."""

import asyncio
from collections.abc import Sequence

import pytest

from db.queue.batches import MOST, Batches
from tests.deadline import DEADLINE


class Noting:
    """Runs jobs, which are numbers, and notes which together; it refuses 13. They go on once the test lets them."""

    def __init__(self, *, turns: int = 1) -> None:
        self.batches = Batches[int](self.run, asyncio.Semaphore(turns))
        self.runs: list[list[int]] = []
        self.goes_on = asyncio.Event()

    async def run(self, numbers: Sequence[int]) -> None:
        self.runs.append([*numbers])
        await self.goes_on.wait()
        if 13 in numbers:
            raise ValueError

    async def ask(self, *numbers: int) -> list["asyncio.Task[None]"]:
        """Have jobs run, and wait until they do or wait for their turn."""
        asked = [asyncio.create_task(self.batches(number)) for number in numbers]
        async with asyncio.timeout(DEADLINE):
            while not {*numbers} <= {*self.waiting}.union(*self.runs):  # noqa: ASYNC110  (nobody tells of it)
                await asyncio.sleep(0)
        return asked

    @property
    def waiting(self) -> list[int]:
        """The jobs of the batch that waits for its turn."""
        return self.batches._next.runs if self.batches._next else []

    async def end(self, *asked: "asyncio.Task[None]") -> list[BaseException | None]:
        """Let jobs go on; returns what each of them raises."""
        self.goes_on.set()
        async with asyncio.timeout(DEADLINE):
            return await asyncio.gather(*asked, return_exceptions=True)


async def test_jobs_that_wait_for_their_turn_are_run_together() -> None:
    noting = Noting()
    asked = [*await noting.ask(1, 2), *await noting.ask(3), *await noting.ask(4)]
    assert await noting.end(*asked) == [None] * 4
    assert noting.runs == [[1, 2], [3, 4]]


async def test_as_many_batches_are_run_at_once_as_there_are_turns() -> None:
    noting = Noting(turns=2)
    asked = [*await noting.ask(1), *await noting.ask(2), *await noting.ask(3)]
    assert noting.runs == [[1], [2]]
    await noting.end(*asked)


async def test_a_batch_has_no_more_jobs_than_others_can_wait_for() -> None:
    noting = Noting(turns=2)
    await noting.end(*await noting.ask(*range(100, 101 + MOST)))
    assert [len(some) for some in noting.runs] == [MOST, 1]


async def test_where_one_fails_each_is_run_by_itself_and_that_one_fails() -> None:
    noting = Noting()
    first, failed, last = await noting.end(*await noting.ask(12, 13, 14))
    assert (first, type(failed), last) == (None, ValueError, None)
    assert noting.runs == [[12, 13, 14], [12], [13], [14]]


async def test_one_that_fails_and_was_alone_is_not_run_again() -> None:
    noting = Noting()
    with pytest.raises(ValueError, match=r"^$"):
        raise (await noting.end(*await noting.ask(13)))[0] or AssertionError
    assert noting.runs == [[13]]


async def test_where_one_is_cancelled_the_others_are_run_all_the_same() -> None:
    noting = Noting()
    first, second = await noting.ask(1, 2)
    first.cancel()
    await asyncio.wait([first], timeout=DEADLINE)
    assert first.cancelled()
    assert await noting.end(second) == [None]
    assert noting.runs == [[1, 2], [2]]
