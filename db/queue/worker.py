"""The worker: takes jobs from the queue and runs them, and makes those that repeat themselves.

It has one connection of its own past any pooler, for what a pooler cannot do: to hear of new jobs, and to hold locks
for longer than a transaction.
"""

import asyncio
import time
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from asyncpg import Connection, InterfaceError, PostgresError
from pgqueuer import PgQueuer
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.models import Job, Schedule

from db.address import Address
from db.engine import Database
from db.mail import Mailer, NoMailer
from db.outgoing import NO_OUTGOING, Outgoing
from db.queue.add import add
from db.queue.batches import Batches
from db.queue.declared import JobKind, kinds
from db.queue.locks import Locks
from db.queue.names import NAMES, QUEUE, statements
from db.queue.running import Running, Tools, run_at_once
from db.upstream import NO_UPSTREAM, Upstream

HEARTBEAT = 30.0
"""Seconds without a sign of life from a worker, after which its jobs are given to others."""
AHEAD = 8
"""Short jobs that are taken at once for each that runs: to take some costs PostgreSQL as much as to take one."""
PAUSE = 0.02
"""Seconds between two takes, in which jobs gather."""
POLL = 2.0
"""Seconds between two looks at the queue where nobody says that there is something new."""

RELEASE = f"""
    UPDATE {QUEUE} SET status = 'queued', queue_manager_id = NULL WHERE queue_manager_id = $1 AND status = 'picked'
"""  # noqa: S608  (names of ours)
SETTINGS = {
    "application_name": "trellis worker",
    "timezone": "UTC",
    "jit": "off",
    # Plans are made once, while the queue is empty, and are kept when it is full: each row has an index to be found by,
    # and a scan of that alone notes which rows are gone, so that the next one does not read them again.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    # To take a job and to tidy up behind it need not be on disk: the effect is, and all that was written before it too.
    # What PostgreSQL loses of them when it crashes is done again.
    "synchronous_commit": "off",
}


class Worker:
    """Runs jobs, `at_once` of them at a time, with the sessions of a database that has as many for them.

    Without a `mailer` those that send mails fail, without a way for `outgoing` requests those that send such, without
    `upstream` those that ask GitHub.
    """

    def __init__(
        self,
        database: Database,
        address: Address,
        *,
        at_once: int = 8,
        heartbeat: float = HEARTBEAT,
        poll: float = POLL,
        mailer: Mailer | None = None,
        outgoing: Outgoing | None = None,
        upstream: Upstream | None = None,
    ) -> None:
        self.database = database
        self.address = address
        self.at_once = at_once
        self.heartbeat = heartbeat
        self.poll = poll
        self.mailer = mailer or NoMailer()
        self.outgoing = outgoing or NO_OUTGOING
        self.upstream = upstream or NO_UPSTREAM
        self.shutdown = asyncio.Event()
        self.running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until `stop`. Raises what is wrong with the connection; all of it may be run again then."""
        connection = await self.address.connect(SETTINGS)
        try:
            await self._run(connection)
        finally:
            connection.terminate()

    def stop(self) -> None:
        """Take no more jobs. Those that run come to their end."""
        self.shutdown.set()

    def give_up(self) -> None:
        """Stop, and end what runs: other workers take it up at once."""
        self.stop()
        for task in self.running:
            task.cancel()

    async def _run(self, connection: Connection) -> None:
        repository = Repository(AsyncpgDriver(connection), worker=self, **statements())
        library = PgQueuer(repository.driver, channel=NAMES.channel, queries=repository)
        library.shutdown = library.qm.shutdown = library.sm.shutdown = self.shutdown
        turns = asyncio.Semaphore(self.at_once)
        tools = Tools(
            database=self.database,
            driver=repository.driver,
            locks=Locks(repository.driver),
            batches=Batches(run_at_once, turns),
            turns=turns,
            left=repository.left,
            running=self.running,
            address=self.address,
            mailer=self.mailer,
            outgoing=self.outgoing,
            upstream=self.upstream,
        )
        for kind in kinds().values():
            self._register(library, repository, kind, tools)
        try:
            await library.run(
                dequeue_timeout=timedelta(seconds=self.poll),
                batch_size=AHEAD * self.at_once,
                shutdown_on_listener_failure=True,
                heartbeat_timeout=timedelta(seconds=self.heartbeat),
                log_aggregation_interval=timedelta(0),
            )
        finally:
            with suppress(PostgresError, InterfaceError, OSError):
                await connection.execute(RELEASE, library.qm.queue_manager_id)

    def _register(self, library: PgQueuer, repository: Queries, kind: JobKind, tools: Tools) -> None:
        made = partial(Running, kind=kind, tools=tools)
        library.entrypoint(
            kind.name, concurrency_limit=kind.at_once, accepts_context=False, on_failure="hold", executor_factory=made
        )(kind.function)
        if kind.cron:

            async def due(_schedule: Schedule, kind: JobKind = kind) -> None:
                await add(repository, [(kind, {})])

            library.schedule(kind.name, kind.cron, accepts_context=False)(due)


class Repository(Queries):
    """The library's statements, as a worker uses them: it takes jobs when it has room, and ends those it may end."""

    def __init__(self, *arguments: Any, worker: Worker, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.worker = worker
        self.left: set[int] = set()
        self._taken = -PAUSE
        self._took_all = False

    async def dequeue(
        self,
        batch_size: int,
        entrypoints: dict[Any, Any],
        queue_manager_id: Any,
        global_concurrency_limit: int | None,
        heartbeat_timeout: timedelta,
    ) -> list[Job]:
        """Take short jobs ahead; of long ones no more than run, as others may do them sooner.

        The library asks until it gets none. It need not ask where the last time was all that there was.
        """
        if self._took_all:
            self._took_all = False
            return []
        if not await self._has_room(batch_size):
            return []
        jobs = list[Job]()
        short, long = ({n: one for n, one in entrypoints.items() if kinds()[n].is_long is it} for it in (False, True))
        long_at_once = max(1, self.worker.at_once // 2)
        for size, some, limit in ((batch_size, short, None), (long_at_once, long, long_at_once)):
            if some and not self.worker.shutdown.is_set():
                jobs += await super().dequeue(size, some, queue_manager_id, limit, heartbeat_timeout)
        self._took_all = 0 < len(jobs) < batch_size
        return jobs

    async def log_jobs(self, job_status: list[Any]) -> None:
        """Take jobs out of the queue, or keep those that failed for good."""
        ours = [ended for ended in job_status if ended[0].id not in self.left]
        self.left -= {ended[0].id for ended in job_status}
        if ours:
            await super().log_jobs(ours)

    async def _has_room(self, size: int) -> bool:
        """Wait for room for so many jobs, not for ever, and until some have gathered since the last time."""
        await asyncio.sleep(self._taken + PAUSE - time.monotonic())
        try:
            async with asyncio.timeout(self.worker.poll):
                while len(self.worker.running) > size:  # noqa: ASYNC110  (more jobs gather meanwhile)
                    await asyncio.sleep(PAUSE)
        except TimeoutError:
            return False
        self._taken = time.monotonic()
        return True
