"""What Ben saw of the requirements, before anything was said; and Rob, who was removed from the project since."""

from db import tables
from db.write import Work
from tests.world import NOON, World

NEEDS = ("specs",)


async def make(world: World, work: Work) -> None:
    for name in ("ben", "rob"):
        visit = tables.DocumentVisit(
            document_id=world.requirements.id, user_id=world.rows[name].id, version=1, sequence=0, seen_at=NOON
        )
        world.rows[f"{name}s_visit"] = await work.add(visit)
