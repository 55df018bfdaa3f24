"""What Trellis is to reach in real time, held against what was measured."""

from collections.abc import Iterator

from scripts.benchmark.realtime.crowd import Crowd
from scripts.benchmark.realtime.peers import Name
from scripts.benchmark.realtime.results import Results, server_time
from scripts.benchmark.targets import Target

IDLE = 10
"""Comments a second at which the machine is idle."""
LOADED = 200
RATIOS = {
    Name.READING: ("processor ÷ graphql-ws, pg", 0.6),
    Name.BUN: ("processor ÷ Bun's publish", 4),
}


def targets(results: Results, crowds: list[Crowd]) -> list[Target]:
    """The targets that these results can speak of."""
    return [*_ratios(results), *_pair(results), *_delivery(results), *_waits(results), *_crowded(crowds)]


def _ratios(results: Results) -> Iterator[Target]:
    for other, (what, limit) in RATIOS.items():
        ratios = [results.ratio(server_time, Name.TRELLIS, other, rate) for rate in results.rates if rate >= LOADED]
        if found := [ratio for ratio in ratios if ratio is not None]:
            yield Target(what, limit, max(found), at_least=False)


def _pair(results: Results) -> Iterator[Target]:
    ratios = [results.ratio(server_time, Name.PAIR, Name.TRELLIS, rate) for rate in results.rates if rate >= LOADED]
    if found := [ratio for ratio in ratios if ratio is not None]:
        yield Target("processor, two processes ÷ one", 1.15, max(found), at_least=False)


def _delivery(results: Results) -> Iterator[Target]:
    ours = [run.heard for run in results.runs if run.name in (Name.TRELLIS, Name.PAIR) and run.rate <= LOADED]
    if ours:
        yield Target(f"lost, to {LOADED} a second", 0, sum(heard.lost for heard in ours), at_least=False)
        yield Target("doubled", 0, sum(heard.doubled for heard in ours), at_least=False)
        yield Target("sockets closed", 0, sum(heard.closed for heard in ours), at_least=False)


def _waits(results: Results) -> Iterator[Target]:
    if results.rounds(Name.TRELLIS, LOADED):
        p99 = results.median(lambda heard: heard.p99, Name.TRELLIS, LOADED)
        yield Target(f"p99 at {LOADED} a second, ms", 50, p99, at_least=False)
    if results.rounds(Name.TRELLIS, IDLE):
        p50 = results.median(lambda heard: heard.p50, Name.TRELLIS, IDLE)
        yield Target(f"p50 at {IDLE} a second, ms", 10, p50, at_least=False)


def _crowded(crowds: list[Crowd]) -> Iterator[Target]:
    for one in crowds:
        yield Target(f"memory of {one.sockets:,} idle sockets, MiB", 200, one.memory, at_least=False)
        yield Target(f"longest of {one.sockets:,} on one document, ms", 1_000, one.heard.longest, at_least=False)
        yield Target(f"lost of {one.sockets:,}", 0, one.heard.lost + one.heard.closed, at_least=False)
