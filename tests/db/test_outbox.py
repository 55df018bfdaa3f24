"""The outbox: events of a topic are numbered without gaps, in the order in which their changes are committed."""

import asyncio
from contextlib import suppress
from itertools import permutations

import pytest
from sqlalchemy import select

from db.access import GUEST
from db.engine import Database
from db.errors import BadInput
from db.outbox import OutboxEvent, OutboxTopic
from tests.conftest import NotingDatabase

TOPIC = "project:1"
SECOND = 5.0
"""Seconds that a deadlock takes at least until PostgreSQL looks for it, many times over."""


async def numbers(database: Database, topic: str = TOPIC) -> list[int]:
    async with database.read() as session:
        mine = select(OutboxEvent.sequence).where(OutboxEvent.topic == topic)
        return list(await session.scalars(mine.order_by(OutboxEvent.sequence)))


async def touch(database: Database, *topics: str, fails: bool = False) -> None:
    with suppress(BadInput):
        async with database.transaction() as transaction:
            async with transaction.work(GUEST) as work:
                work.touch(*topics)
            if fails:
                raise BadInput


@pytest.mark.usefixtures("patient")
async def test_many_writers_of_one_topic_leave_no_gap_though_some_of_them_fail(database: NotingDatabase) -> None:
    seen: list[list[int]] = []
    writing = [asyncio.create_task(touch(database, TOPIC, fails=number % 4 == 0)) for number in range(64)]
    while not all(task.done() for task in writing):
        seen.append(await numbers(database))
    await asyncio.gather(*writing)
    assert await numbers(database) == list(range(1, 49))
    assert all(found == list(range(1, len(found) + 1)) for found in seen)
    async with database.read() as session:
        assert await session.scalar(select(OutboxTopic.sequence).where(OutboxTopic.topic == TOPIC)) == 48


async def test_several_events_of_one_change_have_numbers_of_their_own(database: NotingDatabase) -> None:
    await touch(database, TOPIC, "user:1", TOPIC)
    await touch(database, "user:1", TOPIC)
    assert (await numbers(database), await numbers(database, "user:1")) == ([1, 2, 3], [1, 2])


async def test_the_ids_of_events_grow_with_their_numbers(database: NotingDatabase) -> None:
    """The relay publishes by age, which an id begins with, and each topic in its order."""
    for _ in range(2):
        await touch(database, *["user:1", TOPIC] * 100)
    async with database.read() as session:
        mine = select(OutboxEvent.sequence).where(OutboxEvent.topic == TOPIC)
        assert list(await session.scalars(mine.order_by(OutboxEvent.id))) == list(range(1, 201))


@pytest.mark.usefixtures("patient")
async def test_whatever_the_order_in_which_changes_name_topics_none_waits_for_another_in_a_circle(
    database: NotingDatabase,
) -> None:
    topics = ("a", "b", "c")
    async with asyncio.timeout(2 * SECOND):
        await asyncio.gather(*(touch(database, *some) for _ in range(8) for some in permutations(topics)))
    assert [await numbers(database, topic) for topic in topics] == [list(range(1, 49))] * 3
