"""Locks on the things that jobs work on, held by a worker for as long as a job runs."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pgqueuer.ports.driver import Driver

from db.queue.bulk import Bulk

PAUSE = 0.05
"""Seconds until a lock that another worker has is tried again."""

TAKE = "SELECT name, pg_try_advisory_lock(hashtextextended(name, 0)) AS is_ours FROM unnest($1::text[]) AS name"
GIVE_BACK = "SELECT pg_advisory_unlock(hashtextextended(name, 0)) FROM unnest($1::text[]) AS name"


class Locks:
    """Locks by name. Of the jobs of this worker one has it, and a session of PostgreSQL keeps other workers out.

    With the connection all locks are lost, and the worker ends with it.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._take, self._give_back = Bulk(self._taken), Bulk(self._given_back)
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
            while not await self._take(name):  # noqa: ASYNC110  (another process has it)
                await asyncio.sleep(PAUSE)
            yield
        finally:
            # Also after a cancellation: the session may have it. Of one that it has not it warns.
            await self._give_back(name)

    async def _taken(self, names: list[str]) -> dict[str, bool]:
        return {str(row["name"]): bool(row["is_ours"]) for row in await self._driver.fetch(TAKE, names)}

    async def _given_back(self, names: list[str]) -> dict[str, None]:
        await self._driver.execute(GIVE_BACK, names)
        return {}
