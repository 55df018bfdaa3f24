"""A process that commits events which make jobs: `python -m scripts.benchmark.jobs.feed`.

It is told on its standard input how many and how fast, and answers with the moments of the commits.
"""

import asyncio
import os
import sys
import time

import orjson

from app.realtime import Realtime
from app.relay import Wakes
from db.access import GUEST
from db.engine import Database
from db.outbox import Event
from scripts.benchmark.jobs.worker import BenchEventKind

TICKS = 50
"""Transactions a second, each with the events of its time."""
BULK = 100
"""Events of a transaction where as many are wanted as can be."""
TOPICS = 10


async def feed(database: Database, *, first: int, count: int, rate: int) -> list[float]:
    """Commit events with the numbers from `first` on, `rate` a second or all at once for 0; returns when each was."""
    size = max(rate // TICKS, 1) if rate else BULK
    started, committed = time.monotonic(), list[float]()
    for number in range(0, count, size):
        if rate:
            await asyncio.sleep(started + number / rate - time.monotonic())
        some = range(first + number, first + min(number + size, count))
        async with database.work(GUEST) as work:
            work.events += [
                Event(f"bench:{one % TOPICS}", BenchEventKind.MARKED.value, {"number": str(one)}) for one in some
            ]
        committed += [time.time()] * len(some)
    return committed


async def main() -> None:
    """Answer each line of the standard input."""
    database = Database(os.environ["DATABASE_URL"])
    loop = asyncio.get_running_loop()
    async with Realtime(os.environ["REDIS_URL"]) as realtime, Wakes(database, realtime):
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            committed = await feed(database, **orjson.loads(line))
            sys.stdout.write(orjson.dumps(committed).decode() + "\n")
            sys.stdout.flush()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
