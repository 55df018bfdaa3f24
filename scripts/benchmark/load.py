"""Load on one server for some seconds, and what it cost: time, processor and memory of server and database apart."""

import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import psutil  # type: ignore[import-untyped]  # its wheel has no types

from scripts.benchmark.client import HOST, Prepared, WrongAnswer, ask
from scripts.benchmark.screen import Stopped
from scripts.benchmark.servers import Server

SCRIPT = Path(__file__).parent / "load.lua"
SAMPLE = 4  # answers
IDLE = 0.02  # seconds of processor in a tenth of a second


@dataclass(frozen=True, slots=True)
class Load:
    """How much is asked at once, for how many seconds."""

    connections: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run showed. Times in milliseconds, processor time in milliseconds for one request, memory in MiB.

    Resident memory counts what several processes share in each of them, proportional memory in parts.
    """

    requests: int
    per_second: float
    p50: float
    p99: float
    server: float
    database: float
    resident: float
    proportional: float
    bytes: int
    errors: int


class NoAnswers(Stopped):
    """A server answered no request of a whole run."""


class MissingProgram(Stopped):
    """The load generator is not installed."""


def measure(server: Server, requests: Sequence[Prepared], *, load: Load, postgres: int) -> Measured:
    """Send the requests in turn over so many connections, and read the clocks of both servers before and after.

    `postgres` is the first process of PostgreSQL. The load generator counts what HTTP calls an error; since others hide
    in answers, of reads one is read in the middle of the load and some after it. Raises NoAnswers.
    """
    watch = Watch(server, requests)
    before = processor_time(server.pid), processor_time(postgres)
    timer = threading.Timer(load.seconds / 2, watch)
    timer.start()
    found = _wrk(server, requests, load)
    after = processor_time(server.pid), processor_time(postgres)
    timer.join()
    watch.read_answers()
    count = found["requests"]
    if not count:
        raise NoAnswers(f"{server.peer.title} answered nothing in {load.seconds} s: its log may say why.")
    return Measured(
        requests=count,
        per_second=count / found["seconds"],
        p50=found["p50"],
        p99=found["p99"],
        server=(after[0] - before[0]) * 1000 / count,
        database=(after[1] - before[1]) * 1000 / count,
        resident=watch.resident,
        proportional=watch.proportional,
        bytes=found["bytes"] // count,
        errors=found["errors"] + watch.errors,
    )


def warm_up(server: Server, requests: Sequence[Prepared], load: Load) -> float:
    """Load that does not count. Returns how many requests a second were answered."""
    found = _wrk(server, requests, load)
    return float(found["requests"] / found["seconds"])


class Watch:
    """Looks at the server in the middle of a run, at an answer and at its memory, and at some answers after it."""

    def __init__(self, server: Server, requests: Sequence[Prepared]) -> None:
        self.server = server
        self.reads = [request for request in requests if not request.writes]
        self.errors = 0
        self.resident = self.proportional = 0.0

    def __call__(self) -> None:
        memory = psutil.Process(self.server.pid).memory_full_info()
        self.resident, self.proportional = memory.rss / 2**20, memory.pss / 2**20
        for request in self.reads[:1]:
            self._read(request)

    def read_answers(self) -> None:
        """Read a few answers from all over the requests, of those that read."""
        for request in self.reads[:: max(1, len(self.reads) // SAMPLE)]:
            self._read(request)

    def _read(self, request: Prepared) -> None:
        try:
            ask(self.server.port, request)
        except (WrongAnswer, OSError):
            self.errors += 1


def settle(*pids: int) -> None:
    """Wait until the processes have done what clients that are gone had asked of them."""
    deadline = time.monotonic() + 30
    before, now = 0.0, sum(map(processor_time, pids))
    while now - before > IDLE and time.monotonic() < deadline:
        time.sleep(0.1)
        before, now = now, sum(map(processor_time, pids))


def processor_time(pid: int) -> float:
    """Seconds of processor that a process and its children have used."""
    process = psutil.Process(pid)
    own = process.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            total += times.user + times.system
    return float(total)


def generator() -> str:
    """The load generator, or MissingProgram."""
    program = shutil.which("wrk")
    if program is None:
        raise MissingProgram("The load comes from wrk, which is not installed (Debian, Ubuntu: apt-get install wrk).")
    return program


def _wrk(server: Server, requests: Sequence[Prepared], load: Load) -> dict[str, Any]:
    command = [generator(), "--threads", "1", "--connections", str(load.connections), "--duration", f"{load.seconds}s"]
    address = f"http://{HOST}:{server.port}/graphql"
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(b"%b\n%b\n" % (request.token.encode(), request.body) for request in requests))
        file.flush()
        done = subprocess.run(  # noqa: S603  (every word is our own)
            [*command, "--timeout", "30s", "--script", SCRIPT, address, "--", file.name],
            capture_output=True,
            check=True,
        )
    found: dict[str, Any] = orjson.loads(done.stdout.splitlines()[-1])
    return found
