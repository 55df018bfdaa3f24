"""The connection below a socket: uvicorn's, with bounds to what a client can make it hold, and for how long."""

import asyncio
from collections.abc import Sequence
from typing import Any

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from app.settings import Settings

SLICE = 2**9
"""Bytes that are looked at before the frames in them are counted."""
LAST_WORDS = 5
"""Seconds in which a client may still read what was sent before the end."""
TEXT = 0x81
"""The first byte of a text in one frame."""
TWO_BYTES, EIGHT_BYTES = 126, 127
"""The lengths that say that the length itself comes in so many bytes."""
CUT_OFF = {"type": "websocket.disconnect", "code": 1006}


class SocketProtocol(WebSocketsSansIOProtocol):
    """The protocol that uvicorn makes for each socket.

    A ping has to be answered within `ping_timeout`; while there is something to read before it, within the rest of
    `reader_timeout`.
    """

    def __init__(self, *arguments: Any, settings: Settings, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.settings = settings
        self.arrived = 0
        self.owed: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(Ending(transport, self.loop))  # type: ignore[arg-type]  # it stands for one

    def data_received(self, data: bytes) -> None:
        """Read a part at a time: a thousand frames fit into a few kilobytes, and each takes its time."""
        self.arrived = 0
        for start in range(0, len(data), SLICE):
            if self.transport.is_closing():
                return
            super().data_received(data[start : start + SLICE])

    def handle_events(self) -> None:
        self.arrived += len(self.conn.events)
        if self.arrived > self.settings.message_limit:
            self._fail(4429, "Too many messages at once.")
        else:
            super().handle_events()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= self.settings.message_limit:
            self._fail(1009, "Too many fragments of one message.")
        else:
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self._fail(1007, "A text is in UTF-8.")
        else:
            super().send_receive_event_to_app()

    def handle_ping(self) -> None:
        """Keep the last pong for a client that does not read, and drop those before it (RFC 6455, 5.5.3)."""
        self.owed += self.conn.data_to_send()
        self._send_owed()
        del self.owed[:-1]

    def resume_writing(self) -> None:
        super().resume_writing()
        self._send_owed()

    def keepalive_timeout(self) -> None:
        """Without an answer to a ping the client is gone, unless it has yet to read so far."""
        waited = self.loop.time() - self.ping_sent_at
        left = self.settings.reader_timeout - self.settings.ping_interval - waited
        if left > 0 and self.transport.get_write_buffer_size():
            self.pong_timer = self.loop.call_later(min(left, self.settings.ping_timeout), self.keepalive_timeout)
        else:
            self.queue.put_nowait(CUT_OFF)  # type: ignore[arg-type]  # uvicorn's type wants a reason too
            self.transport.abort()

    def shutdown(self) -> None:
        """Close as the server stops, where nobody has begun to."""
        if not self.transport.is_closing():
            super().shutdown()

    async def run_asgi(self) -> None:
        """Offer the application to send texts at once, too."""
        self.scope["extensions"]["trellis.send_now"] = self.send_now  # type: ignore[assignment]  # a dictionary for each would be megabytes
        await super().run_asgi()

    def send_now(self, texts: Sequence[bytes]) -> bool:
        """Send texts if the client has read enough, and several only if they are short; returns whether it did."""
        if not self.writable.is_set() or self.close_sent or self.transport.is_closing():
            return False
        data = b"".join(map(framed, texts))
        if len(texts) > 1 and len(data) > HIGH_WATER_LIMIT:
            return False
        self.transport.write(data)
        return True

    async def send(self, message: Any) -> None:
        """Send a message once the client has read enough. Whoever has left, or failed, is not there any more."""
        await self.writable.wait()
        if self.close_sent or self.disconnected:
            raise ClientDisconnected
        if (text := message.get("utf8")) is None:
            await super().send(message)
        else:
            self.transport.write(framed(text))

    def _send_owed(self) -> None:
        if self.writable.is_set() and not self.transport.is_closing():
            self.transport.write(b"".join(self.owed))
            self.owed = []

    def _fail(self, code: int, reason: str) -> None:
        """Close, whether or not this side has begun to."""
        if self.close_sent:
            self.transport.abort()
        else:
            self.conn.fail(code, reason)
            self.handle_parser_exception()


def framed(text: bytes) -> bytes:
    """A text in UTF-8 as the one frame of a message of the server. Source: RFC 6455, 5.2."""
    length = len(text)
    if length < TWO_BYTES:
        return b"%c%c%b" % (TEXT, length, text)
    if length < 2**16:
        return b"%c%c%b%b" % (TEXT, TWO_BYTES, length.to_bytes(2), text)
    return b"%c%c%b%b" % (TEXT, EIGHT_BYTES, length.to_bytes(8), text)


class Ending:
    """A transport that ends so that the client hears why, and does not wait for ever for a client that does not read.

    A connection that is closed while something has come that nobody has read is reset by the system, and what was sent
    last is lost. So this side says that nothing more comes, and takes in what still does until the client closes too.
    """

    def __init__(self, transport: asyncio.BaseTransport, loop: asyncio.AbstractEventLoop) -> None:
        self.transport: Any = transport
        self._loop = loop
        self._is_ending = False

    def is_closing(self) -> bool:
        """Whether nothing that comes or is written from here on matters."""
        return self._is_ending or self.transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send something, unless the end was said."""
        if not self._is_ending:
            self.transport.write(data)

    def close(self) -> None:
        """Close once all is read, or soon."""
        if self.is_closing():
            return
        self._is_ending = True
        self._loop.call_later(LAST_WORDS, self.transport.abort)
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        try:
            self.transport.write_eof()
            self.transport.resume_reading()
        except OSError:  # the client has gone, which nobody has noticed yet
            self.transport.abort()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
