"""The comparison: the same comments to the same number of sockets on each server, in shuffled rounds."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from random import Random

import orjson

from scripts.benchmark.client import WrongAnswer
from scripts.benchmark.realtime.load import Load, listening
from scripts.benchmark.realtime.peers import LISTENING, RIVALS, TITLES, TRELLIS, Name
from scripts.benchmark.realtime.results import Run
from scripts.benchmark.realtime.stage import Stage
from scripts.benchmark.rows import differences, normalized
from scripts.benchmark.screen import Watching
from scripts.benchmark.servers import Server, serving

Servers = Mapping[Name, Sequence[Server]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, how often and how long. `rates` are comments a second, on all topics together."""

    names: Sequence[Name]
    rates: Sequence[int]
    sockets: int
    topics: int
    rounds: int
    seconds: int
    seed: int

    @property
    def steps(self) -> int:
        """How often `runs` will call `watching` at most."""
        return len(self.names) * self.rounds


@contextmanager
def served(stage: Stage, names: Sequence[Name]) -> Iterator[Servers]:
    """All servers, as long as they are needed. Trellis alone is the first of its pair."""
    with ExitStack() as stack:
        needed = max((RIVALS[name].processes for name in names if RIVALS[name].peer is TRELLIS), default=0)
        ours = [
            stack.enter_context(serving(TRELLIS, stage.database, folder=stage.folder, label=f"-{number}", **LISTENING))
            for number in range(1, needed + 1)
        ]
        yield {
            name: ours[: rival.processes]
            if rival.peer is TRELLIS
            else [stack.enter_context(serving(rival.peer, stage.database, folder=stage.folder))]
            for name, rival in RIVALS.items()
            if name in names
        }


def check(stage: Stage, servers: Servers, topics: int) -> None:
    """Raise WrongAnswer unless every server tells the listeners of each topic of the comment that was added to it."""
    for name, some in servers.items():
        with listening(stage, some, sockets=topics, topics=topics, is_told=RIVALS[name].is_told) as load:
            found = load.ask(count=topics, rate=10, kept=topics)
        shown = [orjson.loads(text)["payload"]["data"]["documentEvents"] for text in found["texts"]]
        expected = [{"kind": "COMMENT_ADDED", "comment": comment} for comment in found["written"]]
        if wrong := next(differences(_in_order(expected), _in_order(shown)), None):
            raise WrongAnswer(f"{TITLES[name]} does not tell what was said: {wrong}")


def runs(stage: Stage, servers: Servers, plan: Plan, watching: Watching) -> Iterator[Run]:
    """Every server at every rate, round after round, in an order that is random and can be repeated."""
    random = Random(plan.seed)  # noqa: S311  (nothing secret is drawn)
    for number in range(plan.rounds):
        for name in random.sample(plan.names, len(plan.names)):
            watching(f"round {number + 1}: {TITLES[name]}")
            is_told = RIVALS[name].is_told
            with listening(stage, servers[name], sockets=plan.sockets, topics=plan.topics, is_told=is_told) as load:
                yield from _at_each_rate(load, plan, number, name)


def _at_each_rate(load: Load, plan: Plan, number: int, name: Name) -> Iterator[Run]:
    """A server that cannot keep up with one rate is asked for no higher one."""
    for rate in sorted(plan.rates):
        heard = load.measure(rate * plan.seconds, rate)
        yield Run(number, name, rate, heard)
        if heard.lost or heard.closed:
            return


def _in_order(events: list[dict[str, dict[str, str]]]) -> list[dict[str, dict[str, str]]]:
    shown: list[dict[str, dict[str, str]]] = normalized(events, "")
    return sorted(shown, key=lambda event: event["comment"]["id"])
