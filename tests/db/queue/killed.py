"""Workers that are killed in the middle of their jobs: `python -m tests.db.queue.killed URL`.

A process of its own, without threads, so that it can fork a worker that has everything imported.
"""

import asyncio
import os
import random
import signal
import sys

from sqlalchemy import text

from db.address import Address
from db.engine import Database
from db.queue.declared import job
from db.queue.running import Run
from db.queue.steps import Steps
from db.queue.worker import Worker
from db.write import Work

LIVES = 20
LONGEST = 30
"""Jobs that a worker begins until it is killed, at most: they cannot end all that there are."""
HEARTBEAT = 0.5


@job(tries=1_000)
async def write(work: Work, number: str) -> None:
    """Write a number: to do it twice is to have it twice."""
    await work.execute(text("INSERT INTO effects VALUES (:number)"), {"number": int(number)})


@job(tries=1_000)
async def write_in_steps(steps: Steps, number: str) -> None:
    """Write a number in a step that can be done twice, and say so in another."""
    async with steps.work() as work:
        await work.execute(
            text("INSERT INTO effects SELECT :number WHERE NOT EXISTS (SELECT FROM effects WHERE number = :number)"),
            {"number": int(number)},
        )
    await steps.progress(1)


async def work(url: str, begun: int) -> None:
    """Be a worker until somebody ends it, and say so whenever a job is begun."""
    worker = Worker(Database(url, pool_size=32), Address.parse(url), heartbeat=HEARTBEAT)
    begin = Run.begin

    async def begins(self: Run) -> None:
        os.write(begun, b".")
        await begin(self)

    Run.begin = begins  # type: ignore[method-assign]
    await worker.run()


def main(url: str) -> None:
    """Kill one worker after the other in the middle of its work, and leave the last one to do what is left."""
    for life in range(LIVES + 1):
        begun, begins = os.pipe()
        child = os.fork()
        if child == 0:
            asyncio.run(work(url, begins))
        for _ in range(random.randint(1, LONGEST)):
            os.read(begun, 1)
        if life < LIVES:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    sys.stdout.write("killed\n")
    sys.stdout.flush()
    sys.stdin.read()
    os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
