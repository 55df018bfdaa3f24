"""How a worker runs a job of the queue, so that its effect is there once, however often it is begun.

The library gives each job that waits to one worker, and gives it to another when the first sends no heartbeat. So a job
can be begun twice, and two workers can believe that it is theirs. It is ended by one statement, in the transaction of
its effect, that finds the job only while it is still this worker's: the other's effect is rolled back.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import structlog
from pgqueuer.core import logconfig
from pgqueuer.core.executors import AbstractEntrypointExecutor
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Context, Job
from pgqueuer.ports.driver import Driver

from db.access import GUEST
from db.address import Address
from db.engine import Database
from db.queue import reports
from db.queue.bulk import Bulk
from db.queue.declared import Arguments, JobKind
from db.queue.locks import Locks
from db.queue.names import LOG, QUEUE
from db.queue.steps import Cancelled, Lost, Steps
from db.write import Work

# Found by its id: the index over workers has all that this one has ever had, until PostgreSQL tidies up.
OURS = "id = {} AND queue_manager_id IS NOT DISTINCT FROM {} AND status = 'picked'"
HOLD = f"SELECT id FROM {QUEUE} WHERE {OURS.format('$1', '$2')} FOR SHARE"  # noqa: S608  (names of ours)
END = f"UPDATE {QUEUE} SET status = 'successful' WHERE {OURS.format('$1', '$2')} RETURNING id"  # noqa: S608  (names of ours)
# From here on another of the same job is queued, as this one may not see what changes now. Each time that a worker took
# it counts as a try, also one that ended with the worker, since an event, the clock or an operator has queued it. Its
# entries are found by the job alone: by their status PostgreSQL would read those of all jobs.
BEGIN = f"""
    UPDATE {QUEUE} AS job SET dedupe_key = NULL, heartbeat = now() WHERE {OURS.format("ANY($1::bigint[])", "$2")}
    RETURNING id, (
        SELECT count(*) FROM (
            SELECT id, status, max(id) FILTER (WHERE status = 'queued' AND traceback IS NULL) OVER () AS since
            FROM {LOG} WHERE job_id = job.id
        ) AS entry WHERE status = 'picked' AND id > since
    ) AS tries
"""  # noqa: S608  (names of ours)

log = structlog.get_logger()


class GaveUp(Exception):  # noqa: N818  (named for what happened)
    """A job has failed as often as it may. The message has no values: it is kept."""


# Our own entry has the error itself; the library would add a second one.
logconfig.logger.addFilter(lambda entry: not (entry.exc_info and isinstance(entry.exc_info[1], GaveUp)))


@dataclass(frozen=True, slots=True)
class Tools:
    """The parts of a worker that its jobs are run with."""

    database: Database
    locks: Locks
    begin: Bulk[int, int]
    """Notes that jobs begin, and finds how often each was begun; nothing for one that is another worker's."""
    turns: asyncio.Semaphore
    """Jobs that run at once: each has a connection."""
    left: set[int]
    """The jobs that this worker has begun and does not end: the library must not end them either."""
    running: set[asyncio.Task[None]]
    address: Address
    """The address of the owner of the tables."""


def begins(driver: Driver, worker: UUID) -> Bulk[int, int]:
    """Notes that jobs of a worker begin, many at a time."""

    async def begin(ids: list[int]) -> dict[int, int]:
        return {row["id"]: row["tries"] for row in await driver.fetch(BEGIN, ids, worker)}  # type: ignore[misc]

    return Bulk(begin)


