"""Runs of one statement that are asked for at the same moment go to PostgreSQL together, as one statement.

To start a statement costs PostgreSQL as much as a small one does, and the round trip costs this process more than that.
Nobody waits for company: what comes within one turn of the event loop is sent at its end. Under load that is several.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from asyncpg import InterfaceError, PostgresError

from db.connections import is_lost
from db.failures import Failure, failure_of
from db.statements import Arguments, Statement

Row = Sequence[Any]
Run = Callable[[str, Arguments], Awaitable[Sequence[Row]]]
Future = asyncio.Future[Row | None]


@dataclass(slots=True)
class Batch:
    """Runs of one statement, each with its arguments and the row that it waits for."""

    statement: Statement
    asked: list[Arguments] = field(default_factory=list)
    rows: list[Future] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    def leave(self) -> None:
        """One of them does not wait any more. The statement ends when nobody does."""
        if self.task and all(row.done() for row in self.rows):
            self.task.cancel()


class Batches:
    """Runs statements by `run`, at most `size` together, which share one process of PostgreSQL."""

    def __init__(self, run: Run, *, size: int = 8) -> None:
        self.run = run
        self.size = size
        self._filling: dict[str, Batch] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def fetch(self, statement: Statement, arguments: Arguments) -> Row | None:
        """The first row of a statement; None when it finds none. Raises Overloaded."""
        batch = self._filling.get(statement.sql)
        if batch is None or len(batch.rows) == self.size:
            batch = self._begin(statement)
        row: Future = asyncio.get_running_loop().create_future()
        batch.asked.append(arguments)
        batch.rows.append(row)
        try:
            return await row
        except asyncio.CancelledError:
            batch.leave()
            raise

    def _begin(self, statement: Statement) -> Batch:
        batch = self._filling[statement.sql] = Batch(statement)
        asyncio.get_running_loop().call_soon(self._send, batch)
        return batch

    def _send(self, batch: Batch) -> None:
        if self._filling.get(batch.statement.sql) is batch:
            del self._filling[batch.statement.sql]
        batch.task = asyncio.create_task(self._run(batch))
        self._running.add(batch.task)
        batch.task.add_done_callback(self._running.discard)

    async def _run(self, batch: Batch) -> None:
        try:
            if len(batch.rows) > 1 and batch.statement.together:
                await self._together(batch, batch.statement.together)
                return
        except Exception as error:  # noqa: BLE001  (it is the answer to all of them)
            # One of them may be to blame. Which one shows when each runs by itself.
            if _is_of_all(error):
                for row in batch.rows:
                    _fail(row, error)
        await asyncio.gather(*(self._alone(batch, place) for place, row in enumerate(batch.rows) if not row.done()))

    async def _together(self, batch: Batch, sql: str) -> None:
        found = await self.run(sql, batch.statement.columns(batch.asked))
        rows = {row[-1]: row[:-1] for row in found}
        for place, row in enumerate(batch.rows, 1):
            _answer(row, rows.get(place))

    async def _alone(self, batch: Batch, place: int) -> None:
        row = batch.rows[place]
        try:
            found = await self.run(batch.statement.sql, batch.asked[place])
            _answer(row, found[0] if found else None)
        except Exception as error:  # noqa: BLE001  (it is the answer to this one)
            _fail(row, error)


def _is_of_all(error: Exception) -> bool:
    """Whether each by itself would fail the same way: without a connection, or, in the same queue, without the time."""
    is_of_statement = isinstance(error, PostgresError | InterfaceError) and not is_lost(error)
    return not is_of_statement or failure_of(error) is Failure.TOO_SLOW


def _answer(row: Future, found: Row | None) -> None:
    if not row.done():
        row.set_result(found)


def _fail(row: Future, error: Exception) -> None:
    if not row.done():
        row.set_exception(error)
