"""Tokens for GitHub are sealed for their organization, and what GitHub made of them is noted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db import tables
from db.access import GUEST
from db.actions import github_tokens
from db.engine import Database
from db.errors import BadInput
from db.keyring import Keyring, Unreadable
from db.outgoing import Unanswered
from db.upstream import Limited, TokenRefused
from tests.app.rest import TOKEN
from tests.conftest import KEYRING, SECRET
from tests.db.actions.test_media import run
from tests.db.asking_github import entrust
from tests.db.ingesting import found, now
from tests.graphql_schema.asking import change
from tests.world import World

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)


async def noted(database: Database, world: World, error: Unanswered | None = None) -> tuple[Any, Any]:
    """What is known of the token of Analytical once this came of it."""
    organization = await now(database, world.analytical)
    async with database.work(GUEST) as work:
        await github_tokens.note(work, organization, error)
    organization = await now(database, world.analytical)
    return organization.github_token_refused_at, organization.github_retry_at


async def test_a_token_is_kept_sealed_for_its_organization(database: Database, world: World) -> None:
    await entrust(database, world)
    organization = await now(database, world.analytical)
    assert github_tokens.known(KEYRING, organization) == TOKEN
    assert TOKEN.encode() not in organization.github_token
    await change(database, world.remote, github_token=organization.github_token)
    with pytest.raises(Unreadable):
        github_tokens.known(KEYRING, await now(database, world.remote))


async def test_a_token_is_taken_away(database: Database, world: World) -> None:
    await entrust(database, world)
    await entrust(database, world, None)
    assert (await now(database, world.analytical)).github_token is None
    log = tables.AuditLog
    told = [one.action for one in await found(database, log, log.action.like("github_token%"))]
    assert told == ["github_token_set", "github_token_removed"]


@pytest.mark.parametrize("token", ["", " ", "two words", "a\r\nheader: b", "tökén"])
async def test_what_no_header_can_have_is_no_token(database: Database, world: World, token: str) -> None:
    with pytest.raises(BadInput):
        await entrust(database, world, token)


async def test_tokens_are_sealed_anew_when_the_secret_of_the_installation_changes(
    database: Database, world: World
) -> None:
    await entrust(database, world)
    database.keyring = Keyring(["n" * 32, SECRET])
    await run(database, "seal_github_tokens_anew")
    assert github_tokens.known(Keyring(["n" * 32]), await now(database, world.analytical)) == TOKEN


async def test_it_is_known_since_when_github_refuses_a_token(database: Database, world: World) -> None:
    await entrust(database, world)
    since, _ = await noted(database, world, TokenRefused())
    assert since is not None
    assert await noted(database, world, TokenRefused()) == (since, None)
    assert await noted(database, world, Unanswered()) == (since, None)
    assert await noted(database, world, Limited(SOON)) == (None, SOON)
    assert await noted(database, world) == (None, None)


async def test_of_another_token_nothing_is_known(database: Database, world: World) -> None:
    await entrust(database, world)
    await noted(database, world, TokenRefused())
    await entrust(database, world, "another")
    assert (await now(database, world.analytical)).github_token_refused_at is None
