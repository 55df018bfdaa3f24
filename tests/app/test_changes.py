"""What changes viewers that are cached: in whichever process it happens, all know at once."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, update

from app.auth import REMEMBERED_FOR, Sessions
from app.realtime import Realtime
from db import tables
from db.access import GUEST, Viewer
from db.actions import accounts
from db.engine import Database
from db.errors import Unauthenticated
from db.outbox import Event, topic, viewer_topic
from db.tables import UserRole
from tests.app.conftest import Clock
from tests.app.serving import NO_REDIS, Served, serving, told, until
from tests.app.test_auth import alter
from tests.app.wire import Wire
from tests.deadline import DEADLINE
from tests.world import World


def of_viewers(statements: list[str]) -> list[str]:
    """Those statements that look somebody up."""
    return [one for one in statements if "token_hash" in one or "key_hash" in one]


@pytest.fixture
async def here(database_url: str, redis_url: str, prefix: str) -> AsyncIterator[Served]:
    async with serving(database_url, redis_url, redis_prefix=prefix, credential_interval=3_600.0) as served:
        yield served


@pytest.fixture
async def there(database_url: str, redis_url: str, prefix: str) -> AsyncIterator[Served]:
    """Another process of the same installation."""
    async with serving(database_url, redis_url, redis_prefix=prefix, credential_interval=3_600.0) as served:
        yield served


def ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked up again because it is old."""
    monkeypatch.setattr("app.auth.REMEMBERED_FOR", 3_600.0)
    monkeypatch.setattr("app.changes.HEARD_FOR", 3_600.0)


async def warm(served: Served, authorization: str) -> Viewer:
    """The viewer of a header once changes are heard, as the next request will have them from the cache."""
    sessions = served.app.sessions
    viewer = await sessions.viewer(authorization)
    assert viewer.id
    await until(lambda: sessions._heard.of(viewer.id).state.is_heard)  # type: ignore[arg-type]
    return await sessions.viewer(authorization)


