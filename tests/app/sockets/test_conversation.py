"""GraphQL over WebSocket: the conversation of graphql-transport-ws, and how it ends."""

import asyncio
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed

from app.auth import REFUSED, SessionsUnavailable
from db import tables
from db.tokens import new_token
from tests.app.serving import NO_DATABASE, Served, Talk, happen, listeners, serving, until
from tests.world import World

TYPENAME = "{ __typename }"
LISTEN = "subscription ($id: ID!) { documentEvents(documentId: $id) { kind document { phase } } }"
VIEWER = "{ viewer { name } }"


async def listen(served: Served, talk: Talk, document: tables.SpecificationDocument, *, key: str = "1") -> None:
    """Start a subscription and wait until it hears: it begins with what there is."""
    await talk.ask(LISTEN, key=key, id=document.public_id)
    assert (await talk.hear())["payload"] == BEGUN
    assert listeners(served)


def next_of(answer: Any, key: str = "1") -> dict[str, Any]:
    return {"id": key, "type": "next", "payload": answer}


BEGUN = {"data": {"documentEvents": {"kind": "SNAPSHOT", "document": {"phase": "REQUIREMENTS"}}}}
HEARD = {"data": {"documentEvents": {"kind": "DOCUMENT_EDITED", "document": {"phase": "REQUIREMENTS"}}}}
SOMEBODY = {"authorization": f"Bearer {new_token()}"}
COMPLETE = {"id": "1", "type": "complete"}


async def test_a_query_is_answered_once_and_complete(bare: Served) -> None:
    async with bare.talk() as talk:
        await talk.ask(TYPENAME)
        assert await talk.hear() == next_of({"data": {"__typename": "Query"}})
        assert await talk.hear() == COMPLETE


async def test_a_mutation_runs_too(served: Served, world: World) -> None:
    authorization = f"Bearer {world.tokens['ada']}"
    async with served.talk(authorization=authorization) as talk:
        await talk.ask("mutation { signOut { signedOut } }")
        assert await talk.hear() == next_of({"data": {"signOut": {"signedOut": True}}})
    assert (await served.post({"query": TYPENAME}, authorization=authorization)).status_code == 401


async def test_a_subscription_hears_until_the_client_has_enough(served: Served, world: World) -> None:
    async with served.talk(authorization=f"Bearer {world.tokens['ada']}") as talk:
        await listen(served, talk, world.requirements)
        for _ in range(2):
            await happen(served, world.requirements)
            assert await talk.hear() == next_of(HEARD)
        await talk.say(id="1", type="complete")
        await until(lambda: listeners(served) == 0)
        await happen(served, world.requirements)
        await talk.say(type="ping")
        assert await talk.hear() == {"type": "pong"}


async def test_a_subscription_misses_nothing_when_the_connection_to_redis_is_cut(
    served: Served, world: World, redis: Any
) -> None:
    async with served.talk(authorization=f"Bearer {world.tokens['ada']}") as talk:
        await listen(served, talk, world.requirements)
        for _ in range(2):
            await redis.client_kill_filter(_type="pubsub")
            await happen(served, world.requirements)
            assert await talk.hear() == next_of(HEARD)


async def test_an_id_can_be_used_again_at_once(served: Served, world: World) -> None:
    async with served.talk(authorization=f"Bearer {world.tokens['ada']}") as talk:
        await listen(served, talk, world.requirements)
        await talk.say(id="1", type="complete")
        await talk.ask(TYPENAME)
        assert await talk.hear() == next_of({"data": {"__typename": "Query"}})
        assert await talk.hear() == COMPLETE
        await talk.ask(TYPENAME)
        assert await talk.hear() == next_of({"data": {"__typename": "Query"}})


async def test_operations_run_beside_each_other(served: Served, world: World) -> None:
    async with served.talk(authorization=f"Bearer {world.tokens['ada']}") as talk:
        await listen(served, talk, world.requirements)
        await talk.ask(VIEWER, key="2")
        assert await talk.hear() == next_of({"data": {"viewer": {"name": "Ada"}}}, "2")
        assert await talk.hear() == {"id": "2", "type": "complete"}
        await happen(served, world.requirements)
        assert await talk.hear() == next_of(HEARD)


async def test_a_subscription_to_what_one_does_not_see_is_refused(served: Served, world: World) -> None:
    async with served.talk(authorization=f"Bearer {world.tokens['olga']}") as talk:
        await talk.ask(LISTEN, id=world.requirements.public_id)
        answer = await talk.hear()
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert answer["payload"][0]["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"),
        ("query ($id: ID!) { node(id: $id) { id } }", "BAD_USER_INPUT"),
        (LISTEN, "BAD_USER_INPUT"),
    ],
)
async def test_what_graphql_refuses_is_an_error_and_the_socket_stays(bare: Served, query: str, code: str) -> None:
    async with bare.talk() as talk:
        await talk.ask(query)
        answer = await talk.hear()
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert answer["payload"][0]["extensions"]["code"] == code
        await talk.ask(TYPENAME)
        assert await talk.hear() == next_of({"data": {"__typename": "Query"}})


