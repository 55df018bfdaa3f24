"""The past of a topic, as the outbox has it."""

import pytest
from sqlalchemy import delete

from db import history
from db.access import GUEST
from db.engine import Database
from db.outbox import OutboxEvent
from tests.app.killed import TOPIC, touch


async def test_a_topic_without_an_event_has_the_number_0(database: Database) -> None:
    past = await database.past(TOPIC, 0)
    assert (past.sequence, past.events, past.follows(0), past.is_whole) == (0, [], True, True)


async def test_the_past_behind_a_number_is_what_has_happened_since(database: Database) -> None:
    for _ in range(3):
        await touch(database, TOPIC, "project:2")
    past = await database.past(TOPIC, 1)
    assert past.sequence == 3
    assert [(event.topic, event.sequence, event.epoch) for event in past.events] == [
        (TOPIC, number, past.epoch) for number in (2, 3)
    ]
    assert past.follows(1)
    assert (await database.past(TOPIC, None)) == past._replace(events=[])


@pytest.mark.parametrize(("after", "follows"), [(0, False), (1, False), (2, True), (4, True), (5, False)])
async def test_what_is_deleted_is_known_to_be_missing(database: Database, after: int, follows: bool) -> None:
    for _ in range(4):
        await touch(database, TOPIC)
    async with database.work(GUEST) as work:
        await work.execute(delete(OutboxEvent).where(OutboxEvent.sequence < 3))
    assert (await database.past(TOPIC, after)).follows(after) is follows


async def test_a_long_past_is_read_in_parts(database: Database) -> None:
    number = history.AT_ONCE + 5
    async with database.work(GUEST) as work:
        work.touch(*[TOPIC] * number)
    first = await database.past(TOPIC, 0)
    assert (len(first.events), first.is_whole) == (history.AT_ONCE, False)
    rest = await database.past(TOPIC, first.events[-1].sequence)
    assert ([event.sequence for event in rest.events], rest.is_whole) == ([*range(number - 4, number + 1)], True)
