"""The relay of a process: whatever happens to it or to Redis, what is committed is heard in order, and nobody waits."""

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

import orjson
import pytest

from app import relay
from app.realtime import Realtime
from app.relay import WAKE, Relay, Wakes
from db.access import GUEST
from db.engine import Database
from db.outbox import Event
from db.queue import declared
from db.tables import JobEventKind
from db.write import Work
from tests.app.killed import TOPIC, killed, touch
from tests.app.wire import Wire
from tests.conftest import NotingDatabase, untraced
from tests.deadline import DEADLINE
from tests.world import World

KILLED = 20
NEVER = 100 * DEADLINE
BACKLOG = 10_000
BACKLOG_SECONDS = 3.0
"""Processor time of this thread in which a backlog is out; on a machine of its own it is the time of the clock."""

forked = multiprocessing.get_context("forkserver")
forked.set_forkserver_preload(["tests.app.killed"])


@asynccontextmanager
async def relaying(database: Database, url: str, prefix: str) -> AsyncIterator[Realtime]:
    """A process that publishes, and hears what is published."""
    async with Realtime(url, prefix=prefix) as realtime, Relay(database, realtime):
        yield realtime


async def heard(events: AsyncIterator[Event], count: int) -> list[int]:
    """The numbers of the next events."""
    async with asyncio.timeout(DEADLINE):
        return [(await anext(events)).sequence for _ in range(count)]


async def test_what_is_committed_is_heard(database: NotingDatabase, redis_url: str, prefix: str) -> None:
    async with relaying(database, redis_url, prefix) as realtime, realtime.listen(TOPIC) as events:
        for number in range(1, 4):
            await touch(database, TOPIC)
            assert await heard(events, 1) == [number]


async def test_what_a_process_without_a_relay_has_committed_is_heard_too(
    database: NotingDatabase, database_url: str, redis_url: str, prefix: str
) -> None:
    other = Database(database_url)
    async with relaying(database, redis_url, prefix) as realtime, realtime.listen(TOPIC) as events:
        await touch(other, TOPIC)
        assert await heard(events, 1) == [1]
    await other.close()


async def until_woken_by(redis: Any, prefix: str, relays: int) -> None:
    """Wait until so many relays hear those who wake them."""
    async with asyncio.timeout(DEADLINE):
        while (await redis.pubsub_numsub(f"{prefix}{WAKE.topic}"))[0][1] != relays:
            pass


async def test_a_process_without_a_relay_wakes_those_of_others(
    database: NotingDatabase,
    database_url: str,
    redis_url: str,
    redis: Any,
    prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay, "POLL", (NEVER, NEVER))
    other = Database(database_url)
    async with (
        relaying(database, redis_url, prefix) as realtime,
        realtime.listen(TOPIC) as events,
        Realtime(redis_url, prefix=prefix) as publishing,
        Wakes(other, publishing),
    ):
        await until_woken_by(redis, prefix, 1)
        for number in range(1, 4):
            await touch(other, TOPIC)
            assert await heard(events, 1) == [number]
    await other.close()


async def test_a_relay_that_has_lost_redis_is_woken_again(
    database: NotingDatabase,
    database_url: str,
    redis_url: str,
    redis: Any,
    prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay, "POLL", (NEVER, NEVER))
    other = Database(database_url)
    async with (
        Wire(redis_url) as wire,
        relaying(database, wire.url, prefix),
        Realtime(redis_url, prefix=prefix) as realtime,
        realtime.listen(TOPIC) as events,
        Wakes(other, realtime),
    ):
        await until_woken_by(redis, prefix, 1)
        await wire.close()
        await until_woken_by(redis, prefix, 0)
        await wire.open()
        await until_woken_by(redis, prefix, 1)
        await touch(other, TOPIC)
        assert await heard(events, 1) == [1]
    await other.close()


async def test_many_commits_at_one_moment_send_one_wake(
    database: NotingDatabase, redis_url: str, redis: Any, prefix: str
) -> None:
    everything = redis.pubsub(ignore_subscribe_messages=True)
    await everything.subscribe(f"{prefix}{WAKE.topic}", f"{prefix}{TOPIC}")
    async with Realtime(redis_url, prefix=prefix) as realtime, Wakes(database, realtime):
        for _ in range(1_000):
            database.wake()
        heard = [await wake(everything)]
        await realtime.publish([Event(TOPIC, "CHANGED", sequence=1)])
        heard.append(await wake(everything))
    assert heard == [WAKE.topic, TOPIC]
    await everything.aclose()


async def wake(everything: Any) -> str:
    """The topic of the next message."""
    async with asyncio.timeout(DEADLINE):
        while (message := await everything.get_message(timeout=DEADLINE)) is None:
            pass
    return str(orjson.loads(message["data"])["topic"])


