"""What a command says, in one line and without secrets, when it cannot do its work."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from app import cli
from db.embedded import Servers, servers

Complaint = Callable[..., str]

SECRET = "geheim-17"
FIRST = "843e4f5bfdfe"


@pytest.fixture
def complaint(monkeypatch: pytest.MonkeyPatch) -> Complaint:
    """Gives a command, and answers the one line with which it fails."""

    def give(*arguments: str, **environment: str) -> str:
        for name in ("DATABASE_URL", "DATABASE_READER_URL", "DIRECT_URL", "REDIS_URL"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["trellis", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert isinstance(end.value.code, str)
        assert SECRET not in end.value.code
        [line] = end.value.code.splitlines()
        return line

    return give


def did(url: str, statement: str) -> Any:
    async def do() -> Any:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(do())


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers where the role ada needs her password."""
    folder = tmp_path_factory.mktemp("guarded")
    with servers(folder, durable=False) as running:
        did(running.database_url, f"CREATE ROLE ada LOGIN PASSWORD '{SECRET}'")
        rules = folder / "postgres" / "pg_hba.conf"
        rules.write_text(f"local all ada scram-sha-256\n{rules.read_text()}")
        did(running.database_url, "SELECT pg_reload_conf()")
        yield running


def of_ada(guarded: Servers, password: str) -> str:
    url = make_url(guarded.database_url).set(username="ada", password=password)
    return url.render_as_string(hide_password=False)


def test_a_wrong_password_is_told(complaint: Complaint, guarded: Servers) -> None:
    url = of_ada(guarded, f"{SECRET}!")
    line = complaint("migrate", DATABASE_URL=url, REDIS_URL=guarded.redis_url)
    assert line.endswith('lets nobody in: password authentication failed for user "ada".')


def test_it_is_a_line_on_standard_error_and_an_exit_status(guarded: Servers) -> None:
    environment = {"DATABASE_URL": of_ada(guarded, f"{SECRET}!"), "REDIS_URL": guarded.redis_url}
    command = [sys.executable, "-m", "app", "migrate"]
    ended = subprocess.run(command, cwd=cli.ROOT, env=os.environ | environment, capture_output=True, check=False)  # noqa: S603
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr.count(b"\n") == 1
    assert b"password authentication failed" in ended.stderr


def test_a_role_that_may_not_do_it_is_told(complaint: Complaint, guarded: Servers) -> None:
    line = complaint("migrate", DATABASE_URL=of_ada(guarded, SECRET), REDIS_URL=guarded.redis_url)
    assert line == "PostgreSQL: permission denied for schema public."


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        (
            "DATABASE_URL",
            f"postgresql://ada:{SECRET}@127.0.0.1:1/trellis",
            "127.0.0.1:1 lets nobody in: Connection ref",
        ),
        ("DATABASE_URL", f"postgresql://ada:{SECRET}@nowhere.invalid/trellis", "nowhere.invalid lets nobody in: Name"),
        ("DATABASE_URL", f"postgresql://ada:{SECRET}@db/trellis?sslmod=require", "DATABASE_URL: There is no parameter"),
        ("DATABASE_URL", f"mysql://ada:{SECRET}@db/trellis", "DATABASE_URL: An address begins with postgresql://"),
        ("DIRECT_URL", f"mysql://ada:{SECRET}@db/trellis", "DIRECT_URL: An address begins with postgresql://"),
        ("REDIS_URL", f"https://ada:{SECRET}@r", "REDIS_URL: An address of Redis or Valkey reads redis://"),
        ("REDIS_URL", f"redis://ada:{SECRET}@r:{SECRET}", "REDIS_URL: An address of Redis or Valkey reads redis://"),
        ("TRELLIS_POOL_SIZE", "0", "TRELLIS_POOL_SIZE: Input should be greater than or equal to 4"),
        ("TRELLIS_LIMITS__DEPTH", "deep", "TRELLIS_LIMITS__DEPTH: Input should be a valid integer"),
    ],
)
def test_a_wrong_setting_is_told_by_its_name(
    complaint: Complaint, servers: Servers, name: str, value: str, reason: str
) -> None:
    ours = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
    assert reason in complaint("migrate", **(ours | {name: value}))


