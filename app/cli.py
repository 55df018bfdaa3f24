"""The command line: what operators and developers start. `scripts/` has one line for each command."""

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from app import jobs, sessions
from app.banner import SignedIn, banner, origin
from app.git.importing import import_git
from app.ready import DATA, KNOWN, Data, check_roles, ready, reason, running
from app.settings import Settings
from db import demo, epoch, migrations
from db.embedded import servers
from db.errors import NotFound

ROOT = Path(__file__).parents[1]

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Hosts that only this machine reaches."""

Check = Annotated[bool, typer.Option("--check", help="Write nothing, and fail if there is something to write.")]
Scale = Annotated[int, typer.Option(min=1, help="Each step above 1 adds as much generated data as there is real.")]
Sources = Annotated[list[Path], typer.Argument(help="Apollo's manifests, Relay's maps, folders, older lists.")]
Output = Annotated[Path, typer.Option(help="The list, for TRELLIS_TRUSTED_DOCUMENTS.")]
Event = Annotated[str, typer.Argument(help="What has happened to the charge, such as charge.succeeded.")]
Older = Annotated[Path, typer.Argument(help="The SDL of an older version.")]

cli = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
cli.command()(import_git)
cli.add_typer(graph := typer.Typer(invoke_without_command=True), name="schema")
cli.add_typer(jobs.commands, name="jobs")
cli.add_typer(sessions.commands, name="sessions")
screen = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Run the command of the command line; what can go wrong for a known reason is said in one line."""
    try:
        cli()
    except KNOWN as error:
        sys.exit(reason(error))


@cli.command()
def serve(*, host: str = "127.0.0.1", port: int = 8000, data: Data = DATA) -> None:
    """Serve the graph, with servers and demo data of our own unless DATABASE_URL and REDIS_URL name others."""
    with suppress(KeyboardInterrupt), _bound(host, port) as listener, ready(data) as settings:
        asyncio.run(check_roles(settings))
        # A database of one's own gets no demo people, whose addresses everybody knows.
        people = [] if os.environ.get("DATABASE_URL") else _demo_people(settings)
        _serve(_with_address(_with_demo(settings, host, people), listener), listener, people)


@cli.command()
def work(*, data: Data = DATA, attached: Annotated[bool, typer.Option(hidden=True)] = False) -> None:
    """Run jobs, beside whatever servers and other workers there are on the same database."""
    from app.work import run

    with suppress(KeyboardInterrupt), ready(data) as settings:
        run(settings, attached=attached)


@cli.command()
def token(email: str, *, data: Data = DATA) -> None:
    """Print a bearer token for a user."""
    from app.auth import issue_token

    with ready(data) as settings:
        typer.echo(asyncio.run(issue_token(settings.database_url, email)))


@cli.command()
def send_payment(
    type: Event, transaction: str, *, url: str = "http://127.0.0.1:8000", provider: str | None = None, data: Data = DATA
) -> None:
    """Tell a running server of a charge for a payment, as its provider would: nobody is charged."""
    from app.payments import sending

    with ready(data) as settings:
        typer.echo(asyncio.run(sending.send(settings, type, transaction, url=url, provider=provider)))


@cli.command()
def administrator(email: str, *, data: Data = DATA) -> None:
    """Make somebody an administrator, with an account if they have none, and print a bearer token for them."""
    from app.auth import issue_token
    from db.actions import people

    async def appoint(settings: Settings) -> str:
        await sessions.done(settings.database_url, lambda work: people.appoint(work, email))
        return await issue_token(settings.database_url, email)

    with ready(data) as settings:
        typer.echo(asyncio.run(appoint(settings)))


@cli.command()
def seed(*, scale: Scale = 1, data: Data = DATA) -> None:
    """Load the demo data into an empty database."""
    with ready(data) as settings:
        if not asyncio.run(demo.is_empty(settings.owner_url)):
            sys.exit("There are people in this database already; the demo data need an empty one.")
        _load_demo(settings, scale=scale)


@cli.command()
def migrate(*, data: Data = DATA) -> None:
    """Bring the database to the newest revision."""
    with running(data) as settings:
        migrations.upgrade(settings.owner_url)
        screen.print("The database is at the newest revision.")


@cli.command()
def restored(*, data: Data = DATA) -> None:
    """Say that the database was restored, where it cannot know: a part of its tables, or a machine with its memory."""
    with ready(data) as settings:
        asyncio.run(epoch.begin(settings.owner_url))
        screen.print("A new epoch has begun: clients that listen or resume are told to read again.")


@cli.command()
def roles() -> None:
    """Give the roles in DATABASE_URL and DATABASE_READER_URL their settings, as the owner in DIRECT_URL."""
    from db.roles import give

    names = "DIRECT_URL", "DATABASE_URL", "DATABASE_READER_URL"
    if missing := [name for name in names if not os.environ.get(name)]:
        sys.exit(f"Set {' and '.join(missing)}: the address of the owner, of who changes rows, and of who only reads.")
    owner, writer, reader = (os.environ[name] for name in names)
    for role in asyncio.run(give(owner, writer, reader_url=reader)):
        screen.print(f"The role {role} has its settings.", markup=False)


