"""An installation whose parts tests can break: PostgreSQL, Valkey, and processes that serve, each with its own way to
Valkey.
"""

import asyncio
import multiprocessing
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from app import logs
from app.main import Server
from app.settings import Settings
from db.engine import Database
from db.wheels import Postgres, Valkey
from db.wheels import Server as Embedded
from tests.app.serving import Served
from tests.app.wire import Wire
from tests.conftest import built
from tests.deadline import DEADLINE
from tests.world import World

POINTS = 1_000_000
"""Points that no crowd uses up. One of them is restored each second, so that a test sees what is spent."""
SETTINGS = {"rate_limit": POINTS, "rate_limit_restored": 1, "organization_rate_limit": 2 * POINTS, "drain_jitter": 0}

forked = multiprocessing.get_context("forkserver")
forked.set_forkserver_preload(["tests.app.killed", "tests.faults.installation"])


def serve(settings: dict[str, Any], log: str, pipe: Connection) -> None:
    """Be a process that serves, and say on which port; for whoever forks us, as importing all takes three seconds."""
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    logs.configure("WARNING", json=False)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        pipe.send(listening.getsockname()[1])
        Server(Settings(**settings)).run(sockets=[listening])


@dataclass(eq=False)
class Serving:
    """A process that serves."""

    process: ForkServerProcess
    address: str
    wire: Wire
    """Its way to Valkey."""

    def kill(self) -> None:
        """Kill it as it stands."""
        self.process.kill()
        self.process.join()

    @property
    def served(self) -> Served:
        """The way to it for clients."""
        return Served(None, self.address)  # type: ignore[arg-type]  # the server is another process


@dataclass(eq=False)
class Installation:
    """Servers on the data of a folder, with the small world in the database."""

    folder: Path
    postgres: Postgres
    valkey: Valkey
    world: World
    database: Database
    """A way past all processes."""
    processes: list[Serving] = field(default_factory=list)
    """Those that live."""
    _turns: Iterator[int] = field(default_factory=count)

    async def start(self) -> Serving:
        """Start one more process."""
        wire = await Wire(self.valkey.url).__aenter__()
        settings = {"database_url": self.postgres.url, "redis_url": wire.url, **SETTINGS}
        here, there = forked.Pipe(duplex=False)
        process = forked.Process(target=serve, args=(settings, str(self.log), there), daemon=True)
        process.start()
        assert await asyncio.to_thread(here.poll, DEADLINE)
        started = Serving(process, f"127.0.0.1:{here.recv()}", wire)
        self.processes.append(started)
        return started

    @property
    def next(self) -> Serving:
        """The next process that a client turns to: they take turns."""
        return self.processes[next(self._turns) % len(self.processes)]

    async def kill(self, one: Serving) -> None:
        """Kill a process as it stands."""
        self.processes.remove(one)
        await asyncio.to_thread(one.kill)
        await one.wire.close()

    async def restart(
        self, server: Embedded, stop: signal.Signals, meanwhile: Callable[[], object] = lambda: None
    ) -> None:
        """Stop PostgreSQL or Valkey by a signal, and start it once it is down and this is done."""
        assert server.process
        server.process.send_signal(stop)
        await asyncio.to_thread(server.process.wait)
        await asyncio.to_thread(meanwhile)
        await asyncio.to_thread(server.start)

    def fork_files(self) -> None:
        """Copy the files of PostgreSQL, which does not run: from here on there are two histories."""
        subprocess.run(["cp", "-a", self.postgres.folder, self.folder / "other"], check=True)  # noqa: S603, S607

    def swap_files(self) -> None:
        """Have PostgreSQL, which does not run, start in the other history, as where a standby takes over."""
        for name, new in (("postgres", "this"), ("other", "postgres"), ("this", "other")):
            (self.folder / name).rename(self.folder / new)

    @property
    def log(self) -> Path:
        """What the processes have to say."""
        return self.folder / "log"


@asynccontextmanager
async def installed(folder: Path) -> AsyncIterator[Installation]:
    """An installation with two processes."""
    # What is committed survives that PostgreSQL is killed.
    postgres = Postgres(folder / "postgres", folder / "postgres", durable=True)
    valkey = Valkey(folder / "valkey", folder / "valkey")
    try:
        postgres.start()
        valkey.start()
        world = await asyncio.to_thread(built, postgres.url)
        found = Installation(folder, postgres, valkey, world, Database(postgres.url))
        try:
            await asyncio.gather(found.start(), found.start())
            yield found
        finally:
            for one in [*found.processes]:
                await found.kill(one)
            await found.database.close()
    finally:
        valkey.stop()
        postgres.stop()
