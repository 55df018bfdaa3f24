"""Jobs are made of events, in the transaction in which these are published: each event makes its job once."""

from contextlib import suppress

import pytest

from db.access import GUEST
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
    await changed(database, world)
    with pytest.raises(ConnectionError):
        await database.relay(refuse)
    assert await queue.rows(QUEUED) == []
    await database.relay(Published())
    await database.relay(Published())
    assert len(await queue.rows(QUEUED)) == 1
