"""A running server for the tests of the process, and clients that speak to it as any other would."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from app import main
from app.main import App, Server
from app.settings import Settings
from app.sockets.conversation import PROTOCOL
from db import tables
from db.access import GUEST
from db.engine import Database
from db.outbox import topic
from db.tables import DocumentEventKind
from tests.deadline import DEADLINE
from tests.lasting import LastingDatabase

NO_DATABASE = "postgresql://somebody:secret@127.0.0.1:1/trellis"
NO_REDIS = "redis://127.0.0.1:1"
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Of a client over HTTP without TLS. By default each loads the certificates of all authorities, which takes it longer
than most tests.
"""


@dataclass(frozen=True)
class Served:
    """A server that runs in the test's own event loop."""

    server: Server
    address: str

    @property
    def app(self) -> App:
        """The running application."""
        return self.server.app

    def client(self, **options: Any) -> httpx.AsyncClient:
        """A client that waits as long as a busy machine needs."""
        return httpx.AsyncClient(base_url=f"http://{self.address}", verify=PLAIN, **{"timeout": DEADLINE, **options})

    async def post(self, body: Any, **headers: Any) -> httpx.Response:
        """Post a value as JSON; a header `graphql_require_preflight` is sent with hyphens."""
        return await self.send("POST", content=orjson.dumps(body), content_type="application/json", **headers)

    async def send(self, method: str, path: str = "/graphql", *, content: Any = None, **headers: Any) -> httpx.Response:
        """Send anything at all."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client() as client:
            return await client.request(method, path, content=content, headers=named)

    @asynccontextmanager
    async def socket(
        self, path: str = "/graphql", *, protocol: str | None = PROTOCOL, **headers: str
    ) -> AsyncIterator["Talk"]:
        """A socket on which nothing has been said yet, opened with headers as `send` takes them."""
        protocols = [Subprotocol(protocol)] if protocol else None
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with connect(f"ws://{self.address}{path}", subprotocols=protocols, additional_headers=named) as opened:
            yield Talk(opened)

    @asynccontextmanager
    async def talk(self, **payload: Any) -> AsyncIterator["Talk"]:
        """A socket that the server has acknowledged."""
        async with self.socket() as talk:
            await talk.say(type="connection_init", payload=payload)
            assert await talk.hear() == {"type": "connection_ack"}
            yield talk


@dataclass(frozen=True)
class Talk:
    """The client's side of a conversation over graphql-transport-ws."""

    connection: ClientConnection

    async def say(self, **message: Any) -> None:
        """Send a message."""
        await self.connection.send(orjson.dumps(message).decode())

    async def ask(self, query: str, *, key: str = "1", **variables: Any) -> None:
        """Start an operation."""
        await self.say(id=key, type="subscribe", payload={"query": query, "variables": variables})

    async def hear(self) -> Any:
        """The next message, whatever an answer in it has cost."""
        message = await self.hear_all()
        if message["type"] == "next":
            message["payload"].pop("extensions", None)
        return message

    async def hear_all(self) -> Any:
        """The next message as it is."""
        async with asyncio.timeout(DEADLINE):
            return orjson.loads(await self.connection.recv())

    async def closed(self) -> tuple[int | None, str | None]:
        """The code and the reason with which the server closes."""
        async with asyncio.timeout(DEADLINE):
            await self.connection.wait_closed()
        return self.connection.close_code, self.connection.close_reason


@asynccontextmanager
async def serving(database_url: str, redis_url: str, **settings: Any) -> AsyncIterator[Served]:
    """Run the server on a free port. Its channels are its own, whoever else uses the same Redis.

    Its connections to the database last: see `tests.lasting`.
    """
    settings = {"redis_prefix": f"{uuid4().hex}:", "drain_jitter": 0, **settings}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main, "Database", LastingDatabase)
        server = Server(Settings(database_url=database_url, redis_url=redis_url, **settings))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        await server.startup([listening])
        host, port = listening.getsockname()
        try:
            yield Served(server, f"{host}:{port}")
        finally:
            await server.shutdown([listening])


def told(answer: httpx.Response) -> Any:
    """What an answer says, whatever it cost."""
    return {name: value for name, value in answer.json().items() if name != "extensions"}


async def until(condition: Callable[[], Any], *, within: float = DEADLINE) -> None:
    """Wait for a condition that no event tells of."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110  (there is no event to wait for)
            await asyncio.sleep(0.01)


def listeners(served: Served) -> int:
    """The number of subscriptions in the running server that miss nothing from now on."""
    return served.app.sockets.graph.executor.subscriptions.heard


async def happen(
    served: Served,
    document: tables.SpecificationDocument,
    kind: DocumentEventKind = DocumentEventKind.DOCUMENT_EDITED,
    database: Database | None = None,
) -> None:
    """Write an event, without a change; the relay of the server publishes it, or we where it has another database."""
    async with (database or served.app.database).work(GUEST) as work:
        await work.happened(kind, document)
    if database:
        about = topic("project", document.project_id)
        past = await database.past(about, 0)
        await served.app.realtime.publish(past.events[-1:])
