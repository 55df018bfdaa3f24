"""Numbers of teams and developers: exact whatever happened in whichever order, and nothing counted for nothing."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from db import tables
from db.access import GUEST
from db.actions.metrics import count_days, count_touched_days
from db.base import Base, new_id
from db.engine import Database
from db.outbox import OutboxTopic
from tests.db.actions.recounting import FIRST, KEYS, Happenings, kept, recounted
from tests.db.actions.test_media import run
from tests.db.queue.waiting import Queue
from tests.world import World


async def marks(database: Database) -> int:
    """How many days wait to be counted, each as often as it was touched."""
    async with database.work(GUEST) as work:
        return len((await work.scalars(select(tables.TouchedDay.id))).all())


async def counted(database: Database) -> None:
    """Count all that waits."""
    await run(database, count_touched_days.name)


async def is_exact(database: Database) -> None:
    """Check that all numbers are those of the rows."""
    for table, numbers in (await recounted(database)).items():
        found = await kept(database, table)
        assert {key: one for key, one in found.items() if one != numbers.get(key)} == {}, table
        assert numbers.keys() == found.keys()


@pytest.fixture
async def emptied(database: Database) -> Database:
    """A database without the numbers that are made up for the world."""
    async with database.work(GUEST) as work:
        for table in KEYS:
            await work.execute(delete(table))
    return database


def happenings(world: World, seed: int) -> Happenings:
    return Happenings(seed, [world.engine, world.vault, world.shore], [world.ada, world.ben, world.olga])


@pytest.mark.parametrize("seed", range(4))
async def test_numbers_are_exact_whatever_comes_in_whichever_order(emptied: Database, world: World, seed: int) -> None:
    happening = happenings(world, seed)
    for _ in range(12):
        async with emptied.work(GUEST) as work:
            for _ in range(happening.random.randrange(1, 25)):
                await happening.happen(work)
        if happening.random.random() < 0.5:
            await counted(emptied)
    await counted(emptied)
    assert await marks(emptied) == 0
    await is_exact(emptied)


async def test_of_two_who_count_the_one_that_has_read_before_writes_before(
    emptied: Database, world: World, queue: Queue
) -> None:
    async def commit(day: int) -> None:
        at = FIRST + timedelta(days=day)
        one = {"message": "", "author_name": "Ben", "author_email": "ben@example.com", "author_id": world.ben.id}
        sha = f"{new_id().int % 2**160:040x}"
        async with emptied.work(GUEST) as work:
            await work.add(
                tables.Commit(repository_id=world.engine.id, sha=sha, authored_at=at, committed_at=at, **one)
            )

    async def count() -> None:
        async with emptied.work(GUEST) as work:
            await count_days(work, world.engine.id)

    await commit(1)
    await commit(2)
    await counted(emptied)
    await commit(1)
    await commit(2)
    async with asyncio.TaskGroup() as tasks, queue.connection.transaction():
        await queue.run("SELECT FROM repository_stats WHERE date = $1 FOR UPDATE", (FIRST + timedelta(days=1)).date())
        tasks.create_task(count())
        await queue.until("EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        await commit(2)
        second = tasks.create_task(count())
        waits = tasks.create_task(queue.until("(SELECT count(*) FROM pg_locks WHERE NOT granted) > 1"))
        await asyncio.wait([second, waits], return_when=asyncio.FIRST_COMPLETED)
        waits.cancel()
    await is_exact(emptied)


async def test_a_day_keeps_its_id_and_is_not_written_where_nothing_is_different(
    emptied: Database, world: World
) -> None:
    async def days() -> dict[Any, Any]:
        async with emptied.work(GUEST) as work:
            found: list[Any] = [row for table in KEYS for row in (await work.scalars(select(table))).all()]
            return {row.id: row.updated_at for row in found}

    await counted(emptied)
    once = await days()
    assert once
    async with emptied.work(GUEST) as work:
        for table in (tables.Commit, tables.PullRequest, tables.Issue):
            await work.execute(update(table).values(id=table.id))
    assert await marks(emptied) > 0
    await counted(emptied)
    assert await days() == once
    async with emptied.work(GUEST) as work:
        await work.execute(update(tables.Commit).values(additions=tables.Commit.additions + 1))
    await counted(emptied)
    again = await days()
    assert again.keys() == once.keys()
    assert again != once


@pytest.mark.parametrize("table", [tables.TeamMetric, tables.DeveloperMetric, tables.RepositoryStats])
async def test_a_day_on_which_nothing_is_left_has_no_numbers(
    emptied: Database, world: World, table: type[Base]
) -> None:
    await counted(emptied)
    assert await kept(emptied, table)
    async with emptied.work(GUEST) as work:
        kinds = (tables.PullRequestReview, tables.PullRequest, tables.Commit, tables.Issue, tables.Release)
        for one in (*kinds, tables.IngestionGap):
            await work.execute(delete(one))
    await counted(emptied)
    assert await kept(emptied, table) == {}


async def test_a_repository_that_is_deleted_leaves_no_marks(emptied: Database, world: World) -> None:
    async with emptied.work(GUEST) as work:
        await work.execute(delete(tables.Repository))
    assert await marks(emptied) == 0


async def test_whoever_follows_a_repository_hears_that_its_numbers_are_others(emptied: Database, world: World) -> None:
    async with emptied.work(GUEST) as work:
        await work.execute(update(tables.Commit).values(additions=7))
        before = await work.scalar(select(OutboxTopic.sequence).where(_is_of(world.engine)))
    await counted(emptied)
    async with emptied.work(GUEST) as work:
        after = await work.scalar(select(OutboxTopic.sequence).where(_is_of(world.engine)))
    assert (before or 0) < (after or 0)


def _is_of(repository: tables.Repository) -> Any:
    return OutboxTopic.topic == f"repository:{repository.id.hex}"
