"""The comparison: all servers at once on one database, loaded one after the other in shuffled rounds."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from random import Random

from scripts.benchmark.dataset import Database
from scripts.benchmark.load import Load, Measured, measure, settle, warm_up
from scripts.benchmark.operations import WRITES, Operation
from scripts.benchmark.results import Run
from scripts.benchmark.rows import Requests
from scripts.benchmark.screen import Watching
from scripts.benchmark.servers import Server
from scripts.benchmark.writes import counted, take_back

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
        return len(self.requests) * (1 + self.plan.rounds * len(self.plan.connections))

    def runs(self, watching: Watching) -> Iterator[Run]:
        """Every operation on every server, round after round, in an order that is random and can be repeated."""
        random = Random(self.plan.seed)  # noqa: S311  (nothing secret is drawn)
        self._warm_up(watching)
        for number in range(self.plan.rounds):
            # Writes come last: they are taken back, but leave tables behind that are less tidy than they were.
            steps = sorted(random.sample(self.plan.steps, len(self.plan.steps)), key=lambda step: step[0] in WRITES)
            for operation, connections in steps:
                asked = self._asked(operation)
                for server in random.sample(asked, len(asked)):
                    watching(f"round {number + 1}: {operation}, {connections} connections, {server.peer.title}")
                    measured = self._measured(server, operation, connections)
                    yield Run(number, operation, connections, server.name, measured)

    def _asked(self, operation: Operation) -> list[Server]:
        """The servers that are asked for an operation."""
        return [server for server in self.servers if (server.name, operation) in self.requests]

    def _warm_up(self, watching: Watching) -> None:
        for operation in self.plan.operations:
            for server in self._asked(operation):
                watching(f"warming up: {operation}, {server.peer.title}")
                pace = self._warm_up_with(server, operation, Load(FEW, self.plan.seconds))
                self.paces[server.name, operation] = max(pace, 1)

    def _measured(self, server: Server, operation: Operation, connections: int) -> Measured:
        pace = self.paces[server.name, operation]
        seconds = max(self.plan.seconds, min(ceil(TURNS * connections / pace), LONGEST))
        if self.plan.warm_up * pace > connections:
            self._warm_up_with(server, operation, Load(connections, self.plan.warm_up))
        requests, load = self.requests[server.name, operation], Load(connections, seconds)
        with self._untouched(operation):
            measured = measure(server, requests, load=load, postgres=self.database.pid)
            settle(server.pid, self.database.pid)
            return counted(measured, operation, self.database)

    def _warm_up_with(self, server: Server, operation: Operation, load: Load) -> float:
        with self._untouched(operation):
            pace = warm_up(server, self.requests[server.name, operation], load)
            settle(server.pid, self.database.pid)
            return pace

    @contextmanager
    def _untouched(self, operation: Operation) -> Iterator[None]:
        """Load after which the rows are as before it: each document is saved, each thread resolved from the first."""
        yield
        if operation in WRITES:
            take_back(self.database)
