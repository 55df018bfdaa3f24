"""One exchange: what becomes of applications that break the rules of ASGI, and of their failures."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from app.connection.exchange import Exchange

SCOPE: dict[str, Any] = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/"}


class Carried:
    """A connection that keeps what is sent over it."""

    def __init__(self) -> None:
        self.sent = b""
        self.ended: list[str] = []

    def write(self, data: bytes) -> None:
        self.sent += data

    async def writable(self) -> None:
        pass

    def pause_reading(self) -> None:
        self.ended.append("paused")

    def resume_reading(self) -> None:
        self.ended.append("resumed")

    def standing_headers(self) -> Iterable[tuple[bytes, bytes]]:
        return [(b"date", b"today")]

    def answered(self) -> None:
        self.ended.append("answered")

    def close(self) -> None:
        self.ended.append("closed")


async def exchanged(
    *messages: dict[str, Any], fails: Callable[[], object] = lambda: None, **scope: Any
) -> tuple[Carried, Exchange]:
    """What is sent when an application sends these messages, and then does something."""

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        fails()

    carried = Carried()
    exchange = Exchange(carried, SCOPE | scope, keeps=True, expects=False)
    with capture_logs():
        await exchange.run(application)
    return carried, exchange


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(part: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": part, "more_body": more}


async def test_head_and_body_are_sent_as_one() -> None:
    carried, exchange = await exchanged(start((b"Content-Length", b"2")), body(b"Hi"))
    assert carried.sent == b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-length: 2\r\n\r\nHi"
    assert (carried.ended, exchange.keeps) == (["answered"], True)


async def test_a_body_of_unknown_length_is_sent_in_chunks() -> None:
    carried, _ = await exchanged(start(), body(b"Hi", more=True), body(b"", more=True), body(b"!"))
    assert carried.sent.endswith(b"transfer-encoding: chunked\r\n\r\n2\r\nHi\r\n1\r\n!\r\n0\r\n\r\n")


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body_has_none(status: int) -> None:
    carried, exchange = await exchanged(start(status=status), body(b""))
    assert carried.sent.endswith(b"\r\ndate: today\r\n\r\n")
    assert exchange.keeps


@pytest.mark.parametrize("length", [b"1", b"3"])
async def test_a_body_of_another_length_than_was_said_is_not_taken_for_the_next_answer(length: bytes) -> None:
    carried, _ = await exchanged(start((b"content-length", length)), body(b"H", more=True), body(b"i"))
    assert carried.ended == ["closed"]


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\0"])
async def test_a_header_is_one_line(value: bytes) -> None:
    carried, _ = await exchanged(start((b"location", value)), body(b""))
    assert carried.sent.startswith(b"HTTP/1.1 500 ")
    assert b"set-cookie" not in carried.sent


async def test_a_failure_before_the_answer_is_told_and_ends_the_connection() -> None:
    carried, exchange = await exchanged(start((b"content-length", b"9")), fails=lambda: 1 // 0)
    assert carried.sent.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert carried.sent.endswith(b"connection: close\r\n\r\nInternal Server Error")
    assert not exchange.keeps


async def test_a_failure_in_the_answer_cuts_it_off() -> None:
    carried, _ = await exchanged(start(), body(b"Hi", more=True), fails=lambda: 1 // 0)
    assert carried.ended == ["closed"]
    assert not carried.sent.endswith(b"0\r\n\r\n")


async def test_a_failure_behind_the_answer_changes_nothing() -> None:
    carried, exchange = await exchanged(start((b"content-length", b"0")), body(b""), fails=lambda: 1 // 0)
    assert (carried.ended, exchange.keeps) == (["answered"], True)


async def test_an_application_without_an_answer_has_failed() -> None:
    carried, _ = await exchanged()
    assert carried.sent.startswith(b"HTTP/1.1 500 ")


async def test_the_body_waits_for_the_application_only_so_long() -> None:
    carried = Carried()
    exchange = Exchange(carried, SCOPE, keeps=True, expects=False)
    exchange.take(b"x" * 2**16)
    assert not carried.ended
    exchange.take(b"y")
    assert carried.ended == ["paused"]
    received = await exchange.receive()
    assert (len(received["body"]), received["more_body"]) == (2**16 + 1, True)
