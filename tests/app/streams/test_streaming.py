"""Server-sent events: every kind of operation in the framing of graphql-sse, and how a stream ends."""

import asyncio
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from db.tables import DocumentEventKind
from tests.app.serving import NO_DATABASE, Served, happen, listeners, serving, until
from tests.app.streams.reading import COST, HEARD, listening, reading
from tests.world import World

EVENTS = "text/event-stream"
TYPENAME = "{ __typename }"
COMMENT = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"


def next_of(answer: bytes) -> bytes:
    return b"event: next\ndata: " + answer + b"\n\n"


async def test_a_query_is_answered_once_and_complete(bare: Served) -> None:
    async with reading(bare, TYPENAME, accept=EVENTS) as stream:
        assert await stream.rest() == COMMENT + next_of(b'{"data":{"__typename":"Query"}}') + COMPLETE


async def test_nothing_on_the_way_keeps_the_events_back(bare: Served) -> None:
    async with reading(bare, TYPENAME, accept=EVENTS) as stream:
        names = ("content-type", "cache-control", "x-accel-buffering")
        assert [stream.response.headers[name] for name in names] == [EVENTS, "private, no-cache", "no"]
        assert stream.response.headers["x-ratelimit-remaining"]


async def test_a_mutation_runs_too(served: Served, world: World) -> None:
    query, ada = "mutation { signOut { signedOut } }", world.tokens["ada"]
    async with reading(served, query, accept=EVENTS, token=ada) as stream:
        assert await stream.rest() == COMMENT + next_of(b'{"data":{"signOut":{"signedOut":true}}}') + COMPLETE


async def test_a_browser_opens_a_stream_by_get(bare: Served) -> None:
    answer = await bare.send("GET", f"/graphql?{urlencode({'query': TYPENAME})}", accept=EVENTS)
    assert COST.sub(b"", answer.content) == COMMENT + next_of(b'{"data":{"__typename":"Query"}}') + COMPLETE


async def test_a_mutation_by_get_is_405(bare: Served) -> None:
    query = urlencode({"query": "mutation { signOut { signedOut } }"})
    answer = await bare.send("GET", f"/graphql?{query}", accept=EVENTS)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.headers["content-type"].startswith("application/json")


ACCEPTING = pytest.mark.parametrize("accept", [EVENTS, f"{EVENTS}, application/json"])


