"""A server that receives requests over TLS, and answers as a test wants it to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.tls import Certificate

HOST = "hooks.example.com"
"""The name that the server's certificate is for."""
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came to the server, and what it answers to that: the next of these, and the last of them from then on."""

    tls: ssl.SSLContext
    """Trusts the server, and nobody else."""
    port: int = 0
    connections: int = 0
    requests: list[Received] = field(default_factory=list)
    answers: list[bytes | Answer] = field(default_factory=lambda: [OK])
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://{HOST}:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request of a connection, and answer it."""
        self.connections += 1
        if task := asyncio.current_task():
            self.serving.add(task)
        try:
            await self._answer(reader, writer)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.requests.append(Received(head[0], headers, body))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)


@contextmanager
def certificate() -> Iterator[Certificate]:
    """A certificate for the name of the server."""
    with TemporaryDirectory() as folder:
        yield Certificate.made(Path(folder), name="hooks", host=HOST)


@asynccontextmanager
async def receiving(certificate: Certificate, *, address: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Receiver]:
    """A server at an address of this machine."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.certificate, certificate.key)
    receiver = Receiver(ssl.create_default_context(cafile=str(certificate.certificate)))
    server = await asyncio.start_server(receiver.serve, address, port, ssl=context)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in receiver.serving:
            task.cancel()
        await asyncio.gather(*receiver.serving, return_exceptions=True)


def answering(status: str, *headers: str) -> bytes:
    """An answer without a body."""
    return "\r\n".join([f"HTTP/1.1 {status}", "content-length: 0", *headers, "", ""]).encode()


async def hanging(_writer: asyncio.StreamWriter) -> None:
    """Answer nothing, ever."""
    await asyncio.get_running_loop().create_future()
