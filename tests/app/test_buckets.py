"""Buckets that processes share over Redis: nothing is lost or told twice, and without Redis each has its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from redis import RedisError
from redis.crc import key_slot
from structlog.testing import capture_logs

from app.buckets import CALL_SIZE, TIMEOUT, Bucket, Buckets, Limit
from tests.app.conftest import Clock
from tests.app.serving import NO_REDIS, until
from tests.app.wire import Wire
from tests.deadline import DEADLINE

ADA = "usr:ada"
LIMIT = Limit(100, restore_rate=0.001)
"""Slow enough for nothing to be restored in a test by the server's clock."""
AN_HOUR = 3600.0


@pytest.fixture
def process(redis_url: str, prefix: str) -> Callable[..., Buckets]:
    """The buckets of one more process, which calls Redis when the test says so."""

    def another(url: str = redis_url, *, interval: float = AN_HOUR, **options: Any) -> Buckets:
        return Buckets(url, prefix=prefix, interval=interval, **options)

    return another


@pytest.fixture
async def one(process: Callable[..., Buckets]) -> AsyncIterator[Buckets]:
    async with process() as buckets:
        yield buckets


@pytest.fixture
async def other(process: Callable[..., Buckets]) -> AsyncIterator[Buckets]:
    async with process() as buckets:
        yield buckets


@pytest.fixture
async def wire(redis_url: str) -> AsyncIterator[Wire]:
    async with Wire(redis_url) as opened:
        yield opened


@pytest.fixture
def shared(process: Callable[..., Buckets]) -> Callable[..., Awaitable[float]]:
    """What is available of a bucket to a process that knows nothing but what Redis says."""

    async def available(key: str = ADA, limit: Limit = LIMIT) -> float:
        async with process() as newcomer:
            newcomer.bucket(key, limit)
            await newcomer.reconcile()
            return about(newcomer.bucket(key, limit))

    return available


def about(bucket: Bucket) -> float:
    """What is available but for what is restored while a test runs."""
    return round(bucket.available)


def take(buckets: Buckets, points: float, *, key: str = ADA, limit: Limit = LIMIT) -> None:
    buckets.bucket(key, limit).take(points)


async def test_what_one_process_takes_another_lacks(one: Buckets, other: Buckets) -> None:
    take(one, 60)
    await one.reconcile()
    assert about(other.bucket(ADA, LIMIT)) == 100
    await other.reconcile()
    assert about(other.bucket(ADA, LIMIT)) == 40


async def test_processes_tell_each_other_by_themselves(process: Callable[..., Buckets]) -> None:
    async with process(interval=0.01) as one, process(interval=0.01) as other:
        take(one, 60)
        await until(lambda: about(other.bucket(ADA, LIMIT)) == 40)


async def test_what_is_given_back_the_others_have_again(one: Buckets, shared: Callable[..., Awaitable[float]]) -> None:
    take(one, 80)
    await one.reconcile()
    take(one, -50)
    await one.reconcile()
    assert await shared() == 70


async def test_a_bucket_is_never_more_than_full(one: Buckets, shared: Callable[..., Awaitable[float]]) -> None:
    take(one, 30)
    await one.reconcile()
    take(one, -500)
    assert one.bucket(ADA, LIMIT).available == 100
    await asyncio.gather(one.reconcile(), meanwhile(lambda: take(one, 10)))
    assert about(one.bucket(ADA, LIMIT)) == 90
    assert await shared() == 100


async def test_what_two_processes_let_pass_too_much_is_owed(one: Buckets, other: Buckets) -> None:
    take(one, 100)
    take(other, 100)
    await asyncio.gather(one.reconcile(), other.reconcile())
    for process in (one, other):
        process.bucket(ADA, LIMIT)
        await process.reconcile()
        assert about(process.bucket(ADA, LIMIT)) == -100


async def test_fifty_who_spend_at_once_overdraw_by_what_they_spend_between_two_calls(
    one: Buckets, other: Buckets, shared: Callable[..., Awaitable[float]]
) -> None:
    limit = Limit(1_000, restore_rate=0.001)

    async def spend(process: Buckets) -> int:
        passed = 0
        while process.bucket(ADA, limit).available >= 1:
            take(process, 1, limit=limit)
            passed += 1
            await process.reconcile()
        return passed

    passed = sum(await asyncio.gather(*(spend(process) for process in (one, other) for _ in range(25))))
    await asyncio.gather(one.reconcile(), other.reconcile())
    assert 1_000 <= passed <= 1_050
    assert await shared(limit=limit) == 1_000 - passed


