"""Events over Redis: heard by every process, on one connection each, also after that connection broke."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from app.realtime import Realtime, Unavailable
from app.redis import LOST
from app.shards import TIMEOUT
from db.errors import HistoryGap
from db.outbox import Event
from tests.app.serving import NO_REDIS, until
from tests.app.wire import Wire
from tests.deadline import DEADLINE

TOPIC = "document:1"


@pytest.fixture
async def realtime(redis_url: str, prefix: str) -> AsyncIterator[Realtime]:
    async with Realtime(redis_url, prefix=prefix) as running:
        yield running


def comment(number: int = 1, *, topic: str = TOPIC) -> Event:
    return Event(topic, "COMMENT_ADDED", {"comment": f"cmt_{number}"}, number)


async def heard(events: AsyncIterator[Event]) -> Event:
    async with asyncio.timeout(DEADLINE):
        return await anext(events)


async def subscribers(redis: Any, prefix: str, topic: str = TOPIC) -> int:
    """How many connections the server counts on the channel of a topic."""
    [(_channel, count)] = await redis.pubsub_numsub(f"{prefix}{topic}")
    return int(count)


async def test_an_event_published_by_one_process_is_heard_in_another(
    realtime: Realtime, redis_url: str, prefix: str
) -> None:
    async with Realtime(redis_url, prefix=prefix) as other, realtime.listen(TOPIC) as events:
        await other.publish([comment()])
        assert await heard(events) == comment()


async def test_once_listening_no_event_is_missed(realtime: Realtime) -> None:
    for number in range(1, 21):
        async with realtime.listen(TOPIC) as events:
            await realtime.publish([comment(number)])
            assert await heard(events) == comment(number)


async def test_only_the_events_of_the_topic_are_heard(realtime: Realtime) -> None:
    async with realtime.listen(TOPIC) as events:
        await realtime.publish([comment(topic="document:2")])
        await realtime.publish([comment(1)])
        assert await heard(events) == comment(1)


async def test_events_come_in_the_order_they_were_published(realtime: Realtime) -> None:
    async with realtime.listen(TOPIC) as events:
        published = [comment(number) for number in range(1, 101)]
        for first in range(0, 100, 10):
            await realtime.publish(published[first : first + 10])
        assert [await heard(events) for _ in published] == published


async def test_an_event_that_is_published_again_is_heard_once(realtime: Realtime) -> None:
    """A relay that was killed before it could note that it had published some is followed by one that begins anew."""
    async with realtime.listen(TOPIC) as events:
        for numbers in ((1, 2, 3), (1, 2, 3, 4), (2, 3), (5,)):
            await realtime.publish(list(map(comment, numbers)))
        assert [(await heard(events)).sequence for _ in range(5)] == [1, 2, 3, 4, 5]


async def test_a_number_that_is_left_out_is_a_gap(realtime: Realtime) -> None:
    async with realtime.listen(TOPIC) as events:
        await realtime.publish([comment(7), comment(8), comment(10)])
        assert [await heard(events), await heard(events)] == [comment(7), comment(8)]
        with pytest.raises(HistoryGap):
            await heard(events)
    async with realtime.listen(TOPIC) as events:
        await realtime.publish([comment(11)])
        assert await heard(events) == comment(11)


@pytest.mark.parametrize("number", [7, 8, 9, 10])
async def test_another_epoch_is_a_gap_whatever_its_numbers_are(realtime: Realtime, number: int) -> None:
    other = replace(comment(number), epoch="next")
    async with realtime.listen(TOPIC) as events:
        await realtime.publish([comment(7), comment(8), other])
        assert [(await heard(events)).sequence for _ in range(2)] == [7, 8]
        with pytest.raises(HistoryGap):
            await heard(events)
        assert await heard(events) == other


async def test_every_gap_is_told_though_nothing_was_heard_since_the_one_before(
    realtime: Realtime, redis: Any, prefix: str
) -> None:
    async with realtime.listen(TOPIC) as events:
        for _ in range(2):
            async with asyncio.timeout(DEADLINE):
                while not await subscribers(redis, prefix):
                    pass
            await cut(redis)
            with pytest.raises(HistoryGap):
                await heard(events)


async def test_many_listeners_share_one_connection(realtime: Realtime, redis: Any, prefix: str) -> None:
    async with AsyncExitStack() as listening:
        streams = [await listening.enter_async_context(realtime.listen(TOPIC)) for _ in range(50)]
        assert await subscribers(redis, prefix) == 1
        await realtime.publish([comment()])
        assert [await heard(events) for events in streams] == [comment()] * 50


async def test_the_channel_is_left_with_the_last_listener(realtime: Realtime, redis: Any, prefix: str) -> None:
    async with realtime.listen(TOPIC):
        async with realtime.listen(TOPIC):
            pass
        assert await subscribers(redis, prefix) == 1
    async with asyncio.timeout(DEADLINE):
        while await subscribers(redis, prefix):
            pass


async def test_listeners_that_come_and_go_at_once_leave_nothing_behind(
    realtime: Realtime, redis: Any, prefix: str
) -> None:
    relay, numbers = asyncio.Lock(), count(1)

    async def come_and_go(number: int) -> None:
        async with realtime.listen(f"document:{number % 7}") as events:
            async with relay:
                number = next(numbers)
                await realtime.publish([comment(number, topic=f"document:{topic}") for topic in range(7)])
            await heard(events)

    visits = [asyncio.create_task(come_and_go(number)) for number in range(200)]
    for visit in visits[::3]:
        visit.cancel()
    await asyncio.gather(*visits, return_exceptions=True)
    assert not [visit.exception() for visit in visits if not visit.cancelled() and visit.exception()]
    async with asyncio.timeout(DEADLINE):
        while await redis.pubsub_channels(f"{prefix}*"):
            pass


async def test_who_listened_over_a_connection_that_was_cut_is_told_of_the_gap(realtime: Realtime, redis: Any) -> None:
    async with realtime.listen(TOPIC) as first, realtime.listen("document:2") as second:
        await cut(redis)
        for events in (first, second):
            with pytest.raises(HistoryGap):
                await heard(events)
    async with realtime.listen(TOPIC) as events:
        await realtime.publish([comment()])
        assert await heard(events) == comment()


async def test_what_was_heard_before_the_gap_comes_first(realtime: Realtime, redis: Any) -> None:
    async with realtime.listen(TOPIC) as events, realtime.listen(TOPIC) as other:
        await realtime.publish([comment()])
        await heard(other)
        await cut(redis)
        with pytest.raises(HistoryGap):
            await heard(other)
        assert await heard(events) == comment()
        with pytest.raises(HistoryGap):
            await heard(events)


async def test_a_connection_that_died_without_a_word_is_noticed(redis_url: str, prefix: str) -> None:
    async with (
        Wire(redis_url) as wire,
        Realtime(wire.url, prefix=prefix, heartbeat=0.1) as realtime,
        realtime.listen(TOPIC) as events,
    ):
        wire.go_dead()
        with pytest.raises(HistoryGap):
            await heard(events)


async def test_a_server_that_stands_still_is_a_gap_for_all(redis_url: str, prefix: str, redis: Any) -> None:
    pid = (await redis.info("server"))["process_id"]
    async with Realtime(redis_url, prefix=prefix, heartbeat=0.1) as realtime, realtime.listen(TOPIC) as events:
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(HistoryGap):
                await heard(events)
        finally:
            os.kill(pid, signal.SIGCONT)
        await realtime.ping()
        with until_heard(realtime):
            async with asyncio.timeout(DEADLINE):
                assert await first_of(realtime) == comment()


async def test_whoever_publishes_hears_that_the_server_does_not_answer(redis_url: str, prefix: str) -> None:
    async with Wire(redis_url) as wire, Realtime(wire.url, prefix=prefix) as realtime:
        await realtime.publish([comment()])
        await wire.close()
        with pytest.raises(LOST):
            await realtime.publish([comment()])


async def test_one_connection_that_is_lost_loses_no_event(redis_url: str, prefix: str, realtime: Realtime) -> None:
    async with Wire(redis_url) as wire, Realtime(wire.url, prefix=prefix) as other, realtime.listen(TOPIC) as events:
        for number in range(1, 21):
            await other.publish([comment(number)])
            assert await heard(events) == comment(number)
            await until(wire.reset)


async def test_a_quiet_connection_is_kept(redis_url: str, prefix: str, redis: Any) -> None:
    async with Realtime(redis_url, prefix=prefix, heartbeat=0.3) as realtime, realtime.listen(TOPIC) as events:
        [connection] = await connections(redis)
        async with asyncio.timeout(DEADLINE):
            while int(connection["tot-cmds"]) < 10:
                [connection] = await connections(redis)
        await realtime.publish([comment()])
        assert await heard(events) == comment()
        assert [c["id"] for c in await connections(redis)] == [connection["id"]]


async def test_who_comes_while_the_connection_is_down_hears_once_it_is_back(redis_url: str, prefix: str) -> None:
    async with Wire(redis_url) as wire, Realtime(wire.url, prefix=prefix) as realtime:
        await realtime.ping()
        await wire.close()
        listening = asyncio.create_task(first_of(realtime))
        await wire.open()
        with until_heard(realtime):
            async with asyncio.timeout(DEADLINE):
                assert await listening == comment()


async def test_a_listener_that_falls_behind_gets_an_error_and_no_silence(redis_url: str, prefix: str) -> None:
    async with (
        Realtime(redis_url, prefix=prefix, queue_size=2) as realtime,
        realtime.listen(TOPIC) as slow,
        realtime.listen("document:2") as marker,
    ):
        for number in range(1, 5):
            await realtime.publish([comment(number)])
        await realtime.publish([comment(topic="document:2")])
        await heard(marker)
        assert [await heard(slow), await heard(slow)] == [comment(1), comment(2)]
        with pytest.raises(HistoryGap):
            await heard(slow)


async def test_a_listener_that_falls_behind_does_not_hold_up_others(redis_url: str, prefix: str) -> None:
    async with (
        Realtime(redis_url, prefix=prefix, queue_size=2) as realtime,
        realtime.listen(TOPIC),
        realtime.listen(TOPIC) as quick,
    ):
        for number in range(1, 11):
            await realtime.publish([comment(number)])
            assert await heard(quick) == comment(number)


async def test_without_redis_listening_is_refused_in_time() -> None:
    async with Realtime(NO_REDIS) as realtime:
        with pytest.raises(Unavailable):
            async with asyncio.timeout(2 * TIMEOUT), realtime.listen(TOPIC):
                pass


async def test_what_is_no_event_is_passed_over(realtime: Realtime, redis: Any, prefix: str) -> None:
    async with realtime.listen(TOPIC) as events:
        for junk in ("junk", "5", "null", '{"other": 1}', b"\xff"):
            await redis.publish(f"{prefix}{TOPIC}", junk)
        await realtime.publish([comment()])
        assert await heard(events) == comment()


async def test_it_closes_in_time_though_the_server_does_not_answer(redis_url: str, prefix: str) -> None:
    async with Wire(redis_url) as wire:
        realtime = await Realtime(wire.url, prefix=prefix).__aenter__()
        await realtime.ping()
        wire.go_dead()
        async with asyncio.timeout(2 * TIMEOUT + 1):
            await realtime.__aexit__()


async def first_of(realtime: Realtime) -> Event:
    """The first event that is heard. Whoever meets a gap listens again, as clients do."""
    while True:
        with suppress(HistoryGap):
            async with realtime.listen(TOPIC) as events:
                return await anext(events)


async def connections(redis: Any) -> list[dict[str, str]]:
    """The pub/sub connections of this process, as the server sees them."""
    return [c for c in await redis.client_list(_type="pubsub") if c["name"] == f"trellis-{os.getpid()}"]


async def cut(redis: Any) -> None:
    """Break the pub/sub connection of this process from the server's side."""
    [connection] = await connections(redis)
    assert await redis.client_kill_filter(_id=connection["id"]) == 1


class until_heard:  # noqa: N801  (reads as a phrase)
    """Publish the same event again and again: what is published while nobody is connected is lost."""

    def __init__(self, realtime: Realtime) -> None:
        self.realtime = realtime

    def __enter__(self) -> None:
        self.task = asyncio.create_task(self.publish())

    def __exit__(self, *_error: object) -> None:
        self.task.cancel()

    async def publish(self) -> None:
        while True:
            with suppress(*LOST):
                await self.realtime.publish([comment()])
