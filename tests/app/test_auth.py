"""Credentials: which tokens hold, and that all others are refused alike."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import delete, select, update

from app.auth import MAX_ORGANIZATIONS, Sessions, issue_token
from app.realtime import Realtime
from db import tables
from db.access import GUEST, Viewer
from db.actions.keys import PURPOSE, SCOPES
from db.engine import Database
from db.errors import NotFound, Unauthenticated
from db.keyring import Keyring
from db.tokens import new_key, new_token, token_hash
from tests.app.serving import NO_REDIS, Served, serving, told
from tests.conftest import SECRET
from tests.world import World
from tests.world.accounts import PASSWORD

UNKNOWN = f"trs_{'x' * 43}"
VIEWER = {"query": "{ viewer { name } }"}


async def identify(database: Database, authorization: str | None) -> Viewer:
    """Whom a process that knows nobody yet takes the sender of this header for."""
    return await Sessions(database, Realtime(NO_REDIS)).viewer(authorization)


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
    sessions, ada = Sessions(database, Realtime(NO_REDIS)), f"Bearer {world.tokens['ada']}"

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


# --- API keys ---


async def key(database: Database, world: World, name: str = "adas_key") -> Viewer:
    return await identify(database, f"Bearer {world.tokens[name]}")


async def alter(database: Database, *statements: Any) -> None:
    async with database.work(GUEST) as work:
        for statement in statements:
            await work.execute(statement)


async def test_a_key_is_its_owner_as_far_as_its_scopes_allow(database: Database, world: World) -> None:
    viewer = await key(database, world)
    assert (viewer.id, viewer.session_id, viewer.key_id) == (world.ada.id, None, world.adas_key.id)
    assert (viewer.scopes, viewer.rate_limit, viewer.expires_at) == (frozenset({"specs:read"}), 1_000, None)
    assert viewer.organization_ids == (world.analytical.id,)


async def test_a_key_with_a_typo_costs_no_statement(database: Database, world: World, statements: list[str]) -> None:
    secret = world.tokens["adas_key"]
    letters = [secret[:at] + ("x" if secret[at] != "x" else "y") + secret[at + 1 :] for at in range(len(secret))]
    swapped = [secret[:at] + secret[at + 1] + secret[at] + secret[at + 2 :] for at in range(4, len(secret) - 1)]
    for typo in [*letters, *(one for one in swapped if one != secret), secret[:-1], f"{secret}x", secret.lower()]:
        with pytest.raises(Unauthenticated):
            await identify(database, f"Bearer {typo}")
    assert statements == []
    assert (await key(database, world)).key_id
    assert len(statements) == 1


async def test_a_key_that_nobody_has_is_refused_as_any_other(served: Served) -> None:
    for secret in (new_key(), "trl_short"):
        answer = await served.post(VIEWER, authorization=f"Bearer {secret}")
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]) == (401, {"code": "UNAUTHENTICATED"})


PAST, LATER = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)


@pytest.mark.parametrize(
    "changed",
    [
        update(tables.ApiKey).values(is_active=False),
        update(tables.ApiKey).values(revoked_at=PAST),
        update(tables.ApiKey).values(created_at=PAST - timedelta(days=1), expires_at=PAST),
        update(tables.User).where(tables.User.role != "ADMIN").values(is_active=False),
        delete(tables.ApiKey),
    ],
    ids=["inactive", "revoked", "expired", "deactivated", "deleted"],
)
async def test_a_key_that_does_not_hold_is_refused(database: Database, world: World, changed: Any) -> None:
    assert (await key(database, world)).id
    await alter(database, changed)
    for name in ("adas_key", "analyticals_key"):
        with pytest.raises(Unauthenticated):
            await key(database, world, name)


async def test_the_key_of_an_organization_is_dead_when_its_owner_is_no_member(database: Database, world: World) -> None:
    assert (await key(database, world, "analyticals_key")).organization_ids == (world.analytical.id,)
    member = tables.OrganizationMember
    owner = tables.OrganizationMember(organization_id=world.analytical.id, user_id=world.olga.id, role="OWNER")
    async with database.work(GUEST) as work:
        await work.add(owner)
        await work.execute(
            delete(member).where(member.user_id == world.ada.id, member.organization_id == world.analytical.id)
        )
    with pytest.raises(Unauthenticated):
        await key(database, world, "analyticals_key")
    assert (await key(database, world)).organization_ids == ()


async def test_the_key_of_an_organization_is_paid_by_that_alone(database: Database, world: World) -> None:
    async with database.work(GUEST) as work:
        await work.add(tables.OrganizationMember(organization_id=world.remote.id, user_id=world.ada.id))
    assert len((await key(database, world)).organization_ids) == 2
    assert (await key(database, world, "analyticals_key")).organization_ids == (world.analytical.id,)


@pytest.mark.parametrize("role", ["ADMIN", "MODERATOR"])
async def test_no_key_has_the_powers_of_a_role_on_the_platform(database: Database, world: World, role: str) -> None:
    await alter(database, update(tables.User).where(tables.User.id == world.ada.id).values(role=role))
    viewer = await key(database, world)
    assert (viewer.role, viewer.is_admin, viewer.kind) == (None, False, "user with scopes")


async def test_a_secret_that_was_replaced_holds_a_while(database: Database, world: World) -> None:
    new = new_key()
    values = {"previous_hash": tables.ApiKey.key_hash, "key_hash": database.keyring.sign(PURPOSE, new.encode())}
    mine = update(tables.ApiKey).where(tables.ApiKey.id == world.adas_key.id)
    await alter(database, mine.values(**values, previous_until=LATER))
    old = await key(database, world)
    current = await identify(database, f"Bearer {new}")
    assert (old.key_id, old.expires_at) == (world.adas_key.id, LATER)
    assert (current.key_id, current.expires_at) == (world.adas_key.id, None)
    await alter(database, mine.values(previous_until=PAST))
    with pytest.raises(Unauthenticated):
        await key(database, world)
    assert await identify(database, f"Bearer {new}") == current


async def test_a_key_that_was_signed_with_the_secret_before_holds(database: Database, world: World) -> None:
    database.keyring = Keyring(["another secret of this installation", SECRET])
    assert (await key(database, world)).id == world.ada.id
    database.keyring = Keyring(["another secret of this installation"])
    with pytest.raises(Unauthenticated):
        await key(database, world)


async def test_sessions_and_keys_are_looked_at_together(database: Database, world: World) -> None:
    headers = {f"Bearer {world.tokens[name]}" for name in ("ada", "ben", "adas_key", "analyticals_key")}
    others = {f"Bearer {new_key()}", f"Bearer {new_token()}", "Bearer x"}
    found = await Sessions(database, Realtime(NO_REDIS)).holding(headers | others | {None})
    assert found == {header: await identify(database, header) for header in headers}


async def owned_by_root(database: Database, world: World) -> str:
    """The header of a key of an administrator's."""
    await alter(database, update(tables.ApiKey).values(user_id=world.root.id, scopes=SCOPES))
    return f"Bearer {world.tokens['adas_key']}"


