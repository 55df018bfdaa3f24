"""The connection of a socket: how much it holds for a client, and for how long."""

import asyncio
import gc
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.connection import farewell
from app.connection.websocket import WebSocketConnection
from app.sockets.conversation import Conversation
from tests.app.serving import NO_DATABASE, Served, serving, until
from tests.app.sockets.raw import CLOSE, CONTINUATION, HANDSHAKE, PING, TEXT, Raw, frame, message, raw

QUICK: dict[str, Any] = {"ping_interval": 0.1, "ping_timeout": 0.2}
PONG = 0xA


def connections(served: Served) -> int:
    return len(served.server.server_state.connections)


async def test_a_thousand_clients_that_are_gone_leave_nothing_behind(redis_url: str, many_files: None) -> None:
    before = kept()
    async with serving(NO_DATABASE, redis_url, socket_limit=1000, opening_limit=1000, **QUICK) as served:
        host, port = served.address.split(":")
        with capture_logs() as entries, ExitStack() as stack:
            for number in range(1000):
                gone = stack.enter_context(socket.create_connection((host, int(port))))
                gone.sendall(HANDSHAKE.encode() + message(type="connection_init") * (number % 2))
            await until(lambda: codes(entries) == [1006] * 1000 and not connections(served))
        assert not served.app.sockets._open
        assert not served.app.sockets._principals
        await until(lambda: kept() <= before)


def codes(entries: list[Any]) -> list[int]:
    """With which codes sockets have ended, as the log says."""
    return [entry["code"] for entry in entries if entry["event"] == "socket"]


def kept() -> int:
    """How many sockets are still in memory, whoever holds them."""
    gc.collect()
    return sum(isinstance(found, Conversation | WebSocketConnection) for found in gc.get_objects())


