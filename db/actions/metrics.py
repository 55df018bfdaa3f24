"""Teams and developers in numbers: a job counts the days of repositories on which something has changed.

All numbers of a day are counted from its rows again, so it does not matter in which order these came, nor how often.
"""

from uuid import UUID

from sqlalchemy import select

from db import tables
from db.actions.counting_days import COUNTING
from db.outbox import topic
from db.queue.declared import job
from db.queue.steps import Steps
from db.write import Work


@job(cron="* * * * *")
async def count_touched_days(steps: Steps) -> None:
    """Count the days of repositories on which something has changed, one repository after the other."""
    mark = tables.TouchedDay
    async with steps.work() as work:
        repositories = (await work.scalars(select(mark.repository_id).distinct().order_by(mark.repository_id))).all()
    for repository_id in repositories:
        async with steps.work() as work:
            await count_days(work, repository_id)


async def count_days(work: Work, repository_id: UUID) -> None:
    """Count the touched days of a repository. Who counts them at the same time, or deletes it, waits for the marks that
    this takes away: nobody writes later what they have read before.
    """
    if (await work.execute(COUNTING, {"repository": repository_id})).scalar_one():
        work.touch(topic("repository", repository_id))
