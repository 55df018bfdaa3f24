"""A reverse proxy that serves a server below a path, as `location /api/trellis/` of nginx does it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

PREFIX = "/api/trellis"


@asynccontextmanager
async def below_a_path(address: str) -> AsyncIterator[str]:
    """The `host:port` of the proxy in front of the server at `address`. Whatever is not below the path is 404."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await _pass_on(reader, writer, address)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> None:
    """Pass on one request, and what the two sides have to say to each other after it."""
    method, path, rest = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)
    if not path.startswith(f"{PREFIX}/".encode()):
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return
    # A connection for each request, as this reads no second head.
    rest = rest.replace(b"Connection: keep-alive", b"Connection: close")
    there_reader, there = await asyncio.open_connection(*address.split(":"))
    there.write(b" ".join([method, path.removeprefix(PREFIX.encode()), rest]))
    asking = asyncio.create_task(_carry(reader, there))
    await _carry(there_reader, writer)
    asking.cancel()
    there.close()


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(2**16):
            sink.write(data)
            await sink.drain()
