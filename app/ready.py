"""The checks before anything runs: settings that make sense, servers that let us in, a database of this release.

A check that fails is told in one line.
"""

import asyncio
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from app import redis_address
from app.settings import Settings
from db import migrations, roles
from db.address import Address
from db.embedded import Servers, servers
from db.errors import CannotRun, Refusal

DATA = Path(__file__).parents[1] / ".trellis"
Data = Annotated[
    Path, typer.Option("--data", readable=False, help="Where our own servers keep their data.", show_default=".trellis")
]
"""The option of every command that needs servers."""

KNOWN = (CannotRun, Refusal, OSError, ValidationError, asyncpg.PostgresError, DBAPIError)
"""The exceptions that end a command for a reason that its caller can do something about."""


@contextmanager
def running(data: Path) -> Iterator[Settings]:
    """The settings with servers that let us in: those that the environment names, or our own on this data."""
    outside = Servers(os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", ""))
    with nullcontext(outside) if outside.database_url and outside.redis_url else servers(data) as found:
        settings = _settings(outside, found, data)
        asyncio.run(_reach(settings))
        yield settings


@contextmanager
def ready(data: Path) -> Iterator[Settings]:
    """The settings with servers that let us in, and a database at the newest revision."""
    with running(data) as settings:
        if settings.migrate:
            migrations.upgrade(settings.owner_url)
        else:
            asyncio.run(migrations.check(settings.owner_url))
        yield settings


async def check_roles(settings: Settings) -> None:
    """Raise CannotRun if sessions would go without time limits, or reads could write, because of a pooler."""
    await roles.check(settings.database_url, reader_url=settings.database_reader_url)


def reason(error: BaseException) -> str:
    """One line about an exception of KNOWN, without the secrets in the address of a server."""
    match error:
        case ValidationError():
            return "; ".join(_setting(details["loc"], details["msg"]) for details in error.errors())
        case OSError(strerror=str(said), filename=str(name)):
            return f"{said}: '{name}'"
        case asyncpg.PostgresError():
            return f"PostgreSQL: {error.args[0]}."
        case DBAPIError():
            return f"PostgreSQL: {str(error.orig).splitlines()[0]}."
    return str(error)


def _settings(outside: Servers, found: Servers, data: Path) -> Settings:
    if outside.database_url:
        return Settings(redis_url=outside.redis_url or found.redis_url)  # type: ignore[call-arg]  # in the environment
    own: dict[str, Any] = {}
    # The other ways to a database of one's own lead to another one than ours.
    if not os.environ.get("TRELLIS_SECRETS"):
        own["secrets"] = _own_secret(data / "secret")
    if not os.environ.get("TRELLIS_PAYMENTS"):
        own["payments"] = f"test:{_own_secret(data / 'payments-secret')}"
    if not os.environ.get("TRELLIS_MAILBOX"):
        own["mailbox"] = data / "mailbox"
    if not os.environ.get("TRELLIS_MEDIA"):
        own["media"] = data / "media"
    return Settings(
        database_url=found.database_url,
        database_reader_url=None,
        direct_url=None,
        redis_url=outside.redis_url or found.redis_url,
        **own,
    )


def _own_secret(file: Path) -> str:
    """A secret that belongs to the data of our own servers: made with them, and read by their user alone."""
    with suppress(FileExistsError):
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "w") as opened:
            opened.write(secrets.token_urlsafe(32))
    return file.read_text()


async def _reach(settings: Settings) -> None:
    ways = {settings.database_url, settings.database_reader_url, settings.direct_url} - {None}
    for address in map(Address.parse, filter(None, sorted(filter(None, ways)))):
        for name in address.ignored:
            typer.echo(f"{name} in the address of the database changes nothing: it is ignored.", err=True)
        await (await address.reach()).close()
    await redis_address.reach(settings.redis_url)


def _setting(path: tuple[int | str, ...], message: str) -> str:
    """A problem with a setting, by the name that the setting has in the environment."""
    name = "__".join(map(str, path)).upper()
    alone = {"DATABASE_URL", "DATABASE_READER_URL", "DIRECT_URL", "REDIS_URL"}
    return f"{name if name in alone else f'TRELLIS_{name}'}: {message.removeprefix('Value error, ')}"
