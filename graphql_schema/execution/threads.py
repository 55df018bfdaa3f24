"""One thread beside the event loop, for what takes Python long: new texts, their statements, the schema shown."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar
from weakref import WeakValueDictionary

from db.errors import Overloaded

T = TypeVar("T")

THREAD = ThreadPoolExecutor(1, "compiling")
MAX_WAITING = 50
TIMEOUT = 3.0
"""Seconds that anything waits for its turn."""


class Turns:
    """A fair lock: each payer gets one turn after the other, so that others wait for one of theirs at most.

    Nobody waits here with a connection to the database: others would wait for that.
    """

    def __init__(self) -> None:
        self.waiting = 0
        self._thread = asyncio.Lock()
        self._own = WeakValueDictionary[Hashable, asyncio.Lock]()

    @asynccontextmanager
    async def turn(self, who: Hashable) -> AsyncIterator[None]:
        """A time in which nobody else has the thread. Raises Overloaded where too many wait for it, or too long."""
        if self.waiting >= MAX_WAITING:
            raise Overloaded
        self.waiting += 1
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(TIMEOUT):
                    await held.enter_async_context(self._own.setdefault(who, asyncio.Lock()))
                    await held.enter_async_context(self._thread)
            except TimeoutError:
                raise Overloaded from None
            finally:
                self.waiting -= 1
            yield


async def in_thread(work: Callable[[], T]) -> T:
    """Run the work in the thread; returns its result."""
    return await asyncio.get_running_loop().run_in_executor(THREAD, work)
