"""The results as tables: for a terminal, and as Markdown for a README."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from scripts.benchmark.operations import Operation
from scripts.benchmark.results import OURS, Figure, Results, server_time, throughput, whole_time
from scripts.benchmark.servers import PEERS
from scripts.benchmark.targets import targets

NOT_ASKED = "-"


@dataclass(slots=True)
class Sheet:
    """A table, however it is shown. Rows under one heading of `sections` belong together."""

    title: str
    header: list[str]
    rows: list[list[str]] = field(default_factory=list)
    sections: set[int] = field(default_factory=set)

    def rendered(self) -> Table:
        """For a terminal."""
        table = Table(title=self.title, box=box.SIMPLE_HEAD, title_justify="left")
        for index, name in enumerate(self.header):
            table.add_column(name, justify="left" if index == 0 else "right")
        for number, row in enumerate(self.rows, start=1):
            table.add_row(*row, end_section=number in self.sections)
        return table

    def markdown(self) -> str:
        """For a README."""
        rule = ["---", *("---:" for _ in self.header[1:])]
        lines = (f"| {' | '.join(cells)} |" for cells in (self.header, rule, *self.rows))
        return "\n".join([f"**{self.title}**", "", *lines, ""])


def show(sheets: Iterable[Sheet], *, markdown: bool) -> None:
    """Print tables, for a terminal or for a README."""
    # Tables are as wide as they need to be where nobody says how wide the paper is.
    paper = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    for sheet in sheets:
        if markdown:
            typer.echo(sheet.markdown())
        else:
            paper.print(sheet.rendered())


def details(results: Results) -> Iterator[Sheet]:
    """Every figure: a sheet for each number of connections, and one for the targets."""
    for connections in results.connections:
        sheet = Sheet(
            f"{connections} connections: medians; processor time in ms for one request; ratios of the same round",
            ["", "", "req/s", "p50 ms", "p99 ms", "server", "database", "MiB", "errors", "Trellis ÷", "processor ÷"],
        )
        for operation in results.operations:
            sheet.rows += [_detail(results, operation, connections, peer=peer) for peer in _asked(results, operation)]
            sheet.sections.add(len(sheet.rows))
        sheet.rows += [
            ["mean of reads", PEERS[peer].title, *[""] * 7, *_means(results, connections, peer=peer)]
            for peer in results.peers
            if results.reads
        ]
        yield sheet
    yield verdict(results)


def summary(results: Results) -> Iterator[Sheet]:
    """What a reader wants to know: throughput and processor time by operation and peer, and the targets."""
    for connections in results.connections:
        yield _throughput(results, connections)
        yield _processor(results, connections)
    yield verdict(results)


def verdict(results: Results) -> Sheet:
    """The targets."""
    rows = [target.cells for target in targets(results)]
    return Sheet("Targets, at the worst number of connections", ["", "target", "measured", "reached"], rows)


def _detail(results: Results, operation: Operation, connections: int, *, peer: str) -> list[str]:
    def middle(figure: Figure) -> float:
        return results.median(figure, operation, connections=connections, peer=peer)

    return [
        str(operation),
        PEERS[peer].title,
        f"{middle(throughput):,.0f}",
        f"{middle(lambda run: run.p50):.1f}",
        f"{middle(lambda run: run.p99):.1f}",
        f"{middle(server_time):.2f}",
        f"{middle(lambda run: run.database):.2f}",
        f"{middle(lambda run: run.resident):.0f}",
        f"{middle(lambda run: run.errors):.0f}",
        *_ratios(results, operation, connections, peer=peer),
    ]


def _ratios(results: Results, operation: Operation, connections: int, *, peer: str) -> list[str]:
    """Trellis divided by a peer, in throughput and in processor time."""
    if OURS not in results.peers:
        return ["", ""]
    figures = throughput, whole_time
    return [f"{results.ratio(figure, operation, connections=connections, peer=peer):.2f}" for figure in figures]


def _means(results: Results, connections: int, *, peer: str) -> list[str]:
    """The geometric means of these ratios over the reads."""
    if OURS not in results.peers:
        return ["", ""]
    return [f"{results.mean_ratio(figure, peer, connections=connections):.2f}" for figure in (throughput, whole_time)]


def _throughput(results: Results, connections: int) -> Sheet:
    sheet = _sheet(results, f"Requests a second, {connections} connections; in brackets Trellis ÷ the server")
    for operation in results.operations:
        cells = dict.fromkeys(results.peers, NOT_ASKED)
        for peer in _asked(results, operation):
            figure = results.median(throughput, operation, connections=connections, peer=peer)
            cells[peer] = f"{figure:,.0f} ({_ratios(results, operation, connections, peer=peer)[0]})"
        sheet.rows.append([operation.label, *cells.values()])
    if results.reads:
        means = (f"({_means(results, connections, peer=peer)[0]})" for peer in results.peers)
        sheet.rows.append(["geometric mean of the reads", *means])
    return sheet


def _processor(results: Results, connections: int) -> Sheet:
    sheet = _sheet(results, f"Processor time for one request in ms, server + database, {connections} connections")
    for operation in results.operations:
        cells = dict.fromkeys(results.peers, NOT_ASKED)
        for peer in _asked(results, operation):
            server = results.median(server_time, operation, connections=connections, peer=peer)
            database = results.median(lambda run: run.database, operation, connections=connections, peer=peer)
            cells[peer] = f"{server:.2f} + {database:.2f}"
        sheet.rows.append([operation.label, *cells.values()])
    memory = (max(run.measured.resident for run in results.runs if run.peer == peer) for peer in results.peers)
    sheet.rows.append(["most memory under load, MiB", *(f"{size:.0f}" for size in memory)])
    return sheet


def _asked(results: Results, operation: Operation) -> list[str]:
    return [peer for peer in results.peers if results.has(operation, peer)]


def _sheet(results: Results, title: str) -> Sheet:
    return Sheet(title, ["", *(PEERS[peer].title for peer in results.peers)])
