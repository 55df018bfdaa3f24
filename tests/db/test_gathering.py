"""Batches of those who may wait: few at a time, and wide when there is much to do."""

import asyncio
from typing import Any

from asyncpg import DivisionByZeroError
from sqlalchemy import Integer, bindparam, select

from db.engine import Database
from db.gathering import Gathering
from db.statements import Arguments, compiled

NUMBER: Any = bindparam("number", type_=Integer(), value=None, required=False)
DOUBLE = compiled(select((NUMBER + NUMBER).label("double")))


class Slow:
    """A way to the database on which nothing comes back before the test says so."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.running = 0
        self.most = 0
        self.sizes: list[int] = []
        self.answers = asyncio.Event()

    async def run(self, sql: str, arguments: Arguments, **_options: Any) -> Any:
        self.running += 1
        self.most = max(self.most, self.running)
        self.sizes.append(len(arguments[0]) if sql == DOUBLE.together else 1)
        await self.answers.wait()
        self.running -= 1
        return await self.database.readers.fetch(sql, arguments)


async def test_what_comes_while_all_are_busy_gathers_in_wide_batches(database: Database) -> None:
    slow = Slow(database)
    gathering = Gathering(slow.run, size=10, at_once=2)
    asked = []
    for number in range(32):
        asked.append(asyncio.create_task(gathering.fetch(DOUBLE, [number])))
        while number < 2 and len(slow.sizes) <= number:
            await asyncio.wait([asked[-1]], timeout=0)
    await asyncio.wait(asked, timeout=0)
    slow.answers.set()
    rows = await asyncio.gather(*asked)
    assert [row[0] for row in rows if row] == [2 * number for number in range(32)]
    assert slow.sizes == [1, 1, 10, 10, 10]
    assert slow.most == 2


async def test_a_failure_keeps_nobody_else_waiting(database: Database) -> None:
    quotient = compiled(select((NUMBER / NUMBER).label("quotient")))
    gathering = Gathering(database.readers.fetch, size=1, at_once=1)
    asked = [asyncio.create_task(gathering.fetch(quotient, [number])) for number in (0, 1)]
    failed, answered = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(failed, DivisionByZeroError)
    assert tuple(answered) == (1,)  # type: ignore[arg-type]


async def test_who_leaves_while_it_waits_keeps_nobody_else_waiting(database: Database) -> None:
    slow = Slow(database)
    gathering = Gathering(slow.run, size=1, at_once=1)
    first, left, last = [asyncio.create_task(gathering.fetch(DOUBLE, [number])) for number in range(3)]
    while not slow.running:
        await asyncio.wait([first], timeout=0)
    left.cancel()
    slow.answers.set()
    assert [row and row[0] for row in await asyncio.gather(first, last)] == [0, 4]
