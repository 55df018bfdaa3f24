"""A job that somebody asked for: its row says how far it is, and a row that is cancelled stops it."""

import asyncio
from typing import Any

from db import tables
from db.actions import jobs
from db.engine import Database
from db.queue import operators
from db.queue.declared import JobKind, job
from db.queue.declared import kinds as declared_kinds
from db.queue.steps import Steps
from tests.db.queue.conftest import Working
from tests.db.queue.waiting import Queue
from tests.deadline import DEADLINE
from tests.world import World

STATE = "SELECT status::text, done, total, message, result::text FROM jobs WHERE kind = 'export'"


def export(*, fails: int = 0) -> tuple[JobKind, asyncio.Event, asyncio.Event]:
    """An export of three tables, which fails so many times, waits after the first, and says when it has begun."""
    begun, goes_on, left = asyncio.Event(), asyncio.Event(), [None] * fails

    @job(tries=2)
    async def export(steps: Steps, job: str) -> dict[str, Any]:
        await steps.progress(1, 3, "Exporting users")
        begun.set()
        await goes_on.wait()
        if left:
            left.pop()
            raise ValueError
        await steps.progress(3, 3, "Exporting courses")
        return {"rows": 7}

    return export, begun, goes_on


async def test_a_job_reports_how_far_it_is_and_its_result(queue: Queue, working: Working, world: World) -> None:
    kind, begun, goes_on = export()
    async with working(), asyncio.timeout(DEADLINE):
        await queue.add((kind, {"job": world.export.public_id}))
        await begun.wait()
        assert [tuple(row) for row in await queue.rows(STATE)] == [("RUNNING", 1, 3, "Exporting users", None)]
        goes_on.set()
        await queue.until_empty()
    assert [tuple(row) for row in await queue.rows(STATE)] == [("DONE", 3, 3, "Exporting courses", '{"rows": 7}')]


async def test_a_job_that_is_cancelled_while_it_runs_goes_no_further(
    queue: Queue, working: Working, world: World, database: Database
) -> None:
    kind, begun, goes_on = export()
    async with working(), asyncio.timeout(DEADLINE):
        await queue.add((kind, {"job": world.export.public_id}))
        await begun.wait()
        async with database.work(world.viewer("ben")) as work:
            await jobs.cancel(work, await work.get(tables.Job, world.export.public_id, at="jobId", lock=True))
        goes_on.set()
        await queue.until_empty()
    assert [tuple(row) for row in await queue.rows(STATE)] == [("CANCELLED", 1, 3, "Exporting users", None)]


async def test_a_job_that_was_cancelled_before_is_not_begun(
    queue: Queue, working: Working, world: World, database: Database
) -> None:
    kind, begun, _ = export()
    async with database.work(world.viewer("ben")) as work:
        await jobs.cancel(work, await work.get(tables.Job, world.export.public_id, at="jobId", lock=True))
    async with working():
        await queue.add((kind, {"job": world.export.public_id}))
        await queue.until_empty()
    assert not begun.is_set()


async def test_a_job_that_has_failed_for_good_says_so_and_can_be_done_after_all(
    queue: Queue, working: Working, world: World
) -> None:
    kind, _, goes_on = export(fails=2)
    goes_on.set()
    async with working():
        await queue.add((kind, {"job": world.export.public_id}))
        await queue.until("(SELECT status FROM queue.pgqueuer) = 'failed'")
        assert (await queue.rows(STATE))[0]["status"] == "FAILED"
        (kept,) = await operators.listed(queue.connection, "failed")
        await operators.retry(queue.connection, [kept.id])
        await queue.until_empty()
    assert (await queue.rows(STATE))[0]["status"] == "DONE"


async def test_rows_that_are_too_old_are_cleared_away(queue: Queue, working: Working, world: World) -> None:
    await queue.run("UPDATE sessions SET expires_at = now() - interval '31 days' WHERE user_id = $1", world.ben.id)
    await queue.run("ALTER TABLE jobs DISABLE TRIGGER ALL")
    await queue.run("UPDATE jobs SET status = 'DONE', updated_at = now() - interval '31 days' WHERE kind = 'export'")
    await queue.run(
        "INSERT INTO idempotency_keys (id, user_id, mutation, key, body_hash, created_at) "
        "SELECT gen_random_uuid(), $1, 'm', n::text, '', now() - n * interval '10 min' FROM generate_series(1, 2500) n",
        world.ben.id,
    )
    kinds = ("clear_sessions", "clear_jobs", "clear_idempotency_keys", "clear_queue")
    await queue.run(
        "INSERT INTO queue.pgqueuer_log (job_id, status, priority, entrypoint, traceback, created) "
        "SELECT -n, 'failed', 0, 'x', '{}', now() - interval '2 days' FROM generate_series(1, 1500) n"
    )
    async with working():
        await queue.add(*((declared_kinds()[kind], {}) for kind in kinds))
        await queue.until_empty()
    assert await queue.value("SELECT count(*) FROM sessions WHERE user_id = $1", world.ben.id) == 0
    assert await queue.value("SELECT count(*) FROM sessions") > 0
    assert [row["kind"] for row in await queue.rows("SELECT kind FROM jobs")] == ["report"]
    assert await queue.value("SELECT count(*) FROM idempotency_keys") == 143
    assert await queue.value("SELECT count(*) FROM queue.pgqueuer_log WHERE entrypoint = 'x'") == 0


async def test_partitions_of_the_months_to_come_are_made(queue: Queue, working: Working) -> None:
    made = "SELECT array_agg(inhrelid::regclass::text ORDER BY 1) FROM pg_inherits WHERE inhparent = $1::regclass"
    before = await queue.value(made, "webhook_events")
    newest = max(name for name in before if name[-1].isdigit())
    await queue.run(f"DROP TABLE {newest}")
    async with working():
        await queue.add((declared_kinds()["arrange_partitions"], {}))
        await queue.until_empty()
    assert sorted(await queue.value(made, "webhook_events")) == sorted(before)
