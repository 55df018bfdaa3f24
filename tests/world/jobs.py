"""What Ada and Ben have asked to be done: Ada for the organization Analytical."""

from db import tables
from db.tables import JobStatus
from db.write import Work
from tests.world import World

NEEDS = ("accounts", "organizations")


async def make(world: World, work: Work) -> None:
    export = tables.Job(
        kind="export", user_id=world.ben.id, status=JobStatus.RUNNING, done=2, total=5, message="Halfway"
    )
    report = tables.Job(kind="report", user_id=world.ada.id, organization_id=world.analytical.id)
    for name, job in (("export", export), ("report", report)):
        world.rows[name] = await work.add(job)
