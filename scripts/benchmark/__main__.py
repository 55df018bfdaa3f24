"""The command line of the benchmark: `scripts/bench`."""

import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import typer

from scripts.benchmark import cases, node, report, rows, systems, writes
from scripts.benchmark.attacks import ATTACKS
from scripts.benchmark.compare import Comparison, Plan
from scripts.benchmark.dataset import Database, copy, dataset
from scripts.benchmark.growth import Case, Effort, growth, measure_cases
from scripts.benchmark.jobs import report as jobs_report
from scripts.benchmark.jobs import runs as jobs
from scripts.benchmark.load import Load, generator
from scripts.benchmark.machine import conditions, sentence
from scripts.benchmark.operations import Operation
from scripts.benchmark.options import (
    DATA,
    Attacks,
    Connections,
    Crowds,
    Data,
    Json,
    Listened,
    Made,
    Markdown,
    Operations,
    Peers,
    Rates,
    Rounds,
    Scale,
    Scales,
    Seconds,
    Seed,
    Sockets,
    Topics,
    WarmUp,
    Writers,
)
from scripts.benchmark.outbox import costs
from scripts.benchmark.realtime import command as realtime
from scripts.benchmark.realtime import comparison, peers
from scripts.benchmark.report import show
from scripts.benchmark.results import Results, Run
from scripts.benchmark.screen import Loading, Stopped, screen, watched
from scripts.benchmark.servers import PEERS, Name, Peer, Server, environment, serving
from scripts.benchmark.siege import sieges, table
from scripts.benchmark.targets import targets
from scripts.benchmark.workload import Workload, sign_in, workload

cli = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)
cli.add_typer(systems.cli)


