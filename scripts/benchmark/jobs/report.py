"""The results of jobs as tables, and what they are to reach."""

from collections.abc import Callable, Iterator
from statistics import median

from scripts.benchmark.jobs.runs import FEW, Jobs, Plan, Round
from scripts.benchmark.report import Sheet
from scripts.benchmark.targets import Target

SLOWER = 2
"""A point read beside jobs may take so many times as long as without them."""
SOON = 200
"""Milliseconds from the commit of an event to the beginning of its job, at the median."""


def sheets(rounds: list[Round], plan: Plan) -> Iterator[Sheet]:
    """What a reader notices, what becomes of jobs, and the targets."""
    yield _reads(rounds, plan)
    yield _jobs(rounds, plan)
    yield Sheet("Targets", ["", "target", "measured", "reached"], [target.cells for target in targets(rounds, plan)])


def targets(rounds: list[Round], plan: Plan) -> list[Target]:
    """The targets, held against medians over the rounds."""
    soonest = max(_middle(rounds, lambda one: one.steady.p50), _middle(rounds, lambda one: one.few.p50))
    wrong = sum(abs(jobs.wrong) for one in rounds for jobs in (one.steady, one.most, one.few))
    # What is committed last is done a moment later.
    kept_up = _middle(rounds, lambda one: one.steady.per_second) / plan.rate
    return [
        Target(f"jobs done ÷ made, at {plan.rate} a second", 0.95, kept_up, at_least=True),
        Target("p95 of a point read, beside jobs ÷ alone", SLOWER, _slower(rounds), at_least=False),
        Target("commit to beginning, p50 ms", SOON, soonest, at_least=False),
        Target("jobs that were not done once", 0, wrong, at_least=False),
        Target("reads that failed", 0, sum(one.beside.failed for one in rounds), at_least=False),
    ]


def _reads(rounds: list[Round], plan: Plan) -> Sheet:
    rows = [
        ["alone", *(f"{_middle(rounds, of):.2f}" for of in (lambda one: one.alone.p50, lambda one: one.alone.p95)), ""],
        [
            f"beside {plan.rate} jobs a second",
            *(f"{_middle(rounds, of):.2f}" for of in (lambda one: one.beside.p50, lambda one: one.beside.p95)),
            f"{_slower(rounds):.2f}",
        ],
    ]
    return Sheet("A point read of one reader", ["", "p50 ms", "p95 ms", "p95 ÷ alone"], rows)


def _jobs(rounds: list[Round], plan: Plan) -> Sheet:
    header = ["", "jobs/s", "begins after ms, p50", "p95", "worker ms", "database ms"]
    kinds: dict[str, Callable[[Round], Jobs]] = {
        f"{plan.rate} a second, beside the reader": lambda one: one.steady,
        "as many as can be": lambda one: one.most,
        f"{FEW} a second": lambda one: one.few,
    }
    return Sheet("Jobs of one worker", header, [[name, *_cells(rounds, of)] for name, of in kinds.items()])


def _cells(rounds: list[Round], of: Callable[[Round], Jobs]) -> list[str]:
    found = [of(one) for one in rounds]
    return [
        f"{median(jobs.per_second for jobs in found):,.0f}",
        f"{median(jobs.p50 for jobs in found):.0f}",
        f"{median(jobs.p95 for jobs in found):.0f}",
        f"{median(jobs.worker for jobs in found):.2f}",
        f"{median(jobs.database for jobs in found):.2f}",
    ]


def _slower(rounds: list[Round]) -> float:
    return _middle(rounds, lambda one: one.beside.p95 / one.alone.p95)


def _middle(rounds: list[Round], figure: Callable[[Round], float]) -> float:
    return median(map(figure, rounds))
