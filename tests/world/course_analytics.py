"""Logic in numbers."""

from db import tables
from db.write import Work
from tests.world import NOON, World

NEEDS = ("courses",)


async def make(world: World, work: Work) -> None:
    counted = tables.CourseAnalytics(
        course_id=world.logic.id,
        total_enrollments=1,
        active_enrollments=1,
        average_progress=25.0,
        average_rating=4.0,
        last_calculated_at=NOON,
    )
    world.rows["course_numbers"] = await work.add(counted)
