"""GitHub is asked by jobs, in tests: over HTTP, as it is played on loopback."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.upstream import GitHub
from db import tables
from db.actions import github_tokens
from db.engine import Database
from db.mail import NoMailer
from db.queue import operators
from db.queue.declared import kinds
from tests.app.oauth.fakes import running
from tests.app.rest import TOKEN, FakeGitHub, Shown
from tests.db.telling import repository
from tests.world import World


@pytest.fixture
async def github(database: Database, world: World) -> AsyncIterator[FakeGitHub]:
    """GitHub, which shows Engine to the token that Analytical has."""
    await entrust(database, world)
    async with running(FakeGitHub()) as fake:
        fake.repositories["analytical/engine"] = Shown(repository())
        yield fake


async def entrust(database: Database, world: World, token: str | None = TOKEN) -> None:
    """Give Analytical a token."""
    async with database.work(world.viewer("ada")) as work:
        organization = await work.get(tables.Organization, world.analytical.public_id, at="id", lock=True)
        await github_tokens.put(work, organization, token)


async def ask(
    database: Database,
    github: FakeGitHub,
    name: str = "request_missing_events",
    *,
    patience: float = 15,
    **arguments: str,
) -> None:
    """Run a job that asks GitHub, here and now, and waits so many seconds for an answer."""
    connection = await database.address.connect()
    try:
        async with GitHub(github.address, timeout=patience) as upstream:
            ways: Any = {"mailer": NoMailer(), "upstream": upstream}
            given = database, database.address, connection, kinds()[name], arguments, _unwatched
            await operators.run(*given, **ways)
    finally:
        await connection.close()


async def _unwatched(*_: Any) -> None:
    """Tell nobody how far it is."""