@ACCEPTING
async def test_what_cannot_be_parsed_is_400_in_json(bare: Served, accept: str) -> None:
    answer = await bare.post({"query": "{"}, accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json; charset=utf-8")
    assert answer.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"


REFUSED = [
    ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "subscription { nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "query ($id: ID!) { node(id: $id) { id } }"}, "BAD_USER_INPUT"),
    ({"query": TYPENAME, "operationName": "Other"}, "OPERATION_RESOLUTION_FAILURE"),
    ({"query": f"{{ {' '.join(f'a{n}: __typename' for n in range(40))} }}"}, "MAX_ROOT_FIELDS_LIMIT"),
]


@ACCEPTING
@pytest.mark.parametrize(("members", "code"), REFUSED)
async def test_what_graphql_refuses_is_a_next_with_errors_and_complete(
    bare: Served, accept: str, members: dict[str, str], code: str
) -> None:
    answer = await bare.post(members, accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, EVENTS)
    told = answer.content.removeprefix(COMMENT + b"event: next\ndata: ").removesuffix(b"\n\n" + COMPLETE)
    errors = orjson.loads(told)["errors"]
    assert orjson.loads(told).keys() <= {"errors", "extensions"}
    assert errors[0]["extensions"]["code"] == code


async def test_a_subscription_hears_each_event(served: Served, world: World) -> None:
    async with listening(served, world, accept=EVENTS) as stream:
        await stream.take(COMMENT)
        for _ in range(2):
            await happen(served, world.requirements)
            await stream.take(next_of(HEARD))


async def test_a_stream_goes_on_behind_the_last_event_that_the_client_has(served: Served, world: World) -> None:
    kinds = "subscription ($id: ID!) { documentEvents(documentId: $id) { kind } }"
    asked = {"accept": EVENTS, "token": world.tokens["ada"], "id": world.requirements.public_id}
    async with reading(served, kinds, **asked) as stream:
        await until(lambda: listeners(served) > 0)
        for kind in (DocumentEventKind.DOCUMENT_EDITED, DocumentEventKind.THREAD_OPENED):
            await happen(served, world.requirements, kind)
        cursors = [await stream.cursor() for _ in range(2)]
    async with reading(served, kinds, **asked, last_event_id=cursors[0]) as stream:
        await stream.take(COMMENT + next_of(b'{"data":{"documentEvents":{"kind":"THREAD_OPENED"}}}'))
        await happen(served, world.requirements)
        await stream.take(next_of(b'{"data":{"documentEvents":{"kind":"DOCUMENT_EDITED"}}}'))


async def test_a_stream_misses_nothing_when_the_connection_to_redis_is_cut(
    served: Served, world: World, redis: Any
) -> None:
    async with listening(served, world, accept=EVENTS) as stream:
        await stream.take(COMMENT)
        for _ in range(2):
            await redis.client_kill_filter(_type="pubsub")
            await happen(served, world.requirements)
            await stream.take(next_of(HEARD))


async def test_a_subscription_is_served_to_who_would_take_json_rather(served: Served, world: World) -> None:
    async with listening(served, world, accept=f"application/json, {EVENTS};q=0.1") as stream:
        assert stream.response.headers["content-type"] == EVENTS


async def test_without_a_stream_a_subscription_is_refused(bare: Served) -> None:
    answer = await bare.post({"query": "subscription { documentEvents(documentId: 1) { kind } }"}, accept="*/*")
    assert answer.status_code == 400
    assert EVENTS in answer.json()["errors"][0]["message"]


async def test_a_subscription_to_what_one_does_not_see_is_refused_and_complete(served: Served, world: World) -> None:
    query = "subscription ($id: ID!) { documentEvents(documentId: $id) { kind } }"
    async with reading(served, query, accept=EVENTS, id=world.requirements.public_id) as stream:
        said = await stream.rest()
    assert b'"code":"NOT_FOUND"' in said
    assert b'"data"' not in said
    assert said.endswith(COMPLETE)


async def test_silence_is_broken_by_comments(database_url: str, redis_url: str, world: World) -> None:
    async with (
        serving(database_url, redis_url, heartbeat=0.05) as served,
        listening(served, world, accept=EVENTS) as stream,
    ):
        await stream.take(3 * COMMENT)


async def test_nothing_runs_on_when_the_client_has_left(served: Served, world: World) -> None:
    async with listening(served, world, accept=EVENTS):
        assert served.app.streams.subscriptions
    await until(lambda: listeners(served) == 0)
    await until(lambda: not served.app.streams.subscriptions)


async def test_a_stop_ends_a_stream_that_is_not_complete(served: Served, world: World) -> None:
    async with listening(served, world, accept=EVENTS) as stream:
        stopping = asyncio.create_task(served.server.shutdown())
        assert await stream.rest() == COMMENT
        await stopping


async def test_a_stream_that_begins_while_the_server_stops_ends_at_once(served: Served, world: World) -> None:
    served.app.streams.drain()
    query = "subscription ($id: ID!) { documentEvents(documentId: $id) { kind } }"
    async with reading(served, query, accept=EVENTS, id=world.requirements.public_id) as stream:
        assert await stream.rest() == COMMENT


async def test_a_stream_whose_events_cannot_be_heard_is_not_complete(database_url: str, world: World) -> None:
    query = "subscription ($id: ID!) { documentEvents(documentId: $id) { kind } }"
    variables = {"accept": EVENTS, "token": world.tokens["ada"], "id": world.requirements.public_id}
    async with serving(database_url, "redis://127.0.0.1:1") as served, reading(served, query, **variables) as stream:
        said = await stream.rest()
    assert b'"code":"SERVICE_UNAVAILABLE"' in said
    assert COMPLETE not in said


async def test_who_has_too_few_points_is_refused_before_the_stream(redis_url: str) -> None:
    query = "subscription { documentEvents(documentId: 1) { document { threads(first: 100) { nodes { id } } } } }"
    async with serving(NO_DATABASE, redis_url, rate_limit=1) as served:
        answer = await served.post({"query": query}, accept=EVENTS)
    assert answer.status_code == 429


async def test_a_stream_is_logged_once_and_its_errors_are_counted(served: Served, world: World) -> None:
    counted = {"name": "trellis_errors_total", "labels": {"code": "NOT_FOUND"}}
    before = REGISTRY.get_sample_value(**counted) or 0  # type: ignore[arg-type]
    query = "subscription Mine($id: ID!) { documentEvents(documentId: $id) { kind } }"
    with capture_logs() as entries:
        async with reading(served, query, accept=EVENTS, id=world.requirements.public_id) as stream:
            await stream.rest()
        await until(lambda: entries)
    assert [(entry["event"], entry["status"]) for entry in entries] == [("request", 200)]
    assert REGISTRY.get_sample_value(**counted) == before + 1  # type: ignore[arg-type]
