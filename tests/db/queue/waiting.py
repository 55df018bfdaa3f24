"""The queue of a test's database, and waiting for what becomes of jobs."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from asyncpg import Connection

from db.queue.add import add
from db.queue.declared import JobKind
from db.queue.names import queries
from tests.deadline import DEADLINE

WAITING = "SELECT count(*) FROM queue.pgqueuer WHERE status IN ('queued', 'picked')"


@dataclass(frozen=True)
class Queue:
    """A connection to the database of a test, and its address."""

    url: str
    connection: Connection

    async def add(self, *jobs: tuple[JobKind, Mapping[str, str]]) -> None:
        """Queue jobs."""
        await add(queries(self.connection), jobs)

    async def run(self, statement: str, *values: Any) -> None:
        """Run a statement."""
        await self.connection.execute(statement, *values)

    async def rows(self, statement: str, *values: Any) -> list[Any]:
        """The rows that a statement gives."""
        return list(await self.connection.fetch(statement, *values))

    async def value(self, statement: str, *values: Any) -> Any:
        """The first value that a statement gives."""
        return await self.connection.fetchval(statement, *values)

    async def until(self, condition: str, *values: Any, within: float = DEADLINE) -> None:
        """Wait until a condition in SQL is met."""
        async with asyncio.timeout(within):
            while not await self.value(f"SELECT {condition}", *values):  # noqa: ASYNC110  (nobody tells of it)
                await asyncio.sleep(0.02)

    async def until_empty(self, *, within: float = DEADLINE) -> None:
        """Wait until no job waits or runs."""
        await self.until(f"({WAITING}) = 0", within=within)