async def test_several_relays_publish_everything_in_order(
    database: NotingDatabase, database_url: str, redis_url: str, prefix: str
) -> None:
    other = Database(database_url)
    async with (
        relaying(database, redis_url, prefix) as realtime,
        realtime.listen(TOPIC) as events,
        relaying(other, redis_url, prefix),
    ):
        for number in range(40):
            await touch((database, other)[number % 2], TOPIC)
        assert await heard(events, 40) == list(range(1, 41))
    await other.close()


async def test_what_was_committed_while_there_was_no_relay_is_late_and_not_lost(
    database: NotingDatabase, redis_url: str, prefix: str
) -> None:
    await touch(database, TOPIC, TOPIC)
    async with (
        Realtime(redis_url, prefix=prefix) as realtime,
        realtime.listen(TOPIC) as events,
        Relay(database, realtime),
    ):
        assert await heard(events, 2) == [1, 2]


async def test_a_process_that_is_killed_between_commit_and_publication_loses_nothing(
    database: NotingDatabase, database_url: str, redis_url: str, redis: Any, prefix: str
) -> None:
    everything = redis.pubsub(ignore_subscribe_messages=True)
    await everything.subscribe(f"{prefix}{TOPIC}")
    async with Realtime(redis_url, prefix=prefix) as realtime, realtime.listen(TOPIC) as events:
        for number in range(KILLED):
            here, there = forked.Pipe()
            arguments = database_url, redis_url, prefix, number % 2 == 1, there
            process = forked.Process(target=killed, args=arguments)
            process.start()
            assert await asyncio.to_thread(here.poll, DEADLINE)
            assert process.pid
            os.kill(process.pid, signal.SIGKILL)
            await asyncio.to_thread(process.join)
        async with Relay(database, realtime):
            assert await heard(events, KILLED) == list(range(1, KILLED + 1))
    raw: list[Any] = []
    async with asyncio.timeout(DEADLINE):
        while len({one["sequence"] for one in raw}) < KILLED:
            if message := await everything.get_message(timeout=DEADLINE):
                raw.append(orjson.loads(message["data"]))
    assert len(raw) > KILLED
    (epoch,) = {one["epoch"] for one in raw}
    told = {"topic": TOPIC, "kind": "CHANGED", "ids": {}, "epoch": epoch}
    assert all(one == told | {"sequence": one["sequence"]} for one in raw)
    await everything.aclose()


async def test_a_backlog_is_out_soon_after_redis_is_back(database: NotingDatabase, redis_url: str, prefix: str) -> None:
    topics = [f"project:{number % 100}" for number in range(BACKLOG)]
    async with (
        Realtime(redis_url, prefix=prefix, queue_size=BACKLOG) as realtime,
        Wire(redis_url) as wire,
        Realtime(wire.url, prefix=prefix) as publishing,
        Relay(database, publishing),
        realtime.listen("project:99") as events,
    ):
        await publishing.ping()
        await wire.close()
        await touch(database, *topics)
        await wire.open()
        with untraced():
            began = time.thread_time()
            assert await heard(events, BACKLOG // 100) == list(range(1, BACKLOG // 100 + 1))
            assert time.thread_time() - began < BACKLOG_SECONDS


@pytest.mark.parametrize("kind", [Relay, Wakes])
async def test_no_change_waits_for_redis(
    database: NotingDatabase, redis_url: str, redis: Any, prefix: str, kind: type[Relay | Wakes]
) -> None:
    async def took() -> float:
        began = time.perf_counter()
        await touch(database, TOPIC)
        return time.perf_counter() - began

    pid = (await redis.info("server"))["process_id"]
    async with Realtime(redis_url, prefix=prefix) as realtime, kind(database, realtime):
        await realtime.ping()
        before = [await took() for _ in range(20)]
        os.kill(pid, signal.SIGSTOP)
        try:
            frozen = [await took() for _ in range(20)]
        finally:
            os.kill(pid, signal.SIGCONT)
    assert median(frozen) < 2 * max(before)


async def test_jobs_are_made_while_redis_does_not_answer(
    database: NotingDatabase,
    world: World,
    redis_url: str,
    redis: Any,
    prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(declared, "KINDS", {**declared.kinds()})

    @declared.job(on=(JobEventKind.JOB_CHANGED,))
    async def review(work: Work, job: str) -> None:
        """Look at it."""

    pid = (await redis.info("server"))["process_id"]
    async with relaying(database, redis_url, prefix) as realtime:
        await realtime.ping()
        os.kill(pid, signal.SIGSTOP)
        try:
            async with database.work(GUEST) as work:
                await work.happened(JobEventKind.JOB_CHANGED, world.export)
            async with asyncio.timeout(DEADLINE):
                while not await database.writers.fetch("SELECT FROM queue.pgqueuer WHERE entrypoint = 'review'", ()):
                    pass
            assert await database.writers.fetch("SELECT FROM outbox_events WHERE published_at IS NULL", ())
        finally:
            os.kill(pid, signal.SIGCONT)
