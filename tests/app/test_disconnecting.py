"""A session or a user that ends, ends in every process at once: no check that is made now and then is waited for."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.auth import REFUSED, issue_token
from db import tables
from db.outbox import topic
from tests.app.serving import Served, serving, until
from tests.app.sockets.test_conversation import VIEWER, next_of
from tests.app.sockets.test_endpoint import NAME, answer, bearer
from tests.app.streams.reading import listening
from tests.app.streams.test_streaming import EVENTS
from tests.app.test_watch import SAID
from tests.world import World

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
        listening(there, world, accept=EVENTS) as stream,
    ):
        await heeded(here, world.ada)
        await heeded(there, world.ada)
        await here.post(SIGN_OUT, authorization=ada)
        assert await near.closed() == (4403, REFUSED)
        assert await far.closed() == (4403, REFUSED)
        assert await stream.rest() == SAID[EVENTS]
        assert await answer(other, VIEWER) == next_of({"data": {"viewer": {"name": "Ben"}}})


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
    async with there.talk(authorization=ada) as talk:
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


async def test_nobody_listens_for_a_user_without_connections(here: Served, world: World) -> None:
    async with here.talk(authorization=bearer(world.tokens["ada"])):
        await heeded(here, world.ada)
    await until(lambda: topic("user", world.ada.id) not in here.app.realtime._channels)
