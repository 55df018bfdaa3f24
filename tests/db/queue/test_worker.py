"""Workers: in which order jobs are run, which not at the same time, and what becomes of those that fail."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from db.queue import operators
from db.queue.declared import JobKind, job
from db.queue.steps import Steps
from db.write import Work
from tests.db.queue.conftest import Working
from tests.db.queue.waiting import Queue
from tests.deadline import DEADLINE


async def test_a_job_begins_as_soon_as_it_is_there_and_is_out_of_the_queue_at_its_end(
    queue: Queue, working: Working
) -> None:
    begun = asyncio.Queue[str]()

    @job()
    async def greet(work: Work, who: str) -> None:
        begun.put_nowait(who)

    async with working(), asyncio.timeout(DEADLINE):
        await queue.add((greet, {"who": "Ada"}))
        assert await begun.get() == "Ada"
        await queue.add((greet, {"who": "Ben"}))
        assert await begun.get() == "Ben"
        await queue.until_empty()


async def test_a_job_that_is_done_leaves_no_row_behind(queue: Queue, working: Working) -> None:
    @job()
    async def greet(work: Work) -> None:
        """Do nothing."""

    await queue.add((greet, {}))
    async with working():
        await queue.until_empty()
    assert await queue.value("SELECT (SELECT count(*) FROM queue.pgqueuer) + count(*) FROM queue.pgqueuer_log") == 0


async def test_what_waits_is_queued_once_and_again_as_soon_as_it_runs(queue: Queue, working: Working) -> None:
    runs = [asyncio.Event(), asyncio.Event()]
    goes_on = asyncio.Event()
    begun = 0

    @job()
    async def count_words(work: Work, document: str) -> None:
        nonlocal begun
        runs[begun].set()
        begun += 1
        await goes_on.wait()

    for _ in range(3):
        await queue.add((count_words, {"document": "doc_1"}))
    assert await queue.value("SELECT count(*) FROM queue.pgqueuer") == 1
    async with working(), asyncio.timeout(DEADLINE):
        await runs[0].wait()
        for _ in range(3):
            await queue.add((count_words, {"document": "doc_1"}))
        assert await queue.value("SELECT count(*) FROM queue.pgqueuer") == 2
        goes_on.set()
        await queue.until_empty()
    assert begun == 2


async def test_a_job_that_waits_first_is_due_when_its_time_has_come(queue: Queue, working: Working) -> None:
    begun = asyncio.Event()

    @job(after=timedelta(milliseconds=300))
    async def gather(work: Work) -> None:
        begun.set()

    queued = "SELECT extract(epoch FROM execute_after - created)::float FROM queue.pgqueuer"
    for _ in range(2):
        await queue.add((gather, {}))
    assert [row[0] for row in await queue.rows(queued)] == [0.3]
    async with working(), asyncio.timeout(DEADLINE):
        await begun.wait()
        await queue.until_empty()


async def test_of_the_jobs_on_one_thing_one_runs_at_a_time_in_all_workers(queue: Queue, working: Working) -> None:
    running, most, done = {"one": 0, "two": 0}, {"one": 0, "two": 0}, 0

    @job(lock=("thing",))
    async def change(steps: Steps, thing: str, number: str) -> None:
        nonlocal done
        running[thing] += 1
        most[thing] = max(most[thing], running[thing])
        await steps.scalar(text("SELECT pg_sleep(0.002)"))  # type: ignore[arg-type]
        running[thing] -= 1
        done += 1

    await queue.add(
        *((change, {"thing": thing, "number": str(number)}) for number in range(10) for thing in ("one", "two"))
    )
    async with working(), working():
        await queue.until_empty()
    assert (done, most) == (20, {"one": 1, "two": 1})


async def test_what_is_more_urgent_runs_first(queue: Queue, working: Working) -> None:
    order = []

    @job()
    async def later(work: Work, number: str) -> None:
        order.append("later")

    @job(priority=1)
    async def sooner(work: Work, number: str) -> None:
        order.append("sooner")

    await queue.add(*((kind, {"number": str(number)}) for number in range(3) for kind in (later, sooner)))
    async with working(at_once=1):
        await queue.until_empty()
    assert order == ["sooner"] * 3 + ["later"] * 3


async def test_short_jobs_do_not_wait_behind_long_ones(queue: Queue, working: Working) -> None:
    goes_on, done = asyncio.Event(), asyncio.Event()

    @job(priority=1)
    async def export(steps: Steps, number: str) -> None:
        await goes_on.wait()

    @job()
    async def greet(work: Work, number: str) -> None:
        done.set()

    await queue.add(*((export, {"number": str(number)}) for number in range(8)))
    async with working(at_once=2), asyncio.timeout(DEADLINE):
        await queue.until("EXISTS (SELECT FROM queue.pgqueuer WHERE status = 'picked')")
        await queue.add((greet, {"number": "1"}))
        await done.wait()
        assert await queue.value("SELECT count(*) FROM queue.pgqueuer WHERE status = 'picked' AND priority = 1") == 1
        goes_on.set()
        await queue.until_empty()


def failing(times: int, **options: Any) -> tuple[JobKind, list[str]]:
    """A kind of job that fails so many times, and its tries."""
    tries: list[str] = []

    @job(**options)
    async def fail(work: Work, thing: str) -> None:
        await work.execute(text("UPDATE users SET bio = coalesce(bio, '') || 'x' WHERE name = 'Ada'"))
        tries.append(thing)
        if len(tries) <= times:
            raise ValueError("the secret of Ada")

    return fail, tries


async def test_a_job_that_fails_is_tried_again_and_what_it_did_is_rolled_back(queue: Queue, working: Working) -> None:
    fail, tries = failing(2)
    await queue.add((fail, {"thing": "one"}))
    async with working():
        await queue.until_empty()
    assert len(tries) == 3
    assert await queue.value("SELECT bio FROM users WHERE name = 'Ada'") == "x"


def noting(*failures: str) -> JobKind:
    """A kind of job that notes its thing and its transaction; it fails as often as its thing is among the failures."""
    left = [*failures]

    @job()
    async def note(work: Work, thing: str) -> None:
        await work.execute(text("INSERT INTO effects VALUES (:thing, pg_current_xact_id())"), {"thing": thing})
        if thing in left:
            left.remove(thing)
            raise ValueError

    return note


async def transactions(queue: Queue, working: Working, kind: JobKind, *, tries: int = 0) -> int:
    """In how many transactions three jobs were done, each of them once, which were tried so often before."""
    things = ["one", "three", "two"]
    await queue.run("CREATE TABLE effects (thing text, transaction xid8)")
    await queue.add(*((kind, {"thing": thing}) for thing in things))
    await queue.run("UPDATE queue.pgqueuer SET attempts = $1", tries)
    async with working(at_once=1):
        await queue.until_empty()
    assert [row["thing"] for row in await queue.rows("SELECT thing FROM effects ORDER BY thing")] == things
    return int(await queue.value("SELECT count(DISTINCT transaction) FROM effects"))


async def test_jobs_that_wait_together_share_a_transaction(queue: Queue, working: Working) -> None:
    assert await transactions(queue, working, noting()) == 1


async def test_a_job_that_fails_takes_nothing_from_those_beside_it(queue: Queue, working: Working) -> None:
    with_the_others, alone = "two", "two"
    assert await transactions(queue, working, noting(with_the_others, alone)) == 3


async def test_jobs_that_have_failed_or_ended_their_worker_share_no_transaction(queue: Queue, working: Working) -> None:
    assert await transactions(queue, working, noting(), tries=1) == 3


async def test_a_job_that_fails_for_good_is_kept_and_started_again_by_hand(queue: Queue, working: Working) -> None:
    fail, tries = failing(3, tries=3)
    await queue.add((fail, {"thing": "one"}))
    async with working():
        await queue.until("(SELECT status FROM queue.pgqueuer) = 'failed'")
        (kept,) = await operators.listed(queue.connection, "failed")
        assert (kept.kind, kept.arguments, kept.tries, kept.reason) == ("fail", {"thing": "one"}, 3, "ValueError")
        assert (await operators.state(queue.connection.fetch)).failed == 1
        await operators.retry(queue.connection, [kept.id])
        await queue.until_empty()
    assert len(tries) == 4
    assert await operators.listed(queue.connection) == []


async def test_a_failure_for_good_is_logged_once(
    queue: Queue, working: Working, caplog: pytest.LogCaptureFixture
) -> None:
    fail, _ = failing(1, tries=1)
    await queue.add((fail, {"thing": "one"}))
    with capture_logs() as logs:
        async with working():
            await queue.until("(SELECT status FROM queue.pgqueuer) = 'failed'")
    assert [entry["event"] for entry in logs].count("job failed for good") == 1
    assert caplog.records == []


async def test_what_is_kept_of_a_failure_has_no_values_in_it(queue: Queue, working: Working) -> None:
    fail, _ = failing(2, tries=2)
    await queue.add((fail, {"thing": "one"}))
    async with working():
        await queue.until("(SELECT status FROM queue.pgqueuer) = 'failed'")
    kept = await queue.value("SELECT string_agg(traceback::text, ' ') FROM queue.pgqueuer_log")
    assert "ValueError" in kept
    assert "secret" not in kept


def endless() -> tuple[JobKind, asyncio.Event]:
    """A kind of job that writes and does not end by itself, and whether it has begun."""
    begun = asyncio.Event()

    @job()
    async def wait(work: Work, thing: str) -> None:
        await work.execute(text("UPDATE users SET bio = 'x' WHERE name = 'Ada'"))
        begun.set()
        await asyncio.get_running_loop().create_future()

    return wait, begun


async def test_a_job_that_runs_can_be_cancelled_and_keeps_nothing(queue: Queue, working: Working) -> None:
    wait, begun = endless()
    await queue.add((wait, {"thing": "one"}))
    async with working(), asyncio.timeout(DEADLINE):
        await begun.wait()
        (running,) = await operators.listed(queue.connection, "picked")
        await operators.cancel(queue.connection, [running.id])
        await queue.until_empty()
    assert await queue.value("SELECT bio FROM users WHERE name = 'Ada'") is None


async def test_a_job_that_its_worker_could_not_end_is_given_back(queue: Queue, working: Working) -> None:
    wait, begun = endless()
    await queue.add((wait, {"thing": "one"}))
    async with working() as worker, asyncio.timeout(DEADLINE):
        await begun.wait()
        worker.give_up()
    assert await queue.value("SELECT status FROM queue.pgqueuer") == "queued"
    assert await queue.value("SELECT bio FROM users WHERE name = 'Ada'") is None


async def test_a_worker_that_was_believed_dead_keeps_nothing_and_ends_nothing(queue: Queue, working: Working) -> None:
    """Another worker has taken its job when it comes to itself."""
    goes_on, begun, done = asyncio.Event(), asyncio.Event(), 0

    @job()
    async def pay(work: Work, bill: str) -> None:
        nonlocal done
        await work.execute(text("UPDATE users SET bio = coalesce(bio, '') || 'x' WHERE name = 'Ada'"))
        begun.set()
        await goes_on.wait()
        done += 1

    await queue.add((pay, {"bill": "one"}))
    async with working(), asyncio.timeout(DEADLINE):
        await begun.wait()
        await queue.run("UPDATE queue.pgqueuer SET queue_manager_id = gen_random_uuid()")
        goes_on.set()
        while not done:  # noqa: ASYNC110  (nobody tells of it)
            await asyncio.sleep(0.01)
    assert await queue.value("SELECT bio FROM users WHERE name = 'Ada'") is None
    assert await queue.value("SELECT status FROM queue.pgqueuer") == "picked"


async def test_a_job_that_ends_its_workers_is_given_up_in_the_end(queue: Queue, working: Working) -> None:
    fail, tries = failing(0, tries=2)
    await queue.add((fail, {"thing": "one"}))
    for status in ("picked", "queued") * 2:
        await queue.run("UPDATE queue.pgqueuer SET status = $1::text::queue.pgqueuer_status", status)
    async with working():
        await queue.until("(SELECT status FROM queue.pgqueuer) = 'failed'")
    assert tries == []


async def test_a_job_repeats_itself_by_the_clock_once_for_all_workers(queue: Queue, working: Working) -> None:
    ran = list[str]()

    @job(cron="0 0 1 1 *")
    async def greet(work: Work) -> None:
        ran.append("happy new year")

    async with working():
        await queue.until("EXISTS (SELECT FROM queue.pgqueuer_schedules WHERE entrypoint = 'greet')")
    await queue.run("UPDATE queue.pgqueuer_schedules SET next_run = now()")
    async with working(), working():
        await queue.until("(SELECT last_run IS NOT NULL FROM queue.pgqueuer_schedules WHERE entrypoint = 'greet')")
        await queue.until_empty()
    assert len(ran) == 1
