"""How a worker runs a job of the queue, so that its effect is there once, however often it is begun.

The library gives each job that waits to one worker, and gives it to another when the first sends no heartbeat. So a job
can be begun twice, and two workers can believe that it is theirs. It is deleted by one statement, in the transaction of
its effect, that finds the job only while it is still this worker's: the other's effect is rolled back.

Short jobs that wait at one moment share a transaction: see `batches.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

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
from db.mail import Mailer
from db.outgoing import Outgoing
from db.queue import reports
from db.queue.batches import Batches
from db.queue.declared import Arguments, JobKind
from db.queue.locks import Locks
from db.queue.names import QUEUE
from db.queue.steps import Cancelled, Lost, Steps
from db.upstream import Upstream
from db.write import Work

# Found by their ids: the index over workers has all that this one has ever had, until PostgreSQL tidies up.
OURS = "id = ANY($1::bigint[]) AND queue_manager_id IS NOT DISTINCT FROM $2 AND status = 'picked'"
# From here on another of the same job is queued, as this one may not see what changes now.
BEGIN = f"UPDATE {QUEUE} SET dedupe_key = NULL WHERE {OURS} RETURNING id"  # noqa: S608  (names of ours)
HOLD = f"SELECT id FROM {QUEUE} WHERE {OURS} FOR SHARE"  # noqa: S608  (names of ours)
END = f"DELETE FROM {QUEUE} WHERE {OURS} RETURNING id"  # noqa: S608  (names of ours)

log = structlog.get_logger()


class GaveUp(Exception):  # noqa: N818  (named for what happened)
    """A job has failed as often as it may. The message has no values: it is kept."""


# Our own entry has the error itself; the library would add a second one.
logconfig.logger.addFilter(lambda entry: not (entry.exc_info and isinstance(entry.exc_info[1], GaveUp)))


@dataclass(frozen=True, slots=True)
class Tools:
    """The parts of a worker that its jobs are run with."""

    database: Database
    driver: Driver
    """The worker's own connection."""
    locks: Locks
    batches: Batches["Run"]
    turns: asyncio.Semaphore
    """Long jobs and batches of short ones that run at once: each has a connection."""
    left: set[int]
    """The jobs that have ended with their effect, or that are left to another worker: the library must not end them."""
    running: set[asyncio.Task[None]]
    address: Address
    """The address of the owner of the tables."""
    mailer: Mailer
    outgoing: Outgoing
    upstream: Upstream


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
            async with self.tools.locks.on(self.kind.thing(arguments)):
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
    tools: Tools = field(repr=False)  # the log shows what failed, and not all of the worker

    async def begin(self) -> None:
        """Run the job to its end, and say how it ended as `Running.execute` does."""
        try:
            self._check_tries()
            await (self._in_steps() if self.kind.is_long else self._at_once())
        except (Lost, Cancelled):
            raise
        except Exception as error:  # noqa: BLE001  (whatever it is, it is tried again)
            async with self.tools.turns:
                await self._failed(error)
        self.tools.left.add(self.job.id)

    def _check_tries(self) -> None:
        """Raise GaveUp for a job that was tried often enough, and ended its workers: else it would for ever."""
        if self.job.attempts > self.kind.tries:
            raise GaveUp(f"A worker ended while it ran, for the {self.kind.tries}th time.")

    async def _at_once(self) -> None:
        """Run the job with others, or alone where it has failed before: it could fail again, and they with it."""
        await (self.tools.batches(self) if self.job.attempts == 1 else self.tools.batches.alone(self))

    async def _in_steps(self) -> None:
        async with self.tools.turns:
            await _begin([self])
            await self._told(reports.begin)
            tools = self.tools
            ways = tools.mailer, tools.database.store, tools.outgoing, tools.upstream
            steps = Steps(self._work, self._hold, self._report, tools.address.owned, *ways)
            result = await self.kind.function(steps, **self.arguments)
            async with self._work() as work:
                await _find(work, END, [self])
                await reports.done(work, self.arguments, result)

    @asynccontextmanager
    async def _work(self) -> AsyncIterator[Work]:
        async with self.tools.database.work(GUEST) as work:
            yield work

    async def _hold(self, work: Work) -> None:
        """Keep others from taking the job. Raises Lost where one has, and nothing of the work is kept."""
        await _find(work, HOLD, [self])

    async def _report(self, work: Work, done: int, total: int | None, message: str | None) -> None:
        await reports.progress(work, self.arguments, done=done, total=total, message=message)

    async def _failed(self, error: Exception) -> None:
        """Raise what tells the library how to go on after an error."""
        job = {"job": self.kind.name, "arguments": self.arguments, "tries": self.job.attempts}
        is_over = self.job.attempts >= self.kind.tries or isinstance(error, GaveUp)
        await self._told(reports.failed if is_over else reports.again)
        if not is_over:
            log.warning("job failed, to be tried again", **job, exc_info=error)
            raise RetryRequested(self.kind.pause(self.job.attempts), type(error).__name__) from None
        log.error("job failed for good", **job, exc_info=error)
        raise (error if isinstance(error, GaveUp) else GaveUp(type(error).__name__)) from None

    async def _told(self, report: Callable[[Work, Arguments], Awaitable[None]]) -> None:
        """Tell the person who asked for the job, if anybody did. Raises Lost."""
        async with self._work() as work:
            await self._hold(work)
            await report(work, self.arguments)


async def run_at_once(runs: Sequence[Run]) -> None:
    """Run short jobs in one transaction, and end them in it: all of it is kept, or nothing. Raises Lost."""
    await _begin(runs)
    async with runs[0].tools.database.transaction() as transaction:
        for run in runs:
            async with transaction.work(GUEST) as work:
                await run.kind.function(work, **run.arguments)
        async with transaction.work(GUEST) as work:
            await _find(work, END, runs)
            for run in runs:
                await reports.done(work, run.arguments, None)


async def _begin(runs: Sequence[Run]) -> None:
    """Note that jobs begin. Raises Lost."""
    _check(await runs[0].tools.driver.fetch(BEGIN, *_names(runs)), runs)


async def _find(work: Work, statement: str, runs: Sequence[Run]) -> None:
    """Run a statement as it stands, which costs half of one that is compiled. Raises Lost, and nothing is kept."""
    connection = await (await work.session()).connection()
    _check((await connection.exec_driver_sql(statement, _names(runs))).all(), runs)


def _names(runs: Sequence[Run]) -> tuple[list[int], Any]:
    """The parameters of a statement about jobs of this worker."""
    return [run.job.id for run in runs], runs[0].job.queue_manager_id


def _check(found: Sequence[Any], runs: Sequence[Run]) -> None:
    """Raise Lost where a statement has not found all jobs: one of them is no longer this worker's."""
    if len(found) < len(runs):
        raise Lost
