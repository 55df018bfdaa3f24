"""Pages of other origins: what they are let do, tried with requests as browsers make them and with a browser."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.app.browser import Browser, Page
from tests.app.serving import NO_DATABASE, Served, serving, told
from tests.app.test_http import ANSWER, TYPENAME, code_of
from tests.world import World

APP = "https://app.example"
OTHER = "https://other.example"
COOKIE = "theme=dark"
WANTED = "authorization,content-type,idempotency-key,last-event-id,traceparent,x-apollo-operation-name,x-cost-debug"


@pytest.fixture
async def shared(redis_url: str) -> AsyncIterator[Served]:
    """A server that pages of one other origin may ask."""
    async with serving(NO_DATABASE, redis_url, origins=(APP,)) as served:
        yield served


async def preflight(served: Served, origin: str, *, method: str = "POST") -> httpx.Response:
    wanted = {"access_control_request_method": method, "access_control_request_headers": WANTED}
    return await served.send("OPTIONS", origin=origin, **wanted)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_page_of_a_listed_origin_may_ask_with_any_header(shared: Served, method: str) -> None:
    answer = await preflight(shared, APP, method=method)
    assert answer.status_code == 200
    allowed = {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}
    assert allowed == {
        "access-control-allow-origin": APP,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": WANTED,
        "access-control-allow-credentials": "true",
        "access-control-max-age": "7200",
    }


@pytest.mark.parametrize("origin", [OTHER, f"{APP}.evil.example", f"{APP}:8443", "http://app.example", "null"])
async def test_a_page_of_another_origin_may_not(shared: Served, origin: str) -> None:
    assert "access-control-allow-origin" not in (await preflight(shared, origin)).headers
    assert "access-control-allow-origin" not in (await shared.post(TYPENAME, origin=origin)).headers


async def test_without_a_list_no_page_of_another_origin_may_ask(bare: Served) -> None:
    answer = await preflight(bare, APP)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


async def test_every_page_may_ask_if_the_operator_says_so_but_without_cookies(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, origins=("*",)) as served:
        allowed, answer = await preflight(served, OTHER), await served.post(TYPENAME, origin=OTHER)
        crossed = await served.post(TYPENAME, origin=OTHER, cookie=COOKIE)
    assert [each.headers["access-control-allow-origin"] for each in (allowed, answer)] == ["*", "*"]
    assert "access-control-allow-credentials" not in {**allowed.headers, **answer.headers}
    assert code_of(crossed) == "CSRF_ERROR"


async def test_an_answer_lets_the_page_read_it_and_what_it_says_of_limits(shared: Served) -> None:
    answer = await shared.post(TYPENAME, origin=APP)
    assert told(answer) == ANSWER
    assert answer.headers["access-control-allow-origin"] == APP
    assert {"Retry-After", "X-RateLimit-Remaining"} <= set(answer.headers["access-control-expose-headers"].split(", "))
    assert "Origin" in answer.headers["vary"].split(", ")


async def test_an_answer_to_nobody_elses_page_depends_on_the_origin_too(shared: Served) -> None:
    assert "Origin" in (await shared.post(TYPENAME)).headers["vary"].split(", ")


REFUSALS: list[tuple[dict[str, Any], dict[str, Any], int]] = [
    ({"body_limit": 5}, {}, 413),
    ({"rate_limit": 1, "rate_limit_restored": 1}, {}, 429),
    ({}, {"authorization": f"Bearer trs_{'x' * 43}"}, 503),
    ({}, {"authorization": "Bearer nonsense"}, 401),
    ({}, {"accept": "text/html"}, 406),
]


@pytest.mark.parametrize(("settings", "headers", "status"), REFUSALS)
async def test_a_page_can_read_why_it_was_refused(
    redis_url: str, settings: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    query = {"query": "{ courses(first: 50) { nodes { modules(first: 50) { nodes { id } } } } }"}
    async with serving(NO_DATABASE, redis_url, origins=(APP,), **settings) as served:
        answer = await served.post(query, origin=APP, **headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, APP)


@pytest.mark.parametrize("path", ["/graphql", "/graphql/explain", "/graphql/"])
async def test_all_addresses_of_the_graph_are_shared(shared: Served, path: str) -> None:
    answer = await shared.send("POST", path, origin=APP, content=b"{}", content_type="application/json")
    assert answer.headers["access-control-allow-origin"] == APP


async def test_a_stream_can_be_read_by_a_page_that_sends_no_header_of_its_own(shared: Served) -> None:
    sent = {"accept": "text/event-stream", "sec_fetch_site": "cross-site"}
    answer = await shared.send("GET", "/graphql?query={__typename}", origin=APP, cookie=COOKIE, **sent)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
    assert answer.headers["access-control-allow-origin"] == APP


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
async def test_cookies_that_a_page_of_another_origin_makes_the_browser_send_are_refused(
    shared: Served, accept: str
) -> None:
    for origin in (OTHER, "null"):
        answer = await shared.post(TYPENAME, accept=accept, origin=origin, cookie=COOKIE)
        assert (answer.status_code, code_of(answer)) == (400, "CSRF_ERROR")
        assert (await shared.post(TYPENAME, accept=accept, origin=origin)).status_code == 200


async def test_a_socket_is_refused_where_a_page_of_another_origin_makes_the_browser_send_cookies(
    shared: Served,
) -> None:
    for origin in (OTHER, "null"):
        with pytest.raises(InvalidStatus) as refusal:
            async with shared.socket(origin=origin, cookie=COOKIE):
                pass
        assert refusal.value.response.status_code == 403


@pytest.mark.parametrize(
    ("origin", "headers"),
    [
        (OTHER, {}),
        (APP, {"cookie": COOKIE}),
        ("http://{address}", {"cookie": COOKIE}),
        ("https://{address}", {"cookie": COOKIE}),
        (OTHER, {"cookie": COOKIE, "sec_fetch_site": "same-origin"}),
    ],
)
async def test_every_other_socket_and_request_is_let_in(shared: Served, origin: str, headers: dict[str, str]) -> None:
    named = {"origin": origin.format(address=shared.address), **headers}
    async with shared.socket(**named) as talk:
        await talk.say(type="connection_init")
        assert await talk.hear() == {"type": "connection_ack"}
    assert told(await shared.post(TYPENAME, **named)) == ANSWER


@asynccontextmanager
async def elsewhere() -> AsyncIterator[str]:
    """The origin of a server with nothing but an empty page."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<title>Elsewhere</title>")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def page_of(origin: str, browser: Browser) -> AsyncIterator[Page]:
    """A page of the origin, with a cookie that browsers send to every port of the host."""
    async with browser.visiting(origin) as page:
        await page.until("document.title === 'Elsewhere'")
        yield page


