"""What is heard over Redis, with the outbox behind it: whatever Redis loses is read from there, in order and once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import delete

from app.realtime import Realtime
from db.access import GUEST
from db.engine import Database
from db.errors import HistoryGap
from db.outbox import Event, OutboxEvent
from tests.app.killed import TOPIC, touch
from tests.app.wire import Wire
from tests.conftest import NotingDatabase
from tests.db.test_epoch import dumped, restore
from tests.deadline import DEADLINE

NEVER = 10 * DEADLINE
"""Seconds until all channels are looked at, where a test wants to see what is found without it."""


@pytest.fixture
async def publisher(redis_url: str, prefix: str) -> AsyncIterator[Realtime]:
    async with Realtime(redis_url, prefix=prefix) as running:
        yield running


async def heard(events: AsyncIterator[Event], count: int) -> list[int]:
    """The numbers of the next events."""
    async with asyncio.timeout(DEADLINE):
        return [(await anext(events)).sequence for _ in range(count)]


async def test_what_was_published_while_there_was_no_connection_is_heard_when_it_is_back(
    database: NotingDatabase, redis_url: str, prefix: str, publisher: Realtime
) -> None:
    async with (
        Wire(redis_url) as wire,
        Realtime(wire.url, database.past, prefix=prefix, heartbeat=NEVER) as realtime,
        realtime.listen(TOPIC) as events,
    ):
        await wire.close()
        for _ in range(3):
            await touch(database, TOPIC)
        assert await database.relay(publisher.publish) == 3
        await wire.open()
        assert await heard(events, 3) == [1, 2, 3]
        await touch(database, TOPIC)
        await database.relay(publisher.publish)
        assert await heard(events, 1) == [4]


async def test_what_redis_has_dropped_is_read_from_the_outbox_in_its_order(
    database: NotingDatabase, redis_url: str, prefix: str, publisher: Realtime
) -> None:
    async with (
        Realtime(redis_url, database.past, prefix=prefix, heartbeat=NEVER) as realtime,
        realtime.listen(TOPIC) as events,
    ):
        for _ in range(5):
            await touch(database, TOPIC)
        told = (await database.past(TOPIC, 0)).events
        for number in (1, 4, 3, 5, 2):
            await publisher.publish([told[number - 1]])
        assert await heard(events, 5) == [1, 2, 3, 4, 5]


async def test_what_nobody_publishes_is_found_by_looking(
    database: NotingDatabase, redis_url: str, prefix: str, publisher: Realtime
) -> None:
    async with (
        Realtime(redis_url, database.past, prefix=prefix, heartbeat=0.2) as realtime,
        realtime.listen(TOPIC) as events,
    ):
        await touch(database, TOPIC)
        await touch(database, TOPIC)
        assert await heard(events, 2) == [1, 2]
        await database.relay(publisher.publish)  # late, and heard already
        await touch(database, TOPIC)
        assert await heard(events, 1) == [3]


async def test_what_the_outbox_has_no_more_is_a_gap_and_what_comes_behind_it_is_heard(
    database: NotingDatabase, redis_url: str, prefix: str, publisher: Realtime
) -> None:
    async with (
        Realtime(redis_url, database.past, prefix=prefix, heartbeat=NEVER) as realtime,
        realtime.listen(TOPIC) as events,
    ):
        for _ in range(5):
            await touch(database, TOPIC)
        async with database.work(GUEST) as work:
            await work.execute(delete(OutboxEvent).where(OutboxEvent.sequence < 4))
        await publisher.publish((await database.past(TOPIC, 4)).events)
        with pytest.raises(HistoryGap):
            await heard(events, 1)
        assert await heard(events, 2) == [4, 5]


async def test_the_gaps_of_many_topics_are_read_by_one_statement(
    database: NotingDatabase, redis_url: str, prefix: str, publisher: Realtime
) -> None:
    topics = [f"project:{number}" for number in range(30)]
    statements: list[str] = []
    run = database.heard.run

    async def noting(sql: str, arguments: Any, **options: Any) -> Any:
        statements.append(sql)
        return await run(sql, arguments, **options)

    async with (
        Wire(redis_url) as wire,
        Realtime(wire.url, database.past, prefix=prefix, heartbeat=NEVER) as realtime,
        AsyncExitStack() as listening,
    ):
        streams = [await listening.enter_async_context(realtime.listen(topic)) for topic in topics]
        await wire.close()
        await touch(database, *topics)
        await database.relay(publisher.publish)
        database.heard.run = noting
        await wire.open()
        assert [await heard(events, 1) for events in streams] == [[1]] * len(topics)
    assert len(statements) <= 3  # acknowledgements may come in two parts


async def test_events_that_nobody_keeps_are_handed_on_as_they_come(
    database: NotingDatabase, redis_url: str, prefix: str, publisher: Realtime
) -> None:
    async with (
        Realtime(redis_url, database.past, prefix=prefix) as realtime,
        realtime.listen(TOPIC) as events,
    ):
        await publisher.publish([Event(TOPIC, "TYPING")] * 2)
        await touch(database, TOPIC)
        await database.relay(publisher.publish)
        assert await heard(events, 3) == [0, 0, 1]


async def test_while_the_database_is_away_nothing_is_lost(
    database: NotingDatabase, database_url: str, redis_url: str, prefix: str, publisher: Realtime
) -> None:
    async with Wire(database_url) as wire:
        reached = Database(wire.url)
        async with (
            Realtime(redis_url, reached.past, prefix=prefix, heartbeat=NEVER) as realtime,
            realtime.listen(TOPIC) as events,
        ):
            await wire.close()
            for _ in range(3):
                await touch(database, TOPIC)
            await publisher.publish((await database.past(TOPIC, 2)).events)
            await wire.open()
            assert await heard(events, 3) == [1, 2, 3]
        await reached.close()


@pytest.mark.parametrize("heartbeat", [NEVER, 0.2], ids=["it is heard", "it is found by looking"])
async def test_an_outbox_that_goes_back_and_on_past_what_was_heard_is_a_gap(
    database: NotingDatabase, database_url: str, redis_url: str, prefix: str, publisher: Realtime, heartbeat: float
) -> None:
    async with Wire(database_url) as wire:
        reached = Database(wire.url)
        async with (
            Realtime(redis_url, reached.past, prefix=prefix, heartbeat=heartbeat) as realtime,
            realtime.listen(TOPIC) as events,
        ):
            await touch(database, TOPIC)
            dump = dumped(database_url)
            for _ in range(2):
                await touch(database, TOPIC)
            await database.relay(publisher.publish)
            assert await heard(events, 3) == [1, 2, 3]
            await wire.close()
            restore(database_url, dump)
            for _ in range(3):
                await touch(database, TOPIC)
            await wire.open()
            if heartbeat == NEVER:
                await publisher.publish((await database.past(TOPIC, 3)).events)  # the fourth of another history
            with pytest.raises(HistoryGap):
                await heard(events, 1)
            await touch(database, TOPIC)
            await database.relay(publisher.publish)
            assert await heard(events, 1) == [5]
        await reached.close()
