"""The command `scripts/bench realtime`, from its options to its tables."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scripts.benchmark import node
from scripts.benchmark.machine import conditions
from scripts.benchmark.realtime.comparison import Plan, check, runs, served
from scripts.benchmark.realtime.crowd import Crowd, crowd
from scripts.benchmark.realtime.peers import COMPARED, PACKAGE, TITLES
from scripts.benchmark.realtime.report import sheets
from scripts.benchmark.realtime.results import Results
from scripts.benchmark.realtime.stage import Stage, staged
from scripts.benchmark.realtime.targets import targets
from scripts.benchmark.report import Sheet
from scripts.benchmark.screen import Loading, screen, watched


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that was measured, and where."""

    plan: Plan
    results: Results
    crowds: list[Crowd]
    found: dict[str, Any]

    @property
    def sheets(self) -> list[Sheet]:
        """The tables."""
        return list(sheets(self.results, self.plan, self.crowds))

    @property
    def everything(self) -> dict[str, Any]:
        """Every figure, for a file."""
        judged = targets(self.results, self.crowds)
        return {
            "conditions": self.found,
            "plan": asdict(self.plan),
            "targets": [asdict(target) | {"reached": target.reached} for target in judged],
            "runs": [asdict(run) for run in self.results.runs],
            "crowds": [asdict(one) for one in self.crowds],
        }


def measured(plan: Plan, crowds: Sequence[int], *, scale: int, folder: Path) -> Outcome:
    """Measure what the plan says, and crowds of these sizes."""
    versions = node.install(folder, PACKAGE, COMPARED)
    with staged(folder, scale, Loading()) as stage:
        found = conditions(stage.database, versions) | {"scale": scale}
        return Outcome(plan, _compared(stage, plan), _crowds(stage, crowds), found)


def _compared(stage: Stage, plan: Plan) -> Results:
    with served(stage, plan.names) as servers:
        check(stage, servers, plan.topics)
        screen.print(f"The same comments from {', '.join(TITLES[name] for name in plan.names)}.")
        with watched(plan.steps) as watching:
            return Results(runs(stage, servers, plan, watching))


def _crowds(stage: Stage, sizes: Sequence[int]) -> list[Crowd]:
    with watched(len(sizes)) as watching:
        found = []
        for size in sizes:
            watching(f"a crowd of {size:,}")
            found.append(crowd(stage, size))
    return found
