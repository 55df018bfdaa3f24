"""Tokens of providers: sealed for their place, refreshed once for all who ask, and sealed anew when secrets change."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select, update

from db import tables
from db.access import GUEST
from db.actions.provider_tokens import (
    SEALED,
    NoToken,
    Tokens,
    TokensRefused,
    fresh_token,
    seal,
    seal_tokens_anew,
)
from db.engine import Database
from db.keyring import Keyring, Unreadable
from db.mail import NoMailer
from db.queue.steps import Steps
from db.store import NO_STORE
from tests.deadline import DEADLINE
from tests.graphql_schema.asking import add
from tests.world import World

OLD, NEW = "o" * 32, "n" * 32
SOON = timedelta(seconds=30)
LATER = timedelta(hours=1)


@pytest.fixture
def database(database: Database) -> Database:
    database.keyring = Keyring((OLD,))
    return database


class Provider:
    """Gives other tokens for a refresh token, as often as it is asked."""

    def __init__(self, *, rotates: bool = True) -> None:
        self.asked: list[tuple[str, str]] = []
        self.rotates = rotates
        self.answers = asyncio.Event()
        self.answers.set()
        self.raises: Exception | None = None

    async def refresh(self, provider: str, token: str) -> Tokens:
        self.asked.append((provider, token))
        await self.answers.wait()
        if self.raises:
            raise self.raises
        number = len(self.asked)
        refresh = f"refresh-{number}" if self.rotates else None
        return Tokens(f"access-{number}", refresh, datetime.now(UTC) + LATER, "all")


async def given(
    database: Database, account: tables.Account, *, ends_in: timedelta | None, refresh: bool = True
) -> None:
    """Give an account tokens."""
    async with database.work(GUEST) as work:
        found = (await work.scalars(select(tables.Account).where(tables.Account.id == account.id))).one()
        ends_at = None if ends_in is None else datetime.now(UTC) + ends_in
        seal(work.keyring, found, Tokens("access-0", "refresh-0" if refresh else None, ends_at, "all"))


async def sealed_anew(database: Database) -> None:
    """Run the job here."""

    async def nothing(*_: Any) -> None:
        pass

    owned = database.engine.begin
    await seal_tokens_anew.function(Steps(partial(database.work, GUEST), nothing, nothing, owned, NoMailer(), NO_STORE))


async def waits(provider: Provider) -> None:
    """Wait until the provider is asked."""
    async with asyncio.timeout(DEADLINE):
        while not provider.asked:  # noqa: ASYNC110  (no event tells of it)
            await asyncio.sleep(0.01)


async def of(database: Database, account: tables.Account) -> Any:
    async with database.read() as session:
        return await session.get_one(tables.Account, account.id)


@pytest.mark.parametrize("ends_in", [None, LATER])
async def test_a_token_that_holds_is_taken_as_it_is(database: Database, world: World, ends_in: timedelta) -> None:
    await given(database, world.adas_account, ends_in=ends_in)
    provider = Provider()
    assert await fresh_token(database, world.adas_account.id, provider.refresh) == "access-0"
    assert provider.asked == []


@pytest.mark.parametrize("rotates", [True, False])
async def test_one_that_ends_soon_is_refreshed_once_for_all_who_ask(
    database: Database, database_url: str, world: World, rotates: bool
) -> None:
    await given(database, world.adas_account, ends_in=SOON)
    provider, other = Provider(rotates=rotates), Database(database_url, keyring=database.keyring)
    provider.answers.clear()
    both = [fresh_token(one, world.adas_account.id, provider.refresh) for one in (database, other) for _ in range(5)]
    asking = [asyncio.create_task(one) for one in both]
    await waits(provider)
    provider.answers.set()
    assert {await one for one in asking} == {"access-1"}
    await other.close()
    assert provider.asked == [("github", "refresh-0")]
    found = await of(database, world.adas_account)
    assert SEALED.text(database.keyring, found, "access_token") == "access-1"
    assert SEALED.text(database.keyring, found, "refresh_token") == ("refresh-1" if rotates else "refresh-0")
    assert found.refreshing_until is None


async def test_while_the_provider_is_asked_no_transaction_is_open_and_no_lock_is_held(
    database: Database, world: World
) -> None:
    await given(database, world.adas_account, ends_in=SOON)
    provider = Provider()
    provider.answers.clear()
    asking = asyncio.create_task(fresh_token(database, world.adas_account.id, provider.refresh))
    await waits(provider)
    async with database.work(GUEST) as work:
        name = update(tables.Account).where(tables.Account.id == world.adas_account.id).values(name="written meanwhile")
        await work.execute(name)
    provider.answers.set()
    assert await asking == "access-1"
    assert (await of(database, world.adas_account)).name == "written meanwhile"


async def test_a_refusal_forgets_the_tokens(database: Database, world: World) -> None:
    await given(database, world.adas_account, ends_in=SOON)
    provider = Provider()
    provider.raises = TokensRefused()
    for _ in range(2):
        with pytest.raises(NoToken):
            await fresh_token(database, world.adas_account.id, provider.refresh)
    assert len(provider.asked) == 1
    found = await of(database, world.adas_account)
    assert (found.access_token, found.refresh_token, found.expires_at, found.refreshing_until) == (None,) * 4


async def test_a_provider_that_is_away_loses_nothing(database: Database, world: World) -> None:
    await given(database, world.adas_account, ends_in=SOON)
    provider = Provider()
    provider.raises = RuntimeError("away")
    with pytest.raises(RuntimeError, match="away"):
        await fresh_token(database, world.adas_account.id, provider.refresh)
    provider.raises = None
    assert await fresh_token(database, world.adas_account.id, provider.refresh) == "access-2"


async def test_one_who_left_in_the_middle_is_followed_by_another(database: Database, world: World) -> None:
    await given(database, world.adas_account, ends_in=SOON)
    async with database.work(GUEST) as work:
        past = func.now() - timedelta(seconds=1)
        await work.execute(update(tables.Account).values(refreshing_until=past))
    assert await fresh_token(database, world.adas_account.id, Provider().refresh) == "access-1"


async def test_who_signs_in_meanwhile_keeps_the_newer_tokens(database: Database, world: World) -> None:
    await given(database, world.adas_account, ends_in=SOON)
    provider = Provider()
    provider.answers.clear()
    asking = asyncio.create_task(fresh_token(database, world.adas_account.id, provider.refresh))
    await waits(provider)
    await given(database, world.adas_account, ends_in=LATER)
    provider.answers.set()
    assert await asking == "access-1"
    assert await fresh_token(database, world.adas_account.id, provider.refresh) == "access-0"


async def test_an_account_without_tokens_or_a_way_to_others_has_none(database: Database, world: World) -> None:
    provider = Provider()
    with pytest.raises(NoToken):
        await fresh_token(database, world.ada.id, provider.refresh)
    with pytest.raises(NoToken):
        await fresh_token(database, world.adas_account.id, provider.refresh)
    await given(database, world.adas_account, ends_in=SOON, refresh=False)
    with pytest.raises(NoToken):
        await fresh_token(database, world.adas_account.id, provider.refresh)
    assert provider.asked == []


# --- what is sealed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["in another column", "in another row", "in the row of another person"])
async def test_a_token_that_was_put_elsewhere_cannot_be_opened(database: Database, world: World, where: str) -> None:
    other = tables.Account(user_id=world.ada.id, provider="acme", provider_account_id="ada")
    await add(database, other)
    for account in (world.adas_account, world.olgas_account, other):
        await given(database, account, ends_in=None)
    there = {"in another row": other, "in the row of another person": world.olgas_account}.get(
        where, world.adas_account
    )
    column = "refresh_token" if there is world.adas_account else "access_token"
    stolen = (await of(database, world.adas_account)).access_token
    async with database.work(GUEST) as work:
        await work.execute(update(tables.Account).where(tables.Account.id == there.id).values({column: stolen}))
    with pytest.raises(Unreadable):
        SEALED.text(database.keyring, await of(database, there), column)


async def test_a_row_that_was_given_to_another_person_cannot_be_opened(database: Database, world: World) -> None:
    await given(database, world.adas_account, ends_in=None)
    async with database.work(GUEST) as work:
        moved = update(tables.Account).where(tables.Account.id == world.adas_account.id)
        await work.execute(moved.values(user_id=world.ben.id))
    with pytest.raises(Unreadable):
        await fresh_token(database, world.adas_account.id, Provider().refresh)


async def test_tokens_are_sealed_anew_when_the_secret_changes(
    database: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.sealed.AT_ONCE", 1)
    for account in (world.adas_account, world.olgas_account):
        await given(database, account, ends_in=None)
    many = [
        tables.Account(user_id=world.ben.id, provider="github", provider_account_id=str(number)) for number in range(3)
    ]
    await add(database, *many)
    for account in many:
        await given(database, account, ends_in=None)
    async with database.work(GUEST) as work:  # one cannot be opened, and keeps none of the others back
        torn = update(tables.Account).where(tables.Account.id == many[0].id).values(access_token=b"torn")
        await work.execute(torn)
    changing = database.keyring = Keyring((NEW, OLD))
    await sealed_anew(database)
    database.keyring = Keyring((NEW,))
    for account in (world.adas_account, world.olgas_account, *many[1:]):
        found = await of(database, account)
        assert found.access_token.startswith(changing.mark)
        assert [SEALED.text(database.keyring, found, name) for name in SEALED.columns] == ["access-0", "refresh-0"]


async def test_what_is_refreshed_just_now_is_sealed_anew_another_time(database: Database, world: World) -> None:
    await given(database, world.adas_account, ends_in=SOON)
    provider = Provider()
    provider.answers.clear()
    asking = asyncio.create_task(fresh_token(database, world.adas_account.id, provider.refresh))
    await waits(provider)
    database.keyring = Keyring((NEW, OLD))
    await sealed_anew(database)
    provider.answers.set()
    assert await asking == "access-1"
    assert await fresh_token(database, world.adas_account.id, provider.refresh) == "access-1"
