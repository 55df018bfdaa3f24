"""Pages whose session is in a cookie: on every transport, from the first request to the last, and from nowhere else."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import delete
from websockets.exceptions import InvalidStatus

from app.cookies import SESSION
from db import tables
from db.access import GUEST
from tests.app.browser import Browser
from tests.app.serving import Served, listeners, serving, told, until
from tests.app.sockets.test_conversation import VIEWER, next_of
from tests.app.sockets.test_endpoint import answer
from tests.app.streams.reading import LISTEN
from tests.app.test_auth import UNKNOWN
from tests.app.test_auth import VIEWER as WHO
from tests.app.test_http import code_of
from tests.app.test_watch import REFUSAL
from tests.world import World

APP, OTHER = "https://app.example", "https://other.example"
ADA = {"data": {"viewer": {"name": "Ada"}}}
NOBODY = {"data": {"viewer": None}}
DROPPED = f"{SESSION}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"


@pytest.fixture
async def paged(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    """A server with one other origin whose pages may ask."""
    async with serving(database_url, redis_url, origins=(APP,), credential_interval=0.1) as served:
        yield served


@pytest.fixture
def cookie(world: World) -> str:
    """The cookie of a page that Ada looks at."""
    return f"theme=dark; {SESSION}={world.tokens['ada']}"


async def keep(served: Served, authorization: str, **headers: str) -> httpx.Response:
    return await served.send("POST", "/auth/session", authorization=authorization, **headers)


async def end_all(served: Served, world: World) -> None:
    """End the sessions of Ada, and tell nobody."""
    async with served.app.database.work(GUEST) as work:
        await work.execute(delete(tables.Session).where(tables.Session.user_id == world.ada.id))
    served.app.sessions.forget(f"Bearer {world.tokens['ada']}")


async def test_a_token_is_put_into_a_cookie_that_ends_with_its_session(paged: Served, world: World) -> None:
    kept = await keep(paged, f"Bearer {world.tokens['ada']}")
    assert (kept.status_code, kept.content, kept.headers["cache-control"]) == (204, b"", "no-store")
    value, _, rest = kept.headers["set-cookie"].partition("; ")
    assert value == f"{SESSION}={world.tokens['ada']}"
    assert 29 * 24 * 60 * 60 < int(rest.split("Max-Age=")[1].split(";")[0]) <= 30 * 24 * 60 * 60
    assert told(await paged.post(WHO, cookie=value)) == ADA


@pytest.mark.parametrize("authorization", ["", "Bearer nonsense", f"Bearer {UNKNOWN}"])
async def test_what_is_no_token_of_a_session_gets_no_cookie(paged: Served, authorization: str) -> None:
    refused = await keep(paged, authorization)
    assert (refused.status_code, code_of(refused)) == (401, "UNAUTHENTICATED")
    assert "set-cookie" not in refused.headers


async def test_the_cookie_alone_does_not_renew_itself(paged: Served, cookie: str) -> None:
    assert (await keep(paged, "", cookie=cookie)).status_code == 401


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
async def test_nothing_is_kept_or_ended_by_another_method(paged: Served, cookie: str, method: str) -> None:
    refused = await paged.send(method, "/auth/session", cookie=cookie)
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST, DELETE")
    assert told(await paged.post(WHO, cookie=cookie)) == ADA


async def test_the_end_of_a_session_takes_its_cookie_away_and_closes_what_it_has_opened(
    paged: Served, cookie: str, world: World
) -> None:
    async with paged.socket(cookie=cookie) as talk:
        await talk.say(type="connection_init")
        assert await talk.hear() == {"type": "connection_ack"}
        ended = await paged.send("DELETE", "/auth/session", cookie=cookie)
        assert (ended.status_code, ended.headers["set-cookie"]) == (204, DROPPED)
        assert (await talk.closed())[0] == 4403
    assert (await paged.post(WHO, authorization=f"Bearer {world.tokens['ada']}")).status_code == 401


@pytest.mark.parametrize("header", ["", f"{SESSION}={UNKNOWN}", f"{SESSION}=nonsense"])
async def test_to_end_what_has_ended_takes_the_cookie_away_too(paged: Served, header: str) -> None:
    ended = await paged.send("DELETE", "/auth/session", **{"cookie": header} if header else {})
    assert (ended.status_code, ended.headers["set-cookie"]) == (204, DROPPED)


async def test_a_header_counts_before_the_cookie(paged: Served, cookie: str, world: World) -> None:
    as_ben = {"authorization": f"Bearer {world.tokens['ben']}", "cookie": cookie}
    assert told(await paged.post(WHO, **as_ben)) == {"data": {"viewer": {"name": "Ben"}}}
    assert told(await paged.post(WHO, authorization="", cookie=cookie)) == ADA
    refused = await paged.post(WHO, authorization=f"Bearer {UNKNOWN}", cookie=cookie)
    assert (refused.status_code, "set-cookie" in refused.headers) == (401, False)


async def test_a_session_that_has_ended_is_401_once_and_then_the_page_is_a_guests(
    paged: Served, cookie: str, world: World
) -> None:
    await end_all(paged, world)
    refused = await paged.post(WHO, cookie=cookie)
    assert (refused.status_code, code_of(refused)) == (401, "UNAUTHENTICATED")
    assert refused.headers["set-cookie"] == DROPPED
    assert told(await paged.post(WHO, cookie="theme=dark")) == NOBODY


async def test_a_page_that_signs_out_by_the_mutation_loses_its_cookie_with_the_next_answer(
    paged: Served, cookie: str
) -> None:
    signed_out = await paged.post({"query": "mutation { signOut { signedOut } }"}, cookie=cookie)
    assert told(signed_out) == {"data": {"signOut": {"signedOut": True}}}
    assert (await paged.post(WHO, cookie=cookie)).headers["set-cookie"] == DROPPED


async def test_the_pages_themselves_are_there_for_whoever_has_an_old_cookie(
    database_url: str, redis_url: str, cookie: str, world: World
) -> None:
    async with serving(database_url, redis_url, introspection="users") as served:
        visits = [await served.send("GET", "/graphiql", cookie=header) for header in (cookie, "theme=dark")]
        await end_all(served, world)
        visits.append(await served.send("GET", "/graphiql", cookie=cookie))
        assert [visit.status_code for visit in visits] == [200, 404, 404]
        assert (await served.send("GET", "/health/live", cookie=cookie)).status_code == 200


async def test_a_socket_is_opened_as_the_person_of_the_cookie_unless_it_is_told_of_another(
    paged: Served, cookie: str, world: World
) -> None:
    as_ben = {"authorization": f"Bearer {world.tokens['ben']}"}
    for payload, name in (({}, "Ada"), (as_ben, "Ben")):
        async with paged.socket(cookie=cookie) as talk:
            await talk.say(type="connection_init", payload=payload)
            assert await talk.hear() == {"type": "connection_ack"}
            assert await answer(talk, VIEWER) == next_of({"data": {"viewer": {"name": name}}})


async def test_a_socket_with_a_cookie_that_has_ended_is_turned_away(paged: Served, cookie: str, world: World) -> None:
    await end_all(paged, world)
    async with paged.socket(cookie=cookie) as talk:
        await talk.say(type="connection_init")
        assert (await talk.closed())[0] == 4403


async def test_a_stream_is_heard_with_a_cookie_and_ends_with_its_session(
    paged: Served, cookie: str, world: World
) -> None:
    query = {"query": LISTEN, "variables": json.dumps({"id": world.requirements.public_id})}
    address = f"/graphql?{urlencode(query)}"
    listening = asyncio.create_task(paged.send("GET", address, accept="text/event-stream", cookie=cookie))
    await until(lambda: listeners(paged) == 1)
    await paged.send("DELETE", "/auth/session", cookie=cookie)
    assert REFUSAL in (await listening).content


async def test_a_ticket_is_had_with_a_cookie_and_counts_before_one(paged: Served, cookie: str, world: World) -> None:
    as_ben = {"cookie": f"{SESSION}={world.tokens['ben']}"}
    ticket = (await paged.send("POST", "/graphql/ticket", **as_ben)).json()["ticket"]
    query = urlencode({"query": WHO["query"], "ticket": ticket})
    assert told(await paged.send("GET", f"/graphql?{query}", cookie=cookie)) == {"data": {"viewer": {"name": "Ben"}}}


# --- pages of other origins -------------------------------------------------------------------------------------------

CROSSED: list[dict[str, str]] = [
    {"origin": OTHER},
    {"origin": "null"},
    {"origin": OTHER, "sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "cross-site"},  # a browser that hides the origin
    {"sec_fetch_site": "same-site"},
]


@pytest.mark.parametrize("headers", CROSSED)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/graphql"),
        ("GET", "/graphql?query={__typename}"),
        ("POST", "/graphql/ticket"),
        ("POST", "/graphql/explain"),
        ("POST", "/auth/session"),
        ("DELETE", "/auth/session"),
    ],
)
async def test_no_page_of_another_origin_has_anything_done_with_a_cookie(
    paged: Served, cookie: str, world: World, method: str, path: str, headers: dict[str, str]
) -> None:
    content = json.dumps(WHO).encode() if method == "POST" else None
    sent = {"content_type": "application/json"} if content else {}
    refused = await paged.send(method, path, content=content, cookie=cookie, **sent, **headers)
    assert (refused.status_code, code_of(refused)) == (400, "CSRF_ERROR")
    assert "set-cookie" not in refused.headers
    assert told(await paged.post(WHO, cookie=cookie)) == ADA


@pytest.mark.parametrize("headers", CROSSED)
async def test_no_page_of_another_origin_signs_a_browser_in_as_somebody_else(
    paged: Served, world: World, headers: dict[str, str]
) -> None:
    refused = await keep(paged, f"Bearer {world.tokens['ben']}", **headers)
    assert (refused.status_code, "set-cookie" in refused.headers) == (400, False)


@pytest.mark.parametrize("headers", CROSSED)
async def test_no_page_of_another_origin_opens_a_socket_with_a_cookie(
    paged: Served, cookie: str, headers: dict[str, str]
) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with paged.socket(cookie=cookie, **headers):
            pass
    assert refusal.value.response.status_code == 403


@pytest.mark.parametrize("origin", [APP, "http://{address}"])
async def test_our_pages_and_those_of_the_list_may(paged: Served, cookie: str, world: World, origin: str) -> None:
    origin = origin.format(address=paged.address)
    assert told(await paged.post(WHO, cookie=cookie, origin=origin)) == ADA
    kept = await keep(paged, f"Bearer {world.tokens['ada']}", origin=origin)
    assert (kept.status_code, kept.headers.get("access-control-allow-credentials")) == (204, "true")
    async with paged.socket(cookie=cookie, origin=origin) as talk:
        await talk.say(type="connection_init")
        assert await talk.hear() == {"type": "connection_ack"}


async def test_a_page_of_the_list_may_ask_to_end_a_session(paged: Served) -> None:
    wanted = {"access_control_request_method": "DELETE", "access_control_request_headers": "authorization"}
    allowed = await paged.send("OPTIONS", "/auth/session", origin=APP, **wanted)
    assert allowed.headers["access-control-allow-methods"] == "POST, DELETE"
    assert (await paged.send("OPTIONS", "/auth/session", origin=OTHER, **wanted)).status_code == 400


async def test_over_tls_a_page_without_is_of_another_origin(paged: Served, cookie: str) -> None:
    """Whoever is on the way could have put it there."""
    asked = {"cookie": cookie, "x_forwarded_proto": "https", "x_forwarded_host": "trellis.example"}
    assert told(await paged.post(WHO, origin="https://trellis.example", **asked)) == ADA
    refused = await paged.post(WHO, origin="http://trellis.example", **asked)
    assert code_of(refused) == "CSRF_ERROR"
    with pytest.raises(InvalidStatus) as refusal:
        async with paged.socket(origin="http://trellis.example", **asked):
            pass
    assert refusal.value.response.status_code == 403


async def test_a_mutation_by_get_is_refused_with_a_cookie_too(paged: Served, cookie: str) -> None:
    mutation = urlencode({"query": "mutation { signOut { signedOut } }"})
    refused = await paged.send("GET", f"/graphql?{mutation}", cookie=cookie, sec_fetch_site="same-origin")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert told(await paged.post(WHO, cookie=cookie)) == ADA


# --- a browser --------------------------------------------------------------------------------------------------------

PAGE = """(async () => {
    const who = async () => {
        const answer = await fetch("/graphql", {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify({query: "{ viewer { name } }"}),
        })
        return answer.status === 200 ? (await answer.json()).data.viewer?.name ?? "nobody" : answer.status
    }
    const socket = () => new Promise((resolve) => {
        const opened = new WebSocket(`ws://${location.host}/graphql`, "graphql-transport-ws")
        const say = (message) => opened.send(JSON.stringify(message))
        opened.onopen = () => say({type: "connection_init"})
        opened.onmessage = ({data}) => {
            const message = JSON.parse(data)
            if (message.type === "connection_ack")
                say({type: "subscribe", id: "1", payload: {query: "{ viewer { name } }"}})
            if (message.type === "next") resolve(message.payload.data.viewer.name)
        }
        opened.onclose = ({code}) => resolve(code)
    })
    const authorization = {Authorization: "Bearer %s"}
    const kept = await fetch("/auth/session", {method: "POST", headers: authorization})
    const heard = [kept.status, await who(), await socket(), document.cookie]
    const ended = await fetch("/auth/session", {method: "DELETE"})
    return [...heard, ended.status, await who()]
})()"""


async def test_a_browser_keeps_the_cookie_on_loopback_and_no_script_reads_it(
    browser: Browser, paged: Served, world: World
) -> None:
    async with browser.visiting(f"http://{paged.address}/health/live") as page:
        await page.until("document.body.textContent.includes('ok')")
        found: Any = await page.run(PAGE % world.tokens["ada"])
    assert found == [204, "Ada", "Ada", "", 204, "nobody"]
