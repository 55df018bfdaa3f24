"""The results of real time as tables."""

from collections.abc import Iterator

from scripts.benchmark.realtime.comparison import Plan
from scripts.benchmark.realtime.crowd import Crowd
from scripts.benchmark.realtime.peers import TITLES, Name
from scripts.benchmark.realtime.results import Figure, Results, server_time
from scripts.benchmark.realtime.targets import targets
from scripts.benchmark.report import Sheet

HEADER = ["", "µs a message", "Trellis ÷", "p50 ms", "p99 ms", "longest", "messages/s", "lost", "doubled", "closed"]
LOAD = ["load µs", "load late ms", "writer µs", "refused"]


def sheets(results: Results, plan: Plan, crowds: list[Crowd]) -> Iterator[Sheet]:
    """A table for each rate, one for the crowd, and the targets."""
    for rate in results.rates:
        yield _at(results, rate, plan)
    if crowds:
        yield _crowds(crowds)
    rows = [target.cells for target in targets(results, crowds)]
    yield Sheet("Targets, at the worst rate", ["", "target", "measured", "reached"], rows)


def _at(results: Results, rate: int, plan: Plan) -> Sheet:
    reached = plan.sockets // plan.topics
    title = (
        f"{rate} comments a second, each for {reached} listeners: {rate * reached:,} messages a second"
        f" ({plan.sockets} sockets, {plan.topics} documents)"
    )
    return Sheet(title, HEADER + LOAD, [_row(results, name, rate) for name in results.names(rate)])


def _row(results: Results, name: Name, rate: int) -> list[str]:
    def middle(figure: Figure, places: int = 1) -> str:
        return f"{results.median(figure, name, rate):,.{places}f}"

    def total(figure: Figure) -> str:
        return f"{results.total(figure, name, rate):,.0f}"

    ratio = results.ratio(server_time, Name.TRELLIS, name, rate)
    return [
        TITLES[name],
        middle(server_time),
        "" if ratio is None else f"{ratio:.2f}",
        *(middle(figure) for figure in (lambda run: run.p50, lambda run: run.p99, lambda run: run.longest)),
        middle(lambda run: run.per_second, 0),
        *(total(figure) for figure in (lambda run: run.lost, lambda run: run.doubled, lambda run: run.closed)),
        *(middle(figure) for figure in (lambda run: run.client, lambda run: run.lag)),
        middle(lambda run: run.writer, 0),
        total(lambda run: run.refused),
    ]


def _crowds(crowds: list[Crowd]) -> Sheet:
    header = ["sockets on one document", "MiB more", "opened in s", "p50 ms", "longest ms", "µs a message", "lost"]
    rows = [
        [
            f"{one.sockets:,}",
            f"{one.memory:.0f}",
            f"{one.opening:.0f}",
            f"{one.heard.p50:.0f}",
            f"{one.heard.longest:.0f}",
            f"{one.heard.server:.1f}",
            f"{one.heard.lost + one.heard.closed}",
        ]
        for one in crowds
    ]
    return Sheet("A crowd on one process of Trellis", header, rows)
