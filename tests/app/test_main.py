"""The process as an operator runs it: it is told to stop, and its database is restarted."""

import asyncio
import fcntl
import os
import re
import select
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from app import cli, main
from app.main import SWITCH
from app.settings import Settings
from app.sockets import endpoint
from db.embedded import servers
from db.engine import Database
from tests.app.serving import Served, serving
from tests.app.sockets.test_conversation import BEGUN, COMPLETE, LISTEN
from tests.app.streams.reading import reading
from tests.app.streams.test_streaming import COMMENT as OPENED
from tests.app.streams.test_streaming import EVENTS
from tests.app.test_graph import COMMENT, HEAVY, READ, WAITING, as_ada, held
from tests.conftest import built
from tests.db.waiting import until
from tests.deadline import DEADLINE
from tests.world import World

RESOLVE = "mutation ($thread: ID!) { resolveThread(input: {threadId: $thread}) { errors { code } } }"
REOPEN = RESOLVE.replace("resolve", "reopen")


@asynccontextmanager
async def process(
    database_url: str, redis_url: str, *, stderr: int = asyncio.subprocess.STDOUT, **settings: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, Served]]:
    """A process that serves this database, and the way to it."""
    servers_of_ours = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "TRELLIS_DRAIN_JITTER": "0", **settings}
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "serve", "--port", "0"),
        cwd=cli.ROOT,
        env=os.environ | servers_of_ours,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
    )
    try:
        yield started, Served(None, await address(started))  # type: ignore[arg-type]  # the server is another process
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def address(started: asyncio.subprocess.Process) -> str:
    """Where it listens, as its banner says."""
    assert started.stdout
    async with asyncio.timeout(DEADLINE):
        async for line in started.stdout:
            if found := re.search(rb"http://([\d.]+:\d+)", line):
                return found[1].decode()
    raise AssertionError("The server did not start.")


async def test_on_sigterm_all_comes_to_its_end_and_the_process_too(
    database_url: str, redis_url: str, database: Database, world: World
) -> None:
    document, ada = world.requirements.public_id, world.tokens["ada"]
    async with (
        process(database_url, redis_url) as (started, served),
        served.talk(authorization=f"Bearer {ada}") as talk,
        reading(served, LISTEN, accept=EVENTS, token=ada, id=document) as stream,
    ):
        await talk.ask(LISTEN, id=document)
        assert (await talk.hear())["payload"] == BEGUN
        await stream.begin()
        await stream.take(OPENED)
        async with held(database, "courses"):
            asked = asyncio.create_task(as_ada(served, world, READ))
            await until(database, WAITING, n=1)
            started.send_signal(signal.SIGTERM)
            assert await talk.hear() == COMPLETE
            assert await stream.rest() == b""
        assert (await asked).json()["data"]["courses"]["nodes"]
        with pytest.raises(ConnectionClosed):
            await talk.connection.recv()
        assert (await talk.closed())[0] == 1012
        async with asyncio.timeout(DEADLINE):
            assert await started.wait() == 0


async def test_what_does_not_come_to_its_end_is_given_up_for_the_server_to_stop_in_time(
    database_url: str, redis_url: str, database: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "GRACE", 1)
    async with serving(database_url, redis_url, deadline=600) as served:
        await as_ada(served, world, READ)
        async with held(database, "courses"):
            asked = asyncio.create_task(as_ada(served, world, READ))
            await until(database, WAITING, n=1)
            await served.server.shutdown()
            assert (await asked).status_code == 500
            await until(database, WAITING, n=0)


def test_the_server_has_stopped_fifteen_seconds_after_the_signal() -> None:
    jitter = Settings.model_fields["drain_jitter"].default
    assert endpoint.FINISHING_TIMEOUT + jitter + endpoint.CLOSING_TIMEOUT < main.GRACE < 15


@pytest.mark.parametrize("json", ["0", "1"])
async def test_whoever_stops_reading_the_log_stops_nobody(
    database_url: str, redis_url: str, world: World, json: str
) -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    try:
        async with (
            process(database_url, redis_url, stderr=writing, TRELLIS_LOG_JSON=json) as (started, served),
            served.client() as client,
        ):
            for _ in range(100):
                assert (await client.get("/health/live")).status_code == 200
            assert (await as_ada(served, world, READ)).json()["data"]["courses"]["nodes"]
            assert select.select([reading], [], [], 0)[0]
            assert not select.select([], [writing], [], 0)[1]
            started.send_signal(signal.SIGTERM)
            async with asyncio.timeout(DEADLINE):
                assert await started.wait() == 0
    finally:
        os.close(reading)
        os.close(writing)


async def test_a_thread_lets_the_event_loop_in_soon(served: Served) -> None:
    assert served.app
    assert sys.getswitchinterval() == pytest.approx(SWITCH)


async def test_after_a_restart_of_the_database_nobody_meets_a_connection_that_is_gone(
    redis_url: str, tmp_path: Path
) -> None:
    with ExitStack() as first:
        url = first.enter_context(servers(tmp_path, durable=False)).database_url
        world = await asyncio.to_thread(built, url)
        async with serving(url, redis_url) as served:
            assert await errors(served, world, RESOLVE) == []
            first.close()
            with servers(tmp_path, durable=False):
                assert await errors(served, world, REOPEN) == []


async def errors(served: Served, world: World, change: str) -> list[Any]:
    """What goes wrong with one operation for each kind of connection: light, heavy, additions, sessions."""
    thread = world.thread_0.public_id
    asked = [as_ada(served, world, query, thread=thread) for query in (READ, HEAVY, COMMENT, change)]
    answers = [answer.json() for answer in await asyncio.gather(*asked)]
    return [answer["errors"] for answer in answers if "errors" in answer]
