"""The servers that tell of comments as they come, each with its processes."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from scripts.benchmark import node, servers
from scripts.benchmark.operations import Dialect
from scripts.benchmark.servers import Command, Peer

PACKAGE = Path(__file__).parents[1] / "peers" / "realtime"
COMPARED = ("graphql-ws", "ws", "ioredis", "pg", "bun")


class Name(StrEnum):
    """The name of a server, or of a pair of them, on the command line."""

    TRELLIS = "trellis"
    PAIR = "trellis-pair"
    READING = "graphql-ws-pg"
    SHOWING = "graphql-ws"
    STRAWBERRY = "strawberry"
    BUN = "bun"


@dataclass(frozen=True, slots=True)
class Rival:
    """A way to serve the sockets: by so many processes of a peer.

    Trellis hears of a comment by its outbox. All others are told of it once it is committed, with the comment itself.
    """

    peer: Peer
    processes: int = 1

    @property
    def is_told(self) -> bool:
        return self.peer is not TRELLIS


def _script(*words: str) -> Command:
    script, *arguments = words
    return lambda folder, _port: [str(node.program(folder)), str(PACKAGE / script), *arguments]


def bun() -> str:
    """The program of Bun, which its package has for this machine."""
    return str(next((PACKAGE / "node_modules" / "@oven").glob("bun-*/bin/bun")))


def _peer(name: Name, title: str, command: Command) -> Peer:
    """All of them speak of comments with the names that Trellis has for them."""
    return Peer(name, title, Dialect.TRELLIS, command)


TRELLIS = servers.PEERS["trellis"]
SETTINGS = {"TRELLIS_WORKERS": "0"}
LISTENING = SETTINGS | {"TRELLIS_RELAY": "false"}
"""The settings of a process that has sockets: another adds the comments and has the relay."""

RIVALS = {
    Name.TRELLIS: Rival(TRELLIS),
    Name.PAIR: Rival(TRELLIS, processes=2),
    Name.READING: Rival(_peer(Name.READING, "graphql-ws, pg", _script("graphql-ws.mjs", "read"))),
    Name.SHOWING: Rival(_peer(Name.SHOWING, "graphql-ws", _script("graphql-ws.mjs", "payload"))),
    Name.STRAWBERRY: Rival(_peer(Name.STRAWBERRY, "Strawberry", servers.application("realtime"))),
    Name.BUN: Rival(_peer(Name.BUN, "Bun's publish", lambda _folder, _port: [bun(), str(PACKAGE / "publish.mjs")])),
}
TITLES = {name: rival.peer.title for name, rival in RIVALS.items()} | {Name.PAIR: "Trellis, two processes"}
