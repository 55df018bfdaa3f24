"""A way to a server that tests can break: connections to it die without a word, are reset or refused, or are slow."""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Self

from sqlalchemy import make_url

RESET = struct.pack("ii", 1, 0)
"""With this to linger, the end of a connection is a reset, and what is under way is thrown away."""


class Wire:
    """A way to Redis or PostgreSQL, which listen on Unix sockets, by TCP."""

    def __init__(self, url: str) -> None:
        self.there = make_url(url)
        self.port = 0
        self.carrying: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.answering: list[asyncio.Task[None]] = []
        self.hides_ends = False
        """Whether the end of a connection does not come through."""
        self.delay = 0.0
        """Seconds that all which is said takes longer, in both directions."""

    @property
    def path(self) -> str:
        """The socket of the server."""
        if self.there.drivername.startswith("postgresql"):
            return f"{self.there.query['host']}/.s.PGSQL.{self.there.query['port']}"
        return f"/{self.there.database}"

    @property
    def url(self) -> str:
        if self.there.drivername.startswith("postgresql"):
            here = self.there.set(host="127.0.0.1", port=self.port, query={})
            return here.render_as_string(hide_password=False)
        return f"redis://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def open(self) -> None:
        self.server = await asyncio.start_server(self.connect, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Break all connections and take no more."""
        self.server.close()
        for writer in self.carrying.values():
            writer.close()
        self.go_dead()
        await asyncio.gather(*self.carrying, return_exceptions=True)

    def reset(self) -> int:
        """Reset all connections that there are; how many that were."""
        ours = [self.carrying.pop(task) for task in self.answering if not task.done()]
        self.answering.clear()
        for writer in ours:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        return len(ours)

    def go_dead(self) -> None:
        """From now on nothing comes through on the connections that there are."""
        for carrying in self.carrying:
            carrying.cancel()

    def lose_answers(self) -> None:
        """From now on the server hears what is said on these connections, but nobody hears the server."""
        for answering in self.answering:
            answering.cancel()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there = await asyncio.open_unix_connection(self.path)
        except OSError:  # nobody is there
            writer.close()
            return
        self.carrying[asyncio.create_task(self.carry(reader, there))] = there
        answering = asyncio.create_task(self.carry(there_reader, writer))
        self.carrying[answering] = writer
        self.answering.append(answering)

    async def carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, RuntimeError):  # uvloop's, for a write to what is closed
            while data := await source.read(65536):
                if self.delay:
                    asyncio.get_running_loop().call_later(self.delay, sink.write, data)
                else:
                    sink.write(data)
        if not self.hides_ends:
            sink.close()