class Running(AbstractEntrypointExecutor):
    """Runs the jobs of one kind."""

    def __init__(self, parameters: Any, kind: JobKind, tools: Tools) -> None:
        super().__init__(parameters)
        self.kind = kind
        self.tools = tools

    async def execute(self, job: Job, context: Context) -> None:
        """Run a job. Raises RetryRequested where it is to be tried again, and GaveUp where it is not."""
        # A task of its own: the library's scope cancels whatever is awaited in it, what tidies up too.
        begun = asyncio.create_task(self._run(job))
        self.tools.running.add(begun)
        try:
            with context.cancellation:
                await asyncio.wait([begun])
        finally:
            begun.cancel()
            await asyncio.wait([begun])
            self.tools.running.discard(begun)
            if begun.cancelled() and not context.cancellation.cancel_called:  # the worker stops
                self.tools.left.add(job.id)
        if not context.cancellation.cancel_called:
            await begun

    async def _run(self, job: Job) -> None:
        arguments = orjson.loads(job.payload or b"{}")
        try:
            async with self.tools.locks.on(self.kind.thing(arguments)), self.tools.turns:
                await Run(self.kind, arguments, job, self.tools).begin()
        except Cancelled:
            log.info("job cancelled", job=self.kind.name, arguments=arguments)
        except Lost:
            self.tools.left.add(job.id)


@dataclass(slots=True)
class Run:
    """One try of one job."""

    kind: JobKind
    arguments: Arguments
    job: Job
    tools: Tools
    tries: int = 0

    async def begin(self) -> None:
        """Run the job to its end, and say how it ended as `Running.execute` does."""
        try:
            self.tries = await self._renew()
            self._check_tries()
            await self._told(reports.begin)
            await (self._in_steps() if self.kind.is_long else self._at_once())
        except (Lost, Cancelled):
            raise
        except Exception as error:  # noqa: BLE001  (whatever it is, it is tried again)
            await self._failed(error)

    def _check_tries(self) -> None:
        """Raise GaveUp for a job that was tried often enough, and ended its workers: else it would for ever."""
        if self.tries > self.kind.tries:
            raise GaveUp(f"A worker ended while it ran, for the {self.kind.tries}th time.")

    async def _renew(self) -> int:
        """How often the job was tried, with this time. Raises Lost."""
        tries = await self.tools.begin(self.job.id)
        if tries is None:
            raise Lost
        return tries

    async def _at_once(self) -> None:
        async with self._work() as work:
            await self.kind.function(work, **self.arguments)
            await self._end(work)

    async def _in_steps(self) -> None:
        steps = Steps(self._work, self._hold, self._report, self.tools.address.owned)
        result = await self.kind.function(steps, **self.arguments)
        async with self._work() as work:
            await self._end(work, result)

    @asynccontextmanager
    async def _work(self) -> AsyncIterator[Work]:
        async with self.tools.database.work(GUEST) as work:
            yield work

    async def _hold(self, work: Work) -> None:
        await self._find_ours(work, HOLD)

    async def _report(self, work: Work, done: int, total: int | None, message: str | None) -> None:
        await reports.progress(work, self.arguments, done=done, total=total, message=message)

    async def _end(self, work: Work, result: Any = None) -> None:
        """End the job in the transaction of its effect. Raises Lost, and nothing of it is kept."""
        await self._find_ours(work, END)
        await reports.done(work, self.arguments, result)

    async def _find_ours(self, work: Work, statement: str) -> None:
        """Run a statement as it stands, which costs half of one that is compiled. Raises Lost if it finds no job."""
        connection = await (await work.session()).connection()
        found = await connection.exec_driver_sql(statement, (self.job.id, self.job.queue_manager_id))
        if found.first() is None:
            raise Lost

    async def _failed(self, error: Exception) -> None:
        """Raise what tells the library how to go on after an error."""
        job = {"job": self.kind.name, "arguments": self.arguments, "tries": self.tries}
        await self._renew()
        if self.tries < self.kind.tries and not isinstance(error, GaveUp):
            log.warning("job failed, to be tried again", **job, exc_info=error)
            await self._told(reports.again)
            raise RetryRequested(self.kind.pause(self.tries), type(error).__name__) from None
        log.error("job failed for good", **job, exc_info=error)
        await self._told(reports.failed)
        raise (error if isinstance(error, GaveUp) else GaveUp(type(error).__name__)) from None

    async def _told(self, report: Callable[[Work, Arguments], Awaitable[None]]) -> None:
        """Tell the person who asked for the job, if anybody did."""
        if "job" in self.arguments:
            async with self._work() as work:
                await self._hold(work)
                await report(work, self.arguments)
