"""What the runs say: medians over rounds, ratios within rounds, and means over operations."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import geometric_mean, median

from scripts.benchmark.load import Measured
from scripts.benchmark.operations import READS, Operation
from scripts.benchmark.servers import PEERS

OURS = "trellis"

Figure = Callable[[Measured], float]


def throughput(run: Measured) -> float:
    """Requests a second."""
    return run.per_second


def server_time(run: Measured) -> float:
    """Milliseconds of the server's processor for one request."""
    return run.server


def whole_time(run: Measured) -> float:
    """Milliseconds of processor for one request, server and database together."""
    return run.server + run.database


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement with what was measured."""

    round: int
    operation: Operation
    connections: int
    peer: str
    measured: Measured


class Results:
    """All runs of a comparison."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self.runs = list(runs)
        self.peers = [peer for peer in PEERS if any(run.peer == peer for run in self.runs)]
        self.operations = [operation for operation in Operation if any(run.operation is operation for run in self.runs)]
        self.connections = sorted({run.connections for run in self.runs})

    def median(self, figure: Figure, operation: Operation, *, connections: int, peer: str) -> float:
        """The median over all rounds."""
        return median(self._rounds(figure, operation, connections=connections, peer=peer).values())

    def ratio(self, figure: Figure, operation: Operation, *, connections: int, peer: str) -> float:
        """Trellis divided by a peer: the median of the ratios within each round."""
        ours = self._rounds(figure, operation, connections=connections, peer=OURS)
        theirs = self._rounds(figure, operation, connections=connections, peer=peer)
        return median(ours[number] / theirs[number] for number in ours)

    def beside(self, figure: Figure, operation: Operation, other: Operation, *, connections: int) -> float:
        """An operation of Trellis divided by another: the median of the ratios within each round."""
        ones = self._rounds(figure, operation, connections=connections, peer=OURS)
        others = self._rounds(figure, other, connections=connections, peer=OURS)
        return median(ones[number] / others[number] for number in ones)

    def mean_ratio(self, figure: Figure, peer: str, *, connections: int) -> float:
        """The geometric mean of the ratios of all reads."""
        return geometric_mean(
            [self.ratio(figure, operation, connections=connections, peer=peer) for operation in self.reads]
        )

    def has(self, operation: Operation, peer: str) -> bool:
        """Whether a peer was asked for an operation."""
        return any((run.operation, run.peer) == (operation, peer) for run in self.runs)

    @property
    def reads(self) -> list[Operation]:
        """The operations that change nothing."""
        return [operation for operation in READS if operation in self.operations]

    @property
    def errors(self) -> int:
        """Answers that were no answers."""
        return sum(run.measured.errors for run in self.runs)

    def _rounds(self, figure: Figure, operation: Operation, *, connections: int, peer: str) -> dict[int, float]:
        wanted = operation, connections, peer
        return {
            run.round: figure(run.measured) for run in self.runs if (run.operation, run.connections, run.peer) == wanted
        }
