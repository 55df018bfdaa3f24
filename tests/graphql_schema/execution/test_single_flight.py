"""What several wait for at one moment is done once, and by nobody when nobody waits."""

import asyncio

import pytest

from graphql_schema.execution.single_flight import SingleFlight


class Work:
    """Something to be done, which ends when the test says so."""

    def __init__(self) -> None:
        self.runs = 0
        self.was_cancelled = asyncio.Event()
        self.has_begun = asyncio.Event()
        self.end: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> int:
        self.runs += 1
        self.has_begun.set()
        try:
            return await self.end
        except asyncio.CancelledError:
            self.was_cancelled.set()
            raise


@pytest.fixture
async def work() -> Work:
    return Work()


async def test_what_several_wait_for_is_done_once(work: Work) -> None:
    flights = SingleFlight[int]()
    waiting = [asyncio.create_task(flights.once("a", work)) for _ in range(10)]
    other = asyncio.create_task(flights.once("b", work))
    await work.has_begun.wait()
    work.end.set_result(7)
    assert await asyncio.gather(*waiting, other) == [7] * 11
    assert work.runs == 2


async def test_who_comes_after_its_end_begins_anew(work: Work) -> None:
    flights = SingleFlight[int]()
    work.end.set_result(7)
    for runs in (1, 2):
        assert await flights.once("a", work) == 7
        assert work.runs == runs


async def test_all_are_told_of_a_failure(work: Work) -> None:
    flights = SingleFlight[int]()
    waiting = [asyncio.create_task(flights.once("a", work)) for _ in range(3)]
    await work.has_begun.wait()
    work.end.set_exception(ZeroDivisionError())
    assert [type(error) for error in await asyncio.gather(*waiting, return_exceptions=True)] == [ZeroDivisionError] * 3


async def test_it_goes_on_when_one_leaves_and_ends_when_all_do(work: Work) -> None:
    flights = SingleFlight[int]()
    first, second = [asyncio.create_task(flights.once("a", work)) for _ in range(2)]
    await work.has_begun.wait()
    first.cancel()
    await asyncio.wait([first])
    assert not work.was_cancelled.is_set()
    second.cancel()
    await asyncio.wait([second])
    other = Work()
    again = asyncio.create_task(flights.once("a", other))
    await other.has_begun.wait()
    assert work.was_cancelled.is_set()
    other.end.set_result(3)
    assert await again == 3