@pytest.mark.parametrize("name", ["ada", "adas_key"])
async def test_a_warm_viewer_costs_no_statement(
    here: Served, world: World, name: str, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ever(monkeypatch)
    authorization = f"Bearer {world.tokens[name]}"
    await warm(here, authorization)
    assert of_viewers(statements)
    statements.clear()
    for _ in range(3):
        assert told(await here.post({"query": "{ __typename }"}, authorization=authorization))
    assert of_viewers(statements) == []


@pytest.mark.parametrize("name", ["ada", "adas_key"])
async def test_a_warm_viewer_takes_a_tenth_of_a_millisecond_at_the_most(
    here: Served, world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ever(monkeypatch)
    authorization, sessions = f"Bearer {world.tokens[name]}", here.app.sessions
    await warm(here, authorization)
    taken = []
    for _ in range(5):
        began = time.thread_time()
        for _ in range(1_000):
            await sessions.viewer(authorization)
        taken.append((time.thread_time() - began) / 1_000)
    assert min(taken) < 0.000_1


async def sees(served: Served, authorization: str, expected: Any) -> None:
    """Wait until a process knows a viewer as expected; None is one whose credential does not hold."""
    async with asyncio.timeout(DEADLINE):
        while True:
            try:
                viewer: Any = await served.app.sessions.viewer(authorization)
            except Unauthenticated:
                viewer = None
            if viewer is expected if viewer is None or expected is None else expected(viewer):
                return
            await asyncio.sleep(0.01)


REVOKE = "mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { errors { code } } }"
UPDATE = "mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { errors { code } } }"


async def test_what_happens_to_a_key_is_known_in_all_processes_at_once(
    here: Served, there: Served, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ever(monkeypatch)
    program, ada = f"Bearer {world.tokens['adas_key']}", f"Bearer {world.tokens['ada']}"
    for served in (here, there):
        await warm(served, program)

    async def tell(mutation: str, **given: Any) -> None:
        variables = {"input": {"keyId": world.adas_key.public_id, **given}}
        answer = told(await here.post({"query": mutation, "variables": variables}, authorization=ada))
        assert [*answer["data"].values()] == [{"errors": []}]

    await tell(UPDATE, scopes=["jobs:read"], rateLimit=5)
    for served in (here, there):
        await sees(served, program, lambda viewer: (viewer.scopes, viewer.rate_limit) == ({"jobs:read"}, 5))
    await tell(UPDATE, isActive=False)
    for served in (here, there):
        await sees(served, program, None)
    await tell(UPDATE, isActive=True)
    for served in (here, there):
        await warm(served, program)
    await tell(REVOKE)
    for served in (here, there):
        await sees(served, program, None)


async def test_another_role_is_known_in_all_processes_at_once(
    here: Served, there: Served, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ever(monkeypatch)
    ada = f"Bearer {world.tokens['ada']}"
    for served in (here, there):
        assert not (await warm(served, ada)).is_admin
    async with here.app.database.work(GUEST) as work:
        await work.execute(update(tables.User).where(tables.User.id == world.ada.id).values(role="ADMIN"))
        await work.changed(world.ada)
    for served in (here, there):
        await sees(served, ada, lambda viewer: viewer.is_admin)


async def test_a_place_in_another_organization_is_known_in_all_processes_at_once(
    here: Served, there: Served, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ever(monkeypatch)
    program = f"Bearer {world.tokens['analyticals_key']}"
    await warm(there, program)
    async with here.app.database.work(GUEST) as work:
        member = tables.OrganizationMember
        await work.add(member(organization_id=world.analytical.id, user_id=world.olga.id, role="OWNER"))
        mine = member.user_id == world.ada.id, member.organization_id == world.analytical.id
        await work.execute(delete(member).where(*mine))
        work.touch(viewer_topic(world.ada.id))
    await sees(there, program, None)


async def test_a_deactivated_user_is_known_in_all_processes_at_once(
    here: Served, there: Served, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ever(monkeypatch)
    headers = [f"Bearer {world.tokens[name]}" for name in ("ada", "adas_key")]
    for header in headers:
        await warm(there, header)
    async with here.app.database.work(GUEST) as work:
        await accounts.set_active(work, "ada@example.com", is_active=False)
    for header in headers:
        await sees(there, header, None)


@pytest.mark.parametrize("name", ["ada", "adas_key"], ids=["known before", "new"])
async def test_what_changes_while_somebody_is_looked_up_is_looked_up_again(
    here: Served, world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ever(monkeypatch)
    sessions, found = here.app.sessions, here.app.sessions._found
    await warm(here, f"Bearer {world.tokens['ada']}")
    heard, authorization = sessions._heard.of(world.ada.id), f"Bearer {world.tokens[name]}"

    async def late(secret: str) -> Viewer:
        """The viewer as they were before something has changed."""
        viewer = await found(secret)
        heard.hear(Event(topic("user", world.ada.id), "CHANGED"))
        return replace(viewer, role=UserRole.ADMIN)

    heard.hear(Event(topic("user", world.ada.id), "CHANGED"))
    monkeypatch.setattr(sessions, "_found", late)
    assert (await sessions.viewer(authorization)).is_admin
    monkeypatch.setattr(sessions, "_found", found)
    assert not (await sessions.viewer(authorization)).is_admin


async def test_without_redis_a_viewer_is_as_old_as_the_cache_at_the_most(
    database: Database, world: World, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr("app.auth.time.monotonic", clock)
    sessions, ada = Sessions(database, Realtime(NO_REDIS)), f"Bearer {world.tokens['ada']}"
    before = await sessions.viewer(ada)
    await alter(database, update(tables.User).values(role="ADMIN"))
    assert await sessions.viewer(ada) is before
    clock.wait(REMEMBERED_FOR)
    assert (await sessions.viewer(ada)).is_admin


async def test_when_redis_is_lost_what_was_heard_before_is_looked_up_again(
    database_url: str, redis_url: str, prefix: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ever(monkeypatch)
    ada = f"Bearer {world.tokens['ada']}"
    async with Wire(redis_url) as wire, serving(database_url, wire.url, redis_prefix=prefix) as served:
        await warm(served, ada)
        await alter(served.app.database, update(tables.User).values(role="ADMIN"))  # which no event tells
        assert not (await served.app.sessions.viewer(ada)).is_admin
        await wire.close()
        await sees(served, ada, lambda viewer: viewer.is_admin)


async def test_a_socket_of_a_key_closes_when_the_key_is_revoked_and_is_warned_of_no_end(
    here: Served, there: Served, world: World
) -> None:
    program, ada = f"Bearer {world.tokens['adas_key']}", f"Bearer {world.tokens['ada']}"
    async with there.talk(authorization=program) as talk:
        await talk.say(type="ping", payload={"authorization": program})
        assert await talk.hear() == {"type": "pong", "payload": {"credentialExpiresIn": None}}
        await until(lambda: there.app.sessions._heard.of(world.ada.id).state.is_heard)
        asked = {"query": REVOKE, "variables": {"input": {"keyId": world.adas_key.public_id}}}
        assert told(await here.post(asked, authorization=ada))["data"] == {"revokeApiKey": {"errors": []}}
        assert (await talk.closed())[0] == 4403