async def test_the_key_of_an_administrator_is_none_of_one(
    database_url: str, redis_url: str, world: World, database: Database
) -> None:
    program, root = await owned_by_root(database, world), f"Bearer {world.tokens['root']}"
    everybody = {"query": "{ notifications { totalCount } }"}
    schema = {"query": "{ __schema { queryType { name } } }"}
    async with serving(database_url, redis_url, introspection="administrators") as served:

        async def answers(**who: str) -> list[Any]:
            asked = {"content": orjson.dumps(VIEWER), "content_type": "application/json", **who}
            explained = await served.send("POST", "/graphql/explain", **asked)
            metrics = await served.send("GET", "/metrics", **who)
            told_of = told(await served.post(everybody, **who))["data"]["notifications"]["totalCount"]
            introspected = "data" in told(await served.post(schema, **who))
            return [explained.status_code, metrics.status_code, told_of, introspected]

        assert await answers(authorization=root) == [200, 200, 3, True]
        assert await answers(authorization=program) == [403, 404, 0, False]


async def test_a_ticket_stands_for_a_key_with_its_scopes(served: Served, world: World) -> None:
    program = f"Bearer {world.tokens['adas_key']}"
    asked = "{ viewer { name } projects { nodes { name } } }"
    expected = {"data": {"viewer": None, "projects": {"nodes": [{"name": "Atlas"}]}}}
    assert told(await served.post({"query": asked}, authorization=program)) == expected
    ticket = (await served.send("POST", "/graphql/ticket", authorization=program)).json()["ticket"]
    async with served.client() as client:
        got = await client.get("/graphql", params={"query": asked, "ticket": ticket}, headers={"accept": "*/*"})
    assert told(got) == expected


async def test_what_a_program_changes_is_noted_as_its_own(served: Served, world: World, database: Database) -> None:
    await alter(database, update(tables.ApiKey).values(scopes=["specs:read", "specs:write"]))
    program = f"Bearer {world.tokens['adas_key']}"
    threads = "mutation ($id: ID!) { resolveThread(input: {threadId: $id}) { errors { code } } }"
    named = 'mutation ($id: ID!) { updateProject(input: {projectId: $id, name: "New"}) { errors { code } } }'
    for mutation, row in ((threads, world.thread_0), (named, world.atlas)):
        asked = {"query": mutation, "variables": {"id": row.public_id}}
        assert [*told(await served.post(asked, authorization=program))["data"].values()] == [{"errors": []}]
    async with database.read() as session:
        entries = (await session.scalars(select(tables.AuditLog).order_by(tables.AuditLog.sequence))).all()[-2:]
    assert {(entry.actor_id, entry.api_key_id) for entry in entries} == {(world.ada.id, world.adas_key.id)}


async def test_what_was_kept_for_a_session_shows_a_program_no_more_than_its_scopes(
    served: Served, world: World, database: Database
) -> None:
    await alter(database, update(tables.ApiKey).values(scopes=["specs:write"]))
    asked = {
        "query": "mutation ($id: ID!) { resolveThread(input: {threadId: $id}) { thread { id } errors { code } } }",
        "variables": {"id": world.thread_0.public_id},
    }
    ada, program = [
        told(await served.post(asked, authorization=f"Bearer {world.tokens[name]}", idempotency_key="once"))
        for name in ("ada", "adas_key")
    ]
    assert ada["data"]["resolveThread"] == {"thread": {"id": world.thread_0.public_id}, "errors": []}
    assert program["data"]["resolveThread"]["thread"] is None
