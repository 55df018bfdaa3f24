"""One HTTP connection: requests are read within limits, and answered in their order by an ASGI application.

A client can hold nothing up: heads, bodies and readers are waited for so long and no longer. What waits to be read is
64 KiB and one answer at most, as more is sent only when less than that waits.
"""

import asyncio
from collections import deque
from http import HTTPStatus
from typing import Any

import httptools
import structlog
from starlette.types import ASGIApp, Scope
from uvicorn import Config
from uvicorn.server import ServerState

from app.connection import scopes
from app.connection.exchange import Exchange, Headers
from app.connection.patience import Patience
from app.connection.unreadable import Unreadable
from app.request_limits import USUAL, RequestLimits

ASGI = {"version": "3.0", "spec_version": "2.3"}

log = structlog.get_logger()


class HTTPConnection(asyncio.Protocol):
    """The protocol that uvicorn makes for each connection: its parameters, `shutdown` and what is in `state` are its.

    A client that has something to read, and takes nothing of it for `reader_timeout` seconds, is cut off.
    """

    transport: asyncio.Transport

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: RequestLimits = USUAL,
        reader_timeout: float = 30,
    ) -> None:
        self.config = config
        self.state = server_state
        self.app_state = app_state
        self.loop = _loop or asyncio.get_running_loop()
        self.limits = limits
        self._reader_timeout = reader_timeout
        self._app: ASGIApp = config.loaded_app
        self._parser = self._new_parser()
        self._refused: Unreadable | None = None
        self._head_bytes: int | None = 0
        """Bytes of a head that have come; None while no head is read."""
        self._header_bytes = 0
        self._is_idle = False
        """Whether all is answered, and nothing of another request has come."""
        self._is_stopping = False
        self._reading: Exchange | None = None
        """The request whose body is being read."""
        self._answering: Exchange | None = None
        self._waiting: deque[Exchange] = deque()
        """The requests that wait for the answer to the one before."""
        self._task: asyncio.Task[None] | None = None
        self._is_upgraded = False
        self._is_paused = False
        self._full: asyncio.Future[None] | None = None
        """Done when the client has read enough; None while it has."""

    # --- what the event loop and uvicorn tell of ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # it is one
        self.transport = transport
        self.state.connections.add(self)  # type: ignore[arg-type]  # the type has its own classes only
        self._common: Scope = {**scopes.common(transport), "type": "http", "asgi": ASGI, "scheme": "http"}
        limits, idle = self.limits, self.config.timeout_keep_alive
        shortest = min(limits.head_seconds, limits.body_seconds, idle)
        self.patience = Patience(transport, self._expired, shortest=shortest, reader_timeout=self._reader_timeout)
        self.patience.wait(limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self.state.connections.discard(self)
        self.patience.end()
        for exchange in filter(None, (self._answering, *self._waiting)):
            exchange.leave()
        if self._task:
            self._task.cancel()
        self.resume_writing()
        del self._parser  # it knows this connection

    def data_received(self, data: bytes) -> None:
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._is_idle:  # empty lines may stand before a head
                self._await_head()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(self._refused or Unreadable(HTTPStatus.BAD_REQUEST, "Invalid HTTP request received."))
        # A header is told of when all of it is here; until then it is only counted.
        if self._head_bytes is not None and self._head_bytes > self.limits.url + self.limits.headers:
            self._refuse(Unreadable(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The head is too large."))

    def pause_writing(self) -> None:
        self._full = self.loop.create_future()

    def resume_writing(self) -> None:
        if self._full:
            self._full.set_result(None)
            self._full = None

    def shutdown(self) -> None:
        """Close as the server stops, behind the answers that are awaited."""
        self._is_stopping = True
        if self._answering is None:
            self.close()
        elif not self._waiting:
            self._answering.keeps = False

    # --- what the parser tells of ---

    def on_message_begin(self) -> None:
        self._await_head()
        self._url, self._headers, self._expects = b"", list[tuple[bytes, bytes]](), False
        self._upgrade = b""
        self._header_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._url += url
        if len(self._url) > self.limits.url:
            raise self._unreadable(HTTPStatus.REQUEST_URI_TOO_LONG, f"A URL may have {self.limits.url} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > self.limits.headers:
            message = f"Headers may have {self.limits.headers} bytes."
            raise self._unreadable(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, message)
        name = name.lower()
        if name == b"expect":
            self._expects = value.lower() == b"100-continue"
        elif name == b"upgrade":
            self._upgrade = value.lower()
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        self.patience.wait(self.limits.body_seconds)
        parser = self._parser
        if self._upgrade == b"websocket" and parser.should_upgrade():
            self._is_upgraded = True
            return
        version, url = parser.get_http_version(), httptools.parse_url(self._url)
        scope = {
            **self._common,
            "http_version": version,
            "method": parser.get_method().decode("ascii"),
            **scopes.addressed(url.path, url.query or b""),
            "headers": self._headers,
            "state": self.app_state.copy(),
        }
        keeps = version != "1.0" and parser.should_keep_alive()
        self._reading = Exchange(self, scope, keeps=keeps, expects=self._expects)
        if self._answering is None:
            self._answer(self._reading)
        else:
            self._waiting.append(self._reading)
            self.pause_reading()

    def on_body(self, body: bytes) -> None:
        if self._reading:
            self._reading.take(body)

    def on_message_complete(self) -> None:
        self._head_bytes = 0
        self.patience.rest()
        if self._reading:
            self._reading.end()
            self._reading = None
        if self._answering is None:
            self._rest()

    # --- what an exchange asks for ---

    def write(self, data: bytes) -> None:
        """Send these bytes."""
        if not self.transport.is_closing():
            self.patience.sent += len(data)
            self.transport.write(data)

    async def writable(self) -> None:
        """Wait until the client has read enough, or left."""
        if self._full:
            await asyncio.shield(self._full)

    def pause_reading(self) -> None:
        """Let the client wait with what it sends."""
        if not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if self._is_paused and not self.transport.is_closing():
            self._is_paused = False
            self.transport.resume_reading()

    def standing_headers(self) -> Headers:
        """The headers of every response, such as its date."""
        return self.state.default_headers

    def answered(self) -> None:
        """Go on behind the answer that was given."""
        assert self._answering
        keeps, self._answering, self._task = self._answering.keeps, None, None
        self.state.total_requests += 1
        if self._waiting and keeps:
            self._answer(self._waiting.popleft())
        elif not keeps or self._is_stopping:
            self.close()
        elif self.patience.is_resting:  # else there is more of a request already
            self._rest()
        if not self._waiting:
            self.resume_reading()

    def close(self) -> None:
        """Close once all is sent."""
        self.patience.rest()
        self.transport.close()

    # --- the order of requests, and the time that they have ---

    def _answer(self, exchange: Exchange) -> None:
        self._answering = exchange
        if self._is_stopping and not self._waiting:
            exchange.keeps = False
        self._task = self.loop.create_task(exchange.run(self._app))
        self._task.add_done_callback(self.state.tasks.discard)
        self.state.tasks.add(self._task)

    def _await_head(self) -> None:
        self._is_idle = False
        self.patience.wait(self.limits.head_seconds)

    def _rest(self) -> None:
        self._is_idle = True
        self.patience.wait(self.config.timeout_keep_alive)

    def _expired(self) -> None:
        if self._is_idle:
            self.close()
        else:
            part = "body" if self._head_bytes is None else "head"
            self._refuse(Unreadable(HTTPStatus.REQUEST_TIMEOUT, f"The {part} did not come in time."))

    # --- what is no request, and what becomes a WebSocket ---

    def _unreadable(self, status: HTTPStatus, message: str) -> Unreadable:
        """Keep the reason for which the parser is to fail, as it does not hand it on."""
        self._refused = Unreadable(status, message)
        return self._refused

    def _refuse(self, reason: Unreadable) -> None:
        """Answer with the reason, unless the client would take that for another answer, and close."""
        if self.transport.is_closing():
            return
        log.info("request", status=int(reason.status), reason=str(reason))
        if self._answering is None or (self._answering is self._reading and not self._answering.has_begun):
            self.write(reason.response)
        self.close()

    def _go_on(self, rest: bytes) -> None:
        """Hand the connection on to a WebSocket. What else a client would like to speak it goes on to do without."""
        if not self._is_upgraded:
            self._parser = self._new_parser()
            self.data_received(rest)
        elif self._answering:
            self._refuse(Unreadable(HTTPStatus.BAD_REQUEST, "A WebSocket is opened when nothing else is asked."))
        else:
            self.patience.end()
            self.state.connections.discard(self)
            lines = [b"%b %b HTTP/1.1" % (self._parser.get_method(), self._url)]
            lines += (b"%b: %b" % header for header in self._headers)
            socket = self.config.ws_protocol_class(  # type: ignore[call-arg,misc]  # it is a class, and we say which
                config=self.config, server_state=self.state, app_state=self.app_state
            )
            socket.connection_made(self.transport)
            self.transport.set_protocol(socket)
            socket.data_received(b"\r\n".join([*lines, b"\r\n"]) + rest)

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        # What a client sends behind its last request is its own affair, and no reason to refuse that.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser
