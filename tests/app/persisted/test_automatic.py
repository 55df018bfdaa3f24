"""Texts that clients have sent once: known to every process, to one tenant each, and never more than fit."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.persisted import automatic as module
from app.persisted.automatic import DOCUMENT_BYTES, REMEMBERED_FOR, Automatic
from app.persisted.names import digest
from tests.app.serving import NO_REDIS
from tests.app.wire import Wire
from tests.deadline import DEADLINE

TEXT = "{ viewer { name } }"
KEY = digest(TEXT)


def text(number: int) -> str:
    return f"{{ viewer {{ id }} }} # {number}"


async def known(redis_url: str, prefix: str, tenant: str) -> list[int]:
    """The numbers of the texts of a tenant that a process without a memory finds."""
    async with Automatic(redis_url, prefix=prefix) as other:
        return [number for number in range(5) if await other.get(tenant, digest(text(number))) == text(number)]


async def keys(redis: Any, prefix: str) -> list[str]:
    return [key async for key in redis.scan_iter(f"{prefix}*")]


async def test_what_one_process_is_sent_every_other_knows(redis_url: str, prefix: str, automatic: Automatic) -> None:
    await automatic.put("ada", TEXT)
    async with Automatic(redis_url, prefix=prefix) as other:
        assert await other.get("ada", KEY) == TEXT


async def test_a_text_comes_back_letter_by_letter(redis_url: str, prefix: str, automatic: Automatic) -> None:
    await automatic.put("ada", odd := '{ user(name: "Адель 🦉\0\r\n") { id } }')
    async with Automatic(redis_url, prefix=prefix) as other:
        assert await other.get("ada", digest(odd)) == odd


async def test_a_tenant_knows_nothing_of_what_another_has_sent(automatic: Automatic) -> None:
    await automatic.put("ada", TEXT)
    assert await automatic.get("ben", KEY) is None
    assert not automatic.holds("ben", KEY)


async def test_a_tenant_that_sends_too_many_loses_its_own_oldest(redis_url: str, prefix: str, redis: Any) -> None:
    async with Automatic(redis_url, prefix=prefix, most=3) as automatic:
        await automatic.put("ben", text(0))
        for number in range(5):
            await automatic.put("ada", text(number))
    assert len(await keys(redis, prefix)) == (1 + 1) + (3 + 1)  # each tenant has an index
    assert await redis.zcard(f"{prefix}persisted:{{ada}}") == 3
    assert await known(redis_url, prefix, "ada") == [2, 3, 4]
    assert await known(redis_url, prefix, "ben") == [0]


async def test_what_is_used_stays(redis_url: str, prefix: str) -> None:
    async with Automatic(redis_url, prefix=prefix, most=2) as automatic:
        await automatic.put("ada", text(0))
        await automatic.put("ada", text(1))
        async with Automatic(redis_url, prefix=prefix) as other:
            await other.get("ada", digest(text(0)))
        await automatic.put("ada", text(2))
    assert await known(redis_url, prefix, "ada") == [0, 2]


async def test_everything_expires_some_time_after_its_last_use(
    redis_url: str, prefix: str, automatic: Automatic, redis: Any
) -> None:
    await automatic.put("ada", TEXT)
    names = await keys(redis, prefix)
    assert [0 < await redis.ttl(name) <= REMEMBERED_FOR for name in names] == [True, True]
    assert [await redis.expire(name, 60) for name in names] == [1, 1]
    async with Automatic(redis_url, prefix=prefix) as other:
        await other.get("ada", KEY)
    assert [60 < await redis.ttl(name) <= REMEMBERED_FOR for name in names] == [True, True]


async def test_what_only_this_process_is_asked_for_is_told_to_redis_now_and_then(
    automatic: Automatic, redis: Any, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RENEWED_AFTER", -1)
    await automatic.put("ada", TEXT)
    await redis.delete(*await keys(redis, prefix))
    assert await automatic.get("ada", KEY) == TEXT
    assert len(await keys(redis, prefix)) == 2


async def test_a_known_text_costs_no_round_trip(automatic: Automatic, redis: Any, prefix: str) -> None:
    await automatic.put("ada", TEXT)
    await redis.delete(*await keys(redis, prefix))
    assert automatic.holds("ada", KEY)
    assert await automatic.get("ada", KEY) == TEXT
    assert await keys(redis, prefix) == []


async def test_a_text_that_was_fetched_once_is_in_the_memory(redis_url: str, prefix: str, automatic: Automatic) -> None:
    await automatic.put("ada", TEXT)
    async with Automatic(redis_url, prefix=prefix) as other:
        await other.get("ada", KEY)
        assert other.holds("ada", KEY)


async def test_the_memory_has_an_end_and_loses_what_was_not_used_for_longest() -> None:
    async with Automatic(NO_REDIS, max_bytes=3_000) as automatic:
        for number in range(100):
            await automatic.put("ada", text(number))
            assert await automatic.get("ada", digest(text(0))) == text(0)
            assert 0 < automatic.memory.bytes <= automatic.memory.max_bytes
        assert [number for number in range(90) if automatic.holds("ada", digest(text(number)))] == [0]
        assert automatic.holds("ada", digest(text(99)))


async def test_a_text_that_is_too_long_is_not_remembered(automatic: Automatic, redis: Any, prefix: str) -> None:
    await automatic.put("ada", long := "й" * (DOCUMENT_BYTES // 2) + "й")
    assert await automatic.get("ada", digest(long)) is None
    await automatic.put("ada", longest := "й" * (DOCUMENT_BYTES // 2))
    assert await automatic.get("ada", digest(longest)) == longest


@pytest.mark.parametrize("planted", ["{ viewer { email } }", b"\xff", ""])
async def test_a_text_that_does_not_fit_its_hash_is_unknown(
    automatic: Automatic, redis: Any, prefix: str, planted: Any
) -> None:
    await redis.set(f"{prefix}persisted:{{ada}}:{KEY}", planted)
    assert await automatic.get("ada", KEY) is None


async def test_a_key_of_another_kind_is_unknown(automatic: Automatic, redis: Any, prefix: str) -> None:
    await redis.sadd(f"{prefix}persisted:{{ada}}:{KEY}", TEXT)
    assert await automatic.get("ada", KEY) is None


async def test_without_redis_the_memory_serves(prefix: str) -> None:
    async with Automatic(NO_REDIS, prefix=prefix) as automatic:
        assert await automatic.get("ada", KEY) is None
        await automatic.put("ada", TEXT)
        assert await automatic.get("ada", KEY) == TEXT


async def test_a_frozen_redis_is_waited_for_once(redis_url: str, prefix: str) -> None:
    async with Wire(redis_url) as wire, Automatic(wire.url, prefix=prefix) as automatic:
        assert await automatic.get("ada", KEY) is None
        wire.go_dead()
        with capture_logs() as entries:
            async with asyncio.timeout(module.TIMEOUT + module.PAUSE):
                for number in range(1_000):
                    assert await automatic.get("ada", digest(text(number))) is None
    assert [entry["event"] for entry in entries] == ["persisted operations out of reach"]


async def test_redis_is_asked_again_once_it_is_back(redis_url: str, prefix: str, automatic: Automatic) -> None:
    await automatic.put("ada", TEXT)
    async with Wire(redis_url) as wire, Automatic(wire.url, prefix=prefix) as other:
        await wire.close()
        assert await other.get("ada", KEY) is None
        await wire.open()
        async with asyncio.timeout(DEADLINE):
            while await other.get("ada", KEY) is None:  # noqa: ASYNC110  (there is no event to wait for)
                await asyncio.sleep(0.01)


async def test_who_leaves_while_redis_is_asked_leaves_no_answer_to_others(
    redis_url: str, prefix: str, automatic: Automatic
) -> None:
    for number in range(5):
        await automatic.put("ada", text(number))
    async with Automatic(redis_url, prefix=prefix) as other:
        for moment in range(100):
            asking = [asyncio.create_task(other._read("ada", digest(text(number)))) for number in range(5)]
            await asyncio.wait(asking, timeout=moment * 1e-5)
            asking[moment % 5].cancel()
            await asyncio.wait(asking)
            assert all(asked.cancelled() or asked.result() == text(number) for number, asked in enumerate(asking))
