"""Jobs as the benchmark measures them are made by events and done once, and its figures say what they mean."""

import asyncio
from dataclasses import replace

from db.address import Address
from db.queue.worker import Worker
from scripts.benchmark.dataset import SQL
from scripts.benchmark.jobs.feed import feed
from scripts.benchmark.jobs.report import targets
from scripts.benchmark.jobs.runs import Jobs, Plan, Reads, Round
from tests.conftest import NotingDatabase
from tests.db.queue.waiting import Queue
from tests.db.test_relay import Published

JOBS = Jobs(per_second=500.0, p50=20.0, p95=50.0, worker=1.0, database=1.0, wrong=0)
ALONE = Reads(p50=2.0, p95=4.0, failed=0)
GOOD = Round(ALONE, replace(ALONE, p95=6.0), JOBS, JOBS, JOBS)


async def test_every_event_that_is_fed_makes_a_job_that_leaves_its_number_once(
    database: NotingDatabase, database_url: str
) -> None:
    connection = await Address.parse(database_url).connect()
    queue = Queue(database_url, connection)
    await queue.run(f"CREATE SCHEMA bench; {(SQL / 'jobs.sql').read_text()}")
    committed = await feed(database, first=5, count=30, rate=0)
    while await database.relay(Published()):
        pass
    worker = Worker(database, Address.parse(database_url))
    running = asyncio.create_task(worker.run())
    await queue.until_empty()
    worker.stop()
    await asyncio.wait([running])
    assert [row["number"] for row in await queue.rows("SELECT number FROM bench.effects ORDER BY 1")] == [*range(5, 35)]
    assert len(committed) == 30
    await connection.close()


def test_targets_are_held_against_medians() -> None:
    plan = Plan(rate=500, rounds=3, seconds=1)
    slow = replace(GOOD, beside=replace(ALONE, p95=40.0), steady=replace(JOBS, per_second=100.0, p50=900.0))
    assert [target.reached for target in targets([GOOD, slow, GOOD], plan)] == [True] * 5
    assert [target.reached for target in targets([slow, GOOD, slow], plan)] == [False, False, False, True, True]


def test_one_job_that_was_not_done_once_and_one_read_that_failed_are_too_many() -> None:
    plan = Plan(rate=500, rounds=2, seconds=1)
    twice = replace(GOOD, most=replace(JOBS, wrong=1), beside=replace(GOOD.beside, failed=1))
    assert [target.reached for target in targets([GOOD, twice], plan)] == [True, True, True, False, False]
