"""Pool for compiled statements: each runs one at a time, which is a transaction by itself.

A pool of our own, because one for all purposes spends more on a loan (proxies, resets, timers) than PostgreSQL spends
on most statements, and because whoever finds all connections busy must be told so before a queue builds up.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

from asyncpg import (
    Connection,
    InterfaceError,
    InternalClientError,
    InvalidCachedStatementError,
    PostgresConnectionError,
    Record,
)

from db.errors import Overloaded, TooSlow
from db.prepared import Prepared

STALE = (InterfaceError, InternalClientError, InvalidCachedStatementError, PostgresConnectionError, ConnectionError)
"""Exceptions of a statement whose connection was lost, or whose preparation a migration made stale."""


MAX_WAITING = 1_000
"""Statements that wait for a connection, at most. One more is refused at once: it would take memory, and not have its
turn in time.
"""


def is_lost(error: Exception) -> bool:
    """Whether a statement failed for its connection, and not for itself."""
    return isinstance(error, STALE) and not isinstance(error, ValueError)  # the driver's for what fits no parameter


class Pool:
    """At most `size` connections, opened when they are needed. A statement that waits `timeout` seconds for one is
    refused.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], *, size: int, timeout: float) -> None:
        self.timeout = timeout
        self.is_silent = False
        """Whether the server does not answer at all: then nothing waits for it."""
        self._connect = connect
        self._turns = asyncio.Semaphore(size)
        # Several reads of one state take their time: they leave connections for single ones.
        self._snapshots = asyncio.Semaphore(max(1, size // 2))
        self._waiting = 0
        self._is_closed = False
        self._idle: list[Prepared] = []
        self._busy: set[Prepared] = set()

    async def fetch(self, statement: str, arguments: Sequence[Any], *, seconds: float | None = None) -> list[Record]:
        """The rows of a statement that changes nothing. Raises Overloaded, and TooSlow after so many seconds of it.

        It is run again when its connection was lost.
        """
        async with self.turn():
            return await self.fetch_in_turn(statement, arguments, seconds=seconds)

    async def execute(self, statement: str, arguments: Sequence[Any], *, seconds: float | None = None) -> list[Record]:
        """The rows of any statement. Raises Overloaded, and TooSlow."""
        async with self.turn():
            return await self.execute_in_turn(statement, arguments, seconds=seconds)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The time in which one connection is ours, for a statement that is known only then. Raises Overloaded."""
        await self._turn(self._turns)
        try:
            yield
        finally:
            self._turns.release()

    async def fetch_in_turn(
        self, statement: str, arguments: Sequence[Any], *, seconds: float | None = None
    ) -> list[Record]:
        """Fetch as `fetch` does, within a `turn`."""
        try:
            return await self.execute_in_turn(statement, arguments, seconds=seconds)
        except STALE as error:
            if not is_lost(error):
                raise
            return await self.execute_in_turn(statement, arguments, seconds=seconds)

    async def execute_in_turn(
        self, statement: str, arguments: Sequence[Any], *, seconds: float | None = None
    ) -> list[Record]:
        """Execute as `execute` does, within a `turn`."""
        with self._lent(await self._take()) as connection:
            try:
                return await connection.fetch(statement, arguments, seconds=seconds)
            except TimeoutError:
                raise TooSlow from None

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Prepared]:
        """A connection within a transaction that only reads, and one state of the database. Raises Overloaded."""
        await self._turn(self._snapshots)
        try:
            async with self.transaction(isolation="repeatable_read", readonly=True) as prepared:
                yield prepared
        finally:
            self._snapshots.release()

    @asynccontextmanager
    async def transaction(self, **options: Any) -> AsyncIterator[Prepared]:
        """A connection within a transaction, with the driver's options. Raises Overloaded."""
        async with AsyncExitStack() as held:
            await self._turn(self._turns)
            held.callback(self._turns.release)
            prepared = held.enter_context(self._lent(await self._take()))
            try:
                async with prepared.connection.transaction(**options):
                    yield prepared
            finally:
                if prepared.is_in_transaction:
                    prepared.connection.terminate()

    def close(self) -> None:
        """Close every connection, even a busy one, and those that are still being opened."""
        self._is_closed = True
        self.hang_up()

    def hang_up(self) -> None:
        """End all that runs, with its connection. Later statements are run on new ones."""
        for prepared in (*self._idle, *self._busy):
            prepared.connection.terminate()

    async def _turn(self, turns: asyncio.Semaphore) -> None:
        if not turns.locked():
            await turns.acquire()
            return
        if self._waiting == MAX_WAITING:
            raise Overloaded
        self._waiting += 1
        try:
            async with asyncio.timeout(self.timeout):
                await turns.acquire()
        except TimeoutError:
            raise Overloaded from None
        finally:
            self._waiting -= 1

    async def _take(self) -> Prepared:
        """The connection used last, so that few do most of the work and the others may stay cold."""
        if self.is_silent:
            raise ConnectionError("The server does not answer.")
        while self._idle:
            prepared = self._idle.pop()
            if not prepared.connection.is_closed():
                break
        else:
            prepared = Prepared(await self._connect())
        self._busy.add(prepared)
        return prepared

    @contextmanager
    def _lent(self, prepared: Prepared) -> Iterator[Prepared]:
        """The connection, which is given back in the end."""
        try:
            yield prepared
        except InternalClientError:  # a server that stops has said so; the driver waits for the end of the connection
            prepared.connection.terminate()
            raise
        finally:
            self._busy.discard(prepared)
            if self._is_closed:
                prepared.connection.terminate()
            else:
                self._idle.append(prepared)
