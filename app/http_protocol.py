"""One HTTP connection: uvicorn's, with an answer in one write, and an end to what its client does not finish or leaves.

uvicorn waits for heads, bodies and readers as long as they take, and reads heads of any size: so little would hold a
server up. What waits to be read is 64 KiB and one answer at most, as more is sent only when less than that waits.
"""

import asyncio
import math
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.request_limits import USUAL, RequestLimits
from app.requests import BadRequest

log = structlog.get_logger()


class Unreadable(Exception):  # noqa: N818  (an outcome, not an error)
    """The bytes that came cannot become a request."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class HTTPProtocol(HttpToolsProtocol):
    """The protocol that uvicorn makes for each connection.

    A client that has something to read, and takes nothing of it for `reader_timeout` seconds, is cut off.
    """

    def __init__(
        self, *arguments: Any, limits: RequestLimits = USUAL, reader_timeout: float = 30, **named: Any
    ) -> None:
        super().__init__(*arguments, **named)
        self.limits = limits
        self.reader_timeout = reader_timeout
        self._running: set[asyncio.Task[Any]] = set()
        self._refused: Unreadable | None = None
        self._head_bytes: int | None = 0
        """Bytes of a head that have come; None while no head is read."""
        self._header_bytes = 0
        self._due = math.inf
        """The moment at which the head or body that is awaited must be here."""
        self._taken = 0
        """Bytes that the client had taken at the last look."""
        self._read_at = 0.0
        """The time of the last look at which it had taken more, or all."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._app, self.app = self.app, self._run
        super().connection_made(Corked(transport, self.loop))  # type: ignore[arg-type]
        self._due = self.loop.time() + self.limits.head_seconds
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._watch.cancel()
        for task in self._running:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._due == math.inf and self._is_next:  # empty lines may stand before a head
                self._due = self.loop.time() + self.limits.head_seconds
        super().data_received(data)
        # A header is told of when all of it is here; until then it is only counted.
        if self._head_bytes is not None and self._head_bytes > self.limits.url + self.limits.headers:
            self._refuse(Unreadable(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The head is too large."))

    def on_message_begin(self) -> None:
        self._due = self.loop.time() + self.limits.head_seconds
        self._header_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self.limits.url:
            raise self._unreadable(HTTPStatus.REQUEST_URI_TOO_LONG, f"A URL may have {self.limits.url} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > self.limits.headers:
            message = f"Headers may have {self.limits.headers} bytes."
            raise self._unreadable(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, message)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        self._due = self.loop.time() + self.limits.body_seconds
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._head_bytes = 0
        self._due = math.inf
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._watch.cancel()
        self.transport = self.transport.transport  # type: ignore[attr-defined]  # sockets write for themselves
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that the parser has failed at."""
        self._refuse(self._refused or Unreadable(HTTPStatus.BAD_REQUEST, msg))

    def _unreadable(self, status: HTTPStatus, message: str) -> Unreadable:
        """Keep the reason for which the parser is to fail, as it does not hand it on."""
        self._refused = Unreadable(status, message)
        return self._refused

    def _look(self) -> None:
        """Close when the time is up, and look again: at the latest before something new can be due."""
        now = self.loop.time()
        if self._is_unread(now):
            self.transport.abort()
            return
        if now >= self._due:
            part = "body" if self._head_bytes is None else "head"
            self._refuse(Unreadable(HTTPStatus.REQUEST_TIMEOUT, f"The {part} did not come in time."))
        self._watch = self.loop.call_at(min(self._due, now + self._shortest), self._look)

    def _is_unread(self, now: float) -> bool:
        taken = self.transport.taken  # type: ignore[attr-defined]
        if taken > self._taken or not self.transport.get_write_buffer_size():
            self._taken, self._read_at = taken, now
        return now - self._read_at >= self.reader_timeout

    @property
    def _shortest(self) -> float:
        return min(self.limits.head_seconds, self.limits.body_seconds, self.reader_timeout)

    def _refuse(self, reason: Unreadable) -> None:
        """Answer with the reason, unless the client would take that for another answer, and close."""
        self._due = math.inf
        if self.transport.is_closing():
            return
        log.info("request", status=int(reason.status), reason=str(reason))
        if self._is_next:
            self.transport.write(_response(reason))
        self.transport.close()

    @property
    def _is_next(self) -> bool:
        """Whether the next answer is that to the request which is being read."""
        if self.cycle is None or self.cycle.response_complete:
            return True
        return self._head_bytes is None and not self.pipeline and not self.cycle.response_started

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task
        self._running.add(task)
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if not self.transport.is_closing():
                raise
        finally:
            self._running.discard(task)


class Corked:
    """A transport that sends all that is written in one turn of the event loop at once.

    Head and body of an answer are written apart; to send them apart costs as much as to make them.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.transport = transport
        self._loop = loop
        self._written: list[bytes] = []
        self._sent = 0

    @property
    def taken(self) -> int:
        """Bytes that have been handed to the system."""
        return self._sent - self.transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        """Send this with what else is written until the loop turns."""
        if not self._written:
            self._loop.call_soon(self._send)
        self._written.append(data)

    def close(self) -> None:
        """Send what was written, then close."""
        self._send()
        self.transport.close()

    def _send(self) -> None:
        if self._written:
            written = b"".join(self._written)
            self._written.clear()
            self._sent += len(written)
            self.transport.write(written)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)


def _response(reason: Unreadable) -> bytes:
    error = {"message": str(reason), "extensions": {"code": BadRequest.code}}
    body = orjson.dumps({"errors": [error]})
    head = b"content-type: application/json\r\ncontent-length: %d\r\ncache-control: no-store\r\n" % len(body)
    return STATUS_LINE[reason.status] + head + b"connection: close\r\n\r\n" + body
