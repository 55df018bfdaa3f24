"""What the runs say: medians over rounds, and ratios within rounds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from scripts.benchmark.realtime.load import Heard
from scripts.benchmark.realtime.peers import RIVALS, Name

Figure = Callable[[Heard], float]


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement at a rate of comments a second."""

    round: int
    name: Name
    rate: int
    heard: Heard


class Results:
    """All runs of a comparison."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self.runs = list(runs)
        self.rates = sorted({run.rate for run in self.runs})

    def names(self, rate: int) -> list[Name]:
        """The servers that were measured at this rate."""
        return [name for name in RIVALS if self.rounds(name, rate)]

    def rounds(self, name: Name, rate: int) -> dict[int, Heard]:
        """What was heard in each round."""
        return {run.round: run.heard for run in self.runs if (run.name, run.rate) == (name, rate)}

    def median(self, figure: Figure, name: Name, rate: int) -> float:
        """The median over all rounds."""
        return median(map(figure, self.rounds(name, rate).values()))

    def total(self, figure: Figure, name: Name, rate: int) -> float:
        """The sum over all rounds."""
        return sum(map(figure, self.rounds(name, rate).values()))

    def ratio(self, figure: Figure, one: Name, other: Name, rate: int) -> float | None:
        """One server divided by another: the median over the rounds in which both were measured, if there are any.

        A server that took less time than a clock tick in a round was not measured in it.
        """
        some, others = self.rounds(one, rate), self.rounds(other, rate)
        both = [number for number in some.keys() & others.keys() if figure(others[number])]
        shared = [figure(some[number]) / figure(others[number]) for number in both]
        return median(shared) if shared else None


def server_time(heard: Heard) -> float:
    """Microseconds of the servers' processor for one message."""
    return heard.server
