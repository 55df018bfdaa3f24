"""How the cost of Trellis grows: with the rows of an answer, with the size of the tables, and with access rules."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import median

from scripts.benchmark.client import Prepared
from scripts.benchmark.load import Load, Measured, measure, settle
from scripts.benchmark.report import Sheet
from scripts.benchmark.screen import Watching
from scripts.benchmark.servers import Server


@dataclass(frozen=True, slots=True)
class Case:
    """Requests to one server, to be compared with the first case of the same subject."""

    subject: str
    label: str
    server: Server
    requests: tuple[Prepared, ...]
    postgres: int


@dataclass(frozen=True, slots=True)
class Effort:
    """How often each case is measured, and with what load."""

    rounds: int
    load: Load


def measure_cases(
    cases: Sequence[Case],
    effort: Effort,
    watching: Watching,
    *,
    after: Callable[[Measured], Measured] = lambda measured: measured,
) -> dict[Case, list[Measured]]:
    """Every case round after round, in an order that is random, and the same every time. The first round warms up.

    `after` has the last word on what was measured, before the next run.
    """
    random = Random(1)  # noqa: S311  (nothing secret is drawn)
    found: dict[Case, list[Measured]] = defaultdict(list)
    for number in range(effort.rounds + 1):
        for case in random.sample(cases, len(cases)):
            watching(f"round {number}: {case.subject}, {case.label}")
            measured = measure(case.server, case.requests, load=effort.load, postgres=case.postgres)
            settle(case.server.pid, case.postgres)
            judged = after(measured)
            if number:
                found[case].append(judged)
    return found


def growth(title: str, cases: Sequence[Case], found: dict[Case, list[Measured]]) -> Sheet:
    """Medians, and the median of the ratios to the subject's first case in the same round."""
    header = ["", "", "bytes", "p50 ms", "server ms", "database ms", "p50 ÷ first", "database ÷ first", "errors"]
    sheet = Sheet(title, header)
    first: dict[str, Case] = {}
    for case in cases:
        if case.subject not in first:
            sheet.sections.add(len(sheet.rows))
        base = found[first.setdefault(case.subject, case)]
        sheet.rows.append(_row(case, found[case], base))
    return sheet


def _row(case: Case, runs: list[Measured], base: list[Measured]) -> list[str]:
    pairs = list(zip(runs, base, strict=True))
    return [
        case.subject,
        case.label,
        f"{median(run.bytes for run in runs):,.0f}",
        f"{median(run.p50 for run in runs):.2f}",
        f"{median(run.server for run in runs):.2f}",
        f"{median(run.database for run in runs):.2f}",
        f"{median(run.p50 / other.p50 for run, other in pairs):.2f}",
        f"{median(run.database / max(other.database, 1e-9) for run, other in pairs):.2f}",
        f"{sum(run.errors for run in runs)}",
    ]