async def test_what_is_taken_while_a_call_is_under_way_is_told_by_the_next(
    one: Buckets, shared: Callable[..., Awaitable[float]]
) -> None:
    limit, taken = Limit(1_000_000, restore_rate=0.001), 0
    async with asyncio.timeout(DEADLINE):
        for _ in range(20):
            take(one, 1, limit=limit)
            taken += 1
            call = asyncio.create_task(one.reconcile())
            while not call.done():
                take(one, 1, limit=limit)
                taken += 1
                await asyncio.sleep(0)
    assert about(one.bucket(ADA, limit)) == 1_000_000 - taken
    await one.reconcile()
    assert about(one.bucket(ADA, limit)) == await shared(limit=limit) == 1_000_000 - taken


async def test_a_process_restores_by_its_own_clock(process: Callable[..., Buckets], clock: Clock) -> None:
    buckets, limit = process(clock=clock), Limit(100, restore_rate=10)
    take(buckets, 100, limit=limit)
    clock.wait(3)
    assert buckets.bucket(ADA, limit).available == 30
    clock.wait(8)
    assert buckets.bucket(ADA, limit).available == 100


async def test_redis_restores_by_its_own_clock(process: Callable[..., Buckets], clock: Clock) -> None:
    limit = Limit(100, restore_rate=500)
    async with process(interval=0.01, clock=clock) as buckets:
        take(buckets, 100, limit=limit)
        await until(lambda: buckets.bucket(ADA, limit).available == 100)


async def test_a_key_expires_when_its_bucket_is_full(one: Buckets, redis: Any, prefix: str) -> None:
    take(one, 50, limit=Limit(100, restore_rate=0.5))
    await one.reconcile()
    lifetimes = {key.rpartition(":")[2]: await redis.pttl(key) async for key in redis.scan_iter(f"*{prefix}*")}
    assert lifetimes.pop("ada") == pytest.approx(100_000, abs=5_000)
    assert len(lifetimes) == 1
    assert all(0 < lifetime <= 600_000 for lifetime in lifetimes.values())


async def test_all_keys_lie_on_one_node_of_a_cluster(one: Buckets, redis: Any, prefix: str) -> None:
    for number in range(20):
        take(one, 1, key=f"usr:{number}")
    await one.reconcile()
    slots = [key_slot(key.encode()) async for key in redis.scan_iter(f"*{prefix}*")]
    assert len(slots) == 21
    assert len(set(slots)) == 1


async def test_more_buckets_than_fit_into_a_call_are_told_in_several(one: Buckets, redis: Any, prefix: str) -> None:
    for number in range(2 * CALL_SIZE + 1):
        take(one, 1, key=f"usr:{number}")
    await one.reconcile()
    assert len(await keys(redis, prefix)) == 2 * CALL_SIZE + 1


async def test_who_only_looks_leaves_nothing_in_redis(one: Buckets, redis: Any, prefix: str) -> None:
    one.bucket(ADA, LIMIT)
    await one.reconcile()
    assert await keys(redis, prefix) == []


async def test_redis_may_forget_the_script(one: Buckets, redis: Any, shared: Callable[..., Awaitable[float]]) -> None:
    take(one, 10)
    await one.reconcile()
    await redis.script_flush()
    take(one, 20)
    await one.reconcile()
    assert await shared() == 70


async def test_a_process_that_ends_tells_the_rest(
    process: Callable[..., Buckets], shared: Callable[..., Awaitable[float]]
) -> None:
    async with process() as leaving:
        take(leaving, 60)
    assert await shared() == 40


async def test_a_full_bucket_with_something_to_tell_is_kept(
    process: Callable[..., Buckets], clock: Clock, shared: Callable[..., Awaitable[float]]
) -> None:
    async with process(clock=clock) as buckets:
        buckets.bucket("usr:bob", LIMIT)
        await asyncio.gather(
            buckets.reconcile(), meanwhile(lambda: take(buckets, 30)), meanwhile(lambda: clock.wait(1_000_000))
        )
        take(buckets, 30)
    assert await shared() == 40


async def test_full_buckets_are_forgotten(process: Callable[..., Buckets], clock: Clock) -> None:
    async with process(clock=clock) as buckets:
        limit = Limit(100, restore_rate=1_000)
        for number in range(10):
            take(buckets, 100, key=f"usr:{number}", limit=limit)
        await buckets.reconcile()
        assert len(buckets) == 10
        clock.wait(1)
        await buckets.reconcile()
        assert len(buckets) == 0


async def test_without_redis_a_process_knows_what_it_took_itself(clock: Clock) -> None:
    async with Buckets(NO_REDIS, interval=0.001, clock=clock) as alone:
        take(alone, 60)
        await until(lambda: not alone.is_shared)
        take(alone, 30)
        assert alone.bucket(ADA, LIMIT).available == 10


