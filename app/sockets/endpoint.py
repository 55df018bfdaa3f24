"""The sockets that are open in this process: who may open one, and their end."""

import asyncio
import random
from collections import Counter
from contextlib import suppress

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from app.graph import Client, Graph
from app.rate_limits import principal_key
from app.settings import Settings
from app.sockets.conversation import Closing, Conversation
from app.watch import Watch

FINISHING_TIMEOUT = 10
DRAINING = Closing(1012, "The server restarts.")


class GraphQLOverWebSocket:
    """The ASGI endpoint."""

    def __init__(self, graph: Graph, settings: Settings, watch: Watch) -> None:
        self.graph = graph
        self.settings = settings
        self.watch = watch
        self.draining: Closing | None = None
        self._open: set[Conversation] = set()
        self._principals: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        conversation = Conversation(self, WebSocket(scope, receive, send))
        self._open.add(conversation)
        try:
            with self.watch.over(conversation):
                await conversation.serve()
        finally:
            self._open.discard(conversation)
            if conversation.client:
                self._leave(_principal(conversation.client))

    def admit(self, client: Client) -> None:
        """Count a socket of this client; raises Closing for one too many."""
        key, limit = _principal(client), self.settings.socket_limit
        if self._principals[key] >= limit:
            raise Closing(4429, f"Too many sockets: {limit} may be open.")
        self._principals[key] += 1

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

    def _leave(self, key: str) -> None:
        self._principals[key] -= 1
        if not self._principals[key]:
            del self._principals[key]


def _principal(client: Client) -> str:
    return principal_key(client.viewer.id, client.host)
