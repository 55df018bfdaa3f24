"""Clients that do not read what they asked for over HTTP: how much waits for them, and for how long."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
from sqlalchemy import update
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from db import tables
from db.access import GUEST
from db.engine import Database
from tests.app.serving import DEADLINE, NO_DATABASE, Served, serving, until
from tests.app.streams.reading import happen, listeners
from tests.app.streams.test_streaming import COMPLETE, EVENTS
from tests.app.test_connections import passed
from tests.app.test_watch import REFUSAL
from tests.world import World

LISTEN = "subscription ($id: ID!) { documentEvents(documentId: $id) { document { content } } }"
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
    await until(lambda: served.server.server_state.connections)
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
        await work.session.execute(longer.where(tables.SpecificationDocument.id == world.requirements.id))
    ada, document = world.tokens["ada"], world.requirements.public_id
    async with asking(served, LISTEN, ada, id=document) as reader:
        await until(lambda: listeners(served) == 1)
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
        await until(lambda: not served.server.server_state.connections)
        await until(lambda: not served.app.streams.subscriptions and listeners(served) == 0)


async def test_an_answer_that_nobody_reads_is_cut_off(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, reader_timeout=0.3) as served, asking(served, SCHEMA):
        await until(lambda: waiting(served) > LONG)
        await until(lambda: not served.server.server_state.connections)


async def test_who_reads_slowly_is_waited_for(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, reader_timeout=0.3) as served, asking(served, SCHEMA) as reader:
        await until(lambda: waiting(served) > LONG)
        read = b""
        for _ in range(10):
            read += await reader.readexactly(4096)
            await passed(0.1)
        async with asyncio.timeout(DEADLINE):
            while b'"throttleStatus"' not in read[-200:]:
                read += await reader.read(LONG)


async def test_who_has_nothing_to_read_is_not_waited_for(served: Served, world: World, database: Database) -> None:
    async with listening(served, world, database):
        server_side(served).reader_timeout = 0.2
        server_side(served)._look()
        await passed(1)
        assert served.app.streams.subscriptions


async def test_only_so_much_waits_for_who_does_not_read(served: Served, world: World, database: Database) -> None:
    async with listening(served, world, database):
        [channel] = served.app.realtime._channels.values()
        [listener] = channel.listeners
        for _ in range(20):
            await happen(served, world.requirements)
        await until(lambda: waiting(served) > HIGH_WATER_LIMIT and listener._events.qsize() > 10)
        await passed(0.5)
        assert listener._events.qsize() > 10
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
        await until(lambda: waiting(served) > HIGH_WATER_LIMIT)
        authorization = f"Bearer {world.tokens['ada']}"
        await served.post({"query": "mutation { signOut { signedOut } }"}, authorization=authorization)
        looks = served.app.watch.looks
        await until(lambda: served.app.watch.looks > looks + 1)
        async with asyncio.timeout(DEADLINE):
            rest = b""
            while not rest.endswith(b"0\r\n\r\n"):
                rest += await reader.read(LONG)
        assert rest.index(REFUSAL) < rest.index(COMPLETE)
