"""Connections over HTTP: what becomes of an operation whose client leaves or does not read; answers arrive whole."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
import pytest
from sqlalchemy import text, update
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from app.request_limits import RequestLimits
from db import tables
from db.access import GUEST
from db.engine import Database
from db.epoch import encode
from db.roots import topic_of
from tests.app.serving import NO_DATABASE, Served, happen, listeners, serving
from tests.app.serving import until as holds
from tests.app.sockets.raw import HANDSHAKE
from tests.app.streams.test_streaming import COMPLETE, EVENTS
from tests.app.test_watch import REFUSAL
from tests.db.scratch import scratch
from tests.db.waiting import until
from tests.deadline import DEADLINE
from tests.world import World

WAITING = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
COURSES = {"query": "{ courses(first: 1) { nodes { id } } }"}


def head(length: int) -> bytes:
    """The head of a POST with a body of so many bytes."""
    return (
        b"POST /graphql HTTP/1.1\r\nHost: trellis\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % length
    )


async def test_an_operation_ends_in_the_database_too_when_its_client_leaves(served: Served, database: Database) -> None:
    body = orjson.dumps(COURSES)
    async with scratch(database) as session:
        await session.execute(text("LOCK TABLE courses IN ACCESS EXCLUSIVE MODE"))
        _, writer = await asyncio.open_connection(*served.address.split(":"))
        writer.write(head(len(body)) + body)
        await until(database, f"SELECT count(*) = 1 {WAITING}")
        writer.close()
        await until(database, f"SELECT count(*) = 0 {WAITING}")


async def test_a_mutation_is_done_to_its_end_though_its_client_leaves(
    served: Served, database: Database, world: World
) -> None:
    query = 'mutation ($thread: ID!) { addComment(input: {threadId: $thread, content: "Gone"}) { comment { id } } }'
    body = orjson.dumps({"query": query, "variables": {"thread": world.thread_0.public_id}})
    credential = f"Authorization: Bearer {world.tokens['ada']}\r\n\r\n".encode()
    async with scratch(database) as session:
        await session.execute(text("LOCK TABLE comments IN EXCLUSIVE MODE"))
        _, writer = await asyncio.open_connection(*served.address.split(":"))
        writer.write(head(len(body)).removesuffix(b"\r\n") + credential + body)
        await until(database, f"SELECT count(*) = 1 {WAITING}")
        writer.close()
        await holds(lambda: not served.server.server_state.connections)
    await until(database, "SELECT count(*) = 1 FROM comments WHERE content = 'Gone'")


async def test_requests_that_are_sent_at_once_are_answered_in_their_order(bare: Served) -> None:
    reader, writer = await asyncio.open_connection(*bare.address.split(":"))
    bodies = [orjson.dumps({"query": f"{{ a{number}: __typename }}"}) for number in range(5)]
    writer.write(b"".join(head(len(body)) + body for body in bodies))
    for number in range(5):
        answer = await reader.readuntil(b'{"data":{"a%d":"Query"}' % number)
        assert b"HTTP/1.1 200 OK\r\n" in answer
    writer.close()


async def test_a_connection_that_is_not_used_is_kept_as_long_as_an_operator_says(redis_url: str) -> None:
    body = orjson.dumps({"query": "{ __typename }"})
    async with serving(NO_DATABASE, redis_url, keep_alive=1) as served:
        assert (await answer(served, head(len(body)) + body)).count(b"HTTP/1.1 ") == 1


async def test_unless_an_operator_says_so_it_outlives_what_a_balancer_in_front_keeps_it_for(bare: Served) -> None:
    reader, writer = await asyncio.open_connection(*bare.address.split(":"))
    body = orjson.dumps({"query": "{ __typename }"})
    writer.write(head(len(body)) + body)
    await reader.readuntil(b'"Query"')
    assert server_side(bare).patience.due - asyncio.get_running_loop().time() > 60
    writer.close()


TYPENAME = orjson.dumps({"query": "{ __typename }"})
LIVE = b"GET /health/live HTTP/1.1\r\nHost: trellis\r\n\r\n"
LAST = LIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


async def test_the_graph_and_other_pages_are_asked_in_turn_over_one_connection(bare: Served) -> None:
    asked = head(len(TYPENAME)) + TYPENAME
    said = (await answer(bare, asked + LIVE + asked + LAST)).split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert [b'"Query"' in one for one in said] == [True, False, True, False]
    assert b"connection: close\r\n" in said[-1]
    assert not any(b"connection:" in one for one in said[:-1])


async def test_what_is_sent_behind_an_upgrade_to_something_else_is_another_request(bare: Served) -> None:
    other = LIVE.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert (await answer(bare, other + LAST)).count(b"HTTP/1.1 200 OK\r\n") == 2


async def test_a_websocket_is_not_opened_in_the_middle_of_an_answer(served: Served, database: Database) -> None:
    body = orjson.dumps(COURSES)
    async with scratch(database) as session:
        await session.execute(text("LOCK TABLE courses IN ACCESS EXCLUSIVE MODE"))
        assert await answer(served, head(len(body)) + body + HANDSHAKE.encode()) == b""


async def test_a_body_may_come_in_chunks(bare: Served) -> None:
    begun = head(0).replace(b"Content-Length: 0", b"Connection: close\r\nTransfer-Encoding: chunked")
    pieces = [b"%x\r\n%b\r\n" % (len(part), part) for part in (TYPENAME[:5], TYPENAME[5:])]
    assert b'"Query"' in await answer(bare, begun, *pieces, b"0\r\n\r\n")


async def test_a_client_that_waits_for_a_word_before_it_sends_the_body_gets_one(bare: Served) -> None:
    reader, writer = await asyncio.open_connection(*bare.address.split(":"))
    writer.write(head(len(TYPENAME)).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
    async with asyncio.timeout(DEADLINE):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(TYPENAME)
        await reader.readuntil(b'"Query"')
    writer.close()


async def test_a_connection_ends_with_an_answer_that_spares_the_client_its_body(bare: Served) -> None:
    refused = head(2**21).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    said = await answer(bare, refused)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close\r\n" in said
    assert said.count(b"HTTP/1.1 ") == 1


async def test_a_head_has_the_length_of_the_body_and_no_body(bare: Served) -> None:
    said = await answer(bare, LIVE.replace(b"GET", b"HEAD") + LAST)
    first, second = said.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert first.endswith(b"\r\n\r\n")
    length = next(line for line in second.splitlines() if line.startswith(b"content-length:"))
    assert length in first


async def test_an_old_client_gets_what_it_can_read_and_the_end_of_the_connection(served: Served, world: World) -> None:
    token = f"Authorization: Bearer {world.tokens['ada']}".encode()
    listen = orjson.dumps({"query": LISTEN, "variables": {"id": world.requirements.public_id}})
    old = head(len(listen)).replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"Host: trellis", b"Accept: " + EVENTS.encode())
    reader, writer = await asyncio.open_connection(*served.address.split(":"))
    writer.write(old.replace(b"\r\n\r\n", b"\r\n" + token + b"\r\n\r\n") + listen)
    async with asyncio.timeout(DEADLINE):
        said = await reader.readuntil(b":\n\n")
        assert b"\r\nconnection: close\r\n" in said
        assert b"chunked" not in said
        assert said.endswith(b"\r\n\r\n:\n\n")
    writer.close()


HURRIED = RequestLimits(head_seconds=0.2, body_seconds=0.4)


@pytest.fixture
async def impatient(redis_url: str) -> AsyncIterator[Served]:
    """A server that waits a moment for what is to come."""
    async with serving(NO_DATABASE, redis_url, request_limits=HURRIED) as running:
        yield running


async def answer(served: Served, *pieces: bytes) -> bytes:
    """All that the server sends, until it closes, when the pieces come one after the other."""
    reader, writer = await asyncio.open_connection(*served.address.split(":"))
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    async with asyncio.timeout(DEADLINE):
        found = await reader.read()
    writer.close()
    return found


def sized(url: int = 0, headers: int = 0) -> bytes:
    """A GET of `{__typename}` with a URL and headers of so many bytes, names and values."""
    address = b"/graphql?query=%7B__typename%7D"
    own = {b"Host": b"trellis", b"Connection": b"close"}
    used = sum(len(name) + len(value) for name, value in own.items()) + len(b"X-Filler")
    own[b"X-Filler"] = b"x" * (headers - used)
    lines = b"".join(b"%b: %b\r\n" % line for line in own.items())
    return b"GET %b HTTP/1.1\r\n%b\r\n" % (address + b"&" * (url - len(address)), lines)


@pytest.mark.parametrize(
    ("largest", "refused", "status"),
    [
        (sized(url=8 * 2**10), sized(url=8 * 2**10 + 1), 414),
        (sized(headers=32 * 2**10), sized(headers=32 * 2**10 + 1), 431),
    ],
)
async def test_a_head_has_a_largest_size(bare: Served, largest: bytes, refused: bytes, status: int) -> None:
    assert (await answer(bare, largest)).startswith(b"HTTP/1.1 200 ")
    head, _, body = (await answer(bare, refused)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\ncache-control: no-store\r\n" in head
    assert orjson.loads(body)["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}


async def test_a_header_that_does_not_end_is_not_collected(bare: Served) -> None:
    endless = [b"GET / HTTP/1.1\r\nX-Filler: ", *[b"x" * 2**12] * 11]
    assert (await answer(bare, *endless)).startswith(b"HTTP/1.1 431 ")


async def test_what_is_no_http_is_answered_with_a_code(bare: Served) -> None:
    _, _, body = (await answer(bare, b"\x16\x03\x01 hello\r\n\r\n")).partition(b"\r\n\r\n")
    assert orjson.loads(body)["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}


@pytest.mark.parametrize("begun", [b"", b"G", b"POST /graphql HTTP/1.1\r\nHost: trellis\r\nX-Slow: "])
async def test_a_head_that_does_not_come_in_time_closes_the_connection(impatient: Served, begun: bytes) -> None:
    assert (await answer(impatient, begun)).startswith(b"HTTP/1.1 408 ")


async def test_empty_lines_after_an_answer_do_not_hold_a_connection(impatient: Served) -> None:
    reader, writer = await asyncio.open_connection(*impatient.address.split(":"))
    writer.write(sized().replace(b"close", b"keep-alive"))
    async with asyncio.timeout(DEADLINE):
        await reader.readuntil(b'{"__typename":"Query"}')
        writer.write(b"\r\n")
        assert b"HTTP/1.1 408 " in await reader.read()
    writer.close()


async def test_a_body_that_does_not_come_in_time_closes_the_connection(impatient: Served) -> None:
    assert (await answer(impatient, head(10), b'{"que')).startswith(b"HTTP/1.1 408 ")


async def test_half_a_request_is_not_refused_in_place_of_the_answer_before_it(
    database_url: str, redis_url: str, database: Database
) -> None:
    body = orjson.dumps(COURSES)
    async with serving(database_url, redis_url, request_limits=HURRIED) as served, scratch(database) as session:
        await session.execute(text("LOCK TABLE courses IN ACCESS EXCLUSIVE MODE"))
        assert await answer(served, head(len(body)) + body + b"GET / HTT") == b""


async def test_a_connection_between_two_requests_may_wait_longer(impatient: Served) -> None:
    reader, writer = await asyncio.open_connection(*impatient.address.split(":"))
    for _ in range(2):
        writer.write(sized().replace(b"close", b"keep-alive"))
        await reader.readuntil(b'{"data":{"__typename":"Query"}')
        await passed(2 * HURRIED.body_seconds)
    writer.close()


async def passed(seconds: float) -> None:
    """Until so much time has gone by."""
    clock = asyncio.get_running_loop().time
    end = clock() + seconds
    await holds(lambda: clock() > end)


# --- clients that do not read ----------------------------------------------------------------------------------------

LISTEN = """
    subscription ($id: ID!, $after: String) {
      documentEvents(documentId: $id, after: $after) { document { content } }
    }
