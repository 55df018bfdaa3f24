"""One HTTP connection: uvicorn's, with an answer in one write, and an end to what runs for a client that has left."""

import asyncio
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Connection(HttpToolsProtocol):
    """The protocol that uvicorn makes for each connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._running: set[asyncio.Task[Any]] = set()
        self._app, self.app = self.app, self._run
        super().connection_made(Corked(transport, self.loop))  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for task in self._running:
            task.cancel()

    def handle_websocket_upgrade(self) -> None:
        self.transport = self.transport.transport  # type: ignore[attr-defined]  # sockets write for themselves
        super().handle_websocket_upgrade()

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
            self.transport.write(b"".join(self._written))
            self._written.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)
