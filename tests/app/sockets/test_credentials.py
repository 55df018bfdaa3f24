"""Credentials that end while a socket is open: its client is warned, and renews them without a seam."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, update

from app.auth import issue_token
from app.watch import WARNED_FOR
from db import tables
from db.access import GUEST
from db.engine import Database
from db.tokens import token_hash
from tests.app.serving import Served, Talk, happen, serving, until
from tests.app.sockets.test_conversation import HEARD, SOMEBODY, TYPENAME, VIEWER, listen, next_of
from tests.app.sockets.test_endpoint import NAME, answer, bearer
from tests.world import World

A_MONTH = 30 * 24 * 60 * 60


@pytest.fixture
async def watched(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    """A server that looks at credentials often."""
    async with serving(database_url, redis_url, credential_interval=0.1) as served:
        yield served


async def ends_in(database: Database, token: str, seconds: float) -> None:
    """Have the session of a token end so soon."""
    ends = {"created_at": func.now() - timedelta(days=1), "expires_at": datetime.now(UTC) + timedelta(seconds=seconds)}
    async with database.work(GUEST) as work:
        await work.execute(update(tables.Session).where(tables.Session.token_hash == token_hash(token)).values(**ends))


async def warned(talk: Talk) -> int:
    """The seconds in the warning that comes next."""
    match await talk.hear():
        case {"type": "ping", "payload": {"credentialExpiresIn": int(seconds)}}:
            return seconds
        case other:
            raise AssertionError(other)


async def renewal(talk: Talk, credential: str, *, kind: str = "ping") -> Any:
    """What the server says of a new credential."""
    await talk.say(type=kind, payload={"authorization": credential})
    told = await talk.hear()
    assert told["type"] == "pong"
    return told["payload"]


async def looked(served: Served) -> None:
    """Wait until all credentials were looked at once more."""
    before = served.app.watch.looks
    await until(lambda: served.app.watch.looks > before + 1)


async def test_a_minute_before_a_credential_ends_its_client_is_warned_once(
    watched: Served, world: World, database: Database
) -> None:
    async with watched.talk(authorization=bearer(world.tokens["ada"])) as talk:
        await looked(watched)
        await ends_in(database, world.tokens["ada"], WARNED_FOR)
        assert WARNED_FOR - 10 < await warned(talk) <= WARNED_FOR
        await looked(watched)
        assert await answer(talk, VIEWER) == NAME


@pytest.mark.parametrize("kind", ["ping", "pong"])
async def test_subscriptions_go_on_under_a_credential_that_was_renewed(
    watched: Served, world: World, database: Database, database_url: str, kind: str
) -> None:
    async with watched.talk(authorization=bearer(world.tokens["ada"])) as talk:
        await listen(watched, talk, world.requirements)
        renewed = bearer(await issue_token(database_url, "ada@example.com"))
        told = await renewal(talk, renewed, kind=kind)
        assert A_MONTH - 100 < told.pop("credentialExpiresIn") <= A_MONTH
        assert not told
        await ends_in(database, world.tokens["ada"], -1)
        await looked(watched)
        await happen(watched, world.requirements)
        assert await talk.hear() == next_of(HEARD)


async def test_of_the_end_of_each_credential_its_client_is_warned(
    watched: Served, world: World, database: Database, database_url: str
) -> None:
    second = await issue_token(database_url, "ada@example.com")
    await ends_in(database, world.tokens["ada"], 30)
    await ends_in(database, second, 50)
    async with watched.talk(authorization=bearer(world.tokens["ada"])) as talk:
        assert await warned(talk) <= 30
        assert await renewal(talk, bearer(second)) == {"credentialExpiresIn": pytest.approx(50, abs=10)}
        assert 30 < await warned(talk) <= 50


async def test_a_credential_of_somebody_else_renews_nothing_and_closes_nothing(served: Served, world: World) -> None:
    async with served.talk(authorization=bearer(world.tokens["ada"])) as talk:
        for credential in (bearer(world.tokens["ben"]), SOMEBODY["authorization"], "Basic YWRhOnB3"):
            [error] = (await renewal(talk, credential))["errors"]
            assert error["extensions"]["code"] == "UNAUTHENTICATED"
        assert await answer(talk, VIEWER) == NAME


async def test_whoever_came_as_a_guest_stays_one(served: Served, world: World) -> None:
    async with served.talk() as talk:
        [error] = (await renewal(talk, bearer(world.tokens["ada"])))["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_renewal_that_cannot_be_looked_up_is_told_and_closes_nothing(bare: Served) -> None:
    async with bare.talk() as talk:
        [error] = (await renewal(talk, SOMEBODY["authorization"]))["errors"]
        assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
        assert await answer(talk, TYPENAME) == next_of({"data": {"__typename": "Query"}})


async def test_a_renewal_costs_a_point(database_url: str, redis_url: str, world: World) -> None:
    ada = bearer(world.tokens["ada"])
    async with (
        serving(database_url, redis_url, rate_limit=1, rate_limit_restored=1) as served,
        served.talk(authorization=ada) as talk,
    ):
        told = [await renewal(talk, ada) for _ in range(20)]
    assert "errors" not in told[0]
    assert "REQUEST_RATE_LIMITED" in {error["extensions"]["code"] for one in told for error in one.get("errors", ())}


async def test_an_authorization_that_is_no_text_closes_with_4400(bare: Served) -> None:
    async with bare.talk() as talk:
        await talk.say(type="ping", payload={"authorization": 7})
        assert (await talk.closed())[0] == 4400
