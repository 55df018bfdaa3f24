"""What is said of Logic: Sam likes it, and Vera's words are hidden."""

from db import tables
from db.write import Work
from tests.world import World

NEEDS = ("courses",)


async def make(world: World, work: Work) -> None:
    for name, person, rating, is_hidden in (("praise", "sam", 4, False), ("rant", "vera", 1, True)):
        review = tables.CourseReview(
            course_id=world.logic.id,
            user_id=world.rows[person].id,
            rating=rating,
            comment=f"The {name} of {person}",
            is_hidden=is_hidden,
        )
        world.rows[name] = await work.add(review)
