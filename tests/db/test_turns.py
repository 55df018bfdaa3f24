"""Turns: a few at a time, of each who waits one after the other, and nobody for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from db.errors import Overloaded
from db.turns import Turns


class Crowd:
    """Tasks that take turns, and in which order they were let in."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.let_in: list[str] = []
        self.is_over = asyncio.Event()

    async def ask(self, who: str) -> None:
        async with self.turns.turn(who):
            self.let_in.append(who)
            await self.is_over.wait()

    async def begin(self, *people: str) -> list[asyncio.Task[None]]:
        """Tasks on behalf of these, all of which have asked."""
        tasks = [asyncio.create_task(self.ask(who)) for who in people]
        await asyncio.wait(tasks, timeout=0)
        return tasks


@asynccontextmanager
async def crowd(size: int = 2, most_waiting: int = 3) -> AsyncIterator[Crowd]:
    """A crowd that has left in the end, with all places free."""
    made = Crowd(Turns(size, most_waiting=most_waiting))
    yield made
    made.is_over.set()
    assert await asyncio.gather(*await made.begin(*"xyz"[:size])) == [None] * size
    assert made.turns._free == size


async def test_a_few_are_let_in_at_a_time() -> None:
    async with crowd() as people:
        tasks = await people.begin("a", "a", "a", "b")
        assert people.let_in == ["a", "a"]
        people.is_over.set()
        await asyncio.gather(*tasks)


async def test_of_each_who_waits_one_is_let_in_after_the_other() -> None:
    async with crowd(size=1) as people:
        tasks = await people.begin("a", "a", "a", "a", "b", "b", "c")
        people.is_over.set()
        await asyncio.gather(*tasks)
        assert people.let_in == ["a", "a", "b", "c", "a", "b", "a"]


async def test_where_too_many_wait_for_one_the_others_are_let_in_all_the_same() -> None:
    async with crowd(size=1) as people:
        tasks = await people.begin("a", "a", "a", "a", "a", "b")
        with pytest.raises(Overloaded):
            await tasks[4]
        people.is_over.set()
        await asyncio.gather(*tasks[:4], tasks[5])
        assert people.let_in.count("b") == 1


async def test_who_leaves_takes_no_place_whenever_they_do() -> None:
    async with crowd(size=1) as people:
        inside, waiting, called, last = await people.begin("a", "b", "c", "d")
        waiting.cancel()
        people.is_over.set()
        await inside
        called.cancel()
        await last
        assert people.let_in[-1] == "d"


async def test_a_place_is_free_again_after_a_failure() -> None:
    turns = Turns(1, most_waiting=0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            async with turns.turn("a"):
                raise ZeroDivisionError
