"""Credentials: which tokens hold, and that all others are refused alike."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update

from app.auth import MAX_ORGANIZATIONS, Sessions, issue_token
from db import tables
from db.access import GUEST, Viewer
from db.engine import Database
from db.errors import NotFound, Unauthenticated
from db.tokens import new_token, token_hash
from tests.app.serving import Served, told
from tests.world import World
from tests.world.accounts import PASSWORD

UNKNOWN = f"trs_{'x' * 43}"
VIEWER = {"query": "{ viewer { name } }"}


async def identify(database: Database, authorization: str | None) -> Viewer:
    """Whom a process that knows nobody yet takes the sender of this header for."""
    return await Sessions(database).viewer(authorization)


async def test_a_token_tells_who_asks(served: Served, world: World) -> None:
    answer = await served.post(VIEWER, authorization=f"Bearer {world.tokens['ada']}")
    assert told(answer) == {"data": {"viewer": {"name": "Ada"}}}


async def test_the_scheme_may_be_written_in_any_case(database: Database, world: World) -> None:
    assert (await identify(database, f"bEARER {world.tokens['ada']}")).id == world.ada.id


async def test_without_a_header_a_guest_asks(served: Served) -> None:
    assert told(await served.post(VIEWER)) == {"data": {"viewer": None}}


async def test_an_empty_header_is_that_of_a_guest_who_can_sign_in(served: Served) -> None:
    signing_in = 'mutation { signIn(input: {email: "ada@example.com", password: "%s"}) { token } }'
    signed_in = await served.post({"query": signing_in % PASSWORD}, authorization="")
    assert signed_in.json()["data"]["signIn"]["token"]
    assert told(await served.post(VIEWER, authorization="")) == {"data": {"viewer": None}}


@pytest.mark.parametrize("authorization", [None, "", " ", " \t "])
async def test_without_a_credential_in_it_a_header_is_as_good_as_none(
    database: Database, authorization: str | None
) -> None:
    assert await identify(database, authorization) is GUEST


async def test_the_viewer_carries_the_session_so_that_it_can_be_ended(served: Served, world: World) -> None:
    authorization = f"Bearer {world.tokens['ada']}"
    signed_out = await served.post({"query": "mutation { signOut { signedOut } }"}, authorization=authorization)
    assert told(signed_out) == {"data": {"signOut": {"signedOut": True}}}
    assert (await served.post(VIEWER, authorization=authorization)).status_code == 401


async def test_only_administrators_are_administrators(database: Database, world: World) -> None:
    viewers = {name: await identify(database, f"Bearer {world.tokens[name]}") for name in ("ada", "root")}
    assert {name: viewer.is_admin for name, viewer in viewers.items()} == {"ada": False, "root": True}


async def test_the_viewer_knows_the_organizations_that_pay(database: Database, world: World) -> None:
    async def organizations(name: str) -> tuple[UUID, ...]:
        return (await identify(database, f"Bearer {world.tokens[name]}")).organization_ids

    assert await organizations("ada") == (world.analytical.id,)
    assert await organizations("sam") == ()
    async with database.work(GUEST) as work:
        for number in range(MAX_ORGANIZATIONS):
            added = await work.add(tables.Organization(name="New", slug=f"new-{number}"))
            await work.add(tables.OrganizationMember(organization_id=added.id, user_id=world.ada.id))
    found = await organizations("ada")
    assert (len(found), found[0]) == (MAX_ORGANIZATIONS, world.analytical.id)


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", f"Bearer {UNKNOWN}", "Bearer trs_short", "Basic YWRhOnB3", UNKNOWN, "Bearer é"],
)
async def test_a_credential_that_does_not_hold_is_401(served: Served, authorization: str) -> None:
    answer = await served.post(VIEWER, authorization=authorization.encode("latin-1"))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    assert "data" not in answer.json()


async def test_an_expired_session_is_refused(database: Database, world: World) -> None:
    async with database.work(GUEST) as work:
        past = datetime.now(UTC) - timedelta(seconds=1)
        await work.execute(update(tables.Session).values(expires_at=past))
    with pytest.raises(Unauthenticated):
        await identify(database, f"Bearer {world.tokens['ada']}")


async def test_a_session_that_ends_while_it_is_looked_up_is_not_remembered(database: Database, world: World) -> None:
    looked_up, go_on, fetch = asyncio.Event(), asyncio.Event(), database.fetch
    sessions, ada = Sessions(database), f"Bearer {world.tokens['ada']}"

    async def late(*arguments: Any) -> Any:
        found = await fetch(*arguments)
        looked_up.set()
        await go_on.wait()
        return found

    database.fetch = late  # type: ignore[method-assign, assignment]
    asking = asyncio.create_task(sessions.viewer(ada))
    await looked_up.wait()
    async with database.work(GUEST) as work:
        await work.execute(delete(tables.Session).where(tables.Session.user_id == world.ada.id))
    sessions.forget(ada)
    go_on.set()
    assert (await asking).id == world.ada.id
    with pytest.raises(Unauthenticated):
        await sessions.viewer(ada)


async def test_the_sessions_of_an_inactive_user_are_refused(database: Database, world: World) -> None:
    async with database.work(GUEST) as work:
        await work.execute(update(tables.User).where(tables.User.id == world.ada.id).values(is_active=False))
    with pytest.raises(Unauthenticated):
        await identify(database, f"Bearer {world.tokens['ada']}")
    assert (await identify(database, f"Bearer {world.tokens['ben']}")).id == world.ben.id


async def test_an_operator_gets_a_token_for_an_address_in_any_case(database: Database, database_url: str) -> None:
    token = await issue_token(database_url, " ADA@example.com")
    viewer = await identify(database, f"Bearer {token}")
    async with database.read() as reading:
        session = await reading.get_one(tables.Session, viewer.session_id)
    assert session.device == "Issued by an operator"
    assert timedelta(days=29) < session.expires_at - datetime.now(UTC) <= timedelta(days=30)


async def test_an_operator_gets_no_token_for_somebody_unknown(database_url: str) -> None:
    with pytest.raises(NotFound, match=r"nobody@example\.com"):
        await issue_token(database_url, "nobody@example.com")


async def test_only_the_hash_of_a_token_is_stored(database: Database, world: World) -> None:
    async with database.read() as reading:
        rows = (await reading.execute(select(tables.Session.__table__))).all()
    stored = [row for row in rows if row.token_hash == token_hash(world.tokens["ada"])]
    assert len(stored) == 1
    assert len(stored[0].token_hash) == 32
    assert world.tokens["ada"] not in repr(rows)


def test_a_token_has_256_random_bits() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {47}
