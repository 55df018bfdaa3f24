"""PgBouncer before the tests' PostgreSQL, in transaction mode with few connections and otherwise as it comes."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url

PROGRAM = shutil.which("pgbouncer")
PORT = "6432"
STARTING = 30.0

needs_pgbouncer = pytest.mark.skipif(
    not PROGRAM or not Path("/proc/self/cwd").exists(), reason="there is no pgbouncer (Debian: apt install pgbouncer)"
)


@contextmanager
def pgbouncer(database_url: str, *roles: str, **settings: str) -> Iterator[URL]:
    """The address of the database through it, for these roles."""
    url = make_url(database_url)
    folder = Path(str(url.query["host"]))
    (folder / "userlist.txt").write_text("".join(f'"{role}" ""\n' for role in roles))
    here = "/proc/self/cwd"  # where its user need not be let in
    settings |= {"pool_mode": "transaction", "default_pool_size": "3", "listen_port": PORT, "unix_socket_dir": here}
    settings |= {"auth_type": "trust", "auth_file": "userlist.txt", "logfile": "pgbouncer.log"}
    lines = ["[databases]", f"* = host={here} port=5432", "[pgbouncer]", *map(" = ".join, settings.items())]
    (folder / "pgbouncer.ini").write_text("\n".join([*lines, ""]))
    user = folder.owner() if os.geteuid() == 0 else None  # it refuses to run as root
    command = [str(PROGRAM), "--quiet", "pgbouncer.ini"]
    with subprocess.Popen(command, cwd=folder, user=user, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            deadline = time.monotonic() + STARTING
            while not (folder / f".s.PGSQL.{PORT}").exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail((folder / "pgbouncer.log").read_text())
                time.sleep(0.01)
            yield url.set(query={"host": str(folder), "port": PORT})
        finally:
            process.terminate()
