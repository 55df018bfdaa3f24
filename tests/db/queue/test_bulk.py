"""Calls of one statement that come together are one run of it."""

import asyncio

import pytest

from db.queue.bulk import Bulk
from tests.deadline import DEADLINE


class Doubling:
    """A statement that doubles numbers once the test lets it, and refuses 13."""

    def __init__(self) -> None:
        self.runs: list[list[int]] = []
        self.goes_on = asyncio.Event()
        self.bulk = Bulk(self.run)

    async def run(self, numbers: list[int]) -> dict[int, int]:
        self.runs.append(numbers)
        await self.goes_on.wait()
        if 13 in numbers:
            raise ValueError
        return {number: 2 * number for number in numbers if number}

    async def ask(self, *numbers: int) -> list["asyncio.Task[int | None]"]:
        asked = [asyncio.create_task(self.bulk(number)) for number in numbers]
        async with asyncio.timeout(DEADLINE):
            while not {*numbers} <= {*self.bulk._asked}.union(*self.runs):  # noqa: ASYNC110  (nobody tells of it)
                await asyncio.sleep(0)
        return asked


async def test_what_is_asked_while_a_statement_runs_is_the_next_run_of_it() -> None:
    doubling = Doubling()
    asked = [*await doubling.ask(1, 2), *await doubling.ask(3), *await doubling.ask(4, 4, 0)]
    doubling.goes_on.set()
    assert await asyncio.gather(*asked) == [2, 4, 6, 8, 8, None]
    assert doubling.runs == [[1, 2], [3, 4, 0]]


async def test_a_run_that_fails_fails_for_those_who_asked_for_it_and_no_others() -> None:
    doubling = Doubling()
    asked = [*await doubling.ask(1, 13), *await doubling.ask(2)]
    doubling.goes_on.set()
    first, unlucky, second = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, ValueError)
    assert isinstance(unlucky, ValueError)
    assert second == 4
    assert await doubling.bulk(3) == 6


async def test_a_call_that_is_cancelled_ends_when_the_statement_does() -> None:
    """What it has taken, such as a lock, can be given back then."""
    doubling = Doubling()
    (asked,) = await doubling.ask(1)
    asked.cancel()
    assert not (await asyncio.wait([asked], timeout=0.01))[0]
    doubling.goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await asked
