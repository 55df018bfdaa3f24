"""The WebSockets that are open in this process: which of them are let in, and their end."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from weakref import WeakValueDictionary

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from app import cookies
from app.auth import given
from app.graph import Client, Graph
from app.origins import Origins
from app.rate_limits import principal_key
from app.responses import refused_elsewhere
from app.settings import Settings
from app.sockets.closing import Closing
from app.sockets.conversation import Conversation
from app.tickets import Tickets
from app.watch import Watch
from db.errors import Refusal

FINISHING_TIMEOUT = 10
CLOSING_TIMEOUT = 1
"""Seconds in which a client that reads nothing can take in that its socket closes."""
SAID_AT_ONCE = 500
"""Messages that one principal can say in a second without a pause."""
PAUSE = 0.001
"""Seconds; an event loop knows no shorter ones."""
DRAINING = Closing(1012, "The server restarts.")


class GraphQLOverWebSocket:
    """The ASGI endpoint."""

    def __init__(self, graph: Graph, settings: Settings, watch: Watch, *, origins: Origins, tickets: Tickets) -> None:
        self.graph = graph
        self.settings = settings
        self.watch = watch
        self.origins = origins
        self.tickets = tickets
        self.draining: Closing | None = None
        self._open: set[Conversation] = set()
        self._opening: Counter[str] = Counter()
        """WebSockets by their address that have not sent `connection_init` yet."""
        self._principals: Counter[str] = Counter()
        self._said: Counter[str] = Counter()
        """Messages by their principal, in the current second."""
        self._said_since = 0.0
        self._turns = WeakValueDictionary[str, asyncio.Lock]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        if self.origins.are_crossed(dict(scope["headers"]), scope["scheme"]):
            await websocket.send_denial_response(Response(status_code=403))
            return
        address = principal_key(None, websocket.client and websocket.client.host)
        if self._opening[address] >= self.settings.opening_limit:
            await websocket.send_denial_response(Response(status_code=429, headers={"Retry-After": "1"}))
            return
        try:
            conversation = Conversation(self, websocket, await self._credential(websocket))
        except Refusal as error:
            await websocket.send_denial_response(refused_elsewhere(error))
            return
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

    async def _credential(self, websocket: WebSocket) -> str | None:
        """The credential that a socket is opened with; raises Unauthenticated for a ticket that does not hold."""
        if credential := given(websocket.headers.get("authorization")):
            return credential
        ticket = websocket.query_params.get("ticket")
        return await self.tickets.redeem(ticket) if ticket else cookies.session(websocket.scope["headers"])

    def admit(self, client: Client) -> None:
        """Count a socket of this client; raises Closing for one too many."""
        key, limit = _principal(client), self.settings.socket_limit
        if self._principals[key] >= limit:
            raise Closing(4429, f"Too many sockets: {limit} may be open.")
        self._principals[key] += 1
        _discount(self._opening, principal_key(None, client.host))

    async def turn(self, client: Client) -> None:
        """Let one message of each principal in at every turn of the event loop, however many sockets it has.

        A principal that sends more than SAID_AT_ONCE messages in a second pauses after each: others have that time.
        """
        principal = _principal(client)
        async with self._turns.setdefault(principal, asyncio.Lock()):
            await asyncio.sleep(PAUSE if self._says_much(principal) else 0)

    def _says_much(self, principal: str) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._said_since > 1:
            self._said.clear()
            self._said_since = now
        self._said[principal] += 1
        return self._said[principal] > SAID_AT_ONCE

    async def drain(self) -> None:
        """End all subscriptions with `complete`, let the other operations finish in time, close the sockets with 1012.

        Sockets close at moments drawn from `drain_jitter` seconds, or all of their clients would come back at once.
        """
        self.draining = DRAINING
        await asyncio.gather(*map(self._drain, self._open))

    async def _drain(self, conversation: Conversation) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISHING_TIMEOUT):
                await conversation.finish()
        await asyncio.sleep(random.uniform(0, self.settings.drain_jitter))  # noqa: S311  (it keeps no secret)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_TIMEOUT):
                await conversation.end(DRAINING)


def _discount(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]


def _principal(client: Client) -> str:
    return principal_key(client.viewer.id, client.host)
