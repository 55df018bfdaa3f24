"""The servers that are compared: how each is started, one process each, against the same database."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from scripts.benchmark import node
from scripts.benchmark.client import HOST
from scripts.benchmark.dataset import ROOT, SECRET, Database
from scripts.benchmark.operations import READS, Dialect, Operation
from scripts.benchmark.screen import Stopped

DEADLINE = 60  # seconds

Command = Callable[[Path, int], list[str]]


class Name(StrEnum):
    """What a server is called on the command line."""

    TRELLIS = "trellis"
    POSTGRAPHILE = "postgraphile"
    MERCURIUS = "mercurius"
    STRAWBERRY = "strawberry"
    SQL = "sql"


@dataclass(frozen=True, slots=True)
class Peer:
    """A server to compare, by the command that starts it."""

    name: str
    title: str
    dialect: Dialect
    command: Command
    needs_node: bool = False
    has_outbox: bool = False
    """Whether its writes leave events and entries of the audit log behind, too."""

    @property
    def operations(self) -> Collection[Operation]:
        """The operations that it has. Without an outbox it adds comments, and changes nothing else."""
        return list(Operation) if self.has_outbox else [*READS, Operation.COMMENT]


@dataclass(frozen=True, slots=True)
class Server:
    """A peer that runs."""

    peer: Peer
    port: int
    pid: int

    @property
    def name(self) -> str:
        return self.peer.name

    @property
    def dialect(self) -> Dialect:
        return self.peer.dialect


class NotStarted(Stopped):
    """A server does not answer; the message says where its log is."""


def _trellis(_folder: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "app", "serve", "--port", str(port)]


def _script(name: str) -> Command:
    return lambda folder, _port: [str(node.program(folder)), str(node.PACKAGE / name)]


def application(name: str) -> Command:
    """The command that serves the ASGI application of a peer with uvicorn."""
    options = ["--log-level", "warning", "--no-access-log"]
    application = f"scripts.benchmark.peers.{name}.app:app"
    return lambda _folder, port: [sys.executable, "-m", "uvicorn", "--port", str(port), *options, application]


PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer(Name.TRELLIS, "Trellis", Dialect.TRELLIS, _trellis, has_outbox=True),
        Peer(Name.POSTGRAPHILE, "PostGraphile 5", Dialect.POSTGRAPHILE, _script("postgraphile.mjs"), needs_node=True),
        Peer(Name.MERCURIUS, "Mercurius, JIT, loaders", Dialect.PLAIN, _script("mercurius.mjs"), needs_node=True),
        Peer(Name.STRAWBERRY, "Strawberry, loaders, ORM", Dialect.PLAIN, application("idiomatic")),
        Peer(Name.SQL, "SQL behind Starlette", Dialect.PLAIN, application("handwritten"), has_outbox=True),
    )
}


@contextmanager
def serving(peer: Peer, database: Database, *, folder: Path, label: str = "", **settings: str) -> Iterator[Server]:
    """Run a peer on a free port, with its output in a log of the folder, until it is no longer needed.

    A label tells the logs of one peer from another that runs twice. `settings` are of its environment.
    """
    port = _free_port()
    log = folder / "logs" / f"{peer.name}{label}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  (every command is spelled out above)
            peer.command(folder, port),
            cwd=ROOT,
            env={**os.environ, **environment(database, port), **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            _wait(process, port, log)
            yield Server(peer, port, process.pid)
        finally:
            process.terminate()
            process.wait()


def environment(database: Database, port: int) -> Mapping[str, str]:
    """What all servers are told: where the database is, and to run as in production."""
    return {
        **database.environment,
        "DATABASE_URL": str(database.url),
        "TRELLIS_SECRETS": SECRET,
        "REDIS_URL": database.redis_url,
        "TRELLIS_LOG_JSON": "true",
        # Counted as in production, but few people send what thousands would: nobody is to be refused.
        "TRELLIS_RATE_LIMIT": "1000000000",
        "TRELLIS_ORGANIZATION_RATE_LIMIT": "1000000000",
        "PORT": str(port),
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "PYTHONPATH": str(ROOT),
    }


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise NotStarted(f"The server does not answer: see {log}.")
