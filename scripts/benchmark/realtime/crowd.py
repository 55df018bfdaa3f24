"""A crowd: thousands of people with a subscription each of one document, who are silent, and then hear of a comment."""

import time
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]  # its wheel has no types

from scripts.benchmark.load import settle
from scripts.benchmark.realtime.load import Heard, listening
from scripts.benchmark.realtime.peers import LISTENING, TRELLIS
from scripts.benchmark.realtime.stage import Stage
from scripts.benchmark.servers import Server, serving

FEW = 10
COMMENTS = 3
RATE = 0.2
"""Comments a second: the crowd has heard of one long before there is the next."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many sockets, the memory in MiB by which they let a process grow, and how they heard of comments."""

    sockets: int
    memory: float
    opening: float
    heard: Heard


def crowd(stage: Stage, sockets: int) -> Crowd:
    """Let a fresh process of Trellis serve so many sockets; some others before them have warmed it up."""
    with serving(TRELLIS, stage.database, folder=stage.folder, label="-crowd", **LISTENING) as server:
        with listening(stage, [server], sockets=FEW, topics=1) as load:
            load.measure(FEW, FEW)
        before, started = _memory(server), time.monotonic()
        with listening(stage, [server], sockets=sockets, topics=1) as load:
            opening = time.monotonic() - started
            settle(server.pid)
            memory = _memory(server) - before
            return Crowd(sockets, memory, opening, load.measure(COMMENTS, RATE))


def _memory(server: Server) -> float:
    return float(psutil.Process(server.pid).memory_info().rss / 2**20)
