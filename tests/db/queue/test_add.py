"""Jobs are made of events before these are published: each event makes its job once."""

from contextlib import suppress
from typing import Any

import pytest

from db import relay
from db.access import GUEST
from db.pool import Pool
from db.queue.add import add
from db.queue.declared import job
from db.tables import JobEventKind
from db.write import Work
from tests.conftest import NotingDatabase
from tests.db.queue.waiting import Queue
from tests.db.test_relay import Published, refuse
from tests.world import World

QUEUED = "SELECT entrypoint, payload::text FROM queue.pgqueuer ORDER BY id"


async def changed(database: NotingDatabase, world: World) -> None:
    """Tell that something happened to a job."""
    async with database.work(GUEST) as work:
        await work.happened(JobEventKind.JOB_CHANGED, world.export)


@pytest.fixture(autouse=True)
def declared() -> None:
    @job(on=(JobEventKind.JOB_CHANGED,))
    async def review(work: Work, job: str) -> None:
        """Look at it."""


async def test_an_event_that_is_committed_makes_its_job_when_it_is_relayed(
    database: NotingDatabase, queue: Queue, world: World
) -> None:
    await changed(database, world)
    assert await queue.rows(QUEUED) == []
    await database.relay(Published())
    found = [(row["entrypoint"], bytes.fromhex(row["payload"][2:])) for row in await queue.rows(QUEUED)]
    assert found == [("review", f'{{"job":"{world.export.public_id}"}}'.encode())]


async def test_an_event_that_is_rolled_back_makes_none(database: NotingDatabase, queue: Queue, world: World) -> None:
    with suppress(ZeroDivisionError):
        async with database.work(GUEST) as work:
            await work.happened(JobEventKind.JOB_CHANGED, world.export)
            await work.session()
            raise ZeroDivisionError
    await database.relay(Published())
    assert await queue.rows(QUEUED) == []


async def test_an_event_that_is_relayed_a_second_time_has_made_its_job_once(
    database: NotingDatabase, queue: Queue, world: World
) -> None:
    """As after a relay that was killed before it had published what has its jobs. What is done is not made again."""
    await changed(database, world)
    with pytest.raises(ConnectionError):
        await database.relay(refuse)
    assert len(await queue.rows(QUEUED)) == 1
    await queue.run("DELETE FROM queue.pgqueuer")
    assert [await database.relay(Published()) for _ in range(2)] == [1, 0]
    assert await queue.rows(QUEUED) == []


async def test_a_relay_that_ends_while_it_makes_jobs_leaves_that_to_the_next(
    database: NotingDatabase, queue: Queue, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*arguments: Any) -> None:
        await add(*arguments)
        raise ConnectionError

    await changed(database, world)
    with monkeypatch.context() as patched:
        patched.setattr(relay, "add", killed)
        with pytest.raises(ConnectionError):
            await database.relay(Published())
    assert await queue.rows(QUEUED) == []
    await database.relay(Published())
    assert len(await queue.rows(QUEUED)) == 1


async def test_no_event_is_published_before_it_has_its_jobs(
    database: NotingDatabase, queue: Queue, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another is committed between the two."""
    have_jobs, published = relay._have_jobs, Published()

    async def slow(pool: Pool) -> bool:
        made = await have_jobs(pool)
        await changed(database, world)
        return made

    await changed(database, world)
    with monkeypatch.context() as patched:
        patched.setattr(relay, "_have_jobs", slow)
        assert await database.relay(published) == 1
    await queue.run("DELETE FROM queue.pgqueuer")
    assert await database.relay(published) == 1
    assert len(await queue.rows(QUEUED)) == 1


async def test_all_events_that_wait_have_their_jobs_made_also_those_of_later_rounds(
    database: NotingDatabase, queue: Queue, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "WAITING", relay.WAITING.replace(str(relay.MAX_AT_ONCE), "1"))
    monkeypatch.setattr(relay, "QUEUE", relay.QUEUE.replace(str(relay.MAX_AT_ONCE), "1"))
    monkeypatch.setattr(relay, "MAX_AT_ONCE", 1)
    for _ in range(3):
        await changed(database, world)
    with pytest.raises(ConnectionError):
        await database.relay(refuse)
    assert await queue.value("SELECT count(*) FROM outbox_events WHERE queued_at IS NOT NULL") == 3
