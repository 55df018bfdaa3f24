"""The commands with which operators look after jobs: `scripts/jobs list`, `retry`, `cancel` and `run`."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from asyncpg import Connection
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.ready import DATA, Data, ready
from app.settings import Settings
from db.address import Address

commands = typer.Typer(help="Look after jobs: work that is done later.", no_args_is_help=True)
screen = Console(highlight=False, soft_wrap=True)
WIDEST = 500
"""Columns of a list that no terminal shows."""


class Status(StrEnum):
    """The status of a job in the queue."""

    QUEUED = "queued"
    PICKED = "picked"
    FAILED = "failed"


Only = Annotated[Status | None, typer.Option(help="Only those that wait, are picked by a worker, or failed for good.")]
Ids = Annotated[list[int], typer.Argument(help="The numbers of jobs, as `list` prints them.")]


@commands.command("list")
def list_jobs(*, status: Only = None, data: Data = DATA) -> None:
    """Print the jobs that wait, run or have failed for good, with why the last try failed."""
    from db.queue import operators

    found = _ask(data, lambda connection, _: operators.listed(connection, status))
    table = Table(box=None, pad_edge=False)
    for name in ("id", "job", "arguments", "status", "due (UTC)", "tries", "failed with"):
        table.add_column(name, overflow="fold")
    for job in found:
        arguments = " ".join(f"{name}={value}" for name, value in job.arguments.items())
        reason = job.reason or ""
        table.add_row(str(job.id), job.kind, arguments, job.status, f"{job.due:%F %T}", str(job.tries), reason)
    # Where there is no terminal, a job is a line.
    paper = Console(highlight=False, width=None if sys.stdout.isatty() else WIDEST)
    paper.print(table if found else "There are no such jobs.")


@commands.command()
def retry(ids: Ids, *, data: Data = DATA) -> None:
    """Start jobs again that have failed for good."""
    from db.queue import operators

    _tell(_ask(data, lambda connection, _: operators.retry(connection, ids)), ids, "is queued again", "has failed")


@commands.command()
def cancel(ids: Ids, *, data: Data = DATA) -> None:
    """Take jobs out of the queue. Of one that runs nothing more is kept."""
    from db.queue import operators

    _tell(_ask(data, lambda connection, _: operators.cancel(connection, ids)), ids, "is cancelled", "is in the queue")


@commands.command()
def run(kind: str, arguments: Annotated[list[str] | None, typer.Argument()] = None, *, data: Data = DATA) -> None:
    """Run a job here and now, and show how far it is: `scripts/jobs run clear_queue`, or with `name=value`."""
    from db.queue.declared import kinds

    if kind not in kinds():
        sys.exit(f"There is no job {kind}; there are {', '.join(sorted(kinds()))}.")
    given = dict(argument.partition("=")[::2] for argument in arguments or ())
    if wrong := given.keys() ^ {*kinds()[kind].arguments}:
        sys.exit(f"The job {kind} has the arguments {', '.join(kinds()[kind].arguments) or 'none'}: look at {wrong}.")
    columns = TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=screen) as bar:
        task = bar.add_task(kind, total=None)

        async def show(_work: Any, done: int, total: int | None, message: str | None) -> None:
            bar.update(task, completed=done, total=total, description=message or kind)

        _ask(data, lambda connection, settings: _run(connection, settings, kinds()[kind], given, show))
        bar.update(task, total=1, completed=1)


async def _run(connection: Connection, settings: Settings, kind: Any, arguments: dict[str, str], show: Any) -> None:
    from app.mail import mailer
    from app.outgoing import Web
    from app.upstream import GitHub
    from db.engine import Database
    from db.queue import operators

    database = Database(settings.database_url, keyring=settings.keyring, store=settings.store)
    try:
        owner = Address.parse(settings.owner_url)
        async with GitHub(settings.github_api) as upstream:
            ways: Any = {"mailer": mailer(settings), "outgoing": Web(), "upstream": upstream}
            await operators.run(database, owner, connection, kind, arguments, show, **ways)
    finally:
        await database.close()


def _ask(data: Path, ask: Callable[[Connection, Settings], Awaitable[Any]]) -> Any:
    """The answer of the database to an operator."""
    with ready(data) as settings:
        return asyncio.run(_asked(settings, ask))


async def _asked(settings: Settings, ask: Callable[[Connection, Settings], Awaitable[Any]]) -> Any:
    async with _connected(settings) as connection:
        return await ask(connection, settings)


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Connection]:
    connection = await Address.parse(settings.owner_url).reach()
    try:
        yield connection
    finally:
        await connection.close()


def _tell(done: list[int], ids: list[int], now: str, before: str) -> None:
    """Say what each of these jobs is `now`; fail if some were not what they have to be `before`."""
    for job in done:
        screen.print(f"Job {job} {now}.")
    if missing := sorted({*ids} - {*done}):
        sys.exit(f"No job with the number {' or '.join(map(str, missing))} {before}.")
