"""A course of Ines that was in the catalogue and is deleted, for the tests that need one."""

from db import tables
from db.tables import Difficulty
from tests.conftest import Graph
from tests.graphql_schema.asking import add
from tests.world import NOON, World


async def withdraw(graph: Graph, world: World) -> None:
    """Let the world have it, as `withdrawn`."""
    course = tables.Course(
        slug="withdrawn",
        title="Withdrawn",
        description="All of withdrawn",
        instructor_id=world.ines.id,
        difficulty=Difficulty.BEGINNER,
        published_at=NOON,
        deleted_at=NOON,
    )
    await add(graph.database, course)
    world.rows["withdrawn"] = course
