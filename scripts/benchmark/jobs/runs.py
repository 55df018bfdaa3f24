"""The runs: a reader alone and beside a worker in turn, jobs as many as can be, and jobs of which few come."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import orjson

from scripts.benchmark.client import Prepared
from scripts.benchmark.dataset import ROOT, Database
from scripts.benchmark.load import processor_time
from scripts.benchmark.screen import Stopped, Watching
from scripts.benchmark.servers import PEERS, Name, Server, environment, serving
from scripts.benchmark.siege import p95, waits

DEADLINE = 60
"""Seconds until jobs that were made have to be done."""
FEW = 20
"""Jobs a second at which the machine is idle."""
WARM_UP = 1
"""Seconds of reads that do not count."""
STEPS = 4
"""Runs of a round."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many jobs a second are wanted beside the reader, how often it is measured, and for how many seconds."""

    rate: int
    rounds: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Jobs:
    """What became of some jobs: how many a second were done, and the ms from the commit of each to its beginning.

    Processor time of worker and database is in ms for one job. `wrong` are jobs that were not done once.
    """

    per_second: float
    p50: float
    p95: float
    worker: float
    database: float
    wrong: int


@dataclass(frozen=True, slots=True)
class Reads:
    """How long one reader waited for each of its point reads, in ms, and how many failed."""

    p50: float
    p95: float
    failed: int


@dataclass(frozen=True, slots=True)
class Round:
    """One round: the reader alone, then beside so many jobs a second; then as many jobs as can be; then few."""

    alone: Reads
    beside: Reads
    steady: Jobs
    most: Jobs
    few: Jobs


class NotDone(Stopped):
    """Jobs were not done in time; the message says where the log of the worker is."""


class Stage:
    """A server, a worker beside it, and the process that commits the events of jobs."""

    def __init__(self, database: Database, server: Server, worker: int, feed: "subprocess.Popen[str]") -> None:
        self.database = database
        self.server = server
        self.worker = worker
        self.feed = feed
        self.made = 0

    def begin(self, count: int, rate: int) -> tuple[int, int, tuple[float, float]]:
        """Have so many jobs made, so many a second; `end` says what became of them."""
        first, self.made = self.made, self.made + count
        clocks = self._clocks()
        assert self.feed.stdin
        self.feed.stdin.write(orjson.dumps({"first": first, "count": count, "rate": rate}).decode() + "\n")
        self.feed.stdin.flush()
        return first, count, clocks

    def end(self, first: int, count: int, clocks: tuple[float, float]) -> Jobs:
        """Wait until the jobs are done. Raises NotDone."""
        assert self.feed.stdout
        committed = orjson.loads(self.feed.stdout.readline())
        begun = self._begun(first, count)
        worker, database = (now - before for now, before in zip(self._clocks(), clocks, strict=True))
        waited = [(begun[first + number] - at) * 1000 for number, at in enumerate(committed)]
        return Jobs(
            per_second=count / (max(begun.values()) - committed[0]),
            p50=median(waited),
            p95=p95(waited),
            worker=worker * 1000 / count,
            database=database * 1000 / count,
            wrong=self.database.rows("SELECT count(*) FROM bench.effects WHERE number >= $1", first)[0][0] - count,
        )

    def _begun(self, first: int, count: int) -> dict[int, float]:
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            rows = self.database.rows("SELECT number, begun FROM bench.effects WHERE number >= $1", first)
            begun = {row["number"]: row["begun"] for row in rows}
            if len(begun) == count:
                return begun
            time.sleep(0.2)
        raise NotDone(f"Of {count} jobs {len(begun)} were done: see the log of the worker.")

    def _clocks(self) -> tuple[float, float]:
        return processor_time(self.worker), processor_time(self.database.pid)


@contextmanager
def staged(made: Database, folder: Path) -> Iterator[Stage]:
    """A server whose jobs a worker beside it does: that has the relay, as it knows of the jobs."""
    given = {**environment(made, 0), "TRELLIS_MIGRATE": "false"}
    settings = {"TRELLIS_WORKERS": "0", "TRELLIS_RELAY": "false"}
    with (
        serving(PEERS[Name.TRELLIS], made, folder=folder, label="-jobs", **settings) as server,
        _process("worker", given, folder) as worker,
        _process("feed", given, folder) as feed,
    ):
        stage = Stage(made, server, worker.pid, feed)
        stage.end(*stage.begin(FEW, 0))
        yield stage


def rounds(stage: Stage, requests: Sequence[Prepared], plan: Plan, watching: Watching) -> Iterator[Round]:
    """Round after round; what comes first warms up."""
    _read(stage, requests, WARM_UP)
    for number in range(plan.rounds):
        watching(f"round {number + 1}: the reader alone")
        alone = _read(stage, requests, plan.seconds)
        watching(f"round {number + 1}: {plan.rate} jobs a second")
        begun = stage.begin(plan.rate * plan.seconds, plan.rate)
        beside = _read(stage, requests, plan.seconds)
        steady = stage.end(*begun)
        watching(f"round {number + 1}: as many jobs as can be")
        most = stage.end(*stage.begin(plan.rate * plan.seconds, 0))
        watching(f"round {number + 1}: few jobs")
        few = stage.end(*stage.begin(FEW * plan.seconds, FEW))
        yield Round(alone, beside, steady, most, few)


def _read(stage: Stage, requests: Sequence[Prepared], seconds: float) -> Reads:
    times, failed = waits(stage.server, requests, seconds)
    return Reads(quantiles(times)[1], p95(times), failed)


@contextmanager
def _process(name: str, given: Mapping[str, str], folder: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", f"scripts.benchmark.jobs.{name}"]
    with (folder / "logs" / f"jobs-{name}.log").open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603  (every word is our own)
            command,
            cwd=ROOT,
            env={**os.environ, **given},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait()
