"""Locks on the things that jobs work on, held by a worker for as long as a job runs."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pgqueuer.ports.driver import Driver

PAUSE = 0.05
"""Seconds until a lock that another worker has is tried again."""

TAKE = "SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS is_ours"
GIVE_BACK = "SELECT pg_advisory_unlock(hashtextextended($1, 0))"


class Locks:
    """Locks by name. Of the jobs of this worker one has it, and a session of PostgreSQL keeps other workers out.

    With the connection all locks are lost, and the worker ends with it.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._here: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._wanted: Counter[str] = Counter()

    @asynccontextmanager
    async def on(self, name: str) -> AsyncIterator[None]:
        """Have the lock. Those that wait for it in this worker get it in the order in which they came."""
        self._wanted[name] += 1
        try:
            async with self._here[name], self._beside_other_workers(name):
                yield
        finally:
            self._wanted[name] -= 1
            if not self._wanted[name]:
                del self._wanted[name], self._here[name]

    @asynccontextmanager
    async def _beside_other_workers(self, name: str) -> AsyncIterator[None]:
        try:
            while not (await self._driver.fetch(TAKE, name))[0]["is_ours"]:  # noqa: ASYNC110  (another process has it)
                await asyncio.sleep(PAUSE)
            yield
        finally:
            # Also when a cancellation came before the answer: the session may have it. Of one it has not, it warns.
            await asyncio.shield(self._driver.execute(GIVE_BACK, name))
