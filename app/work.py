"""The process that runs jobs, alone or beside a server, and the processes of that kind that a server keeps running."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from app import garbage, logs
from app.mail import mailer
from app.outgoing import Web
from app.realtime import Realtime
from app.relay import Relay, Wakes
from app.settings import Settings
from app.upstream import GitHub
from db.address import Address
from db.background import Background, Ended
from db.engine import USES, Database
from db.queue.declared import kinds
from db.queue.worker import Worker

try:
    import uvloop

    LOOP: Callable[[], asyncio.AbstractEventLoop] | None = uvloop.new_event_loop
    """Makes the event loop of a worker, as fast as that of a server."""
except ImportError:  # where it is not for this system
    LOOP = None

GRACE = 10.0
"""Seconds that jobs have to end when their worker is told to stop. Others take up what has not ended."""
NICE = 5
"""By how much less urgent a worker beside a server is to the operating system than that: nobody waits for it."""
LEAVING = 3.0
"""Seconds that a process has to end after that."""


def run(settings: Settings, *, attached: bool) -> None:
    """Be a worker until a signal says to stop. One that is `attached` to a server ends with it, and is less urgent."""
    logs.configure(settings.log_level, json=settings.log_json)
    if attached:
        os.nice(NICE)
    kinds()
    garbage.settle()
    with asyncio.Runner(loop_factory=LOOP) as runner:
        runner.run(work(settings, attached=attached))


async def work(settings: Settings, *, attached: bool) -> None:
    """Run jobs until a signal, or where `attached` the end of the standard input, says to stop."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    if attached:  # whoever started this process is gone, too, when the pipe is
        loop.add_reader(sys.stdin.fileno(), told.set)
    async with Working(settings):
        await told.wait()


class Working:
    """An asynchronous context manager with a worker in it, which has time to end its jobs at the end."""

    def __init__(self, settings: Settings) -> None:
        self.realtime = Realtime(settings.redis_url, prefix=settings.redis_prefix)
        # Every job has a session, and those are a part of all connections.
        connections = USES * settings.jobs_at_once
        self.database = Database(
            settings.database_url, pool_size=connections, keyring=settings.keyring, store=settings.store
        )
        relay: type[Relay | Wakes] = Relay if settings.relay else Wakes
        self.relay = relay(self.database, self.realtime)
        owner = Address.parse(settings.owner_url)
        self.upstream = GitHub(settings.github_api)
        self.worker = Worker(
            self.database,
            owner,
            at_once=settings.jobs_at_once,
            mailer=mailer(settings),
            outgoing=Web(),
            upstream=self.upstream,
        )
        self._ended = asyncio.Event()
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for one in (self.realtime, self.database.watch(), self.relay, self.upstream, Background("worker", self._work)):
            await self._running.enter_async_context(one)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.worker.stop()
        try:
            async with asyncio.timeout(GRACE):
                await self._ended.wait()
        except TimeoutError:
            self.worker.give_up()
        await self._running.__aexit__(kind, error, where)
        await self.database.close()

    async def _work(self) -> None:
        """Work until told to stop, and then until the end: whatever ends before is begun again."""
        await self.worker.run()
        self._ended.set()
        await asyncio.get_running_loop().create_future()


class WorkerProcesses:
    """An asynchronous context manager that keeps so many processes with workers running beside this one."""

    def __init__(self, settings: Settings) -> None:
        self.environment = _environment(settings)
        timeout = GRACE + 2 * LEAVING
        names = [f"worker {number}" for number in range(1, settings.workers + 1)]
        self._running = [Background(name, self._run, timeout=timeout) for name in names]

    async def __aenter__(self) -> Self:
        for one in self._running:
            await one.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await asyncio.gather(*(one.__aexit__(*error) for one in self._running))

    async def _run(self) -> None:
        """Start a process and wait for its end. It is told to stop by the end of its standard input."""
        command = sys.executable, "-m", "app", "work", "--attached"
        process = await asyncio.create_subprocess_exec(*command, env=self.environment, stdin=asyncio.subprocess.PIPE)
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise
        raise Ended(f"A worker ended with status {status}.")


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin
    process.stdin.close()
    try:
        async with asyncio.timeout(GRACE + LEAVING):
            await process.wait()
    except TimeoutError:
        process.kill()


def _environment(settings: Settings) -> dict[str, str]:
    """The environment in which another process finds the servers of this one, and a database at the newest revision."""
    given = {
        "DATABASE_URL": settings.database_url,
        "DATABASE_READER_URL": settings.database_reader_url,
        "DIRECT_URL": settings.direct_url,
        "REDIS_URL": settings.redis_url,
        "TRELLIS_MIGRATE": "false",
        "TRELLIS_SECRETS": " ".join(settings.secrets),
        "TRELLIS_PUBLIC_URL": settings.public_url,
        "TRELLIS_MAILBOX": str(settings.mailbox.absolute()) if settings.mailbox else None,
        "TRELLIS_MEDIA": str(settings.media.absolute()) if settings.media else None,
    }
    others = {name: value for name, value in os.environ.items() if name not in given}
    return others | {name: value for name, value in given.items() if value is not None}
