"""How long Analytical and Remote keep what GitHub sent."""

from db import tables
from db.tables import RetentionKind
from db.write import Work
from tests.world import World

NEEDS = ("organizations",)


async def make(world: World, work: Work) -> None:
    for name, days in (("analytical", 30), ("remote", 60)):
        policy = tables.RetentionPolicy(organization_id=world.rows[name].id, kind=RetentionKind.EVENTS, days=days)
        world.rows[f"{name}_keeps"] = await work.add(policy)
