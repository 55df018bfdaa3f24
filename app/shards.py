"""The pub/sub connections of a process: one to a server, or one to each node of a cluster.

In a cluster a channel is on one node, by the slot of its name (sharded pub/sub). The client's own pub/sub for clusters
asks its nodes in turn, and waits for one that is silent while another speaks. Here each has a connection that is read
by itself.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio.client import PubSub

from app.redis import LOST, connect, never_again, nodes

TIMEOUT = 2.0
JOINED, LEFT, TOLD = {"subscribe", "ssubscribe"}, {"unsubscribe", "sunsubscribe"}, {"message", "smessage"}
"""The types of what arrives: one of a server, and one of a cluster."""


class Shards:
    """Where the channels are. `name` is what the server calls the connections."""

    def __init__(self, url: str, *, name: str) -> None:
        self.urls = nodes(url) or [url]
        self.cluster = connect(url, retry=never_again()) if nodes(url) else None
        self.publish = "SPUBLISH" if self.cluster else "PUBLISH"
        """The command that tells something on a channel."""
        self._options: dict[str, Any] = {"protocol": 2, "client_name": name}
        self._pubsubs: dict[str, PubSub] = {}
        """By the names of the nodes."""

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Sequence[PubSub]]:
        """New connections to all nodes that there are now; raises TimeoutError and what is in LOST.

        None of them connects again by itself: nobody would know that something was missed.
        """
        clients = []
        try:
            async with asyncio.timeout(TIMEOUT):
                for node, url in (await self._now()).items():
                    clients.append(connect(url, retry=never_again(), **self._options))
                    self._pubsubs[node] = clients[-1].pubsub()
                    await self._pubsubs[node].connect()  # type: ignore[no-untyped-call]
            yield [*self._pubsubs.values()]
        finally:
            # A connection to a server that does not answer may not want to close.
            for one in (*self._pubsubs.values(), *clients):
                with suppress(TimeoutError, *LOST):
                    async with asyncio.timeout(TIMEOUT):
                        await one.aclose()
            self._pubsubs.clear()

    async def join(self, channels: Iterable[str]) -> None:
        """Ask for what is told on channels from now on."""
        if not self.cluster:
            await self._pubsubs[""].subscribe(*channels)
            return
        for channel in channels:  # one command has channels of one slot
            await self._at(channel).ssubscribe(channel)

    async def leave(self, channels: Iterable[str]) -> None:
        """Ask for nothing more from channels."""
        if not self.cluster:
            await self._pubsubs[""].unsubscribe(*channels)
            return
        for channel in channels:
            await self._at(channel).sunsubscribe(channel)

    async def aclose(self) -> None:
        """Close what is left open between conversations."""
        if self.cluster:
            await self.cluster.aclose()

    async def _now(self) -> dict[str, str]:
        """The addresses of the nodes that have channels now, by their names."""
        if not self.cluster:
            return {"": self.urls[0]}
        await self.cluster.aclose()  # forgets which nodes there were
        await self.cluster.initialize()
        return {node.name: _beside(self.urls[0], node.host, node.port) for node in self.cluster.get_primaries()}

    def _at(self, channel: str) -> PubSub:
        assert self.cluster
        return self._pubsubs[self.cluster.get_node_from_key(channel).name]


def _beside(url: str, host: str, port: int) -> str:
    """The address of another node, with the user, the password and the parameters of this one."""
    parts = urlsplit(url)
    who, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{who}{at}[{host}]:{port}" if ":" in host else f"{who}{at}{host}:{port}").geturl()
