"""What Trellis is to reach, held against what was measured."""

from collections.abc import Iterator
from dataclasses import dataclass

from scripts.benchmark.operations import Operation
from scripts.benchmark.results import OURS, Figure, Results, server_time, throughput, whole_time

LARGEST_PROCESS = 150  # MiB


@dataclass(frozen=True, slots=True)
class Target:
    """A figure, its limit, and the figure that is the worst of all numbers of connections."""

    what: str
    limit: float
    worst: float
    at_least: bool

    @property
    def reached(self) -> bool:
        return self.worst >= self.limit if self.at_least else self.worst <= self.limit

    @property
    def cells(self) -> list[str]:
        """The row of a table."""
        sign = "≥" if self.at_least else "≤"
        return [self.what, f"{sign} {self.limit:g}", f"{self.worst:.2f}", "yes" if self.reached else "NO"]


def targets(results: Results) -> list[Target]:
    """The targets that these results can speak of."""
    if OURS not in results.peers:
        return []
    return [*_against_postgraphile(results), *_against_sql(results), *_alone(results)]


def _against_postgraphile(results: Results) -> Iterator[Target]:
    peer = "postgraphile"
    if peer in results.peers and results.reads:
        speeds, slowest = _means(results, throughput, peer), min(_ratios(results, peer, results.reads))
        yield Target("throughput ÷ PostGraphile", 4, min(speeds), at_least=True)
        yield Target("throughput ÷ PostGraphile, slowest read", 2.5, slowest, at_least=True)
        costs = _means(results, whole_time, peer)
        yield Target("processor, server + database ÷ PostGraphile", 0.45, max(costs), at_least=False)
    if peer in results.peers and Operation.COMMENT in results.operations:
        slowest = min(_ratios(results, peer, [Operation.COMMENT]))
        yield Target("throughput ÷ PostGraphile, mutation", 1.5, slowest, at_least=True)


def _against_sql(results: Results) -> Iterator[Target]:
    peer = "sql"
    if peer in results.peers and results.reads:
        speeds, costs = (_means(results, figure, peer) for figure in (throughput, server_time))
        yield Target("throughput ÷ hand-written SQL", 0.8, min(speeds), at_least=True)
        yield Target("processor, server ÷ hand-written SQL", 1.5, max(costs), at_least=False)
    if peer in results.peers and Operation.COMMENT in results.operations:
        slowest = min(_ratios(results, peer, [Operation.COMMENT]))
        yield Target("throughput ÷ hand-written SQL, mutation", 0.65, slowest, at_least=True)


def _alone(results: Results) -> Iterator[Target]:
    comment, others = Operation.COMMENT, {Operation.RESOLVE: "resolveThread", Operation.EDIT: "editDocument"}
    for operation, name in others.items():
        if {comment, operation} <= {*results.operations}:
            costs = [results.beside(server_time, operation, comment, connections=many) for many in results.connections]
            yield Target(f"processor, server: {name} ÷ addComment", 1.5, max(costs), at_least=False)
    memory = max(run.measured.resident for run in results.runs if run.peer == OURS)
    yield Target("memory under load, MiB", LARGEST_PROCESS, memory, at_least=False)
    yield Target("errors", 0, results.errors, at_least=False)


def _means(results: Results, figure: Figure, peer: str) -> list[float]:
    return [results.mean_ratio(figure, peer, connections=connections) for connections in results.connections]


def _ratios(results: Results, peer: str, operations: list[Operation]) -> list[float]:
    return [
        results.ratio(throughput, operation, connections=connections, peer=peer)
        for operation in operations
        for connections in results.connections
    ]
