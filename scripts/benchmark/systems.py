"""The part of the benchmark that measures what one of the systems does, on one server."""

import typer

from scripts.benchmark import activity, analytics, classes, history, metrics, payments, webhooks
from scripts.benchmark.dataset import dataset
from scripts.benchmark.options import DATA, Data, Finished, Markdown, Rounds, Scale, Seconds
from scripts.benchmark.report import show
from scripts.benchmark.screen import Loading
from scripts.benchmark.searches import searches

cli = typer.Typer()


@cli.command("activity")
def by_activity(*, scale: Scale = 10, rounds: Rounds = 20, markdown: Markdown = False, data: Data = DATA) -> None:
    """Show how long the first page of activity takes, of the busiest people and organizations."""
    with dataset(data, scale, progress=Loading()) as source:
        show([activity.durations(source, data, rounds=rounds)], markdown=markdown)


@cli.command("metrics")
def by_metrics(*, scale: Scale = 10, rounds: Rounds = 20, markdown: Markdown = False, data: Data = DATA) -> None:
    """Show how long a year of metrics takes, of the organizations in which most was merged."""
    with dataset(data, scale, progress=Loading()) as source:
        show([metrics.durations(source, data, rounds=rounds)], markdown=markdown)


@cli.command("search")
def by_search(*, scale: Scale = 10, rounds: Rounds = 3, markdown: Markdown = False, data: Data = DATA) -> None:
    """Show how long searches of one and two words over all texts take, drawn by how often they are written."""
    show([searches(data, scale, rounds)], markdown=markdown)


@cli.command("class")
def by_class(
    *, scale: Scale = 1, rate: Finished = None, seconds: Seconds = 20, markdown: Markdown = False, data: Data = DATA
) -> None:
    """Show how long it takes to finish a lesson in a class of 10,000 whose course changes, and that all is counted."""
    with dataset(data, scale, progress=Loading()) as source:
        show([classes.learning(source, data, rates=rate or [100, 200], seconds=seconds)], markdown=markdown)


cli.command("payments")(payments.by_payments)
cli.command("analytics")(analytics.by_analytics)
cli.command("import")(history.by_history)
cli.command("webhooks")(webhooks.by_webhooks)
