"""The relay's side of the outbox: what is committed is published in order, again if need be, and kept for a while."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select, text, update

from db import relay
from db.access import GUEST
from db.address import Address
from db.base import new_id
from db.engine import Database
from db.epoch import EPOCH, decode
from db.outbox import Event, OutboxEvent
from db.queue import declared
from db.relay import CLEARED_EVERY, KEPT
from db.session_settings import COMPILED_SETTINGS
from db.tables import JobEventKind
from db.write import Work
from tests.conftest import NotingDatabase
from tests.world import World

TOPIC = "project:1"


async def touch(database: Database, *topics: str) -> None:
    async with database.work(GUEST) as work:
        work.touch(*topics)


class Published(list[tuple[str, int]]):
    """The topics and numbers of all that was published."""

    async def __call__(self, events: Sequence[Event]) -> None:
        self += [(event.topic, event.sequence) for event in events]


async def refuse(_events: Sequence[Event]) -> None:
    raise ConnectionError


async def test_events_are_published_once_in_the_order_of_their_topic(database: NotingDatabase) -> None:
    published = Published()
    for topics in (("b", "a"), ("a",)):
        await touch(database, *topics)
        await database.relay(published)
    assert await database.relay(published) == 0
    assert published == [("a", 1), ("b", 1), ("a", 2)]


async def test_an_event_that_lacks_what_its_job_is_about_stops_nobody(
    database: NotingDatabase, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(declared, "KINDS", {**declared.kinds()})

    @declared.job(on=(JobEventKind.JOB_CHANGED,))
    async def weigh(work: Work, elephant: str) -> None:
        """Weigh an elephant, which no event names."""

    @declared.job(on=(JobEventKind.JOB_CHANGED,))
    async def review(work: Work, job: str) -> None:
        """Look at it."""

    not_made = declared.NOT_MADE.labels("weigh")._value
    before, published = not_made.get(), Published()
    async with database.work(GUEST) as work:
        await work.happened(JobEventKind.JOB_CHANGED, world.export)
    assert await database.relay(published) == len(published) == 1
    made = await database.writers.fetch("SELECT entrypoint FROM queue.pgqueuer", ())
    assert ({row["entrypoint"] for row in made} & {"weigh", "review"}, not_made.get()) == ({"review"}, before + 1)


async def test_an_event_has_its_cursor_once_it_is_published(database: NotingDatabase) -> None:
    events: list[Event] = []

    async def publish(some: Sequence[Event]) -> None:
        events.extend(some)

    await touch(database, TOPIC, TOPIC)
    await database.relay(publish)
    ((epoch,),) = await database.writers.fetch(f"SELECT {EPOCH}", ())
    assert [decode(TOPIC, event.cursor) for event in events] == [(epoch, 1), (epoch, 2)]


async def test_more_than_fit_into_one_round_are_published_in_several(
    database: NotingDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "WAITING", relay.WAITING.replace(str(relay.MAX_AT_ONCE), "3"))
    published = Published()
    await touch(database, *"aabbb")
    assert [await database.relay(published) for _ in range(3)] == [3, 2, 0]
    assert published == [("a", 1), ("a", 2), ("b", 1), ("b", 2), ("b", 3)]


async def test_the_oldest_events_are_published_first_whatever_their_topic(
    database: NotingDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "WAITING", relay.WAITING.replace(str(relay.MAX_AT_ONCE), "3"))
    published = Published()
    for topics in ("aa", "z", "aaa", "m"):
        await touch(database, *topics)
    assert [await database.relay(published) for _ in range(3)] == [3, 3, 1]
    assert published == [("a", 1), ("a", 2), ("z", 1), ("a", 3), ("a", 4), ("a", 5), ("m", 1)]


MANY = """
    INSERT INTO outbox_events (id, topic, sequence, kind, ids, published_at)
    SELECT uuidv7(), 'project:' || number % 100, number, 'CHANGED', '{}', CASE WHEN number % 2 = 0 THEN now() END
    FROM generate_series(1, 4000) AS number
"""


@pytest.mark.parametrize(
    ("statement", "argument", "index"),
    [
        (relay.WAITING, ["A", "B"], "ix_outbox_events_unpublished"),
        (relay.QUEUE, ["A", "B"], "ix_outbox_events_without_jobs"),
        (relay.NEXT, [new_id()], "ix_outbox_events_unpublished"),
        (relay.PUBLISHED, [new_id()], "pk_outbox_events"),
    ],
)
async def test_events_are_found_by_an_index_however_many_there_are(
    database_url: str, statement: str, argument: list[object], index: str
) -> None:
    connection = await Address.parse(database_url).connect(COMPILED_SETTINGS)
    await connection.execute(MANY)
    await connection.execute("ANALYZE outbox_events")
    plan = await connection.fetch(f"EXPLAIN {statement}", argument)
    await connection.close()
    scans = [line for (line,) in plan if "Scan" in line and "outbox_events" in line]
    assert f"using {index} on outbox_events" in scans[0]
    assert not any("Seq Scan" in scan for scan in scans)


async def test_what_could_not_be_published_comes_again_under_the_same_numbers(database: NotingDatabase) -> None:
    published = Published()
    await touch(database, TOPIC, TOPIC)
    with pytest.raises(ConnectionError):
        await database.relay(refuse)
    await database.relay(published)
    assert published == [(TOPIC, 1), (TOPIC, 2)]


async def test_relays_take_turns(database: NotingDatabase, database_url: str) -> None:
    """While one has not heard that its events are published, no other publishes those behind them."""
    other, published, may_go_on, began = Database(database_url), Published(), asyncio.Event(), asyncio.Event()

    async def slow(events: Sequence[Event]) -> None:
        began.set()
        await may_go_on.wait()
        await published(events)

    await touch(database, TOPIC)
    first = asyncio.create_task(database.relay(slow))
    await began.wait()
    await touch(database, TOPIC)
    assert await other.relay(published) == 0
    may_go_on.set()
    assert await first == 1
    assert await other.relay(published) == 1
    assert published == [(TOPIC, 1), (TOPIC, 2)]
    await other.close()


@pytest.mark.parametrize(("minutes", "left"), [(1, KEPT + CLEARED_EVERY), (3, KEPT)])
async def test_two_minutes_and_three_hundred_events_of_a_topic_are_kept(
    database: NotingDatabase, minutes: int, left: int
) -> None:
    published = Published()
    await touch(database, *[TOPIC] * (KEPT + CLEARED_EVERY - 1), "other")
    await database.relay(published)
    async with database.work(GUEST) as work:
        before = func.now() - text(f"interval '{minutes} minutes'")
        await work.execute(update(OutboxEvent).values(published_at=before), synchronize_session=False)
    await touch(database, TOPIC)
    await database.relay(published)
    async with database.read() as session:
        mine = select(func.count(), func.max(OutboxEvent.sequence)).where(OutboxEvent.topic == TOPIC)
        assert (await session.execute(mine)).one() == (left, KEPT + CLEARED_EVERY)
        assert await session.scalar(select(func.count()).where(OutboxEvent.topic == "other")) == 1