"""
TYPES = "types { name description fields { name description args { name description } } }"
SCHEMA = f"{{ __schema {{ {' '.join(f'{name}: {TYPES}' for name in 'abcdef')} }} }}"
LONG = 400_000


@asynccontextmanager
async def asking(served: Served, query: str, token: str = "", **variables: Any) -> AsyncIterator[asyncio.StreamReader]:
    """A client that asks and does not read on, over a connection that takes little by itself."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    host, port = served.address.split(":")
    await asyncio.get_running_loop().sock_connect(connection, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=connection, limit=4096)
    await holds(lambda: served.server.server_state.connections)
    server_side(served).transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    writer.write(request(orjson.dumps({"query": query, "variables": variables}), token))
    try:
        yield reader
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


def request(body: bytes, token: str) -> bytes:
    """A POST of this body, for a stream if there is a token."""
    lines = [f"Accept: {EVENTS}", f"Authorization: Bearer {token}"] if token else []
    length = f"Content-Length: {len(body)}"
    head = ["POST /graphql HTTP/1.1", "Host: trellis", "Content-Type: application/json", length, *lines]
    return "\r\n".join([*head, "\r\n"]).encode() + body


@asynccontextmanager
async def listening(served: Served, world: World, database: Database) -> AsyncIterator[asyncio.StreamReader]:
    """Hear what happens to the requirements, a long text each time, as Ada; and do not read it."""
    async with database.work(GUEST) as work:
        longer = update(tables.SpecificationDocument).values(content="x" * LONG)
        await work.execute(longer.where(tables.SpecificationDocument.id == world.requirements.id))
    ada, document, about = world.tokens["ada"], world.requirements.public_id, topic_of(world.atlas)
    now = await database.past(about, None)
    after = encode(about, now.epoch, now.sequence)
    async with asking(served, LISTEN, ada, id=document, after=after) as reader:
        await holds(lambda: listeners(served) == 1)
        yield reader


