"""Tickets: who has one is let in as its owner, once and soon, and it is worth nothing to anybody who looks on."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from redis.asyncio import Redis
from websockets.exceptions import InvalidStatus

from app.tickets import SECONDS
from tests.app.browser import Browser
from tests.app.serving import NO_REDIS, Served, happen, listeners, serving, until
from tests.app.sockets.test_conversation import VIEWER
from tests.app.sockets.test_endpoint import NAME, answer
from tests.app.streams.reading import LISTEN
from tests.app.test_http import code_of
from tests.app.test_watch import REFUSAL
from tests.world import World

EVENTS = "text/event-stream"


@pytest.fixture
async def ticketed(database_url: str, redis_url: str, prefix: str) -> AsyncIterator[Served]:
    """A server whose keys in Redis can be looked at."""
    async with serving(database_url, redis_url, redis_prefix=prefix, credential_interval=0.1) as served:
        yield served


async def apply(served: Served, authorization: str) -> httpx.Response:
    return await served.send("POST", "/graphql/ticket", authorization=authorization)


async def ticket_of(served: Served, world: World, name: str = "ada") -> str:
    response = await apply(served, f"Bearer {world.tokens[name]}")
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert response.json()["expiresIn"] == SECONDS <= 60
    return str(response.json()["ticket"])


async def listen(served: Served, ticket: str, query: str = "{ viewer { name } }") -> httpx.Response:
    return await served.send("GET", f"/graphql?{urlencode({'query': query, 'ticket': ticket})}", accept=EVENTS)


async def test_a_ticket_lets_its_owner_in(ticketed: Served, world: World) -> None:
    response = await listen(ticketed, await ticket_of(ticketed, world))
    assert (response.status_code, response.headers["content-type"]) == (200, EVENTS)
    assert b'"viewer":{"name":"Ada"}' in response.content


async def test_a_ticket_lets_in_once_however_many_come_with_it(ticketed: Served, world: World) -> None:
    ticket = await ticket_of(ticketed, world)
    responses = await asyncio.gather(*(listen(ticketed, ticket) for _ in range(20)))
    assert sorted(response.status_code for response in responses) == [200] + [401] * 19
    assert {code_of(response) for response in responses if response.status_code == 401} == {"UNAUTHENTICATED"}


@pytest.mark.parametrize("ticket", ["nonsense", "trk_", f"trk_{'x' * 43}", "é", "x" * 5_000])
async def test_what_is_no_ticket_is_401(ticketed: Served, ticket: str) -> None:
    response = await listen(ticketed, ticket)
    assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")


async def test_a_ticket_that_nobody_used_is_soon_worth_nothing(
    ticketed: Served, world: World, redis: Any, prefix: str
) -> None:
    ticket = await ticket_of(ticketed, world)
    [key] = await redis.keys(f"{prefix}ticket:*")
    assert 0 < await redis.ttl(key) <= SECONDS
    await redis.expire(key, 0)
    assert (await listen(ticketed, ticket)).status_code == 401


async def test_a_ticket_ends_with_the_session_that_it_is_of(ticketed: Served, world: World) -> None:
    ticket = await ticket_of(ticketed, world)
    authorization = f"Bearer {world.tokens['ada']}"
    await ticketed.post({"query": "mutation { signOut { signedOut } }"}, authorization=authorization)
    assert (await listen(ticketed, ticket)).status_code == 401


async def test_a_stream_that_a_ticket_opened_ends_with_the_session_too(ticketed: Served, world: World) -> None:
    parameters = {
        "query": LISTEN,
        "variables": json.dumps({"id": world.requirements.public_id}),
        "ticket": await ticket_of(ticketed, world),
    }
    listening = asyncio.create_task(ticketed.send("GET", f"/graphql?{urlencode(parameters)}", accept=EVENTS))
    await until(lambda: listeners(ticketed) == 1)
    authorization = f"Bearer {world.tokens['ada']}"
    await ticketed.post({"query": "mutation { signOut { signedOut } }"}, authorization=authorization)
    assert REFUSAL in (await listening).content


@pytest.mark.parametrize("authorization", ["", "Bearer nonsense", f"Bearer trs_{'x' * 43}"])
async def test_only_who_is_signed_in_gets_one(ticketed: Served, authorization: str) -> None:
    response = await apply(ticketed, authorization)
    assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")


async def test_a_ticket_is_asked_for_with_post(ticketed: Served, world: World) -> None:
    response = await ticketed.send("GET", "/graphql/ticket", authorization=f"Bearer {world.tokens['ada']}")
    assert (response.status_code, response.headers["allow"], code_of(response)) == (405, "POST", "BAD_REQUEST")


async def test_a_ticket_costs_a_point(database_url: str, redis_url: str, world: World) -> None:
    async with serving(database_url, redis_url, rate_limit=1, rate_limit_restored=1) as served:
        responses = [await apply(served, f"Bearer {world.tokens['ada']}") for _ in range(20)]
    assert responses[0].status_code == 200
    assert 429 in {response.status_code for response in responses}


async def test_in_redis_nobody_finds_a_ticket_or_the_credential_that_it_stands_for(
    ticketed: Served, world: World, redis_url: str, prefix: str
) -> None:
    ticket = await ticket_of(ticketed, world)
    kept = [part for pair in await dumped(redis_url, f"{prefix}ticket:*") for part in pair]
    assert len(kept) == 2
    for secret in (ticket, world.tokens["ada"]):
        assert not [part for part in kept if secret.encode() in part or secret[4:12].encode() in part]


async def dumped(redis_url: str, pattern: str) -> list[tuple[Any, Any]]:
    """The keys of this pattern with their values, as bytes."""
    async with Redis.from_url(redis_url, socket_timeout=None) as redis:
        return [(key, await redis.get(key)) for key in await redis.keys(pattern)]


async def test_without_redis_nobody_gets_one_and_nobody_is_let_in(database_url: str, world: World) -> None:
    async with serving(database_url, NO_REDIS) as served:
        for response in (await apply(served, f"Bearer {world.tokens['ada']}"), await listen(served, "trk_")):
            assert (response.status_code, code_of(response)) == (503, "SERVICE_UNAVAILABLE")
        with pytest.raises(InvalidStatus) as refusal:
            async with served.socket("/graphql?ticket=trk_"):
                pass
        assert refusal.value.response.status_code == 503


async def test_a_ticket_opens_a_socket(ticketed: Served, world: World) -> None:
    address = f"/graphql?ticket={await ticket_of(ticketed, world)}"
    async with ticketed.socket(address) as talk:
        await talk.say(type="connection_init")
        assert await talk.hear() == {"type": "connection_ack"}
        assert await answer(talk, VIEWER) == NAME
    with pytest.raises(InvalidStatus) as refusal:
        async with ticketed.socket(address):
            pass
    assert refusal.value.response.status_code == 401


LISTENING = """(async () => {
    const headers = {Authorization: "Bearer %s"}
    const {ticket} = await (await fetch("/graphql/ticket", {method: "POST", headers})).json()
    const parameters = new URLSearchParams({query: %s, variables: %s, ticket})
    const stream = new EventSource(`/graphql?${parameters}`)
    return new Promise((resolve) => {
        const kinds = []
        stream.addEventListener("next", (event) => {
            kinds.push(JSON.parse(event.data).data.documentEvents.kind, event.lastEventId.length > 20)
            if (kinds.length === 4) resolve(kinds)
        })
        stream.onerror = () => resolve("refused")
    })
})()"""


async def test_a_browser_hears_with_its_own_event_source_what_only_the_owner_may(
    browser: Browser, ticketed: Served, world: World
) -> None:
    variables = json.dumps({"id": world.requirements.public_id})
    script = LISTENING % (world.tokens["ada"], json.dumps(LISTEN), json.dumps(variables))
    async with browser.visiting(f"http://{ticketed.address}/health/live") as page:
        await page.until("document.body.textContent.includes('ok')")
        hearing = asyncio.create_task(page.run(script))
        await until(lambda: listeners(ticketed) == 1)
        await happen(ticketed, world.requirements)
        assert await hearing == ["SNAPSHOT", True, "DOCUMENT_EDITED", True]
