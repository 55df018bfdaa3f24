"""The numbers of a day in Engine, Vault and Shore."""

from datetime import date

from db import tables
from db.write import Work
from tests.world import World

NEEDS = ("repositories",)
DAY = date(2026, 1, 1)


async def make(world: World, work: Work) -> None:
    for repository, author in ((world.engine, world.ada), (world.vault, world.ada), (world.shore, world.olga)):
        whose = {"repository_id": repository.id, "date": DAY}
        times = {"cycle_times": [3_600, 7_200], "review_times": [600]}
        did = {"commits": 3, "additions": 6, "pull_requests_opened": 1, "pull_requests_merged": 1}
        team = tables.TeamMetric(**whose, **did, **times, developers=[author.id], issues_opened=1)
        world.rows[f"{repository.name}_day"] = await work.add(team)
        person = tables.DeveloperMetric(**whose, **did, **times, user_id=author.id)
        world.rows[f"{repository.name}_author_day"] = await work.add(person)
    of_ben = tables.DeveloperMetric(repository_id=world.engine.id, date=DAY, user_id=world.ben.id, reviews_given=1)
    world.rows["engine_reviewer_day"] = await work.add(of_ben)