def server_side(served: Served) -> Any:
    """The connection, as the server has it."""
    [connection] = served.server.server_state.connections
    return connection


def waiting(served: Served) -> int:
    """Bytes that the server holds for the client."""
    return int(server_side(served).transport.get_write_buffer_size())


async def test_a_stream_that_nobody_reads_is_cut_off(
    database_url: str, redis_url: str, world: World, database: Database
) -> None:
    async with (
        serving(database_url, redis_url, reader_timeout=0.3, heartbeat=0.05) as served,
        listening(served, world, database),
    ):
        await happen(served, world.requirements)
        await holds(lambda: not served.server.server_state.connections)
        await holds(lambda: not served.app.streams.subscriptions and listeners(served) == 0)


async def test_an_answer_that_nobody_reads_is_cut_off(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, reader_timeout=0.3) as served, asking(served, SCHEMA):
        await holds(lambda: waiting(served) > LONG)
        await holds(lambda: not served.server.server_state.connections)


async def test_who_reads_slowly_is_waited_for(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, reader_timeout=0.3) as served, asking(served, SCHEMA) as reader:
        await holds(lambda: waiting(served) > LONG)
        read = b""
        for _ in range(10):
            read += await reader.readexactly(4096)
            await passed(0.1)
        async with asyncio.timeout(DEADLINE):
            while b'"throttleStatus"' not in read[-200:]:
                read += await reader.read(LONG)


