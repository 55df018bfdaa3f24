"""A worker beside a server, with a kind of job to be measured: `python -m scripts.benchmark.jobs.worker`."""

import time

from sqlalchemy import text

from app.settings import Settings
from app.work import run
from db.enums import Words
from db.queue.declared import job
from db.write import Work

EFFECT = text("INSERT INTO bench.effects (number, begun) VALUES (:number, :begun)")


class BenchEventKind(Words):
    """An event that makes a job."""

    MARKED = "MARKED", "Something is to be marked."


@job(on=(BenchEventKind.MARKED,))
async def mark(work: Work, number: str) -> None:
    """Write one row: when the job with this number has begun."""
    await work.execute(EFFECT, {"number": int(number), "begun": time.time()})


if __name__ == "__main__":
    run(Settings(), attached=True)  # type: ignore[call-arg]  # in the environment