@pytest.fixture
def many_files() -> Iterator[None]:
    """Both sides of all sockets are files of this process."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))


async def test_a_client_that_answers_pings_may_be_silent(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, **QUICK) as served, served.talk() as talk:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await talk.connection.recv()
        await talk.say(type="ping")
        assert await talk.hear() == {"type": "pong"}


async def test_a_client_that_reads_late_is_waited_for(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, reader_timeout=30, **QUICK) as served, raw(served.address) as client:
        await stuffed(served, client)
        since = time.monotonic()
        await until(lambda: time.monotonic() - since > 1)
        assert connections(served) == 1
        client.read_on()
        assert (await client.hear())[0] == TEXT


async def test_texts_go_at_once_to_who_reads_and_as_many_as_a_buffer_has_room_for(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url) as served, raw(served.address) as client:
        (connection,) = served.server.server_state.connections
        short, long = b"[]", b'"%b"' % (b"a" * 40_000)
        assert isinstance(connection, WebSocketConnection)
        assert not connection.send_now((long, long))
        assert connection.send_now((short, long))
        assert [await client.hear(), await client.hear()] == [(TEXT, short), (TEXT, long)]
        await stuffed(served, client)
        assert not connection.send_now((short,))


async def test_a_client_that_does_not_read_is_cut_off(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, reader_timeout=1, **QUICK) as served, raw(served.address) as client:
        await stuffed(served, client)
        await until(lambda: not connections(served) and not served.app.sockets._open)


async def test_pongs_that_nobody_reads_are_not_kept(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, message_limit=2000) as served, raw(served.address) as client:
        connection = await stuffed(served, client)
        before = connection.transport.get_write_buffer_size()
        for number in range(1000):
            await client.say(frame(PING, f"{number:0>100}".encode()))
        await client.say(frame(PING, b"last"))
        await until(lambda: connection.owed and b"last" in connection.owed[-1])
        assert len(connection.owed) == 1
        assert connection.transport.get_write_buffer_size() <= before
        pongs = [data async for opcode, data in heard(client) if opcode == PONG]
        assert pongs[-1] == b"last"


async def test_as_many_messages_as_are_allowed_come_at_once(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, message_limit=20) as served, raw(served.address) as client:
        await client.say(*[message(type="ping")] * 20)
        assert [opcode for opcode, _ in [await client.hear() for _ in range(20)]] == [TEXT] * 20


@pytest.mark.parametrize("sent", [message(type="ping"), frame(PING), frame(TEXT)])
async def test_more_messages_at_once_close_with_4429(redis_url: str, sent: bytes) -> None:
    async with serving(NO_DATABASE, redis_url, message_limit=20) as served, raw(served.address) as client:
        await client.say(sent * 21)
        assert await client.closed() == (4429, "Too many messages at once.")


async def test_a_flood_of_messages_is_told_why_it_is_closed(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url) as served, raw(served.address) as client:
        await client.say(message(type="ping") * 200_000)
        assert await client.closed() == (4429, "Too many messages at once.")
        client.writer.close()
        await until(lambda: not connections(served))


async def test_a_client_that_does_not_close_its_side_is_waited_for_no_longer_than_for_its_last_words(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(farewell, "LAST_WORDS", 0.1)
    async with serving(NO_DATABASE, redis_url) as served, raw(served.address) as client:
        await client.say(message(type="ping") * 200)
        await until(lambda: not connections(served))


async def test_a_client_that_is_gone_before_it_is_noticed_does_not_keep_the_server_from_stopping(
    redis_url: str,
) -> None:
    async with serving(NO_DATABASE, redis_url) as served:
        host, port = served.address.split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(HANDSHAKE.encode())
            opened: Any = served.server.server_state.connections
            await until(lambda: any(getattr(one, "is_open", False) for one in opened))
            client.recv(4096)
        [connection] = opened
        connection.shutdown()  # the client has closed, and the server has not looked yet
        await until(lambda: not connections(served))


async def test_a_client_that_has_said_goodbye_does_not_keep_the_server_from_stopping(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url) as served, raw(served.address) as client:
        opened: Any = served.server.server_state.connections
        await client.say(frame(CLOSE, b""))
        [connection] = opened
        await until(lambda: connection.is_ending)
        connection.shutdown()  # both sides close, and the client has not hung up yet
        client.writer.close()
        await until(lambda: not connections(served))


async def test_a_message_may_come_in_fragments(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, message_limit=20) as served, raw(served.address) as client:
        await say_slowly(client, [b'{"type":', *[b""] * 18, b'"ping"}'])
        assert await client.hear() == (TEXT, b'{"type":"pong"}')


async def test_more_fragments_close_with_1009(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, message_limit=20) as served, raw(served.address) as client:
        await say_slowly(client, [b'{"type":', *[b""] * 19, b'"ping"}'])
        assert await client.closed() == (1009, "Too many fragments of one message.")


async def test_the_largest_message_is_taken(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, frame_limit=1000) as served, raw(served.address) as client:
        await client.say(frame(TEXT, b'{"type":"ping"}'.ljust(1000)))
        assert await client.hear() == (TEXT, b'{"type":"pong"}')
        await client.say(frame(TEXT, b'{"type":"ping"}'.ljust(1001)))
        assert (await client.closed())[0] == 1009


async def test_a_message_in_fragments_is_no_larger_than_one_in_a_frame(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, frame_limit=1000) as served, raw(served.address) as client:
        await client.say(frame(TEXT, b" " * 600, final=False), frame(CONTINUATION, b" " * 600, final=False))
        assert (await client.closed())[0] == 1009


async def test_a_text_that_is_not_utf_8_closes_with_1007(bare: Served) -> None:
    async with raw(bare.address) as client:
        await client.say(frame(TEXT, b'{"type":"\xff"}'))
        assert await client.closed() == (1007, "A text is in UTF-8.")


async def test_what_is_no_frame_closes_with_1002(bare: Served) -> None:
    async with raw(bare.address) as client:
        await client.say(b"\xff" * 100)
        assert (await client.closed())[0] == 1002


async def test_what_is_answered_after_a_client_has_failed_is_nobodys_failure(bare: Served) -> None:
    asked = message(type="subscribe", id="1", payload={"query": "{"})
    with capture_logs() as entries:
        async with raw(bare.address) as client:
            await client.say(asked, frame(TEXT, b"x" * 5000, final=False), frame(CLOSE, (1000).to_bytes(2)))
            assert (await client.closed())[0] == 1002
        await until(lambda: not bare.app.sockets._open)
    # A server without a database says so by the way.
    assert {entry["log_level"] for entry in entries if entry["event"] != "history not read"} == {"info"}


async def stuffed(served: Served, client: Raw) -> Any:
    """Ask for more than the server can send to a client that does not read. Returns the server's side."""
    client.stop_reading()
    connection: Any
    [connection] = served.server.server_state.connections
    connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    await client.say(message(type="ping", payload={"long": "x" * 250_000}))
    await until(lambda: not connection.writable.is_set())
    return connection


async def heard(client: Raw) -> Any:
    """All frames up to the last pong."""
    client.read_on()
    while True:
        opcode, data = await client.hear()
        yield opcode, data
        if data == b"last":
            return


async def say_slowly(client: Raw, parts: list[bytes]) -> None:
    """Send the fragments of one message, each once those before have arrived."""
    for number, part in enumerate(parts[:-1]):
        await client.say(frame(CONTINUATION if number else TEXT, part, final=False), frame(PING))
        assert (await client.hear())[0] == PONG
    await client.say(frame(CONTINUATION, parts[-1]))
