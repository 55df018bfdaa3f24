"""A job has its effect once, whatever happens to the workers that run it."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from app.cli import ROOT
from tests.db.queue.killed import write, write_in_steps
from tests.db.queue.waiting import Queue
from tests.deadline import DEADLINE

JOBS = 1_000


@contextmanager
def killed(url: str) -> Iterator[subprocess.Popen[str]]:
    """Workers of which twenty have been killed, and one works on."""
    command = [sys.executable, "-m", "tests.db.queue.killed", url]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield process
        finally:
            assert process.stdin
            process.stdin.close()


async def test_of_a_thousand_jobs_each_has_its_effect_once_whenever_workers_are_killed(queue: Queue) -> None:
    await queue.run("CREATE TABLE effects (number integer, written bigserial)")
    await queue.add(*((write if number % 4 else write_in_steps, {"number": str(number)}) for number in range(JOBS)))
    with killed(queue.url) as process:
        assert process.stdout
        assert await asyncio.to_thread(process.stdout.readline) == "killed\n"
        await queue.until_empty(within=DEADLINE)
    found = sorted(row[0] for row in await queue.rows("SELECT number FROM effects"))
    assert found == list(range(JOBS))
    assert await queue.value("SELECT max(written) FROM effects") > JOBS
