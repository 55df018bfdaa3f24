"""A client of a socket that does what no library would: it speaks in frames, and neither reads nor answers unasked."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Self

import orjson

from app.sockets.conversation import PROTOCOL
from tests.deadline import DEADLINE

CONTINUATION, TEXT, BINARY, CLOSE, PING = 0x0, 0x1, 0x2, 0x8, 0x9
HANDSHAKE = "\r\n".join(
    (
        "GET /graphql HTTP/1.1",
        "Host: trellis",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        f"Sec-WebSocket-Protocol: {PROTOCOL}",
        "\r\n",
    )
)


def frame(opcode: int, data: bytes = b"", *, final: bool = True) -> bytes:
    """A frame of a client. Its mask is zero, so what it says stays readable."""
    sizes = {126: b"", 2**16: struct.pack("!BH", 126, len(data) % 2**16), 2**64: struct.pack("!BQ", 127, len(data))}
    size = next(written for limit, written in sizes.items() if len(data) < limit) or bytes([len(data)])
    return bytes([final << 7 | opcode, size[0] | 0x80]) + size[1:] + b"\0\0\0\0" + data


def message(**members: object) -> bytes:
    """The frame of a message of the protocol."""
    return frame(TEXT, orjson.dumps(members))


@dataclass(frozen=True)
class Raw:
    """The client's side of the connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, address: str) -> Self:
        """A socket on which nothing has been said yet."""
        host, port = address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(HANDSHAKE.encode())
        async with asyncio.timeout(DEADLINE):
            await reader.readuntil(b"\r\n\r\n")
        return cls(reader, writer)

    async def say(self, *frames: bytes) -> None:
        """Send frames in one piece."""
        self.writer.write(b"".join(frames))
        await self.writer.drain()

    def stop_reading(self) -> None:
        """Leave what comes to the system, which takes little of it."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.reader._transport.pause_reading()  # type: ignore[attr-defined]

    def read_on(self) -> None:
        """Read again, and faster."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**20)
        self.reader._transport.resume_reading()  # type: ignore[attr-defined]

    async def hear(self) -> tuple[int, bytes]:
        """The opcode and the content of the next frame."""
        async with asyncio.timeout(DEADLINE):
            first, size = await self.reader.readexactly(2)
            if size > 125:
                size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8))
            return first & 0xF, await self.reader.readexactly(size)

    async def closed(self) -> tuple[int, str]:
        """The code and the reason with which the server closes, whatever it says before; 1006 without any."""
        try:
            while True:
                opcode, data = await self.hear()
                if opcode == CLOSE:
                    return int.from_bytes(data[:2]), data[2:].decode()
        except (asyncio.IncompleteReadError, ConnectionError):
            return 1006, ""


@asynccontextmanager
async def raw(address: str, **payload: object) -> AsyncIterator[Raw]:
    """A socket that the server has acknowledged."""
    opened = await Raw.open(address)
    try:
        await opened.say(message(type="connection_init", payload=payload))
        assert (await opened.hear())[0] == TEXT
        yield opened
    finally:
        opened.writer.transport.abort()
        with suppress(OSError):
            await opened.writer.wait_closed()