def main() -> None:
    """Run the command; what can go wrong for a known reason is said in one line. A stop stops all servers too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cli()
    except Stopped as reason:
        sys.exit(str(reason))


@cli.callback(invoke_without_command=True)
def compare(
    context: typer.Context,
    *,
    scale: Scale = 10,
    peer: Peers = None,
    operation: Operations = None,
    connections: Connections = None,
    rounds: Rounds = 5,
    seconds: Seconds = 3,
    warm_up: WarmUp = 1,
    seed: Seed = 1,
    json: Json = None,
    markdown: Markdown = False,
    data: Data = DATA,
) -> None:
    """Compare Trellis with its peers: eight operations, all servers on the same rows, in shuffled rounds."""
    generator()
    if context.invoked_subcommand:
        return
    operations, counts = list(operation or Operation), connections or [16, 64]
    plan = Plan(operations, counts, rounds=rounds, seconds=seconds, warm_up=warm_up, seed=seed)
    with dataset(data, scale, progress=Loading()) as source, copy(source, "adapt") as made:
        peers = [PEERS[name] for name in peer or Name]
        others = node.install(data) if any(one.needs_node for one in peers) else {}
        found = conditions(made, others) | {"scale": scale}
        results = Results(_compared(made, plan, peers=peers, folder=data))
    show(report.summary(results) if markdown else report.details(results), markdown=markdown)
    typer.echo(sentence(found))
    if json:
        json.write_bytes(orjson.dumps(_everything(found, plan, results), option=orjson.OPT_INDENT_2))


@cli.command("rows")
def by_rows(
    *, scale: Scale = 10, rounds: Rounds = 5, seconds: Seconds = 3, markdown: Markdown = False, data: Data = DATA
) -> None:
    """Show that the cost of a page is linear in its rows: 10, 100 and 1,000 comments, one request at a time."""
    with dataset(data, scale, progress=Loading()) as source, cases.by_rows(source, data) as some:
        sheet = _grown("Cost by the rows of the answer, one connection", some, Effort(rounds, Load(1, seconds)))
    show([sheet], markdown=markdown)


@cli.command("access")
def by_access(
    *, scale: Scale = 10, rounds: Rounds = 5, seconds: Seconds = 3, markdown: Markdown = False, data: Data = DATA
) -> None:
    """Show what access rules cost the database: the same rows with them and, for an administrator, without."""
    with dataset(data, scale, progress=Loading()) as source, cases.by_access(source, data) as some:
        sheet = _grown("Cost of access rules, 16 connections", some, Effort(rounds, Load(16, seconds)))
    show([sheet], markdown=markdown)


@cli.command("scales")
def by_size(
    scale: Scales = None,
    *,
    rounds: Rounds = 5,
    seconds: Seconds = 3,
    markdown: Markdown = False,
    data: Data = DATA,
) -> None:
    """Show that the cost of the same rows does not depend on the size of the tables: one request at a time."""
    with cases.by_size(data, scale or [1, 10], Loading()) as some:
        sheet = _grown("Cost of the same rows by the size of the tables", some, Effort(rounds, Load(1, seconds)))
    show([sheet], markdown=markdown)


@cli.command("outbox")
def by_outbox(
    *,
    scale: Scale = 10,
    connections: Writers = 64,
    rounds: Rounds = 5,
    seconds: Seconds = 3,
    markdown: Markdown = False,
    data: Data = DATA,
) -> None:
    """Show what its event costs a comment: on many documents and on one, by hand-written SQL and by Trellis."""
    with dataset(data, scale, progress=Loading()) as source:
        show([costs(source, data, Effort(rounds, Load(connections, seconds)))], markdown=markdown)


@cli.command("attacks")
def under_attack(
    *, attack: Attacks = None, seconds: Seconds = 4, markdown: Markdown = False, data: Data = DATA
) -> None:
    """Show how long a user waits for an answer while somebody else attacks, with the limits as they are by default."""
    attacks = attack or list(ATTACKS)
    limits = {"TRELLIS_RATE_LIMIT": "10000", "TRELLIS_INTROSPECTION": "everybody"}
    with ExitStack() as stack:
        source = stack.enter_context(dataset(data, 1, progress=Loading()))
        made = stack.enter_context(copy(source, "adapt", name="attacked"))
        server = stack.enter_context(serving(PEERS[Name.TRELLIS], made, folder=data, label="-attacked", **limits))
        requests = _agreed([server], {Operation.POINT: workload(made)[Operation.POINT]}, made)
        watching = stack.enter_context(watched(len(attacks)))
        found = sieges(server, requests[server.name, Operation.POINT], attacks, seconds, watching)
    show([table(found)], markdown=markdown)


@cli.command("jobs")
def by_jobs(
    *,
    scale: Scale = 1,
    rate: Made = 500,
    rounds: Rounds = 5,
    seconds: Seconds = 5,
    markdown: Markdown = False,
    data: Data = DATA,
) -> None:
    """Show how many jobs a worker does beside a server, how soon it begins them, and what a reader notices of it."""
    plan = jobs.Plan(rate, rounds=rounds, seconds=seconds)
    with (
        dataset(data, scale, progress=Loading()) as source,
        copy(source, "adapt", "jobs", name="jobs") as made,
        jobs.staged(made, data) as stage,
    ):
        asked = {Operation.POINT: workload(made)[Operation.POINT]}
        requests = _prepared([stage.server], asked, made)[stage.server.name, Operation.POINT]
        with watched(rounds * jobs.STEPS) as watching:
            found = list(jobs.rounds(stage, requests, plan, watching))
    show(jobs_report.sheets(found, plan), markdown=markdown)


@cli.command("realtime")
def in_real_time(
    *,
    scale: Scale = 1,
    peer: Listened = None,
    rate: Rates = None,
    sockets: Sockets = 500,
    topics: Topics = 10,
    crowd: Crowds = None,
    rounds: Rounds = 3,
    seconds: Seconds = 5,
    seed: Seed = 1,
    json: Json = None,
    markdown: Markdown = False,
    data: Data = DATA,
) -> None:
    """Compare how comments reach those who listen, and at what cost: Trellis, Strawberry, graphql-ws and Bun.

    A comment a second on a document with fifty listeners is fifty messages a second. Every server has the same sockets,
    one after the other in shuffled rounds, and hears of the same comments over one Valkey.
    """
    names, sizes = peer or list(peers.Name), [size for size in crowd or [5_000] if size]
    plan = comparison.Plan(names, rate or [10, 200, 400], sockets, topics, rounds=rounds, seconds=seconds, seed=seed)
    outcome = realtime.measured(plan, sizes, scale=scale, folder=data)
    show(outcome.sheets, markdown=markdown)
    typer.echo(sentence(outcome.found))
    if json:
        json.write_bytes(orjson.dumps(outcome.everything, option=orjson.OPT_INDENT_2))


@cli.command()
def database(*, scale: Scale = 1, data: Data = DATA) -> None:
    """Keep the databases running, to start a server by hand, and print its environment, a token and an id."""
    node.install(data)
    with dataset(data, scale, progress=Loading()) as source, copy(source, "adapt") as made:
        asked = workload(made)[Operation.POINT][0]
        for name, value in environment(made, 7000).items():
            typer.echo(f"export {name}='{value}'")
        typer.echo(f"export TOKEN='{sign_in(made, [asked.viewer])[asked.viewer]}'")
        typer.echo(f"export PROJECT='{asked.variables['project'].id}'")
        typer.echo(f"export NODE='{node.program(data)}'")
        typer.prompt("# The databases run until you press Enter", default="", show_default=False, err=True)


def _compared(made: Database, plan: Plan, *, peers: Sequence[Peer], folder: Path) -> list[Run]:
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(one, made, folder=folder)) for one in peers]
        asked = {operation: some for operation, some in workload(made).items() if operation in plan.operations}
        comparison = Comparison(servers, _agreed(servers, asked, made), database=made, plan=plan)
        with watched(comparison.steps) as watching:
            return list(comparison.runs(watching))


def _agreed(servers: list[Server], asked: Workload, made: Database) -> rows.Requests:
    requests = _prepared(servers, asked, made)
    writes.check(servers, requests, made)
    screen.print(f"The same rows from {', '.join(server.peer.title for server in servers)}.")
    return requests


def _prepared(servers: list[Server], asked: Workload, made: Database) -> rows.Requests:
    tokens = sign_in(made, {request.viewer for some in asked.values() for request in some})
    requests = rows.prepare(servers, asked, tokens)
    rows.check(servers, requests)
    return requests


def _grown(title: str, some: list[Case], effort: Effort) -> report.Sheet:
    with watched(len(some) * (effort.rounds + 1)) as watching:
        return growth(title, some, measure_cases(some, effort, watching))


def _everything(found: dict[str, Any], plan: Plan, results: Results) -> dict[str, Any]:
    return {
        "conditions": found,
        "plan": asdict(plan),
        "targets": [asdict(target) | {"reached": target.reached} for target in targets(results)],
        "runs": [asdict(run) for run in results.runs],
    }


if __name__ == "__main__":
    main()
