"""Credentials that end while somebody is connected by them: on sockets see `sockets/test_endpoint.py`."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from app.auth import REFUSED, Sessions, issue_token
from db import tables
from db.access import GUEST
from db.engine import Database
from db.outbox import topic
from db.tables import NotificationEventKind
from tests.app.serving import Served, happen, listeners, serving, until
from tests.app.sockets.test_conversation import VIEWER, next_of
from tests.app.sockets.test_endpoint import NAME, answer, bearer
from tests.app.streams import test_framing as multipart
from tests.app.streams import test_streaming as events
from tests.app.streams.reading import HEARD, LISTEN, listening, reading
from tests.world import World
from tests.world.accounts import PASSWORD

REFUSAL = f'{{"errors":[{{"message":"{REFUSED}","extensions":{{"code":"UNAUTHENTICATED"}}}}]}}'.encode()
SAID = {
    events.EVENTS: events.COMMENT + events.next_of(REFUSAL) + events.COMPLETE,
    multipart.ACCEPT: multipart.BOUNDARY + multipart.part(b'{"payload":' + REFUSAL + b"}") + multipart.ENDING,
}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("accept", [events.EVENTS, multipart.ACCEPT])
async def test_a_stream_whose_session_has_ended_is_told_so_and_complete(
    database_url: str, redis_url: str, world: World, accept: str
) -> None:
    async with (
        serving(database_url, redis_url, credential_interval=0.1) as served,
        listening(served, world, accept=accept) as stream,
    ):
        authorization = f"Bearer {world.tokens['ada']}"
        await served.post({"query": "mutation { signOut { signedOut } }"}, authorization=authorization)
        assert await stream.rest() == SAID[accept]
        await until(lambda: listeners(served) == 0)


@pytest.mark.parametrize(
    "change",
    [
        update(tables.User).values(is_active=False).where(tables.User.email == "ada@example.com"),
        update(tables.Session).values(created_at=LONG_AGO, expires_at=LONG_AGO),
    ],
    ids=["deactivated", "expired"],
)
async def test_a_stream_ends_however_its_credential_ended(
    database_url: str, redis_url: str, world: World, database: Database, change: Any
) -> None:
    async with (
        serving(database_url, redis_url, credential_interval=0.1) as served,
        listening(served, world, accept=events.EVENTS) as stream,
    ):
        async with database.work(GUEST) as work:
            await work.execute(change)
        assert await stream.rest() == SAID[events.EVENTS]


async def test_behind_the_end_of_its_credential_a_stream_goes_on_under_another(
    database_url: str, redis_url: str, world: World
) -> None:
    asked = {"accept": events.EVENTS, "id": world.requirements.public_id}
    async with serving(database_url, redis_url) as served:
        async with listening(served, world, accept=events.EVENTS) as stream:
            await happen(served, world.requirements)
            cursor = await stream.cursor()
            authorization = f"Bearer {world.tokens['ada']}"
            await served.post({"query": "mutation { signOut { signedOut } }"}, authorization=authorization)
            assert REFUSAL in await stream.rest()
        await happen(served, world.requirements)
        token = await issue_token(database_url, "ada@example.com")
        async with reading(served, LISTEN, token=token, last_event_id=cursor, **asked) as stream:
            await stream.take(events.COMMENT + events.next_of(HEARD))


async def test_a_stream_goes_on_while_its_credential_holds(database_url: str, redis_url: str, world: World) -> None:
    async with (
        serving(database_url, redis_url, credential_interval=0.1) as served,
        listening(served, world, accept=events.EVENTS) as stream,
    ):
        looks = served.app.watch.looks
        await until(lambda: served.app.watch.looks > looks + 1)
        await stream.take(events.COMMENT)
        await happen(served, world.requirements)
        await stream.take(events.next_of(HEARD))


# --- in every process ---

SELDOM = 3600.0
"""Seconds between two checks: none is made in a test."""
SIGN_OUT = {"query": "mutation { signOut { signedOut } }"}


@pytest.fixture
async def here(database_url: str, redis_url: str, prefix: str) -> AsyncIterator[Served]:
    async with serving(database_url, redis_url, redis_prefix=prefix, credential_interval=SELDOM) as served:
        yield served


@pytest.fixture
async def there(database_url: str, redis_url: str, prefix: str) -> AsyncIterator[Served]:
    """Another process of the same installation."""
    async with serving(database_url, redis_url, redis_prefix=prefix, credential_interval=SELDOM) as served:
        yield served


async def heeded(served: Served, user: tables.User) -> None:
    """Wait until a process hears what happens to a user."""
    await until(
        lambda: (found := served.app.realtime._channels.get(topic("user", user.id))) and found.is_heard.is_set()
    )


async def test_sockets_and_streams_of_a_session_end_in_all_processes_when_it_signs_out(
    here: Served, there: Served, world: World
) -> None:
    ada = bearer(world.tokens["ada"])
    async with (
        here.talk(authorization=ada) as near,
        there.talk(authorization=ada) as far,
        there.talk(authorization=bearer(world.tokens["ben"])) as other,
        listening(there, world, accept=events.EVENTS) as stream,
    ):
        await heeded(here, world.ada)
        await heeded(there, world.ada)
        await here.post(SIGN_OUT, authorization=ada)
        assert await near.closed() == (4403, REFUSED)
        assert await far.closed() == (4403, REFUSED)
        assert await stream.rest() == SAID[events.EVENTS]
        assert await answer(other, VIEWER) == next_of({"data": {"viewer": {"name": "Ben"}}})


CHANGE_PASSWORD = """
    mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { token errors { code path } } }