@pytest.mark.parametrize("name", ["authorization", "Authorization"])
@pytest.mark.parametrize("nested", [False, True])
async def test_the_credential_comes_with_the_initialisation(
    served: Served, world: World, name: str, nested: bool
) -> None:
    payload: dict[str, Any] = {name: f"Bearer {world.tokens['ada']}"}
    async with served.talk(**{"headers": payload} if nested else payload) as talk:
        await talk.ask(VIEWER)
        assert await talk.hear() == next_of({"data": {"viewer": {"name": "Ada"}}})


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"authorization": None},
        {"authorization": ""},
        {"Authorization": " "},
        {"headers": {}},
        {"headers": None},
        {"headers": {"authorization": ""}},
    ],
)
async def test_without_a_credential_a_guest_asks(served: Served, payload: dict[str, Any]) -> None:
    async with served.talk(**payload) as talk:
        await talk.ask(VIEWER)
        assert await talk.hear() == next_of({"data": {"viewer": None}})


async def test_a_credential_that_does_not_hold_closes_with_4403(bare: Served) -> None:
    async with bare.socket() as talk:
        await talk.say(type="connection_init", payload={"authorization": "Bearer trs_nobody"})
        assert await talk.closed() == (4403, REFUSED)


@pytest.mark.parametrize("payload", [{}, {"payload": None}, {"payload": {"n": [1]}}])
async def test_a_ping_is_answered_with_its_payload_before_and_after_the_initialisation(
    bare: Served, payload: dict[str, Any]
) -> None:
    async with bare.socket() as talk:
        await talk.say(type="ping", **payload)
        assert await talk.hear() == {"type": "pong", **payload}
        await talk.say(type="pong", **payload)
        await talk.say(type="connection_init", **payload)
        assert await talk.hear() == {"type": "connection_ack"}
        await talk.say(type="ping", **payload)
        assert await talk.hear() == {"type": "pong", **payload}


async def test_a_ping_is_answered_while_a_new_text_waits_to_be_read(bare: Served) -> None:
    async with bare.talk() as talk:
        async with bare.app.sockets.graph.executor.worker.turns.turn("somebody else"):
            await talk.ask("{ new: __typename }")
            await talk.say(type="ping")
            assert await talk.hear() == {"type": "pong"}
        assert await talk.hear() == next_of({"data": {"new": "Query"}})


async def test_what_is_completed_before_it_is_read_is_not_answered(bare: Served) -> None:
    async with bare.talk() as talk:
        async with bare.app.sockets.graph.executor.worker.turns.turn("somebody else"):
            await talk.ask("{ new: __typename }")
            await talk.say(type="complete", id="1")
            await talk.say(type="ping")
            assert await talk.hear() == {"type": "pong"}
        await talk.ask("{ other: __typename }")
        assert await talk.hear() == next_of({"data": {"other": "Query"}})


@pytest.mark.parametrize("protocol", [None, "graphql-ws"])
async def test_another_subprotocol_closes_with_4406(bare: Served, protocol: str | None) -> None:
    async with bare.socket(protocol=protocol) as talk:
        assert (await talk.closed())[0] == 4406


async def test_a_client_that_says_nothing_is_turned_away_with_4408(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, init_timeout=0.1) as served, served.socket() as talk:
        await talk.say(type="ping")
        assert await talk.hear() == {"type": "pong"}
        assert (await talk.closed())[0] == 4408


async def test_an_acknowledged_client_may_be_silent(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, init_timeout=0.1) as served, served.talk() as talk:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await talk.connection.recv()
        await talk.say(type="ping")
        assert await talk.hear() == {"type": "pong"}


async def test_a_second_initialisation_closes_with_4429(bare: Served) -> None:
    async with bare.talk() as talk:
        await talk.say(type="connection_init")
        assert (await talk.closed())[0] == 4429


async def test_asking_before_the_acknowledgement_closes_with_4401(bare: Served) -> None:
    async with bare.socket() as talk:
        await talk.ask(TYPENAME)
        assert (await talk.closed())[0] == 4401


async def test_an_id_in_use_closes_with_4409(served: Served, world: World) -> None:
    async with served.talk(authorization=f"Bearer {world.tokens['ada']}") as talk:
        await listen(served, talk, world.requirements)
        await talk.ask(TYPENAME)
        assert await talk.closed() == (4409, "Subscriber for 1 already exists")
        await until(lambda: listeners(served) == 0)


