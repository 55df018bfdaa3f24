"""The commands with which operators look after sessions: `scripts/sessions list`, `end`, `deactivate` and `activate`.

What ends is gone from all processes at once, with its sockets and streams: see `app.watch`.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from app.ready import DATA, Data, ready
from db import tables
from db.access import GUEST
from db.errors import NotFound
from db.write import Work

T = TypeVar("T")

commands = typer.Typer(help="Look after sessions: where people are signed in.", no_args_is_help=True)
screen = Console(highlight=False, soft_wrap=True, width=160)

Ids = Annotated[list[str] | None, typer.Argument(help="Their ids, as `list` prints them; without any, all of them.")]


@commands.command("list")
def list_sessions(email: str, *, data: Data = DATA) -> None:
    """Print where a user is signed in."""
    found = _done(data, lambda work: _sessions_of(work, email))
    table = Table("id", "since (UTC)", "until (UTC)", "device", box=None, pad_edge=False)
    for one in found:
        table.add_row(one.public_id, f"{one.created_at:%F %T}", f"{one.expires_at:%F %T}", one.device or "")
    screen.print(table if found else "There are no such sessions.")


@commands.command()
def end(email: str, ids: Ids = None, *, data: Data = DATA) -> None:
    """Sign a user out, everywhere or where these sessions are."""
    from db.actions import accounts

    ended = _done(data, lambda work: accounts.end_sessions_of(work, email, ids))
    for one in ended:
        screen.print(f"Session {one}: ended.")
    if missing := sorted({*(ids or ())} - {*ended}):
        sys.exit(f"The user has no session {' or '.join(missing)}.")


@commands.command()
def deactivate(email: str, *, data: Data = DATA) -> None:
    """Sign a user out everywhere, and let them sign in no more."""
    from db.actions import accounts

    _done(data, lambda work: accounts.set_active(work, email, is_active=False))
    screen.print(f"{email} cannot sign in any more.", markup=False)


@commands.command()
def activate(email: str, *, data: Data = DATA) -> None:
    """Let a user sign in again."""
    from db.actions import accounts

    _done(data, lambda work: accounts.set_active(work, email, is_active=True))
    screen.print(f"{email} can sign in again.", markup=False)


async def _sessions_of(work: Work, email: str) -> Sequence[tables.Session]:
    """The sessions of a user that have not ended, the oldest first; raises NotFound where there is no such user."""
    user = select(tables.User.id).where(func.lower(tables.User.email) == email.strip().lower())
    if (user_id := await work.scalar(user)) is None:
        raise NotFound(f"There is no user with the address {email}.")
    session = tables.Session
    found = select(session).where(session.user_id == user_id, session.expires_at > func.now()).order_by(session.id)
    return (await work.scalars(found)).all()


def _done(data: Path, do: Callable[[Work], Awaitable[T]]) -> T:
    """The outcome of one transaction of an operator's."""
    with ready(data) as settings:
        return asyncio.run(done(settings.database_url, do))


async def done(database_url: str, do: Callable[[Work], Awaitable[T]]) -> T:
    """The outcome of one transaction of an operator's, on this database."""
    from db.engine import Database

    database = Database(database_url, pool_size=1)
    try:
        async with database.work(GUEST) as work:
            return await do(work)
    finally:
        await database.close()
