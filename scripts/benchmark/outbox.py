"""The cost of a comment's event: a row in the outbox, under the next number of its topic, for which writers queue.

No relay runs meanwhile, so these are the costs of the writer.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from scripts.benchmark import rows, writes
from scripts.benchmark.dataset import Database, copy
from scripts.benchmark.growth import Case, Effort, measure_cases
from scripts.benchmark.load import Measured
from scripts.benchmark.operations import Operation
from scripts.benchmark.report import Sheet
from scripts.benchmark.screen import watched
from scripts.benchmark.servers import PEERS, Server, serving
from scripts.benchmark.workload import THREADS, remarks, sign_in

ONE_DOCUMENT = """
SELECT t.id, t.viewer FROM bench.threads t JOIN bench.documents d ON d.id = t.document_id AND d.number = 1
ORDER BY t.number LIMIT 64"""
SUBJECTS = {"many documents": THREADS, "one document": ONE_DOCUMENT}


def costs(source: Database, folder: Path, effort: Effort) -> Sheet:
    """The cost of comments without events, with them, and by Trellis: medians, and the differences to the first."""
    header = ["", "", "req/s", "p50 ms", "p99 ms", "server ms", "database ms", "server +", "database +", "errors"]
    sheet = Sheet(f"Comments, {effort.load.connections} connections: what the event of each costs", header)
    with copy(source, "adapt") as made, _servers(made, folder) as servers:

        def after(measured: Measured) -> Measured:
            found = writes.counted(measured, Operation.COMMENT, made)
            writes.take_back(made)
            return found

        cases = [case for subject in SUBJECTS for case in _cases(subject, servers, made)]
        with watched(len(cases) * (effort.rounds + 1)) as watching:
            found = measure_cases(cases, effort, watching, after=after)
    bases = {case.subject: found[case] for case in reversed(cases)}
    sheet.rows = [_row(case, found[case], bases[case.subject]) for case in cases]
    sheet.sections = {len(servers)}
    return sheet


@contextmanager
def _servers(made: Database, folder: Path) -> Iterator[dict[str, Server]]:
    with ExitStack() as stack:
        yield {
            label: stack.enter_context(serving(PEERS[name], made, folder=folder, label=log, **settings))
            for label, name, log, settings in (
                ("SQL without events", "sql", "-alone", {"OUTBOX": "off"}),
                ("SQL", "sql", "", {}),
                ("Trellis", "trellis", "", {"TRELLIS_RELAY": "false"}),
            )
        }


def _cases(subject: str, servers: dict[str, Server], made: Database) -> list[Case]:
    """Comments on the documents of a subject, with the same answers everywhere."""
    asked = {Operation.COMMENT: remarks(made, SUBJECTS[subject])}
    tokens = sign_in(made, {request.viewer for request in asked[Operation.COMMENT]})
    cases = []
    for label, server in servers.items():
        prepared = rows.prepare([server], asked, tokens)[server.name, Operation.COMMENT]
        cases.append(Case(subject, label, server, tuple(prepared), made.pid))
    for case in cases[1:]:
        rows.compare(Operation.COMMENT, (cases[0].server, cases[0].requests), (case.server, case.requests))
    _, *whole = cases
    requests = {(case.server.name, Operation.COMMENT): list(case.requests) for case in whole}
    writes.check([case.server for case in whole], requests, made)
    return cases


def _row(case: Case, runs: list[Measured], base: list[Measured]) -> list[str]:
    pairs = list(zip(runs, base, strict=True))
    return [
        case.subject,
        case.label,
        f"{median(run.per_second for run in runs):,.0f}",
        f"{median(run.p50 for run in runs):.1f}",
        f"{median(run.p99 for run in runs):.1f}",
        f"{median(run.server for run in runs):.2f}",
        f"{median(run.database for run in runs):.2f}",
        f"{median(run.server - other.server for run, other in pairs):+.2f}",
        f"{median(run.database - other.database for run, other in pairs):+.2f}",
        f"{sum(run.errors for run in runs)}",
    ]