@cli.command()
def migration(message: str) -> None:
    """Write the revision between the newest one and the tables as they are declared."""
    with TemporaryDirectory() as folder, servers(Path(folder), durable=False) as scratch:
        migrations.revision(scratch.database_url, message)


@graph.callback()
def schema(context: typer.Context, *, check: Check = False) -> None:
    """Write the SDL of the graph."""
    from graphql_schema.schema import sdl

    if context.invoked_subcommand is None:
        _keep(sdl(), ROOT / "graphql_schema" / "schema.graphql", check=check)


@graph.command("check")
def check_schema(old: Older) -> None:
    """Fail if the graph breaks clients of an older version in a way that was not announced there by @deprecated."""
    from graphql import GraphQLError

    from graphql_schema.compatibility import changes
    from graphql_schema.schema import sdl

    try:
        found = changes(old.read_text(), sdl())
    except (GraphQLError, TypeError, UnicodeDecodeError) as error:
        reason, *_ = str(error).splitlines()
        sys.exit(f"{old} is no schema: {reason}")
    for change in found.dangerous:
        screen.print(f"May surprise clients: {change}", markup=False)
    if found.breaking:
        sys.exit("\n".join(f"Breaks clients: {change}" for change in found.breaking))
    screen.print("Nothing breaks that was not announced.")


@cli.command()
def access(*, check: Check = False) -> None:
    """Print who may do what, and write it."""
    from db.access import matrix
    from db.tables import User

    screen.print(rules := matrix(User.metadata), end="", markup=False)
    _keep(rules, ROOT / "db" / "access.txt", check=check)


@cli.command()
def trusted_documents(sources: Sources, *, output: Output, check: Check = False) -> None:
    """Write the list of trusted documents, once each of them is valid."""
    from app.persisted import manifests
    from graphql_schema.schema import executor

    content = manifests.written(documents := manifests.collected(sources, executor))
    if not check:
        output.write_bytes(content)
    elif not output.exists() or output.read_bytes() != content:
        sys.exit(f"{output} is not up to date: run scripts/trusted-documents and look at the difference.")
    screen.print(f"There are {len(documents)} documents on the list.")


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """The address, taken before anything starts, so that nothing starts in vain."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except (OSError, OverflowError) as error:
            said = getattr(error, "strerror", None) or "there are 65535 ports"
            sys.exit(f"Cannot serve on {host}, port {port}: {said}. Choose another with --host or --port.")
        yield listener


def _demo_people(settings: Settings) -> list[SignedIn]:
    """The users of the demo, each with a token. Their data are loaded on the first run."""
    if asyncio.run(demo.is_empty(settings.database_url)):
        _load_demo(settings, scale=1)
    return asyncio.run(_sign_in(settings.database_url))


def _with_demo(settings: Settings, host: str, people: list[SignedIn]) -> Settings:
    """The settings with the page `/demo`, unless they say who is on it: nobody is if others can reach it."""
    if "demo" in settings.model_fields_set or host not in LOOPBACK:
        return settings
    emails = tuple(one.person.email for one in people if one.person is not demo.ADMINISTRATOR)
    return settings.model_copy(update={"demo": emails})


def _with_address(settings: Settings, listener: socket.socket) -> Settings:
    """The settings with the address of this server, where mails that are sent nowhere need one for their links."""
    if settings.public_url or not settings.mailbox:
        return settings
    host, port, *_ = listener.getsockname()
    return settings.model_copy(update={"public_url": origin(host, port)})


async def _sign_in(database_url: str) -> list[SignedIn]:
    from app.auth import issue_token

    people = []
    for person in demo.PEOPLE:
        with suppress(NotFound):  # the database may hold other data
            people.append(SignedIn(person, await issue_token(database_url, person.email)))
    return people


def _load_demo(settings: Settings, *, scale: int) -> None:
    columns = TextColumn("{task.description:<40}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    with Progress(*columns, console=screen) as bar:
        task = bar.add_task("Reading the demo data", total=None)

        def progress(table: str, done: int, total: int) -> None:
            bar.update(task, description=f"Loading {table}", completed=done, total=total)

        asyncio.run(demo.load(settings.owner_url, settings.keyring, scale=scale, progress=progress))


def _serve(settings: Settings, listener: socket.socket, people: list[SignedIn]) -> None:
    from app import garbage, logs
    from app.main import Server
    from app.work import WorkerProcesses
    from graphql_schema.execution.memory import Memory

    class Announced(Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                await workers.__aenter__()
                garbage.settle()
                Memory.is_settling = True
                host, port, *_ = listener.getsockname()
                mailbox = None if settings.smtp_url else settings.mailbox
                screen.print(banner(host, port, people, has_demo=bool(settings.demo), mailbox=mailbox))

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await asyncio.gather(super().shutdown(sockets), workers.__aexit__())

    logs.configure(settings.log_level, json=settings.log_json)
    workers = WorkerProcesses(settings)
    server = Announced(settings)
    server.run(sockets=[listener])
    if not server.started:
        sys.exit("The server did not start; the reason is above.")


def _keep(text: str, file: Path, *, check: bool) -> None:
    """Write a generated file, or compare it with the committed one."""
    if not check:
        file.write_text(text)
    elif not file.exists() or file.read_text() != text:
        sys.exit(f"{file.relative_to(ROOT)} is not up to date: run scripts/{file.stem} and look at the difference.")