"""


async def test_sockets_and_streams_of_a_person_end_in_all_processes_when_they_change_their_password(
    here: Served, there: Served, world: World
) -> None:
    ada, given = bearer(world.tokens["ada"]), {"currentPassword": PASSWORD, "newPassword": "another long word"}
    async with (
        here.talk(authorization=ada) as near,
        there.talk(authorization=ada) as far,
        listening(there, world, accept=events.EVENTS) as stream,
    ):
        await heeded(here, world.ada)
        await heeded(there, world.ada)
        answered = await here.post({"query": CHANGE_PASSWORD, "variables": {"input": given}}, authorization=ada)
        changed = time.monotonic()
        assert await near.closed() == (4403, REFUSED)
        assert await far.closed() == (4403, REFUSED)
        assert await stream.rest() == SAID[events.EVENTS]
        assert time.monotonic() - changed < 5
    token = answered.json()["data"]["changePassword"]["token"]
    async with there.talk(authorization=bearer(token)) as talk:
        assert await answer(talk, VIEWER) == NAME


async def test_other_sessions_of_the_user_go_on(here: Served, there: Served, world: World, database_url: str) -> None:
    second = bearer(await issue_token(database_url, "ada@example.com"))
    async with there.talk(authorization=bearer(world.tokens["ada"])) as ended, there.talk(authorization=second) as talk:
        await heeded(there, world.ada)
        await here.post(SIGN_OUT, authorization=bearer(world.tokens["ada"]))
        assert await ended.closed() == (4403, REFUSED)
        assert await answer(talk, VIEWER) == NAME


async def test_a_session_that_ended_elsewhere_opens_no_socket_though_it_is_cached(
    here: Served, there: Served, world: World
) -> None:
    ada = bearer(world.tokens["ada"])
    await there.post({"query": VIEWER}, authorization=ada)
    await here.post(SIGN_OUT, authorization=ada)
    async with there.socket() as talk:
        await talk.say(type="connection_init", payload={"authorization": ada})
        assert await talk.closed() == (4403, REFUSED)
    assert (await there.post({"query": VIEWER}, authorization=ada)).status_code == 401


async def test_a_session_that_ends_while_redis_is_out_of_reach_is_noticed_once_it_is_back(
    here: Served, there: Served, world: World, redis: Any
) -> None:
    ada = bearer(world.tokens["ada"])
    async with there.talk(authorization=ada) as talk:
        await heeded(there, world.ada)
        await redis.client_kill_filter(_type="pubsub")
        await here.post(SIGN_OUT, authorization=ada)
        assert await talk.closed() == (4403, REFUSED)


async def test_what_else_happens_to_a_user_asks_nothing_of_the_database(
    here: Served, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, holding = list[Any](), Sessions.holding

    async def noting(self: Sessions, authorizations: Any) -> Any:
        looks.append(authorizations)
        return await holding(self, authorizations)

    monkeypatch.setattr(Sessions, "holding", noting)
    async with here.talk(authorization=bearer(world.tokens["ada"])) as talk:
        await until(lambda: looks)
        await talk.ask("subscription { notificationEvents { kind } }")
        await until(lambda: listeners(here))
        looks.clear()
        async with here.app.database.work(GUEST) as work:
            await work.happened(NotificationEventKind.NOTIFICATION_READ, world.ada)
        assert (await talk.hear())["type"] == "next"
        assert looks == []
        await here.post(SIGN_OUT, authorization=bearer(world.tokens["ada"]))
        assert await talk.closed() == (4403, REFUSED)
        assert looks


SET_ROLE = """
    mutation ($id: ID!, $role: UserRole!) { setUserRole(input: {userId: $id, role: $role}) { errors { code } } }
"""


async def test_another_role_reaches_sockets_and_streams_in_all_processes_at_once(
    here: Served, there: Served, world: World
) -> None:
    root, ada = bearer(world.tokens["root"]), bearer(world.tokens["ada"])
    async with (
        here.talk(authorization=ada) as near,
        there.talk(authorization=ada) as far,
        there.talk(authorization=bearer(world.tokens["ben"])) as other,
        listening(there, world, accept=events.EVENTS) as stream,
    ):
        await heeded(here, world.ada)
        await heeded(there, world.ada)
        given = {"id": world.ada.public_id, "role": "ADMIN"}
        answered = await here.post({"query": SET_ROLE, "variables": given}, authorization=root)
        assert answered.json()["data"] == {"setUserRole": {"errors": []}}
        assert await near.closed() == (4403, REFUSED)
        assert await far.closed() == (4403, REFUSED)
        assert await stream.rest() == SAID[events.EVENTS]
        assert await answer(other, VIEWER) == next_of({"data": {"viewer": {"name": "Ben"}}})
        async with there.talk(authorization=ada) as again:  # her session holds
            assert await answer(again, VIEWER) == NAME


async def test_who_is_deactivated_by_an_administrator_is_gone_from_all_processes_at_once(
    here: Served, there: Served, world: World
) -> None:
    verb = "mutation ($id: ID!) { deactivateUser(input: {userId: $id}) { errors { code } } }"
    async with (
        there.talk(authorization=bearer(world.tokens["ada"])) as talk,
        listening(there, world, accept=events.EVENTS) as stream,
    ):
        await heeded(there, world.ada)
        asked = {"query": verb, "variables": {"id": world.ada.public_id}}
        await here.post(asked, authorization=bearer(world.tokens["root"]))
        assert await talk.closed() == (4403, REFUSED)
        assert await stream.rest() == SAID[events.EVENTS]
    assert (await here.post({"query": VIEWER}, authorization=bearer(world.tokens["ada"]))).status_code == 401


async def test_nobody_listens_for_a_user_without_connections(here: Served, world: World) -> None:
    async with here.talk(authorization=bearer(world.tokens["ada"])):
        await heeded(here, world.ada)
    await until(lambda: topic("user", world.ada.id) not in here.app.realtime._channels)
