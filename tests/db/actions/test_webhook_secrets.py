"""Secrets of organizations are sealed for them, and two of them hold."""

import pytest

from db import tables
from db.actions import webhook_secrets
from db.engine import Database
from db.keyring import Keyring, Unreadable
from tests.conftest import KEYRING, SECRET
from tests.db.actions.test_media import run
from tests.db.ingesting import now
from tests.graphql_schema.asking import change
from tests.world import World


async def rotated(database: Database, world: World) -> str:
    async with database.work(world.viewer("ada")) as work:
        organization = await work.get(tables.Organization, world.analytical.public_id, at="id", lock=True)
        return await webhook_secrets.rotate(work, organization)


async def test_the_two_last_secrets_hold_and_none_is_kept_as_it_is(database: Database, world: World) -> None:
    made = [await rotated(database, world) for _ in range(3)]
    organization = await now(database, world.analytical)
    assert webhook_secrets.known(KEYRING, organization) == [made[2], made[1]]
    for secret in made:
        assert secret.encode() not in organization.webhook_secret + organization.previous_webhook_secret


async def test_a_secret_that_was_put_elsewhere_cannot_be_opened(database: Database, world: World) -> None:
    await rotated(database, world)
    organization = await now(database, world.analytical)
    await change(database, world.remote, webhook_secret=organization.webhook_secret)
    with pytest.raises(Unreadable):
        webhook_secrets.known(KEYRING, await now(database, world.remote))


async def test_secrets_are_sealed_anew_when_that_of_the_installation_changes(database: Database, world: World) -> None:
    made = [await rotated(database, world) for _ in range(2)]
    database.keyring = Keyring(["n" * 32, SECRET])
    await run(database, "seal_webhook_secrets_anew")
    organization = await now(database, world.analytical)
    assert webhook_secrets.known(Keyring(["n" * 32]), organization) == made[::-1]