ASK = """fetch("http://%s/graphql", {method: "POST", credentials: "include",
    headers: {"Content-Type": "application/json", Authorization: %s, "X-Cost-Debug": "1"},
    body: JSON.stringify({query: "{ viewer { name } }"})})
.then(async (answer) => [(await answer.json()).data.viewer.name, answer.headers.get("X-RateLimit-Limit")])
.catch((error) => error.name)"""
LISTEN = """new Promise((resolve) => {
    const stream = new EventSource("http://%s/graphql?query={__typename}", {withCredentials: true})
    stream.addEventListener("next", (event) => resolve(event.data))
    stream.onerror = () => resolve("refused")
}).then((said) => said.slice(0, 31))"""
TALK = """new Promise((resolve) => {
    const socket = new WebSocket("ws://%s/graphql", "graphql-transport-ws")
    socket.onopen = () => socket.send(JSON.stringify({type: "connection_init"}))
    socket.onmessage = (event) => resolve(event.data)
    socket.onerror = () => resolve("refused")
})"""
SAID = '{"data":{"__typename":"Query"},'
ACKNOWLEDGED = '{"type":"connection_ack"}'


async def test_in_a_browser_a_page_of_a_listed_origin_asks_listens_and_talks(
    browser: Browser, database_url: str, redis_url: str, world: World
) -> None:
    ada = json.dumps(f"Bearer {world.tokens['ada']}")
    async with (
        elsewhere() as origin,
        serving(database_url, redis_url, origins=(origin,)) as served,
        page_of(origin, browser) as page,
    ):
        await page.run(f"document.cookie = '{COOKIE}'")
        assert await page.run(ASK % (served.address, ada)) == ["Ada", "10000"]
        assert await page.run(LISTEN % served.address) == SAID
        assert await page.run(TALK % served.address) == ACKNOWLEDGED


async def test_in_a_browser_a_page_of_another_origin_reads_nothing_and_cannot_use_cookies(
    browser: Browser, bare: Served
) -> None:
    async with elsewhere() as origin, page_of(origin, browser) as page:
        assert await page.run(TALK % bare.address) == ACKNOWLEDGED
        await page.run(f"document.cookie = '{COOKIE}'")
        assert await page.run(ASK % (bare.address, '"Bearer x"')) == "TypeError"
        assert await page.run(LISTEN % bare.address) == "refused"
        assert await page.run(TALK % bare.address) == "refused"
