"""A long job while it runs: its transactions, which are kept only while the job is still this worker's."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import TypedReturnsRows

from db.write import Work

Value = TypeVar("Value")
Report = Callable[[Work, int, int | None, str | None], Awaitable[None]]
"""Says how much is done, of how much, and a message for people."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The transactions of a long job. Each has to be one that may be done twice: a job can begin again.

    None of them is open while the job waits for something else, such as an answer of another system.
    """

    open: Callable[[], AbstractAsyncContextManager[Work]]
    hold: Callable[[Work], Awaitable[None]]
    report: Report
    owned: Callable[[], AbstractAsyncContextManager[AsyncConnection]]
    """A transaction as the owner of the tables, for what changes more than rows."""

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Work]:
        """One step: all of it is kept, or nothing. Raises Lost where the job is no longer this worker's."""
        async with self.open() as work:
            await self.hold(work)
            yield work

    async def scalar(self, statement: TypedReturnsRows[Value]) -> Value | None:
        """A step of one statement; returns the value of the first row that it gives."""
        async with self.work() as work:
            return await work.scalar(statement)

    async def progress(self, done: int, total: int | None = None, message: str | None = None) -> None:
        """Say how much is done, in words for people; the person who asked for the job sees it."""
        async with self.work() as work:
            await self.report(work, done, total, message)


class Lost(Exception):  # noqa: N818  (named for what happened)
    """The job is no longer this worker's: another has it, or an operator took it away. Nothing of it may be kept."""


class Cancelled(Exception):  # noqa: N818  (named for what happened)
    """The person who asked for the job has cancelled it: nothing more is done."""
