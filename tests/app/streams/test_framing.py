"""Subscriptions in the parts of one response, as Apollo Client asks for them."""

import asyncio

import pytest

from tests.app.serving import Served, happen, listeners, serving, until
from tests.app.streams.reading import HEARD, listening, reading
from tests.world import World

ACCEPT = (
    "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9"
)
BOUNDARY = b"\r\n--graphql"
ENDING = b"--\r\n"


def part(body: bytes) -> bytes:
    return b"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n" + body + BOUNDARY


async def test_each_event_is_a_part_with_a_payload(served: Served, world: World) -> None:
    async with listening(served, world, accept=ACCEPT) as stream:
        expected = 'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"'
        assert stream.response.headers["content-type"] == expected
        await stream.take(BOUNDARY)
        for _ in range(2):
            await happen(served, world.requirements)
            await stream.take(part(b'{"payload":' + HEARD + b"}"))


async def test_a_client_may_quote_the_version(served: Served, world: World) -> None:
    async with listening(served, world, accept='multipart/mixed;subscriptionSpec="1.0"') as stream:
        await stream.take(BOUNDARY)


@pytest.mark.parametrize("accept", ["multipart/mixed", "multipart/mixed;subscriptionSpec=9.0, */*", "multipart/*, */*"])
async def test_who_does_not_ask_for_this_version_is_refused(bare: Served, accept: str) -> None:
    answer = await bare.post({"query": "subscription { documentEvents(documentId: 1) { kind } }"}, accept=accept)
    assert answer.status_code == 400


async def test_silence_is_broken_by_empty_objects(database_url: str, redis_url: str, world: World) -> None:
    async with (
        serving(database_url, redis_url, heartbeat=0.05) as served,
        listening(served, world, accept=ACCEPT) as stream,
    ):
        await stream.take(BOUNDARY + 2 * part(b"{}"))


async def test_a_subscription_that_is_over_ends_with_the_final_boundary(served: Served, world: World) -> None:
    query = "subscription ($id: ID!) { documentEvents(documentId: $id) { kind } }"
    async with reading(served, query, accept=ACCEPT, id=world.requirements.public_id) as stream:
        said = await stream.rest()
    assert said.startswith(BOUNDARY + b'\r\nContent-Type: application/json; charset=utf-8\r\n\r\n{"payload":{"errors":')
    assert said.endswith(BOUNDARY + ENDING)


async def test_a_stop_leaves_out_the_final_boundary(served: Served, world: World) -> None:
    async with listening(served, world, accept=ACCEPT) as stream:
        stopping = asyncio.create_task(served.server.shutdown())
        assert await stream.rest() == BOUNDARY
        await stopping


async def test_nothing_runs_on_when_the_client_has_left(served: Served, world: World) -> None:
    async with listening(served, world, accept=ACCEPT):
        assert served.app.streams.subscriptions
    await until(lambda: listeners(served) == 0)


async def test_who_accepts_parts_alone_gets_a_query_in_one_part(bare: Served) -> None:
    async with reading(bare, "{ __typename }", accept="multipart/mixed") as stream:
        assert await stream.rest() == BOUNDARY + part(b'{"data":{"__typename":"Query"}}') + ENDING
