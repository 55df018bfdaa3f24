"""Making the partitions of the months to come, and dropping those whose time is over."""

from db import partitions
from db.queue.declared import job
from db.queue.steps import Steps


@job(cron="11 2 * * *")
async def arrange_partitions(steps: Steps) -> None:
    """Make the partitions of the months to come, and drop those whose time is over."""
    async with steps.owned() as connection:
        await connection.run_sync(partitions.arrange)
