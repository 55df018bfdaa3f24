"""Ways in: which there are, and that the tables of all of them are looked at."""

import pytest

from db import tables
from db.access import GUEST
from db.actions import accounts, ways_in
from db.base import Base
from db.base import tables as all_tables
from db.engine import Database
from db.errors import Conflict
from db.outbox import topic
from tests.graphql_schema.asking import add
from tests.world import World

NO_WAY_IN = {"passkey_challenges", "sessions", "idempotency_keys", "users"}
"""The tables of these slices that let nobody in: a session is what a way in leads to."""


def test_every_table_of_people_and_keys_is_a_way_in_or_a_promise_of_one_or_lets_nobody_in() -> None:
    slices = {tables.User.__module__, tables.ApiKey.__module__}
    found = {one.__tablename__ for one in all_tables() if one.__module__ in slices}
    known = {one.__tablename__ for one in ways_in.WAYS_IN + ways_in.PROMISES}
    assert found == known | NO_WAY_IN


async def test_the_only_way_in_is_not_given_away(database: Database, world: World) -> None:
    """Olga has an account at a provider and nothing else; Ada has a password beside it."""
    async with database.work(world.viewer("olga")) as work:
        olga = await ways_in.lock(work, world.olga.id)
        with pytest.raises(Conflict, match="only way in"):
            await ways_in.check_another(work, olga, at="accountId")
        ada = await ways_in.lock(work, world.ada.id)
        await ways_in.check_another(work, ada, at="accountId")
        ben = await ways_in.lock(work, world.ben.id)
        with pytest.raises(Conflict):
            await ways_in.check_another(work, ben, at="accountId")


async def test_two_of_one_kind_are_two_ways(database: Database, world: World) -> None:
    await add(database, tables.Account(user_id=world.olga.id, provider="acme", provider_account_id="olga"))
    async with database.work(world.viewer("olga")) as work:
        await ways_in.check_another(work, await ways_in.lock(work, world.olga.id), at="accountId")


async def test_all_of_them_end_with_the_sessions_and_those_of_others_stay(database: Database, world: World) -> None:
    async with database.work(GUEST) as work:
        await ways_in.end_all(work, await ways_in.lock(work, world.ada.id))
        kinds = [(event.topic, event.kind) for event in work.events]
    ended = accounts.SESSIONS_ENDED, tables.IdentityEventKind.IDENTITY_REMOVED
    assert kinds == [(topic("user", world.ada.id), kind) for kind in ended]
    async with database.read() as session:
        ending: tuple[type[Base], ...] = (*ways_in.WAYS_IN, *ways_in.PROMISES, tables.Session, tables.Identity)
        for table in ending:
            owners = (await session.execute(table.__table__.select())).all()
            assert world.ada.id not in {owner.user_id for owner in owners}, table
        assert world.olga.id in {row.user_id for row in await session.execute(tables.Account.__table__.select())}
