"""Turns: a few at a time, of each who waits one after the other, and nobody for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from db.errors import Overloaded
from db.turns import Turns
from tests.deadline import DEADLINE


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
async def crowd(size: int = 2, max_waiting: int = 3) -> AsyncIterator[Crowd]:
    """A crowd that has left in the end, with all places free."""
    made = Crowd(Turns(size, max_waiting=max_waiting))
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
        assert people.let_in == ["a", "b", "c", "a", "b", "a", "a"]


async def test_everybody_else_comes_before_who_has_a_turn() -> None:
    async with crowd(size=1, max_waiting=9) as people:
        tasks = await people.begin("a", "a", "a", "a", "b", "c")
        people.is_over.set()
        await asyncio.gather(*tasks)
        assert people.let_in == ["a", "b", "c", "a", "a", "a"]


async def test_as_many_as_are_allowed_wait_for_one_and_no_more() -> None:
    async with crowd(size=1, max_waiting=3) as people:
        tasks = await people.begin("a", "a", "a", "a", "b", "b")
        assert people.turns.waiting == 5
        with pytest.raises(Overloaded):
            await people.ask("a")
        people.is_over.set()
        await asyncio.gather(*tasks)
        assert people.turns.waiting == 0


async def test_who_waits_too_long_is_told_so_and_waits_no_more() -> None:
    turns = Turns(1, max_waiting=1, timeout=0.01)
    async with turns.turn("a"):
        for _ in range(2):
            with pytest.raises(Overloaded):
                async with asyncio.timeout(DEADLINE), turns.turn("b"):
                    pass
        assert turns.waiting == 0
    async with turns.turn("b"):
        pass


async def test_where_nobody_may_wait_who_would_have_to_is_refused() -> None:
    turns = Turns(1, max_waiting=0)
    async with turns.turn("a"):
        with pytest.raises(Overloaded):
            await turns.turn("b").__aenter__()
    async with turns.turn("b"):
        pass


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
        await asyncio.wait([waiting])
        assert people.turns.waiting == 2
        people.is_over.set()
        await inside
        called.cancel()
        await last
        assert people.let_in[-1] == "d"


async def test_a_place_is_free_again_after_a_failure() -> None:
    turns = Turns(1, max_waiting=0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            async with turns.turn("a"):
                raise ZeroDivisionError
