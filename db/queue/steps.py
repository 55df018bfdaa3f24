"""A long job while it runs: its transactions, which are kept only while the job is still this worker's."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import TypedReturnsRows

from db.mail import Mail, Mailer, Undeliverable, veiled
from db.outgoing import NO_OUTGOING, Outgoing
from db.store import Store
from db.upstream import NO_UPSTREAM, Upstream
from db.write import Work

Value = TypeVar("Value")
Report = Callable[[Work, int, int | None, str | None], Awaitable[None]]
"""Says how much is done, of how much, and a message for people."""

log = structlog.get_logger()


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
    mailer: Mailer
    store: Store
    """Where files are."""
    outgoing: Outgoing = NO_OUTGOING
    """The way to servers that people name."""
    upstream: Upstream = NO_UPSTREAM
    """The way to GitHub."""

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

    async def send(self, mail: Mail) -> None:
        """Send a mail, between two steps. One that reaches nobody is given up. Raises NotSent and CannotRun, and then
        the job is tried again.
        """
        try:
            await self.mailer.send(mail)
        except Undeliverable as error:
            log.warning("mail given up", to=veiled(mail.to), reason=str(error))

    def link(self, **parameters: str) -> str:
        """The address of the page that a mail leads to, such as `link(verify=token)`."""
        return f"{self.mailer.public_url}/signin?{urlencode(parameters)}"


class Lost(Exception):  # noqa: N818  (named for what happened)
    """The job is no longer this worker's: another has it, or an operator took it away. Nothing of it may be kept."""


class Cancelled(Exception):  # noqa: N818  (named for what happened)
    """The person who asked for the job has cancelled it: nothing more is done."""
