"""One request and its response: what an ASGI application asks for and sends, and the bytes of HTTP that it becomes."""

import asyncio
from collections.abc import Iterable
from http import HTTPStatus
from typing import Protocol

import structlog
from starlette.types import ASGIApp, Message, Scope

Headers = Iterable[tuple[bytes, bytes]]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
STATUS_LINES: dict[int, bytes] = {
    status: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}
BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
LARGEST_PART = 2**16
"""Bytes of a body that wait for the application before no more are read."""
FAILED = b"Internal Server Error"

log = structlog.get_logger()


class Carrier(Protocol):
    """The connection as an exchange knows it."""

    def write(self, data: bytes) -> None:
        """Send these bytes."""
        ...

    async def writable(self) -> None:
        """Wait until the client has read enough."""
        ...

    def pause_reading(self) -> None:
        """Let the client wait with what it sends."""
        ...

    def resume_reading(self) -> None:
        """Read on."""
        ...

    def standing_headers(self) -> Headers:
        """The headers of every response."""
        ...

    def answered(self) -> None:
        """Go on behind this exchange, which keeps the connection or not."""
        ...

    def close(self) -> None:
        """Close once all is sent."""
        ...


class Exchange:
    """A request whose head is here. `has_begun` is whether some of the response was sent, `is_answered` whether all."""

    __slots__ = (
        "_carrier",
        "_expects",
        "_has_news",
        "_head",
        "_is_bodiless",
        "_is_chunked",
        "_left",
        "_part",
        "_woken",
        "has_begun",
        "is_answered",
        "is_gone",
        "is_read",
        "keeps",
        "scope",
    )

    def __init__(self, carrier: Carrier, scope: Scope, *, keeps: bool, expects: bool) -> None:
        self.scope = scope
        self.keeps = keeps
        """Whether the connection can be used for another request."""
        self.is_read = False
        """Whether all of the request is here."""
        self.is_gone = False
        """Whether the client has left."""
        self.has_begun = False
        self.is_answered = False
        self._carrier = carrier
        self._expects = expects
        """Whether the client waits for a word before it sends the body."""
        self._part = bytearray()
        self._has_news = False
        self._woken: asyncio.Future[None] | None = None
        self._head: list[bytes] | None = None
        self._left: int | None = None
        """Bytes of the response that are still to come; None where nobody has said how many."""
        self._is_bodiless = self._is_chunked = False

    async def run(self, app: ASGIApp) -> None:
        """Have the application answer. What it fails at is logged, and the client is told as far as it can be."""
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:
            if not self.is_gone:  # it is the server that cannot wait any longer
                await self._fail()
                raise
        except Exception:
            log.exception("request failed")
        await self._fail()

    def take(self, part: bytes) -> None:
        """Take in a part of the body. It is dropped where the answer was given without it."""
        if not self.is_answered:
            self._part += part
            if len(self._part) > LARGEST_PART:
                self._carrier.pause_reading()
            self._wake()

    def end(self) -> None:
        """Note that all of the request is here."""
        self.is_read = True
        self._wake()

    def leave(self) -> None:
        """Note that the client has left."""
        self.is_gone = True
        self._wake()

    async def receive(self) -> Message:
        """The next part of the body, or that nobody waits for an answer any more."""
        if self._expects and not self.is_read and not self.is_answered:
            self._expects = False
            self._carrier.write(CONTINUE)
        while not (self._has_news or self.is_gone or self.is_answered):
            self._carrier.resume_reading()
            self._woken = asyncio.get_running_loop().create_future()
            await self._woken
        if self.is_gone or self.is_answered:
            return {"type": "http.disconnect"}
        self._has_news = False
        body, self._part = self._part, bytearray()
        return {"type": "http.request", "body": bytes(body), "more_body": not self.is_read}

    async def send(self, message: Message) -> None:
        """Send a part of the response, once the client has read enough of those before. Who has left is told nothing.

        The head goes with the first part of the body: to send them apart costs as much as to make them.
        """
        await self._carrier.writable()
        if self.is_gone:
            return
        kind = message["type"]
        if kind == "http.response.start" and self._head is None:
            self._begin(message["status"], message.get("headers", ()))
        elif kind == "http.response.body" and self._head is not None and not self.is_answered:
            self._go_on(message.get("body", b""), is_last=not message.get("more_body", False))
        else:
            raise RuntimeError(f"The message {kind} does not belong here.")

    def _begin(self, status: int, headers: Headers) -> None:
        lines = [STATUS_LINES[status]]
        for name, value in (*self._carrier.standing_headers(), *headers):
            key = name.lower()
            if key == b"content-length":
                self._left = int(value)
            elif key == b"connection":
                self.keeps = self.keeps and b"close" not in value.lower()
                continue
            lines.append(b"%b: %b\r\n" % (key, value))
        self._is_bodiless = status in BODILESS or self.scope["method"] == "HEAD"
        has_end = self._is_bodiless or self._left is not None
        self._is_chunked = not has_end and self.scope["http_version"] != "1.0"
        if not has_end and not self._is_chunked:
            self.keeps = False
        if self._expects and not self.is_read:  # nobody knows whether the body still comes
            self.keeps = False
        if self._is_chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        if not self.keeps:
            lines.append(b"connection: close\r\n")
        lines.append(b"\r\n")
        self._head = [_checked(lines)]

    def _go_on(self, body: bytes, *, is_last: bool) -> None:
        data, self._head = self._head or [], []
        if self._is_chunked:
            if body:
                data += (b"%x\r\n" % len(body), body, b"\r\n")
            if is_last:
                data.append(b"0\r\n\r\n")
        elif not self._is_bodiless:
            data.append(body)
            self._count(len(body), is_last=is_last)
        self.has_begun = True
        if data:
            self._carrier.write(b"".join(data))
        if is_last:
            self.is_answered = True
            self._wake()
            self._carrier.answered()

    def _count(self, length: int, *, is_last: bool) -> None:
        """Hold the application to the length that it has said: the next answer would be taken for a part of this."""
        if self._left is not None:
            self._left -= length
            if self._left < 0 or (is_last and self._left):
                raise RuntimeError("The body is not as long as the header says.")

    async def _fail(self) -> None:
        """Answer in place of an application that has not, or cut the answer off where it has begun."""
        if self.is_answered or self.is_gone:
            return
        if self.has_begun:
            self._carrier.close()
            return
        self._head, self._left, self.keeps = None, None, False
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(FAILED))]
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": FAILED})

    def _wake(self) -> None:
        self._has_news = True
        if self._woken and not self._woken.done():
            self._woken.set_result(None)


def _checked(lines: list[bytes]) -> bytes:
    """The head of these lines; raises RuntimeError where a header would be several, or end the head."""
    head = b"".join(lines)
    if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines) or b"\0" in head:
        raise RuntimeError("A header of the response has a line break in it.")
    return head
