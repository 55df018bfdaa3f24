"""The embedded servers start, stop, are shared and survive what machines do to them."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Barrier, Event, Timer
from typing import Any

import asyncpg
import pytest
from redis import Redis, RedisError

from db import embedded
from db.embedded import Servers, ServersLost, servers
from db.wheels import Postgres, StartFailed

RUN = """
import signal, sys
from pathlib import Path
from threading import Barrier
from db.embedded import servers

signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
with servers(Path(sys.argv[1]), durable=False) as running:
    print(running.database_url, running.redis_url, flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process group of its own with the servers of `folder` up, which ends when its standard input does."""
    command = [sys.executable, "-c", RUN, str(folder)]
    process = subprocess.Popen(  # noqa: S603 - our own program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with process:
        assert process.stdout
        assert process.stdout.readline().startswith("postgresql")
        yield process


def ask(running: Servers, question: str) -> Any:
    async def answer() -> Any:
        connection = await asyncpg.connect(running.database_url.replace("+asyncpg", ""))
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(answer())


def ping(running: Servers) -> Any:
    with Redis.from_url(running.redis_url) as valkey:
        return valkey.ping()


def listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0


def postmaster(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with servers(tmp_path_factory.mktemp("data"), durable=False) as both:
        yield both


def test_postgresql_18_answers(running: Servers) -> None:
    assert ask(running, "SHOW server_version_num") >= "180000"


def test_valkey_answers(running: Servers) -> None:
    assert ping(running)


def test_no_port_is_opened(running: Servers) -> None:
    with Redis.from_url(running.redis_url) as valkey:
        assert valkey.config_get("port") == {"port": "0"}
    assert ask(running, "SHOW listen_addresses") == ""


def test_text_has_the_same_order_on_every_machine(running: Servers) -> None:
    ordered = ask(running, "SELECT string_agg(word, ' ' ORDER BY word) FROM unnest('{a,B,ä,b,A}'::text[]) word")
    assert ordered == "A B a b ä"


def test_vectors_are_there(running: Servers) -> None:
    assert ask(running, "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'") == 1


def test_data_survive_a_restart(tmp_path: Path) -> None:
    with servers(tmp_path) as running:
        ask(running, "CREATE TABLE kept AS SELECT 7 AS number")
    with servers(tmp_path) as running:
        assert ask(running, "SELECT number FROM kept") == 7


def test_an_error_stops_them_too(tmp_path: Path) -> None:
    with pytest.raises(LookupError), servers(tmp_path, durable=False):
        raise LookupError
    assert not listens(tmp_path / "postgres" / ".s.PGSQL.5432")
    assert not listens(tmp_path / "valkey" / "socket")


@pytest.mark.parametrize("joins", [False, True])
def test_what_a_server_said_in_the_past_is_no_reason_for_an_error(tmp_path: Path, joins: bool) -> None:
    with servers(tmp_path, durable=False):
        pass
    with (tmp_path / "postgres" / "server.log").open("a") as log:
        log.write("2026-01-01 00:00:00.000 UTC [1] PANIC:  could not write\n")
    with ExitStack() as first:
        if joins:
            first.enter_context(another_process(tmp_path))
        with pytest.raises(LookupError), servers(tmp_path, durable=False):
            raise LookupError


def test_who_joins_leaves_them_running(tmp_path: Path) -> None:
    with another_process(tmp_path):
        with servers(tmp_path) as joined:
            assert ask(joined, "SELECT 1") == 1
        assert ask(joined, "SELECT 1") == 1
        assert ping(joined)


def test_two_who_come_at_once_share_them(tmp_path: Path) -> None:
    together = Barrier(2)

    def visit() -> int:
        with another_process(tmp_path):
            together.wait(timeout=30)
            return postmaster(tmp_path)

    with ThreadPoolExecutor() as both:
        first, second = both.submit(visit), both.submit(visit)
    assert first.result() == second.result()


def test_servers_of_a_killed_process_are_taken_over(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        process.kill()
    orphan = postmaster(tmp_path)
    with servers(tmp_path) as running:
        assert ask(running, "SELECT 1") == 1
        assert postmaster(tmp_path) == orphan
    assert not listens(tmp_path / "postgres" / ".s.PGSQL.5432")
    assert not listens(tmp_path / "valkey" / "socket")


def test_killed_servers_come_up_again(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        process.kill()
        os.kill(postmaster(tmp_path), signal.SIGKILL)
    with servers(tmp_path, durable=False) as running:
        assert ask(running, "SELECT 1") == 1


def test_a_number_that_is_another_programs_by_now_is_no_running_server(tmp_path: Path) -> None:
    with servers(tmp_path, durable=False):
        pid_file = tmp_path / "postgres" / "postmaster.pid"
        crashed = pid_file.read_text().splitlines()
    user = pid_file.parent.owner() if os.getuid() == 0 else None
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, cwd="/", user=user) as program:
        pid_file.write_text("\n".join([str(program.pid), *crashed[1:], ""]))
        with servers(tmp_path, durable=False) as running:
            assert ask(running, "SELECT 1") == 1


def test_a_half_made_folder_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "postgres.new" / "base").mkdir(parents=True)
    with servers(tmp_path, durable=False) as running:
        assert ask(running, "SELECT 1") == 1


def test_a_closed_folder_stays_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with servers(closed / "data", durable=False) as running:
        ask(running, "CHECKPOINT")
        assert ask(running, "SELECT 1") == 1
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_a_deep_folder_with_an_odd_name_works(tmp_path: Path) -> None:
    with servers(tmp_path / ("deep, " * 20) / "ünder", durable=False) as running:
        assert ask(running, "SELECT 1") == 1
        assert ping(running)


def test_ctrl_c_does_not_reach_them(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout
        assert process.stdout.readline() == "interrupted\n"
        with servers(tmp_path) as running:
            assert ask(running, "SELECT 1") == 1
            assert ping(running)


def test_what_the_server_said_is_in_the_error(tmp_path: Path) -> None:
    with servers(tmp_path, durable=False):
        pass
    with (tmp_path / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("nonsense = 1\n")
    with pytest.raises(StartFailed, match="nonsense"), servers(tmp_path):
        pass


def kill_servers(folder: Path) -> None:
    with Redis.from_url(f"unix://{folder}/valkey/socket") as valkey:
        os.kill(valkey.info("server")["process_id"], signal.SIGKILL)
    os.kill(postmaster(folder), signal.SIGKILL)


def until(condition: Callable[[], Any], *, within: float = 60) -> None:
    deadline = time.monotonic() + within
    while True:
        with suppress(OSError, asyncpg.PostgresError, RedisError):
            if condition():
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_servers_that_die_are_started_again(tmp_path: Path) -> None:
    with servers(tmp_path) as running:
        ask(running, "CREATE TABLE kept AS SELECT 7 AS number")
        dead = postmaster(tmp_path)
        kill_servers(tmp_path)
        until(lambda: ask(running, "SELECT number FROM kept") == 7 and ping(running))
        assert postmaster(tmp_path) != dead
    assert not listens(tmp_path / "postgres" / ".s.PGSQL.5432")
    assert not listens(tmp_path / "valkey" / "socket")


@pytest.mark.parametrize("how", ["ends", "is killed"])
def test_another_process_keeps_them_up_when_the_first_is_gone(tmp_path: Path, how: str) -> None:
    with ExitStack() as first:
        process = first.enter_context(another_process(tmp_path))
        with servers(tmp_path) as running:
            if how == "is killed":
                process.kill()
            first.close()
            until(lambda: ask(running, "SELECT 1") == 1 and ping(running))
            kill_servers(tmp_path)
            until(lambda: ask(running, "SELECT 1") == 1 and ping(running))
    assert not listens(tmp_path / "postgres" / ".s.PGSQL.5432")
    assert not listens(tmp_path / "valkey" / "socket")


def test_a_deep_folder_is_passed_on_too(tmp_path: Path) -> None:
    folder = tmp_path / ("deep, " * 20)
    with ExitStack() as first:
        first.enter_context(another_process(folder))
        with servers(folder) as running:
            first.close()
            until(lambda: ask(running, "SELECT 1") == 1 and ping(running))


def lose(folder: Path) -> None:
    """Use servers of which one ends, and cannot start again."""
    with servers(folder, durable=False):
        with (folder / "postgres" / "postgresql.conf").open("a") as settings:
            settings.write("nonsense = 1\n")
        os.kill(postmaster(folder), signal.SIGKILL)
        Event().wait(60)


@pytest.fixture(params=[False, True], ids=["in the foreground", "in the background"])
def placed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where a shell has started this process: in the background it has Ctrl-C ignored."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    if request.param:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGTERM, before[1])


@pytest.mark.usefixtures("placed")
def test_a_server_that_is_gone_for_good_interrupts_who_uses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "TRIES", 2)
    with pytest.raises(ServersLost, match=r"^PostgreSQL ended and does not come up again: .*nonsense.*$") as lost:
        lose(tmp_path)
    assert isinstance(lost.value.__context__, KeyboardInterrupt)
    assert not listens(tmp_path / "valkey" / "socket")


def test_a_server_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Postgres, "farewells", ((signal.SIGINT, 0.1), (signal.SIGQUIT, 0.1)))
    with servers(tmp_path, durable=False):
        frozen = postmaster(tmp_path)
        os.kill(frozen, signal.SIGSTOP)
    with pytest.raises(ProcessLookupError):
        os.kill(frozen, 0)


def test_who_asks_twice_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Postgres, "farewells", ((signal.SIGUSR2, 60), (signal.SIGQUIT, 10)))  # the first says nothing
    with servers(tmp_path, durable=False):
        Timer(1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    assert not listens(tmp_path / "postgres" / ".s.PGSQL.5432")
