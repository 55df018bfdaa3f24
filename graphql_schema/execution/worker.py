"""A thread beside the event loop makes what takes Python long: new texts, their statements, the schema shown."""

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from db.cache import Cache, SegmentedCache, get_or_make
from db.turns import Turns
from graphql_schema.execution.single_flight import SingleFlight

T = TypeVar("T")

THREAD = ThreadPoolExecutor(1, "compiling")
MAX_WAITING = 50
TIMEOUT = 3.0
"""Seconds that anything waits for its turn."""


class Worker:
    """Has the thread do one thing after the other, of each payer in turn: others wait for one of theirs at most.

    Nobody waits here with a connection to the database: others would wait for that.
    """

    def __init__(self) -> None:
        self.turns = Turns(1, max_waiting=MAX_WAITING, timeout=TIMEOUT)
        self._making = SingleFlight[Any]()

    async def run(self, work: Callable[[], T], payer: Hashable) -> T:
        """Run work when it is this payer's turn. Raises Overloaded where too much of theirs waits, or for too long."""
        async with self.turns.turn(payer):
            return await asyncio.get_running_loop().run_in_executor(THREAD, work)

    async def get_or_make(
        self,
        cache: Cache[T] | SegmentedCache[T],
        key: Hashable,
        make: Callable[[], T],
        size: Callable[[T], int],
        *,
        payer: Hashable,
    ) -> T:
        """The value in a cache, which is made in the thread if it is not there: see `db.cache.get_or_make`.

        It is made once for all who wait for it. Each payer waits for a turn of their own, and not for another's.
        """
        found = cache.get(key)
        if found is None:
            making = partial(get_or_make, cache, key, make, size)
            found = await self._making.once((id(cache), key, payer), partial(self.run, making, payer))
        return found
