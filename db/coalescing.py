"""Runs of one statement that are asked for at the same moment go to PostgreSQL together, as one statement.

To start a statement costs PostgreSQL as much as a small one does, and the round trip costs this process more than that.
Nobody waits for company: what comes within one turn of the event loop is sent at its end if a connection is free, and
else with what comes until one is. Under load that is several.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from asyncpg import InterfaceError, PostgresError

from db.errors import Overloaded, TooSlow
from db.pool import Pool, is_lost
from db.statements import Arguments, Statement

Record = Sequence[Any]
Run = Callable[..., Awaitable[Sequence[Record]]]
"""Runs a statement with its arguments; with `seconds` it raises TooSlow after so many."""
Future = asyncio.Future[Record | None]

APART = 10.0
"""Seconds for which the runs of a statement are not put together, after some of them took too long for the others."""


@dataclass(slots=True)
class Batch:
    """Runs of one statement, each with its arguments and the row that it waits for."""

    statement: Statement
    asked: list[Arguments] = field(default_factory=list)
    rows: list[Future] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    def begin(self) -> bool:
        """Whether any run is still awaited. Runs that were given up are left out."""
        waiting = [index for index, row in enumerate(self.rows) if not row.done()]
        if len(waiting) < len(self.rows):
            self.asked, self.rows = [self.asked[n] for n in waiting], [self.rows[n] for n in waiting]
        return bool(waiting)


class Coalescer:
    """Coalesces runs of a statement on the connections of a pool, at most `size` together, which share one process of
    PostgreSQL.

    Runs that have not come back together after so many seconds are run one by one, as one of them keeps all others
    waiting. Without `seconds` they have as long as the database gives them. Statements that make `changes` are not run
    again when their connection is lost.
    """

    def __init__(self, pool: Pool, *, size: int = 8, seconds: float | None = None, changes: bool = False) -> None:
        self.pool = pool
        self.size = size
        self.seconds = seconds
        self.run: Run = pool.execute_in_turn if changes else pool.fetch_in_turn
        self._filling: dict[str, Batch] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._apart: dict[str, float] = {}
        """The statements that are not coalesced, until when."""

    async def fetch(self, statement: Statement, arguments: Arguments) -> Record | None:
        """The first row of a statement; None when it finds none. Raises Overloaded."""
        batch, row = self._join(statement, arguments)
        try:
            return await row
        except asyncio.CancelledError:
            self._leave(batch)
            raise

    async def fetch_for_certain(
        self, statement: Statement, arguments: Arguments, *, waits: bool = False
    ) -> Record | None:
        """Fetch as `fetch` does, for a statement that changes something: once begun it is awaited, so that no change is
        made without a client hearing of it.

        A cancellation that comes meanwhile counts only if nothing was changed, or at once where it is the only one of
        its batch and `waits` for a lock.
        """
        batch, row = self._join(statement, arguments)
        try:
            return await asyncio.shield(row)
        except asyncio.CancelledError:
            if waits and len(batch.rows) == 1:
                row.cancel()
                self._leave(batch)
                raise
            with suppress(Exception):
                return await row
            raise

    def _join(self, statement: Statement, arguments: Arguments) -> tuple[Batch, Future]:
        batch = self._filling.get(statement.sql)
        if batch is None or len(batch.rows) == self.size:
            batch = self._begin(statement)
        row: Future = asyncio.get_running_loop().create_future()
        batch.asked.append(arguments)
        batch.rows.append(row)
        return batch, row

    def _begin(self, statement: Statement) -> Batch:
        batch = self._filling[statement.sql] = Batch(statement)
        asyncio.get_running_loop().call_soon(self._send, batch)
        return batch

    def _send(self, batch: Batch) -> None:
        if not batch.begin():
            self._seal(batch)
            return
        batch.task = asyncio.create_task(self._run(batch))
        self._running.add(batch.task)
        batch.task.add_done_callback(self._running.discard)

    def _seal(self, batch: Batch) -> None:
        """Let nobody join any more."""
        if self._filling.get(batch.statement.sql) is batch:
            del self._filling[batch.statement.sql]

    def _leave(self, batch: Batch) -> None:
        """Note that one run is cancelled. The statement ends when all are."""
        if batch.task and all(row.done() for row in batch.rows):
            self._seal(batch)
            batch.task.cancel()

    async def _run(self, batch: Batch) -> None:
        try:
            async with self.pool.turn():
                self._seal(batch)
                if await self._is_run(batch):
                    return
        except Exception as error:  # noqa: BLE001  (it is the answer to all of them)
            self._seal(batch)
            # One of them may be to blame. Which one shows when each runs by itself.
            if isinstance(error, TooSlow):
                self._keep_apart(batch.statement.sql)
            if not _is_of_one(error):
                for row in batch.rows:
                    _fail(row, error)
        await self._one_by_one(batch)

    async def _is_run(self, batch: Batch) -> bool:
        """Whether the batch needed no more than one turn."""
        if not batch.begin():
            return True
        if len(batch.rows) == 1:
            await self._alone(batch, 0)
            return True
        if batch.statement.together and not self._is_apart(batch.statement.sql):
            await self._together(batch, batch.statement.together)
            return True
        return False

    async def _one_by_one(self, batch: Batch) -> None:
        async with asyncio.TaskGroup() as tasks:
            for index, row in enumerate(batch.rows):
                if not row.done():
                    row.add_done_callback(partial(_stop, tasks.create_task(self._in_turn(batch, index))))

    def _keep_apart(self, sql: str) -> None:
        now = asyncio.get_running_loop().time()
        self._apart = {one: until for one, until in self._apart.items() if until > now} | {sql: now + APART}

    def _is_apart(self, sql: str) -> bool:
        return self._apart.get(sql, 0.0) > asyncio.get_running_loop().time()

    async def _together(self, batch: Batch, sql: str) -> None:
        found = await self.run(sql, batch.statement.columns(batch.asked), seconds=self.seconds)
        rows = {row[-1]: row[:-1] for row in found}
        for index, row in enumerate(batch.rows, 1):
            _answer(row, rows.get(index))

    async def _in_turn(self, batch: Batch, index: int) -> None:
        try:
            async with self.pool.turn():
                await self._alone(batch, index)
        except Overloaded as error:
            _fail(batch.rows[index], error)

    async def _alone(self, batch: Batch, index: int) -> None:
        row = batch.rows[index]
        try:
            found = await self.run(batch.statement.sql, batch.asked[index])
            _answer(row, found[0] if found else None)
        except Exception as error:  # noqa: BLE001  (it is the answer to this one)
            _fail(row, error)


def _is_of_one(error: Exception) -> bool:
    """Whether each by itself may fare better: not without a connection."""
    return isinstance(error, TooSlow) or (isinstance(error, PostgresError | InterfaceError) and not is_lost(error))


def _stop(task: asyncio.Task[None], _row: Future) -> None:
    """End a run that is not awaited any more. One that has just answered is at its end anyway."""
    task.cancel()


def _answer(row: Future, found: Record | None) -> None:
    if not row.done():
        row.set_result(found)


def _fail(row: Future, error: Exception) -> None:
    if not row.done():
        row.set_exception(error)
