"""One WebSocket: frames and messages, with bounds to what a client can make the server hold, and for how long."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from starlette.types import ASGIApp, Message
from starlette.websockets import WebSocketDisconnect
from uvicorn import Config
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from app.connection import farewell, handshake
from app.connection.fragments import Broken, Fragments
from app.connection.framing import framed, framed_together
from app.connection.heartbeat import Heartbeat
from app.settings import Settings

SLICE = 2**9
"""Bytes that are looked at before the frames in them are counted."""
HIGH_WATER = 2**16
"""Bytes that several texts may have which are sent at once."""
CLOSING = 10
"""Seconds in which a client answers that the socket is to close."""

log = structlog.get_logger()


class WebSocketConnection(asyncio.Protocol):
    """The protocol of a connection from its handshake on: its parameters, and `shutdown`, are those of uvicorn."""

    transport: asyncio.Transport

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], *, settings: Settings
    ) -> None:
        self.state = server_state
        self.app_state = app_state
        self.settings = settings
        self.frames = ServerProtocol(max_size=settings.frame_limit)
        self.is_open = False
        """Whether the application has accepted it."""
        self.is_over = False
        """Whether this side has said that it closes, or has not opened."""
        self.is_ending = False
        """Whether nothing that comes or is written from here on matters."""
        self.owed: list[bytes] = []
        self.writable = asyncio.Event()
        self.writable.set()
        self._app: ASGIApp = config.loaded_app
        self.heard: asyncio.Queue[Message] = asyncio.Queue()
        self._arrived = 0
        self._fragments = Fragments(settings.message_limit)
        self._is_paused = False
        self._denial: Message | None = None
        self._heartbeat: Heartbeat | None = None
        self._end: asyncio.TimerHandle | None = None

    # --- what the event loop and uvicorn tell of ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # it is one
        self.transport = transport
        self.state.connections.add(self)  # type: ignore[arg-type]  # the type has its own classes only

    def connection_lost(self, exc: Exception | None) -> None:
        self.state.connections.discard(self)
        if self._heartbeat:
            self._heartbeat.cancel()
        if self._end:
            self._end.cancel()
        self.is_ending = self.is_over = True
        self._leave(1005 if self.is_open else 1006)
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        """Read a part at a time: a thousand frames fit into a few kilobytes, and each takes its time."""
        self._arrived = 0
        for start in range(0, len(data), SLICE):
            if self.is_ending:
                return
            self.frames.receive_data(data[start : start + SLICE])
            if self.frames.parser_exc is not None:
                self._failed()
            else:
                self._take(self.frames.events_received())

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()
        self._send_owed()

    def shutdown(self) -> None:
        """Close as the server stops, where nobody has begun to."""
        if self.is_ending:
            return
        if self.is_open and not self.is_over:
            self._leave(1012)
            self.frames.send_close(1012)
            self._write(*self.frames.data_to_send())
        elif not self.is_over:
            self._reject(HTTPStatus.SERVICE_UNAVAILABLE)
        self.close()

    # --- what the client says ---

    def _take(self, events: Sequence[Request | Response | Frame]) -> None:
        self._arrived += len(events)
        if self._arrived > self.settings.message_limit:
            self._fail(4429, "Too many messages at once.")
            return
        for event in events:
            if isinstance(event, Request):
                self._greet(event)
            elif isinstance(event, Frame):
                try:
                    self._take_frame(event)
                except Broken as broken:
                    self._fail(broken.code, str(broken))
        if self.frames.handshake_exc and not self.is_over:  # which the protocol has answered itself
            self._finish()

    def _greet(self, request: Request) -> None:
        self._response = self.frames.accept(request)
        if self._response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            self._refuse(self._response)
            return
        self.scope = handshake.asked(request, self.transport)
        self.scope["state"] = self.app_state.copy()
        self.scope["extensions"] = {"websocket.http.response": {}, "trellis.send_now": self.send_now}
        self.heard.put_nowait({"type": "websocket.connect"})
        task = asyncio.get_running_loop().create_task(self._run())
        task.add_done_callback(self.state.tasks.discard)
        self.state.tasks.add(task)

    def _take_frame(self, frame: Frame) -> None:
        match frame.opcode:
            case Opcode.PING:
                self._answer_ping()
            case Opcode.PONG:
                if self._heartbeat:
                    self._heartbeat.hear(bytes(frame.data))
            case Opcode.CLOSE:
                self._take_goodbye()
            case _ if (message := self._fragments.take(frame)) and not self.is_over:
                self.heard.put_nowait(message)
                if not self._is_paused:  # the client waits until the application has taken it
                    self._is_paused = True
                    self.transport.pause_reading()

    def _take_goodbye(self) -> None:
        if not self.is_over and (said := self.frames.close_rcvd):
            self._leave(said.code)
            self._write(*self.frames.data_to_send())
        self.close()

    def _answer_ping(self) -> None:
        """Keep the last pong for a client that does not read, and drop those before it (RFC 6455, 5.5.3)."""
        self.owed += self.frames.data_to_send()
        self._send_owed()
        del self.owed[:-1]

    def _send_owed(self) -> None:
        if self.writable.is_set() and not self.is_ending:
            self.transport.write(b"".join(self.owed))
            self.owed = []

    # --- what the application says ---

    async def receive(self) -> Message:
        """The next message, or that there is none any more."""
        message = await self.heard.get()
        if self._is_paused and self.heard.empty():
            self._read_on()
        return message

    async def send(self, message: Message) -> None:
        """Send a message once the client has read enough; raises OSError where the client has left, or failed."""
        await self.writable.wait()
        if self.is_over:
            raise ConnectionResetError
        kind = message["type"]
        if kind == "websocket.send" and self.is_open:
            self._write(framed(message["utf8"]))
        elif kind == "websocket.close" and self.is_open:
            self._say_goodbye(message["code"], message["reason"])
        elif kind == "websocket.close":
            self._reject(HTTPStatus.FORBIDDEN)
        elif kind == "websocket.accept":
            self._accept(message.get("subprotocol"))
        elif kind == "websocket.http.response.start":
            self._denial = message
        elif kind == "websocket.http.response.body" and self._denial:
            self._refuse(handshake.denied(self._denial, message["body"]))
        else:
            raise RuntimeError(f"The message {kind} does not belong here.")

    def send_now(self, texts: tuple[bytes, ...]) -> bool:
        """Send texts if the client has read enough, and several only if they are short; returns whether it did."""
        if self.is_over or self.is_ending or not self.writable.is_set():
            return False
        data = framed_together(texts)
        if len(texts) > 1 and len(data) > HIGH_WATER:
            return False
        self.transport.write(data)
        return True

    def ping(self, data: bytes) -> None:
        """Send a ping, while there is anybody to answer it."""
        if not (self.is_over or self.is_ending):
            self.frames.send_ping(data)
            self._write(*self.frames.data_to_send())

    async def _run(self) -> None:
        try:
            await self._app(self.scope, self.receive, self.send)
        except (ConnectionResetError, WebSocketDisconnect):
            pass
        except Exception:
            log.exception("socket failed")
        finally:
            if not (self.is_open or self.is_over):
                self._reject(HTTPStatus.INTERNAL_SERVER_ERROR)
            if self._end is None:
                self.close()

    def _accept(self, subprotocol: str | None) -> None:
        handshake.complete(self._response, subprotocol, self.state.default_headers)
        self.frames.send_response(self._response)
        self._write(*self.frames.data_to_send())
        self.is_open = True
        self._heartbeat = Heartbeat(self, self.settings, self._vanish)

    def close(self) -> None:
        """Close so that the client hears why."""
        if not self.is_ending:
            self.is_ending = True
            if self._end:
                self._end.cancel()
            self._end = farewell.end(self.transport)

    def _say_goodbye(self, code: int, reason: str) -> None:
        if self.is_ending:  # the client has said it already
            return
        self._leave(code)
        self.frames.send_close(code, reason)
        self._write(*self.frames.data_to_send())
        self.is_over = True
        self._read_on()
        self._end = asyncio.get_running_loop().call_later(CLOSING, self.close)

    def _leave(self, code: int) -> None:
        """Tell the application that nobody is there any more."""
        self.heard.put_nowait({"type": "websocket.disconnect", "code": code})

    def _vanish(self) -> None:
        self._leave(1006)
        self.transport.abort()

    def _fail(self, code: int, reason: str) -> None:
        """Close, whether or not this side has begun to."""
        if self.is_over:
            self.transport.abort()
        else:
            self.frames.fail(code, reason)
            self._failed()

    def _failed(self) -> None:
        """Close, as what came is against the protocol."""
        self._leave(self.frames.close_sent.code if self.frames.close_sent else 1006)
        self._finish()

    def _reject(self, status: HTTPStatus) -> None:
        self._refuse(self.frames.reject(status, ""))

    def _refuse(self, response: Response) -> None:
        """Open no socket, and say why."""
        self._leave(1006)
        self.frames.send_response(response)
        self._finish()

    def _finish(self) -> None:
        """Send what is left to say, and close."""
        self._write(*self.frames.data_to_send())
        self.is_over = True
        self.close()

    def _write(self, *data: bytes) -> None:
        if not self.is_ending:
            self.transport.write(b"".join(data))

    def _read_on(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()