def test_who_redis_does_not_let_in_is_told(complaint: Complaint, servers: Servers) -> None:
    url = servers.redis_url.replace("unix://", f"unix://ada:{SECRET}@")
    assert "lets nobody in" in complaint("migrate", DATABASE_URL=servers.database_url, REDIS_URL=url)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--port", "70000"], "port 70000: there are 65535 ports"),
        (["--host", "nowhere.invalid"], "Cannot serve on nowhere.invalid"),
        (["--port", "0", "--data", "/etc/passwd"], "File exists: '/etc/passwd'"),
        (["--port", "0", "--data", "/proc/data"], "No such file or directory: '/proc/data'"),
    ],
)
def test_what_cannot_be_served_is_told(complaint: Complaint, arguments: list[str], reason: str) -> None:
    assert reason in complaint("serve", *arguments)


def test_a_folder_of_somebody_else_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o000)
    command = [sys.executable, "-m", "app", "serve", "--port", "0", "--data", str(tmp_path / "data")]
    if os.geteuid() == 0:  # who may otherwise enter every folder
        if not (setpriv := shutil.which("setpriv")):
            pytest.skip("there is no setpriv to make root somebody else")
        command = [setpriv, "--bounding-set=-dac_override,-dac_read_search", *command]
    ended = subprocess.run(command, cwd=cli.ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.startswith(f"Permission denied: '{tmp_path}/data/")


def test_a_release_that_is_older_than_its_database_says_so(
    complaint: Complaint, database_url: str, redis_url: str
) -> None:
    asyncio.run(to_revision(database_url, "later"))
    line = complaint("migrate", DATABASE_URL=database_url, REDIS_URL=redis_url)
    assert line.startswith("The database is at revision later, which this release does not know")


def test_an_older_database_is_refused_where_serving_does_not_migrate(
    complaint: Complaint, database_url: str, redis_url: str
) -> None:
    ours = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "TRELLIS_MIGRATE": "false"}
    asyncio.run(to_revision(database_url, FIRST))
    line = complaint("token", "nobody@example.com", **ours)
    assert line == f"The database is at revision {FIRST}, which is older than this release: run scripts/migrate."
    asyncio.run(to_revision(database_url, "later"))
    assert "no active user" in complaint("token", "nobody@example.com", **ours)


def test_the_owner_migrates_for_a_role_that_may_not(complaint: Complaint, guarded: Servers) -> None:
    did(guarded.database_url, "CREATE DATABASE owned")
    did(guarded.database_url, "GRANT CONNECT ON DATABASE owned TO ada")
    ada, owner = of_ada(guarded, SECRET), guarded.database_url
    ways = {"DATABASE_URL": ada, "DIRECT_URL": owner} | {"REDIS_URL": guarded.redis_url}
    ways |= {name: ways[name].replace("/trellis?", "/owned?") for name in ("DATABASE_URL", "DIRECT_URL")}
    assert "permission denied for table users" in complaint("token", "nobody@example.com", **ways)


def test_processes_that_start_at_once_migrate_in_turn(guarded: Servers) -> None:
    did(guarded.database_url, "CREATE DATABASE empty")
    url = guarded.database_url.replace("/trellis?", "/empty?")
    command = [sys.executable, "-m", "app", "migrate"]
    environment = os.environ | {"DATABASE_URL": url, "REDIS_URL": guarded.redis_url}
    started = [subprocess.Popen(command, cwd=cli.ROOT, env=environment) for _ in range(3)]  # noqa: S603
    assert [process.wait(timeout=120) for process in started] == [0, 0, 0]
    assert did(url, "SELECT count(*) FROM alembic_version") == 1


async def to_revision(url: str, revision: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute("UPDATE alembic_version SET version_num = $1", revision)
    finally:
        await connection.close()