async def test_who_has_nothing_to_read_is_not_waited_for(served: Served, world: World, database: Database) -> None:
    async with listening(served, world, database):
        server_side(served).patience.reader_timeout = 0.2
        server_side(served).patience.look()
        await passed(1)
        assert served.app.streams.subscriptions


async def test_only_so_much_waits_for_who_does_not_read(served: Served, world: World, database: Database) -> None:
    async with listening(served, world, database):
        [broadcast] = served.app.sockets.graph.executor.subscriptions._broadcasts.values()
        [subscriber] = [one for group in broadcast._groups.values() for one in group.subscribers]
        for _ in range(20):
            await happen(served, world.requirements)
        await holds(lambda: waiting(served) > HIGH_WATER_LIMIT and len(subscriber._messages) > 10)
        await passed(0.5)
        assert len(subscriber._messages) > 10
        assert waiting(served) < HIGH_WATER_LIMIT + 1.1 * LONG


async def test_who_reads_again_after_its_credential_has_ended_is_told_so(
    database_url: str, redis_url: str, world: World, database: Database
) -> None:
    async with (
        serving(database_url, redis_url, credential_interval=0.1) as served,
        listening(served, world, database) as reader,
    ):
        for _ in range(3):
            await happen(served, world.requirements)
        await holds(lambda: waiting(served) > HIGH_WATER_LIMIT)
        authorization = f"Bearer {world.tokens['ada']}"
        await served.post({"query": "mutation { signOut { signedOut } }"}, authorization=authorization)
        looks = served.app.watch.looks
        await holds(lambda: served.app.watch.looks > looks + 1)
        async with asyncio.timeout(DEADLINE):
            rest = b""
            while not rest.endswith(b"0\r\n\r\n"):
                rest += await reader.read(LONG)
        assert rest.index(REFUSAL) < rest.index(COMPLETE)
