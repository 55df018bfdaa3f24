"""The sockets that are open in this process: who may open one, for how long their credentials hold, and their end."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Self
from weakref import WeakValueDictionary

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from app.auth import REFUSED
from app.graph import Client, Graph
from app.rate_limits import principal_key
from app.settings import Settings
from app.sockets.conversation import Closing, Conversation
from db.access import GUEST

CLOSING_TIMEOUT = 1
FINISHING_TIMEOUT = 10
DRAINING = Closing(1012, "The server restarts.")

log = structlog.get_logger()


class GraphQLOverWebSocket:
    """The ASGI endpoint. An asynchronous context manager: until its end credentials are looked at again and again."""

    def __init__(self, graph: Graph, settings: Settings) -> None:
        self.graph = graph
        self.settings = settings
        self.draining: Closing | None = None
        self.checks = 0
        self._open: set[Conversation] = set()
        self._opening: Counter[str] = Counter()
        """Sockets by their address that have not said yet who they are."""
        self._principals: Counter[str] = Counter()
        self._turns = WeakValueDictionary[str, asyncio.Lock]()

    async def __aenter__(self) -> Self:
        self._over = asyncio.Event()
        self._watching = asyncio.create_task(self._watch_credentials())
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._over.set()
        # To be cut off while it connects to the database would leave a connection behind.
        await asyncio.wait([self._watching], timeout=CLOSING_TIMEOUT)
        self._watching.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        address = principal_key(None, websocket.client and websocket.client.host)
        if self._opening[address] >= self.settings.opening_limit:
            await websocket.send_denial_response(Response(status_code=429, headers={"Retry-After": "1"}))
            return
        conversation = Conversation(self, websocket)
        self._open.add(conversation)
        self._opening[address] += 1
        try:
            await conversation.serve()
        finally:
            self._open.discard(conversation)
            if conversation.client:
                _discount(self._principals, _principal(conversation.client))
            else:
                _discount(self._opening, address)

    def admit(self, client: Client) -> None:
        """Count a socket of this client; raises Closing for one too many."""
        key, limit = _principal(client), self.settings.socket_limit
        if self._principals[key] >= limit:
            raise Closing(4429, f"Too many sockets: {limit} may be open.")
        self._principals[key] += 1
        _discount(self._opening, principal_key(None, client.host))

    async def turn(self, client: Client) -> None:
        """Let one message of each principal in at every turn of the event loop, however many sockets it has."""
        async with self._turns.setdefault(_principal(client), asyncio.Lock()):
            await asyncio.sleep(0)

    async def drain(self) -> None:
        """End all subscriptions with `complete`, let the other operations finish, close the sockets with 1012.

        They close spread over `drain_jitter` seconds, as all of their clients come back at once.
        """
        self.draining = DRAINING
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISHING_TIMEOUT + self.settings.drain_jitter):
                await asyncio.gather(*map(self._drain, self._open))

    async def _drain(self, conversation: Conversation) -> None:
        await conversation.finish()
        await asyncio.sleep(random.uniform(0, self.settings.drain_jitter))  # noqa: S311  (it keeps no secret)
        await conversation.end(DRAINING)

    async def _watch_credentials(self) -> None:
        while not self._over.is_set():
            try:
                await self._check_credentials()
                self.checks += 1
            except Exception as error:  # noqa: BLE001  (a database that does not answer ends no session)
                log.warning("credentials not checked", error=repr(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(self.settings.credential_interval):
                    await self._over.wait()

    async def _check_credentials(self) -> None:
        """Close what speaks for somebody as whom its credential no longer acts, by one statement for all sockets."""
        clients = {socket: client for socket in self._open if (client := socket.client) and client.credential}
        holding = await self.graph.sessions.holding({client.credential for client in clients.values()})
        over = []
        for socket, client in clients.items():
            viewer = holding.get(client.credential, GUEST)
            if socket.client is not client:  # renewed in the meantime
                continue
            if viewer.acts_as(client.viewer):
                socket.client = replace(client, viewer=viewer)
            else:
                over.append(socket)
        async with asyncio.timeout(CLOSING_TIMEOUT):
            await asyncio.gather(*(socket.end(Closing(4403, REFUSED)) for socket in over))


def _discount(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]


def _principal(client: Client) -> str:
    return principal_key(client.viewer.id, client.host)
