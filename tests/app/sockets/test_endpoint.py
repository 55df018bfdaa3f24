"""The sockets of a process: how many one may have, how long their credentials hold, and how they end."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import update
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.auth import REFUSED, issue_token
from app.graph import Client
from app.sockets import endpoint
from app.sockets.endpoint import DRAINING
from db import tables
from db.access import GUEST
from db.engine import Database
from db.tables import UserRole
from tests.app.connection.test_websocket import stuffed
from tests.app.serving import NO_DATABASE, Served, Talk, listeners, serving, until
from tests.app.sockets.raw import CLOSE, TEXT, message, raw
from tests.app.sockets.test_conversation import LISTEN, TYPENAME, VIEWER, listen, next_of
from tests.app.test_graph import READ, WAITING, held
from tests.db.waiting import until as waiting
from tests.world import World

WATCHED: dict[str, Any] = {"credential_interval": 0.1}
NAME = next_of({"data": {"viewer": {"name": "Ada"}}})


def bearer(token: str) -> str:
    return f"Bearer {token}"


async def answer(talk: Talk, query: str) -> Any:
    """The answer to a query, once it is complete."""
    await talk.ask(query)
    found = await talk.hear()
    assert await talk.hear() == {"id": "1", "type": "complete"}
    return found


async def test_one_may_have_as_many_sockets_as_are_allowed_and_no_more(
    database_url: str, redis_url: str, world: World
) -> None:
    async with serving(database_url, redis_url, socket_limit=2) as served, AsyncExitStack() as stack:
        ada = {"authorization": bearer(world.tokens["ada"])}
        first = await stack.enter_async_context(served.talk(**ada))
        await stack.enter_async_context(served.talk(**ada))
        await refused(served, **ada)
        await stack.enter_async_context(served.talk(authorization=bearer(world.tokens["ben"])))
        await first.connection.close()
        await until(lambda: len(served.app.sockets._open) == 2)
        await stack.enter_async_context(served.talk(**ada))


async def test_who_says_much_leaves_time_to_others(bare: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "SAID_AT_ONCE", 10)
    monkeypatch.setattr(endpoint, "PAUSE", 0.05)
    async with bare.talk() as talk:
        begun = time.monotonic()
        for messages, least in ((5, 0.0), (30, 0.5)):
            for _ in range(messages):
                await talk.say(type="ping")
            for _ in range(messages):
                assert await talk.hear() == {"type": "pong"}
            assert time.monotonic() - begun >= least


async def test_guests_from_one_address_share_the_limit(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, socket_limit=1) as served, served.talk():
        await refused(served)


async def test_from_one_address_only_so_many_may_not_have_said_who_they_are(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, opening_limit=2) as served, AsyncExitStack() as stack:
        first, _ = [await stack.enter_async_context(served.socket()) for _ in range(2)]
        with pytest.raises(InvalidStatus) as refusal:
            await stack.enter_async_context(served.socket())
        assert (refusal.value.response.status_code, refusal.value.response.headers["retry-after"]) == (429, "1")
        await first.say(type="connection_init")
        assert await first.hear() == {"type": "connection_ack"}
        third = await stack.enter_async_context(served.socket())
        await third.connection.close()
        await until(lambda: len(served.app.sockets._open) == 2)
        await stack.enter_async_context(served.socket())


async def test_of_each_principal_one_message_is_let_in_at_a_turn_of_the_loop(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url) as served:
        order = list[str]()

        async def say(host: str) -> None:
            await served.app.sockets.turn(Client(host=host))
            order.append(host)

        await asyncio.gather(*map(say, ["192.0.2.1"] * 20 + ["192.0.2.2"]))
    assert order.index("192.0.2.2") < 3


async def refused(served: Served, **payload: Any) -> None:
    async with served.socket() as talk:
        await talk.say(type="connection_init", payload=payload)
        code, reason = await talk.closed()
        assert code == 4429
        assert reason
        assert reason.startswith("Too many sockets")


NOBODY: list[dict[str, Any]] = [{}, {"payload": None}, {"payload": {"authorization": ""}}]


@pytest.mark.parametrize("initialisation", NOBODY)
async def test_the_header_of_the_upgrade_counts_where_the_payload_has_no_credential(
    served: Served, world: World, initialisation: dict[str, Any]
) -> None:
    async with served.socket(authorization=bearer(world.tokens["ada"])) as talk:
        await talk.say(type="connection_init", **initialisation)
        assert await talk.hear() == {"type": "connection_ack"}
        assert await answer(talk, VIEWER) == NAME


async def test_the_payload_decides_where_the_upgrade_has_a_credential_too(served: Served, world: World) -> None:
    async with served.socket(authorization=bearer("trs_nobody")) as talk:
        await talk.say(type="connection_init", payload={"authorization": bearer(world.tokens["ada"])})
        assert await talk.hear() == {"type": "connection_ack"}
        assert await answer(talk, VIEWER) == NAME


async def test_a_header_of_the_upgrade_that_does_not_hold_is_refused(served: Served) -> None:
    for header in (bearer("trs_nobody"), "Basic YWRhOnB3"):
        async with served.socket(authorization=header) as talk:
            await talk.say(type="connection_init")
            assert (await talk.closed())[0] == 4403


async def test_a_socket_that_was_let_in_by_its_upgrade_is_watched_too(
    database_url: str, redis_url: str, world: World
) -> None:
    ada = bearer(world.tokens["ada"])
    async with serving(database_url, redis_url, **WATCHED) as served, served.socket(authorization=ada) as talk:
        await talk.say(type="connection_init")
        assert await talk.hear() == {"type": "connection_ack"}
        await served.post({"query": "mutation { signOut { signedOut } }"}, authorization=ada)
        assert await talk.closed() == (4403, REFUSED)


async def test_a_socket_whose_session_has_ended_closes_with_4403(
    database_url: str, redis_url: str, world: World
) -> None:
    authorization = bearer(world.tokens["ada"])
    async with (
        serving(database_url, redis_url, **WATCHED) as served,
        served.talk(authorization=bearer(world.tokens["ben"])) as other,
        served.talk(authorization=authorization) as talk,
    ):
        await listen(served, talk, world.requirements)
        await served.post({"query": "mutation { signOut { signedOut } }"}, authorization=authorization)
        assert await talk.closed() == (4403, REFUSED)
        await until(lambda: listeners(served) == 0)
        assert await answer(other, VIEWER) == next_of({"data": {"viewer": {"name": "Ben"}}})


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": UserRole.ADMIN}])
async def test_a_socket_of_who_is_not_the_same_any_more_closes_with_4403(
    database_url: str, redis_url: str, world: World, database: Database, change: dict[str, Any]
) -> None:
    async with (
        serving(database_url, redis_url, **WATCHED) as served,
        served.talk(authorization=bearer(world.tokens["ada"])) as talk,
    ):
        async with database.work(GUEST) as work:
            await work.execute(update(tables.User).where(tables.User.id == world.ada.id).values(**change))
        assert await talk.closed() == (4403, REFUSED)


async def test_a_database_that_does_not_answer_ends_no_session(
    database_url: str, redis_url: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        serving(database_url, redis_url, **WATCHED) as served,
        served.talk(authorization=bearer(world.tokens["ada"])) as talk,
    ):
        asked = asyncio.Event()

        async def lost(_authorizations: object) -> Any:
            if asked.is_set():
                again.set()
            asked.set()
            raise ConnectionError

        again = asyncio.Event()
        monkeypatch.setattr(served.app.sessions, "holding", lost)
        await until(again.is_set)
        await talk.say(type="ping")
        assert await talk.hear() == {"type": "pong"}


async def test_a_renewed_credential_outlives_the_first(database_url: str, redis_url: str, world: World) -> None:
    first = bearer(world.tokens["ada"])
    async with serving(database_url, redis_url, **WATCHED) as served, served.talk(authorization=first) as talk:
        renewed = bearer(await issue_token(database_url, "ada@example.com"))
        payload = {"query": VIEWER, "extensions": {"authorization": renewed}}
        await talk.say(id="1", type="subscribe", payload=payload)
        assert [await talk.hear(), await talk.hear()] == [NAME, {"id": "1", "type": "complete"}]
        await served.post({"query": "mutation { signOut { signedOut } }"}, authorization=first)
        before = served.app.watch.looks
        await until(lambda: served.app.watch.looks > before + 1)
        assert await answer(talk, VIEWER) == NAME


async def test_a_credential_of_somebody_else_closes_with_4403(database_url: str, redis_url: str, world: World) -> None:
    async with serving(database_url, redis_url) as served:
        for token in (world.tokens["ben"], "trs_nobody"):
            async with served.talk(authorization=bearer(world.tokens["ada"])) as talk:
                payload = {"query": VIEWER, "extensions": {"Authorization": bearer(token)}}
                await talk.say(id="1", type="subscribe", payload=payload)
                assert (await talk.closed())[0] == 4403


async def test_as_many_operations_run_on_a_socket_as_are_allowed_and_no_more(
    database_url: str, redis_url: str, world: World
) -> None:
    async with (
        serving(database_url, redis_url, operation_limit=2) as served,
        served.talk(authorization=bearer(world.tokens["ada"])) as talk,
    ):
        for key in ("1", "2"):
            await talk.ask(LISTEN, key=key, id=world.requirements.public_id)
        await talk.ask(TYPENAME, key="3")
        refusal = await talk.hear()
        assert (refusal["id"], refusal["type"]) == ("3", "error")
        assert refusal["payload"][0]["extensions"]["code"] == "MAX_OPERATIONS_LIMIT"
        await talk.say(id="1", type="complete")
        await talk.ask(TYPENAME, key="3")
        assert (await talk.hear())["type"] == "next"


async def test_as_much_as_is_allowed_waits_to_be_read(redis_url: str) -> None:
    assert await after_waiting(redis_url, reader_limit=5_000) == [TEXT] * 21


async def test_what_waits_beyond_it_closes_with_1013(redis_url: str) -> None:
    assert await after_waiting(redis_url, reader_limit=500) == [TEXT, 1013]


async def after_waiting(redis_url: str, **settings: Any) -> list[int]:
    """What a client hears that asks ten times without reading, after it was sent more than it takes."""
    async with serving(NO_DATABASE, redis_url, **settings) as served, raw(served.address) as client:
        connection = await stuffed(served, client)
        queries = [message(type="subscribe", id=str(n), payload={"query": TYPENAME}) for n in range(10)]
        await client.say(*queries)
        await until(connection.heard.empty)
        client.read_on()
        heard = [await client.hear()]
        while heard[-1][0] != CLOSE and len(heard) < 21:
            heard.append(await client.hear())
        return [int.from_bytes(data[:2]) if opcode == CLOSE else opcode for opcode, data in heard]


async def test_what_runs_on_a_socket_when_the_server_stops_is_answered_before_it_closes(
    served: Served, database: Database, world: World
) -> None:
    async with served.talk(authorization=bearer(world.tokens["ada"])) as talk:
        async with held(database, "courses"):
            await talk.ask(READ)
            await waiting(database, WAITING, n=1)
            stopping = asyncio.create_task(served.server.shutdown())
            await until(lambda: served.app.sockets.draining)
        assert (await talk.hear())["payload"]["data"]["courses"]["nodes"]
        assert await talk.hear() == {"id": "1", "type": "complete"}
        assert await closed(talk) == (1012, DRAINING.reason)
        await stopping


async def test_what_does_not_come_to_its_end_in_time_keeps_no_socket_open(
    served: Served, database: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "FINISHING_TIMEOUT", 0.1)
    async with served.talk(authorization=bearer(world.tokens["ada"])) as talk, held(database, "courses"):
        await talk.ask(READ)
        await waiting(database, WAITING, n=1)
        await served.app.sockets.drain()
        assert await closed(talk) == (1012, DRAINING.reason)
        await waiting(database, WAITING, n=0)


async def test_while_the_server_stops_nothing_new_begins_on_a_socket(
    served: Served, database: Database, world: World
) -> None:
    async with served.talk(authorization=bearer(world.tokens["ada"])) as talk, held(database, "courses"):
        await talk.ask(READ)
        await waiting(database, WAITING, n=1)
        draining = asyncio.create_task(served.app.sockets.drain())
        await until(lambda: served.app.sockets.draining)
        await talk.ask(TYPENAME, key="2")
        assert await closed(talk) == (1012, DRAINING.reason)
        await draining


async def closed(talk: Talk) -> tuple[int | None, str | None]:
    """How the socket closes, without another message before."""
    with pytest.raises(ConnectionClosed):
        await talk.hear()
    return await talk.closed()


async def test_sockets_close_one_after_the_other_when_the_server_stops(redis_url: str) -> None:
    async with (
        serving(NO_DATABASE, redis_url, drain_jitter=0.5) as served,
        AsyncExitStack() as stack,
    ):
        talks = [await stack.enter_async_context(served.talk()) for _ in range(10)]
        closed: list[float] = []

        async def close(talk: Talk) -> None:
            with pytest.raises(ConnectionClosed):
                await talk.connection.recv()
            assert (await talk.closed())[0] == 1012
            closed.append(asyncio.get_running_loop().time())

        async with asyncio.TaskGroup() as tasks:
            for talk in talks:
                tasks.create_task(close(talk))
            tasks.create_task(served.server.shutdown())
        assert max(closed) - min(closed) > 0.1
