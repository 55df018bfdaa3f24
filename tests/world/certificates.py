"""Ben's certificate of Logic."""

from db import tables
from db.write import Work
from tests.world import NOON, World

NEEDS = ("courses",)


async def make(world: World, work: Work) -> None:
    certificate = tables.Certificate(
        user_id=world.ben.id,
        course_id=world.logic.id,
        holder_name="Ben",
        course_title=world.logic.title,
        certificate_no="TRL-2026-000000BENBY",
        issued_at=NOON,
    )
    world.rows["certificate"] = await work.add(certificate)
