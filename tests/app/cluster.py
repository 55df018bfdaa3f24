"""A cluster of three nodes of Valkey, each with a third of the slots."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from db.wheels import Valkey
from tests.deadline import DEADLINE

SLOTS = 16_384
SIZE = 3


class Node(Valkey):
    """A node, which finds the others again when it is started again."""

    def __init__(self, folder: Path, port: int, bus: int) -> None:
        super().__init__(folder, folder)
        self.port, self.bus = port, bus

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        ports = ("--port", str(self.port), "--cluster-port", str(self.bus), "--bind", "127.0.0.1")
        flags = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--save", "", "--unixsocket", "socket")
        self.launch(self.program, *ports, *flags)

    async def tell(self, *command: Any) -> Any:
        """The answer of this node."""
        async with Redis.from_url(self.url, decode_responses=True, socket_timeout=None) as client:
            return await client.execute_command(*command)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Cluster:
    """Nodes that know each other."""

    nodes: list[Node]

    @property
    def url(self) -> str:
        return f"redis://{','.join(f'127.0.0.1:{node.port}' for node in self.nodes)}?cluster=true"

    async def at(self, key: str) -> Node:
        """The node that a key or a channel is on."""
        slot = await self.nodes[0].tell("CLUSTER", "KEYSLOT", key)
        return next(node for number, node in enumerate(self.nodes) if slot < (number + 1) * SLOTS // SIZE)

    async def move(self, key: str, there: Node) -> None:
        """Have the slot of a key at another node, without what it holds."""
        slot, name = await there.tell("CLUSTER", "KEYSLOT", key), await there.tell("CLUSTER", "MYID")
        before = await self.at(key)
        if held := await before.tell("CLUSTER", "GETKEYSINSLOT", slot, 100):
            await before.tell("DEL", *held)
        for node in (there, *self.nodes):
            await node.tell("CLUSTER", "SETSLOT", slot, "NODE", name)

    async def is_whole(self) -> None:
        """Wait until every node knows all others, and that all slots are there."""
        async with asyncio.timeout(DEADLINE):
            for node in self.nodes:
                known: dict[str, str] = {}
                while (known.get("cluster_state"), known.get("cluster_known_nodes")) != ("ok", str(SIZE)):
                    await asyncio.sleep(0.02)
                    known = await node.tell("CLUSTER INFO")


@asynccontextmanager
async def clustered(folder: Path) -> AsyncIterator[Cluster]:
    """Start the nodes, and make a cluster of them."""
    with ExitStack() as stack:
        ports = [_free(stack) for _ in range(2 * SIZE)]
        nodes = [Node(folder / str(number), *ports[2 * number :][:2]) for number in range(SIZE)]
    try:
        for number, node in enumerate(nodes):
            node.start()
            first, end = number * SLOTS // SIZE, (number + 1) * SLOTS // SIZE
            await node.tell("CLUSTER", "ADDSLOTSRANGE", first, end - 1)
            await node.tell("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            await node.tell("CLUSTER", "MEET", "127.0.0.1", nodes[0].port, nodes[0].bus)
        cluster = Cluster(nodes)
        await cluster.is_whole()
        yield cluster
    finally:
        for node in nodes:
            node.stop()


def _free(stack: ExitStack) -> int:
    """A port that nobody listens on, once the stack has ended."""
    taken = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    return int(taken.getsockname()[1])
