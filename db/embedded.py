"""PostgreSQL and Valkey on the data of a folder: a machine with nothing but Python runs the real servers.

Both listen on Unix sockets inside the data folder, which nobody but their user can enter. Several processes can use the
same folder: one of them keeps the servers up, and when it ends, another does.
"""

import fcntl
import os
import re
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import IO

import structlog

from db.errors import CannotRun
from db.wheels import STARTING, Postgres, Server, StartFailed, Valkey

BEAT = 0.2
"""Seconds between two looks at the servers."""
TRIES = 6
"""Starts of a server within a minute, after which it is given up."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Servers:
    """The addresses of the two servers."""

    database_url: str
    redis_url: str


class ServersLost(CannotRun):
    """A server ended and does not come up again. The message is what it said."""


@contextmanager
def servers(folder: Path, *, durable: bool = True) -> Iterator[Servers]:
    """Run both servers on the data in `folder`, or join those that another process runs on it.

    Whoever keeps the servers stops them, unless another process still uses them: that starts them again. A server that
    ends is started again, too. When that does not help this process is interrupted, as by Ctrl-C, and ServersLost is
    raised here. Without `durable` a loss of power may lose the data: for tests.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    alias = _short(folder)
    postgres = Postgres(folder / "postgres", alias / "postgres", durable=durable)
    valkey = Valkey(folder / "valkey", alias / "valkey")
    with (folder / "lock").open("a") as lock, _Keeper(folder, lock, (postgres, valkey)):
        yield Servers(postgres.url, valkey.url)


class _Keeper:
    """Keeps the servers of a folder up, or waits until nobody else does. The lock ends with the process that has it."""

    def __init__(self, folder: Path, lock: IO[str], kept: tuple[Server, ...]) -> None:
        self.folder, self.lock, self.kept = folder, lock, kept
        self.is_ours = False
        self.lost = ""
        self.tries: dict[Server, deque[float]] = {server: deque(maxlen=TRIES) for server in kept}
        self.watch = Thread(target=self._watch, name="embedded servers", daemon=True)

    def __enter__(self) -> None:
        try:
            self._begin()
        except BaseException:
            self._end()
            raise
        self.watch.start()

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self._end()
        gave_up = [server.panic() for server in self.kept] if isinstance(error, Exception) else []
        if lost := self.lost or " ".join(filter(None, gave_up)):
            raise ServersLost(lost) from None

    def _begin(self) -> None:
        deadline = time.monotonic() + STARTING
        while not (self._takes() or all(server.answers() for server in self.kept)):
            if time.monotonic() > deadline:
                raise StartFailed(f"Another process holds {self.lock.name}, but its servers do not answer.")
            time.sleep(0.05)
        if self.is_ours:
            for server in self.kept:
                server.start()

    def _takes(self) -> bool:
        with suppress(BlockingIOError):
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.is_ours = True
        return self.is_ours

    def _end(self) -> None:
        for server in self.kept:
            server.unwanted.set()
        with suppress(KeyboardInterrupt):
            if self.watch.ident:
                self.watch.join()
        if not self.is_ours:
            return
        for server in reversed(self.kept):
            server.stop()
        if (alias := _alias(self.folder)) != self.folder:
            alias.unlink(missing_ok=True)

    def _watch(self) -> None:
        while not (self.lost or self.kept[0].unwanted.wait(BEAT)):
            if self.is_ours or self._takes():
                for server in self.kept:
                    self._look_after(server)

    def _look_after(self, server: Server) -> None:
        if not server.has_ended():
            return
        reason = server.said()
        log.error("server ended", server=server.name, said=reason)
        while not server.unwanted.wait(self._pause(server)):
            if self.lost:
                return
            try:
                _short(self.folder)
                server.start()
            except (CannotRun, OSError) as error:
                log.error("server did not start", server=server.name, error=str(error))  # noqa: TRY400  (in one line)
            else:
                log.warning("server started again", server=server.name)
                return

    def _pause(self, server: Server) -> float:
        """Seconds until the next start, which double; too many within a minute are the last."""
        tries, now = self.tries[server], time.monotonic()
        recent = sum(now - tried < 60 for tried in tries)
        tries.append(now)
        if recent == TRIES:
            self.lost = f"{server.name} ended and does not come up again: {server.said()}"
            # Whoever is started in the background by a shell does not hear of Ctrl-C.
            hears = callable(signal.getsignal(signal.SIGINT))
            os.kill(os.getpid(), signal.SIGINT if hears else signal.SIGTERM)
            return 0
        return 0.1 * 2.0**recent


def _short(folder: Path) -> Path:
    """A path to `folder` that the address of a socket has room for (104 bytes on macOS) and that an URL can spell."""
    alias = _alias(folder)
    if alias != folder:
        with suppress(FileExistsError):
            alias.symlink_to(folder)
        if alias.readlink() != folder:
            raise StartFailed(f"{alias} is in the way: it should be a link to {folder}.")
    return alias


def _alias(folder: Path) -> Path:
    if re.fullmatch(r"[\w./-]{1,80}", str(folder), re.ASCII):
        return folder
    # Every process of a user must find the same link, whatever its TMPDIR.
    return Path(f"/tmp/trellis-{os.getuid()}-{sha256(os.fsencode(folder)).hexdigest()[:16]}")  # noqa: S108  (the user is in the name)
