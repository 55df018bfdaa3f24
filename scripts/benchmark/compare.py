"""The comparison: all servers at once on one database, loaded one after the other in shuffled rounds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from random import Random

from scripts.benchmark.dataset import Database
from scripts.benchmark.load import Load, Measured, measure, settle, warm_up
from scripts.benchmark.operations import Operation
from scripts.benchmark.results import Run
from scripts.benchmark.rows import Requests
from scripts.benchmark.screen import Watching
from scripts.benchmark.servers import Server
from scripts.benchmark.workload import forget_remarks

LONGEST = 30  # seconds
TURNS = 3  # answers that every connection is to get, however slow the server is
FEW = 4  # connections to warm up with


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, how often and how long."""

    operations: Sequence[Operation]
    connections: Sequence[int]
    rounds: int
    seconds: int
    warm_up: int
    seed: int

    @property
    def steps(self) -> list[tuple[Operation, int]]:
        """The operations at each number of connections."""
        return [(operation, connections) for operation in self.operations for connections in self.connections]


class Comparison:
    """The servers with their requests, and how fast each proved to be at first."""

    def __init__(self, servers: Sequence[Server], requests: Requests, *, database: Database, plan: Plan) -> None:
        self.servers = servers
        self.requests = requests
        self.database = database
        self.plan = plan
        self.paces: dict[tuple[str, Operation], float] = {}

    @property
    def steps(self) -> int:
        """How often `runs` will call `watching`."""
        plan = self.plan
        return len(self.servers) * (len(plan.operations) + plan.rounds * len(plan.steps))

    def runs(self, watching: Watching) -> Iterator[Run]:
        """Every operation on every server, round after round, in an order that is random and can be repeated."""
        random = Random(self.plan.seed)  # noqa: S311  (nothing secret is drawn)
        self._warm_up(watching)
        for number in range(self.plan.rounds):
            # Writes come last and are taken back, so that reads always find the same rows.
            steps = sorted(random.sample(self.plan.steps, len(self.plan.steps)), key=lambda step: _writes(step[0]))
            for operation, connections in steps:
                for server in random.sample(self.servers, len(self.servers)):
                    watching(f"round {number + 1}: {operation}, {connections} connections, {server.peer.title}")
                    measured = self._measured(server, operation, connections)
                    yield Run(number, operation, connections, server.name, measured)
            self._clean()

    def _warm_up(self, watching: Watching) -> None:
        for server in self.servers:
            for operation in self.plan.operations:
                watching(f"warming up: {operation}, {server.peer.title}")
                pace = self._warm_up_with(server, operation, Load(FEW, self.plan.seconds))
                self.paces[server.name, operation] = max(pace, 1)
        self._clean()

    def _measured(self, server: Server, operation: Operation, connections: int) -> Measured:
        pace = self.paces[server.name, operation]
        seconds = max(self.plan.seconds, min(ceil(TURNS * connections / pace), LONGEST))
        if self.plan.warm_up * pace > connections:
            self._warm_up_with(server, operation, Load(connections, self.plan.warm_up))
        requests, load = self.requests[server.name, operation], Load(connections, seconds)
        measured = measure(server, requests, load=load, postgres=self.database.pid)
        settle(server.pid, self.database.pid)
        return measured

    def _warm_up_with(self, server: Server, operation: Operation, load: Load) -> float:
        pace = warm_up(server, self.requests[server.name, operation], load)
        settle(server.pid, self.database.pid)
        return pace

    def _clean(self) -> None:
        if any(_writes(operation) for operation in self.plan.operations):
            forget_remarks(self.database)


def _writes(operation: Operation) -> bool:
    return operation is Operation.COMMENT
