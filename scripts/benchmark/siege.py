"""How long a user waits for an answer while somebody else attacks, beside how long just before."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import quantiles

import psutil  # type: ignore[import-untyped]  # its wheel has no types

from scripts.benchmark.attacks import ATTACKER
from scripts.benchmark.client import HOST, JSON, TIMEOUT, Prepared
from scripts.benchmark.dataset import ROOT
from scripts.benchmark.report import Sheet
from scripts.benchmark.screen import Watching
from scripts.benchmark.servers import Server

LIMIT = 100  # milliseconds
PAUSE = 0.01  # seconds between two answers and the next question
WARM_UP = 0.5  # seconds in which the attacker starts


@dataclass(frozen=True, slots=True)
class Siege:
    """What the user saw. Times in milliseconds, memory of the server in MiB."""

    attack: str
    idle: float
    p50: float
    p95: float
    longest: float
    failed: int
    resident: float

    @property
    def cells(self) -> list[str]:
        """The row of a table."""
        numbers = [f"{number:.1f}" for number in (self.idle, self.p50, self.p95, self.longest)]
        is_held = self.p95 < LIMIT and not self.failed
        return [self.attack, *numbers, str(self.failed), f"{self.resident:.0f}", "yes" if is_held else "NO"]


def sieges(
    server: Server, requests: Sequence[Prepared], attacks: Sequence[str], seconds: float, watching: Watching
) -> list[Siege]:
    """Each attack in turn, for so many seconds."""
    found = []
    for attack in attacks:
        watching(attack)
        idle, _ = waits(server, requests, seconds / 2)
        command = [sys.executable, "-m", "scripts.benchmark.attacks", attack, str(server.port), str(seconds + WARM_UP)]
        as_user = os.environ | {ATTACKER: requests[0].token}
        attacker = subprocess.Popen(command, cwd=ROOT, env=as_user, stderr=subprocess.DEVNULL)  # noqa: S603
        time.sleep(WARM_UP)
        times, failed = waits(server, requests, seconds)
        resident = psutil.Process(server.pid).memory_info().rss / 2**20
        attacker.wait()
        found.append(Siege(attack, p95(idle), quantiles(times)[1], p95(times), max(times), failed, resident))
    return found


def waits(server: Server, requests: Sequence[Prepared], seconds: float) -> tuple[list[float], int]:
    """How long each answer took of those that were asked for one after the other, and how many were none."""
    times, failed = list[float](), 0
    connection = HTTPConnection(HOST, server.port, timeout=TIMEOUT)
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end or len(times) < 2:
        request = requests[number % len(requests)]
        headers = {"Content-Type": JSON, "Authorization": f"Bearer {request.token}"}
        started = time.perf_counter()
        connection.request("POST", "/graphql", request.body, headers)
        answer = connection.getresponse()
        failed += b'"errors"' in answer.read() or answer.status != 200
        times.append((time.perf_counter() - started) * 1000)
        number += 1
        time.sleep(PAUSE)
    connection.close()
    return times, failed


def p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


def table(found: list[Siege]) -> Sheet:
    """The table."""
    columns = ["attack", "p95 before, ms", "p50, ms", "p95, ms", "longest, ms", "failed", "memory, MiB", "p95 < 100 ms"]
    return Sheet("A light query of another user under attack", columns, [siege.cells for siege in found])
