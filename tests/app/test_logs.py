"""Logging: one entry for every request, and no secret in any."""

import asyncio
import io
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
import structlog

from app.logs import RequestLog, configure, flush
from db.tokens import new_key, new_token
from tests.app.serving import Served, until
from tests.world import World

SECRET = "the-secret-of-this-test"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is logged, as JSON."""
    handlers, level = logging.root.handlers[:], logging.root.level
    stream = io.StringIO()
    configure("INFO", json=True, stream=stream)
    yield stream
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def entries(written: io.StringIO, event: str) -> list[dict[str, Any]]:
    """The entries of this name."""
    flush()
    return [entry for line in written.getvalue().splitlines() if (entry := orjson.loads(line))["event"] == event]


async def test_a_request_is_one_entry(written: io.StringIO, served: Served, world: World) -> None:
    body = {"query": "query Who { viewer { name } }", "operationName": "Who"}
    await served.post(body, authorization=f"Bearer {world.tokens['ada']}")
    [entry] = entries(written, "request")
    assert entry.pop("ms") > 0
    assert entry.pop("timestamp").endswith("Z")
    assert UUID(entry.pop("request_id")).version == 7
    assert entry == {
        "event": "request",
        "level": "info",
        "method": "POST",
        "path": "/graphql",
        "status": 200,
        "operation": "Who",
        "viewer": str(world.ada.id),
    }


async def test_a_refused_request_is_an_entry_too(written: io.StringIO, bare: Served) -> None:
    await bare.send("POST", content=b"{", content_type="application/json")
    [entry] = entries(written, "request")
    assert entry["status"] == 400


async def test_an_operation_on_a_socket_and_its_end_are_entries(written: io.StringIO, bare: Served) -> None:
    async with bare.talk() as talk:
        await talk.ask("{ __typename }")
        await talk.hear()
        await talk.hear()
        await talk.say(type="connection_init")
        await talk.closed()
    await until(lambda: entries(written, "socket"))
    [operation], [socket] = entries(written, "operation"), entries(written, "socket")
    assert (operation["kind"], operation["viewer"]) == ("query", None)
    assert socket["code"] == 4429


async def test_no_token_and_no_variable_is_logged(written: io.StringIO, served: Served, world: World) -> None:
    query = "query ($id: ID!) { node(id: $id) { id } }"
    known = world.tokens["ada"], world.tokens["adas_key"]
    for token in (*known, new_token(), new_key(), f"{new_key()}x", SECRET):
        await served.post({"query": query, "variables": {"id": SECRET}}, authorization=f"Bearer {token}")
        async with served.socket() as talk:
            await talk.say(type="connection_init", payload={"authorization": f"Bearer {token}", "other": SECRET})
            await talk.ask(query, id=SECRET)
            await talk.hear() if token in known else await talk.closed()
    assert entries(written, "request")
    assert "trs_" not in written.getvalue()
    assert "trl_" not in written.getvalue()
    assert SECRET not in written.getvalue()


async def test_a_failure_of_ours_is_logged_without_the_credential(
    written: io.StringIO, bare: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_authorization: str | None) -> Any:
        raise RuntimeError

    monkeypatch.setattr(bare.app.sessions, "viewer", fail)
    async with bare.socket() as talk:
        await talk.say(type="connection_init", payload={"authorization": f"Bearer {new_token()}"})
        await talk.closed()
    [entry] = entries(written, "unexpected")
    assert "Traceback" in entry["exception"]
    assert "trs_" not in written.getvalue()


async def test_an_address_cannot_forge_an_entry(written: io.StringIO, bare: Served) -> None:
    await bare.send("GET", "/%0a%1b[31mforged")
    [entry] = entries(written, "request")
    assert entry["path"] == "/%0A%1B%5B31mforged"


@pytest.mark.parametrize("json", [True, False])
def test_a_traceback_shows_no_local_variables(written: io.StringIO, json: bool) -> None:
    configure("INFO", json=json, stream=written)
    password = SECRET
    try:
        int(password[:0])
    except ValueError:
        structlog.get_logger("app.test").exception("failed")
    flush()
    assert "ValueError" in written.getvalue()
    assert SECRET not in written.getvalue()


def test_libraries_are_heard_from_a_warning_on(written: io.StringIO) -> None:
    library = logging.getLogger("uvicorn.error")
    library.info("a client and its address")
    library.warning("lost")
    flush()
    [line] = written.getvalue().splitlines()
    assert (orjson.loads(line)["event"], orjson.loads(line)["level"]) == ("lost", "warning")


async def test_a_client_that_leaves_before_it_is_answered_is_an_entry(written: io.StringIO, bare: Served) -> None:
    _reader, writer = await asyncio.open_connection(*bare.address.split(":"))
    writer.write(b"POST /graphql HTTP/1.1\r\nHost: trellis\r\nContent-Type: application/json\r\n")
    writer.write(b"Content-Length: 100\r\n\r\n{")
    await writer.drain()
    writer.close()
    await until(lambda: entries(written, "request"))
    [entry] = entries(written, "request")
    assert entry["status"] == 499


async def test_a_request_that_fails_is_an_entry(written: io.StringIO) -> None:
    async def fail(*_: Any) -> None:
        raise ZeroDivisionError

    client = httpx.AsyncClient(transport=httpx.ASGITransport(RequestLog(fail)), base_url="http://trellis")
    with pytest.raises(ZeroDivisionError):
        await client.get("/")
    [entry] = entries(written, "request")
    assert entry["status"] == 500


async def test_no_ticket_is_logged(written: io.StringIO, served: Served, world: World) -> None:
    authorization = f"Bearer {world.tokens['ada']}"
    tickets = [
        (await served.send("POST", "/graphql/ticket", authorization=authorization)).json()["ticket"] for _ in range(2)
    ]
    for address in (f"/graphql?query={{__typename}}&ticket={tickets[0]}", f"/graphql/?ticket={tickets[0]}x"):
        for accept in ("text/event-stream", "text/html"):
            await served.send("GET", address, accept=accept)
    async with served.socket(f"/graphql?ticket={tickets[1]}"):
        pass
    await until(lambda: entries(written, "socket"))
    assert {entry["path"] for entry in entries(written, "request")} == {"/graphql/ticket", "/graphql", "/graphql/"}
    assert not [ticket for ticket in tickets if ticket in written.getvalue()]
