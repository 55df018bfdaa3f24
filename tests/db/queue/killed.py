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
from db.queue.steps import Steps
from db.queue.worker import Worker
from db.write import Work

LIVES = 20
LONGEST = 30
"""Effects that a worker writes until it is killed, at most: they cannot be all that there are."""
HEARTBEAT = 0.5
PIPE = 65_536
WRITTEN, WRITES = os.pipe()
"""Have a byte for each effect that is written, before it is committed."""


@job(tries=1_000)
async def write(work: Work, number: str) -> None:
    """Write a number: to do it twice is to have it twice."""
    await work.execute(text("INSERT INTO effects (number) VALUES (:number)"), {"number": int(number)})
    os.write(WRITES, b".")


@job(tries=1_000)
async def write_in_steps(steps: Steps, number: str) -> None:
    """Write a number in a step that can be done twice, and say so in another."""
    async with steps.work() as work:
        await work.execute(
            text(
                "INSERT INTO effects (number) SELECT :number "
                "WHERE NOT EXISTS (SELECT FROM effects WHERE number = :number)"
            ),
            {"number": int(number)},
        )
        os.write(WRITES, b".")
    await steps.progress(1)


async def work(url: str) -> None:
    """Be a worker until somebody ends it."""
    await Worker(Database(url, pool_size=32), Address.parse(url), heartbeat=HEARTBEAT).run()


def main(url: str) -> None:
    """Kill one worker after the other in the middle of its work, and leave the last one to do what is left."""
    for life in range(LIVES + 1):
        child = os.fork()
        if child == 0:
            asyncio.run(work(url))
        for _ in range(random.randint(1, LONGEST)):
            os.read(WRITTEN, 1)
        if life < LIVES:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.write(WRITES, b".")
            os.read(WRITTEN, PIPE)  # the next life begins with none
    sys.stdout.write("killed\n")
    sys.stdout.flush()
    sys.stdin.read()
    os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
