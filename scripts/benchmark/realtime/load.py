"""The load: a process of its own, in which sockets hear of comments that it has added at a steady rate."""

import math
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from scripts.benchmark.client import HOST, WrongAnswer
from scripts.benchmark.load import processor_time, settle
from scripts.benchmark.realtime.peers import PACKAGE, bun
from scripts.benchmark.realtime.stage import Stage
from scripts.benchmark.screen import Stopped
from scripts.benchmark.servers import Server

QUERY = (PACKAGE / "subscription.graphql").read_text()
WAIT = 10
"""Seconds after the last comment in which messages may still come; then they count as lost."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one run showed. Processor time is in microseconds: of the servers and of the load for one message that was
    delivered, of the process that adds the comments for one comment. Times from a comment to its receipt are in ms.

    `refused` are comments that could not be added. `lag` is by how many ms the load itself was late.
    """

    server: float
    client: float
    writer: float
    expected: int
    delivered: int
    doubled: int
    wrong: int
    closed: int
    refused: int
    per_second: float
    p50: float
    p99: float
    longest: float
    lag: float

    @property
    def lost(self) -> int:
        return max(self.expected - self.delivered, 0)


class LoadFailed(Stopped):
    """The load has ended before its time; the message says where its log is."""


class Load:
    """Open sockets on some servers."""

    def __init__(self, process: "subprocess.Popen[bytes]", stage: Stage, servers: Sequence[Server], log: Path) -> None:
        self.process = process
        self.stage = stage
        self.servers = servers
        self.log = log
        self.answer()

    def ask(self, **run: Any) -> dict[str, Any]:
        """Do a run, and return what was heard in it. Raises WrongAnswer for what no socket should have heard."""
        assert self.process.stdin
        self.process.stdin.write(orjson.dumps({"kept": 0, "wait": WAIT, **run}) + b"\n")
        self.process.stdin.flush()
        found = self.answer()
        if found["wrong"]:
            raise WrongAnswer(f"{self.servers[0].peer.title}: {found['wrong']} wrong, such as {found['complaint']}")
        return found

    def answer(self) -> dict[str, Any]:
        """The next line that the load says; raises LoadFailed if it says no more."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise LoadFailed(f"The load on {self.servers[0].peer.title} failed: see {self.log}.")
        answer: dict[str, Any] = orjson.loads(line)
        return answer

    def measure(self, count: int, rate: float) -> Heard:
        """Have so many comments added, so many a second."""
        before = self._clocks()
        found = self.ask(count=count, rate=rate)
        server, client, writer = (after - start for after, start in zip(self._clocks(), before, strict=True))
        settle(*(one.pid for one in self.servers))
        delivered = found["delivered"]
        names = "expected", "delivered", "doubled", "wrong", "closed", "refused", "lag"
        return Heard(
            **{name: found[name] for name in names},
            **{name: found.get(name, math.inf) for name in ("p50", "p99", "longest")},
            server=server * 1e6 / max(delivered, 1),
            client=client * 1e6 / max(delivered, 1),
            writer=writer * 1e6 / count,
            per_second=delivered / found["seconds"],
        )

    def _clocks(self) -> tuple[float, float, float]:
        servers = sum(processor_time(server.pid) for server in self.servers)
        return servers, processor_time(self.process.pid), processor_time(self.stage.writer.pid)


@contextmanager
def listening(
    stage: Stage, servers: Sequence[Server], *, sockets: int, topics: int, is_told: bool = False
) -> Iterator[Load]:
    """Open so many sockets over so many topics. Once entered, each of them has heard a first comment."""
    opened = {
        "addresses": [f"ws://{HOST}:{server.port}/graphql" for server in servers],
        "topics": stage.topics[:topics],
        "tokens": stage.tokens,
        "sockets": sockets,
        "writer": f"http://{HOST}:{stage.writer.port}/graphql",
        "redis": stage.database.redis_url.replace("unix://", "redis+unix://"),
        "isPublished": is_told,
        "query": QUERY,
    }
    log = stage.folder / "logs" / "load.log"
    with tempfile.NamedTemporaryFile() as file, log.open("wb") as errors:
        file.write(orjson.dumps(opened))
        file.flush()
        command = [bun(), str(PACKAGE / "load.mjs"), file.name]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)  # noqa: S603
        try:
            yield Load(process, stage, servers, log)
        finally:
            process.terminate()
            process.wait()
            settle(*(server.pid for server in servers))