async def test_a_reason_fits_into_the_frame(served: Served, world: World) -> None:
    async with served.talk(authorization=f"Bearer {world.tokens['ada']}") as talk:
        await listen(served, talk, world.requirements, key="ü" * 1000)
        await talk.ask(TYPENAME, key="ü" * 1000)
        code, reason = await talk.closed()
        assert (code, reason) == (4409, "Subscriber for " + "ü" * 54)


@pytest.mark.parametrize(
    "message",
    [
        b"binary",
        "",
        "not JSON",
        "[]",
        "null",
        "{}",
        '{"type": 7}',
        '{"type": ["ping"]}',
        '{"type": "start"}',
        '{"type": "connection_ack"}',
        '{"type": "ping", "payload": "text"}',
        '{"type": "ping", "payload": []}',
        '{"type": "complete"}',
        '{"type": "complete", "id": ""}',
        '{"type": "complete", "id": 7}',
        '{"type": "subscribe", "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": 7, "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": ["1"], "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": null}',
        '{"type": "subscribe", "id": "1", "payload": []}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 7}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }", "variables": "{}"}}',
        pytest.param('{"type": "ping", "payload": {"n": ' + "[" * 5000 + "]" * 5000 + "}}", id="deep"),
    ],
)
async def test_what_is_no_message_closes_with_4400(bare: Served, message: str | bytes) -> None:
    async with bare.talk() as talk:
        await talk.connection.send(message)
        code, reason = await talk.closed()
        assert code == 4400
        assert reason
        assert len(reason.encode()) <= 123


@pytest.mark.parametrize("payload", ["text", 7, [], {"authorization": 7}])
async def test_an_initialisation_with_a_bad_payload_closes_with_4400(bare: Served, payload: Any) -> None:
    async with bare.socket() as talk:
        await talk.say(type="connection_init", payload=payload)
        assert (await talk.closed())[0] == 4400


async def test_completing_what_is_not_running_is_no_mistake(bare: Served) -> None:
    async with bare.talk() as talk:
        await talk.say(id="7", type="complete")
        await talk.say(type="ping")
        assert await talk.hear() == {"type": "pong"}


async def test_a_message_over_the_limit_closes_with_1009(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, frame_limit=1000) as served, served.talk() as talk:
        await talk.ask(TYPENAME + " " * 1000)
        assert (await talk.closed())[0] == 1009


async def test_a_failure_of_ours_closes_with_4500_and_is_logged(bare: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_authorization: str | None) -> Any:
        raise RuntimeError

    monkeypatch.setattr(bare.app.sessions, "viewer", fail)
    with capture_logs() as entries:
        async with bare.socket() as talk:
            await talk.say(type="connection_init")
            assert await talk.closed() == (4500, "Something went wrong on our side.")
    assert "unexpected" in [entry["event"] for entry in entries]


async def test_without_its_database_the_server_asks_clients_to_come_back(bare: Served) -> None:
    async with bare.socket() as talk:
        await talk.say(type="connection_init", payload=SOMEBODY)
        assert await talk.closed() == (1013, SessionsUnavailable.default)


async def test_a_credential_that_cannot_be_looked_up_ends_its_operation_and_no_other(bare: Served) -> None:
    async with bare.talk() as talk:
        await talk.say(id="1", type="subscribe", payload={"query": TYPENAME, "extensions": SOMEBODY})
        refusal = await talk.hear()
        assert (refusal["id"], refusal["type"]) == ("1", "error")
        assert refusal["payload"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
        await talk.ask(TYPENAME)
        assert await talk.hear() == next_of({"data": {"__typename": "Query"}})


@pytest.mark.parametrize("politely", [True, False])
async def test_nothing_runs_on_when_the_client_has_left(served: Served, world: World, politely: bool) -> None:
    async with served.talk(authorization=f"Bearer {world.tokens['ada']}") as talk:
        await listen(served, talk, world.requirements)
        if not politely:
            talk.connection.transport.abort()
    await until(lambda: listeners(served) == 0)
    await until(lambda: not served.app.sockets._open)


async def test_a_stop_completes_subscriptions_and_closes_with_1012(served: Served, world: World) -> None:
    async with served.talk(authorization=f"Bearer {world.tokens['ada']}") as talk:
        await listen(served, talk, world.requirements)
        stopping = asyncio.create_task(served.server.shutdown())
        assert await talk.hear() == COMPLETE
        with pytest.raises(ConnectionClosed):
            orjson.loads(await talk.connection.recv())
        assert await talk.closed() == (1012, "The server restarts.")
        await stopping