async def test_what_was_taken_while_redis_was_away_is_told_when_it_is_back(
    process: Callable[..., Buckets], wire: Wire, shared: Callable[..., Awaitable[float]]
) -> None:
    async with process(wire.url, interval=0.01) as away:
        await wire.close()
        take(away, 40)
        await until(lambda: not away.is_shared)
        take(away, 20)
        await wire.open()
        await until(lambda: away.is_shared)
        await away.reconcile()
        assert await shared() == 40


async def test_a_call_whose_answer_was_lost_counts_once(
    process: Callable[..., Buckets], wire: Wire, redis: Any, prefix: str, shared: Callable[..., Awaitable[float]]
) -> None:
    async with process(wire.url) as unlucky:
        take(unlucky, 10, key="usr:bob")
        await unlucky.reconcile()
        wire.lose_answers()
        take(unlucky, 60)
        call = asyncio.create_task(unlucky.reconcile())
        async with asyncio.timeout(DEADLINE):
            while ADA not in await keys(redis, prefix):
                pass
        await wire.close()
        with pytest.raises((RedisError, OSError)):
            await call
        take(unlucky, 5)
        await wire.open()
        await unlucky.reconcile()
        assert about(unlucky.bucket(ADA, LIMIT)) == 35
        await unlucky.reconcile()
        assert await shared() == 35


async def test_a_server_that_falls_silent_is_called_anew(
    process: Callable[..., Buckets], wire: Wire, shared: Callable[..., Awaitable[float]]
) -> None:
    with capture_logs() as entries:
        async with process(wire.url, interval=0.01) as waiting:
            take(waiting, 10)
            await waiting.reconcile()
            wire.go_dead()
            take(waiting, 20)
            await until(lambda: len(entries) == 2)
            assert await shared() == 70
    assert [entry["event"] for entry in entries] == ["buckets are not shared", "buckets are shared again"]


async def test_it_closes_in_time_though_the_server_does_not_answer(process: Callable[..., Buckets], wire: Wire) -> None:
    waiting = await process(wire.url).__aenter__()
    take(waiting, 10)
    await waiting.reconcile()
    wire.go_dead()
    take(waiting, 10)
    async with asyncio.timeout(3 * TIMEOUT + 1):
        await waiting.__aexit__()


async def test_what_was_restored_while_redis_was_away_is_not_owed(
    process: Callable[..., Buckets], wire: Wire, clock: Clock, shared: Callable[..., Awaitable[float]]
) -> None:
    limit = Limit(100, restore_rate=1)
    async with process(wire.url, interval=0.01, clock=clock) as away:
        await wire.close()
        take(away, 50, limit=limit)
        await until(lambda: not away.is_shared)
        take(away, 40, limit=limit)
        clock.wait(90)
        take(away, 30, limit=limit)
        await wire.open()
        await until(lambda: away.is_shared)
        await away.reconcile()
        assert await shared(limit=limit) == pytest.approx(70, abs=3)


async def test_what_was_lost_is_logged_when_it_begins_and_ends(process: Callable[..., Buckets], wire: Wire) -> None:
    with capture_logs() as entries:
        async with process(wire.url, interval=0.001) as away:
            await wire.close()
            for _ in range(3):
                take(away, 1)
                await until(lambda: not away.is_shared)
            await wire.open()
            await until(lambda: away.is_shared)
    assert [entry["event"] for entry in entries] == ["buckets are not shared", "buckets are shared again"]


async def test_a_mistake_in_one_round_does_not_end_the_sharing(
    process: Callable[..., Buckets], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with process(interval=0.001) as buckets:
        with monkeypatch.context() as broken:
            broken.setattr(buckets, "_taken", lambda: 1 / 0)
            take(buckets, 1)
            await until(lambda: not buckets.is_shared)
        await until(lambda: buckets.is_shared)


async def test_a_process_keeps_no_more_buckets_than_it_may(
    process: Callable[..., Buckets], redis: Any, prefix: str
) -> None:
    async with process(most_kept=10) as buckets:
        for number in range(100):
            take(buckets, 1, key=f"usr:{number}")
            take(buckets, 1)
        assert len(buckets) == 10
        assert buckets.bucket(ADA, LIMIT).owed == pytest.approx(100, abs=1)
        await buckets.reconcile()
        assert len(await keys(redis, prefix)) == 10


async def meanwhile(act: Callable[[], None]) -> None:
    """Do it once the tasks before have begun to wait."""
    act()


async def keys(redis: Any, prefix: str) -> list[str]:
    """The keys of the buckets that are not full."""
    found = [key.split("}:")[1] async for key in redis.scan_iter(f"*{prefix}*", count=1_000)]
    return [key for key in found if not key.startswith("caller:")]
