"""A way to Redis that tests can break: connections to a real server that die without a word, or are refused."""

import asyncio
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit


class Wire:
    """A way to the server on which connections can die without a word, or be refused."""

    def __init__(self, redis_url: str) -> None:
        self.path = urlsplit(redis_url).path
        self.port = 0
        self.carrying: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.answering: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
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

    def go_dead(self) -> None:
        """From now on nothing comes through on the connections that there are."""
        for carrying in self.carrying:
            carrying.cancel()

    def lose_answers(self) -> None:
        """From now on the server hears what is said on these connections, but nobody hears the server."""
        for answering in self.answering:
            answering.cancel()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there = await asyncio.open_unix_connection(self.path)
        self.carrying[asyncio.create_task(self.carry(reader, there))] = there
        answering = asyncio.create_task(self.carry(there_reader, writer))
        self.carrying[answering] = writer
        self.answering.append(answering)

    async def carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                sink.write(data)
        sink.close()
