"""What never came is known as long as it is missing, in whichever order the rest arrives."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import delete

from db import tables
from db.access import GUEST
from db.tables import IngestionGapKind
from tests.conftest import NotingDatabase
from tests.db.ingesting import Message, found, keep, now, project, tell
from tests.db.telling import issue, pull_request, pushed, sha
from tests.graphql_schema.asking import change
from tests.world import World

_gap = tables.IngestionGap


async def commits(database: NotingDatabase, world: World) -> list[tuple[str | None, str | None]]:
    """The gaps between commits that are open, but for that of the world."""
    of_it = _gap.repository_id == world.engine.id, _gap.is_open, _gap.kind == IngestionGapKind.COMMITS
    gaps = await found(database, _gap, *of_it, _gap.id != world.engine_gap.id)
    return [(gap.before_sha, gap.after_sha) for gap in gaps]


async def numbers(database: NotingDatabase, world: World) -> list[tuple[int, int]]:
    """The ranges of numbers that are missing."""
    of_it = _gap.repository_id == world.engine.id, _gap.is_open, _gap.kind == IngestionGapKind.NUMBERS
    return sorted((gap.first_number, gap.last_number) for gap in await found(database, _gap, *of_it))


async def test_a_push_that_goes_on_from_what_is_not_there_shows_a_gap(database: NotingDatabase, world: World) -> None:
    await tell(database, world, ("push", pushed(4)), ("push", pushed(17)))
    assert await commits(database, world) == [(sha(4), sha(16))]


async def test_what_never_comes_to_another_branch_is_missing_too(database: NotingDatabase, world: World) -> None:
    await tell(database, world, ("push", pushed(17, branch="change")))
    [gap] = await found(database, _gap, _gap.after_sha == sha(16))
    assert (gap.branch, gap.before_sha) == ("change", None)


async def test_the_gap_is_closed_by_the_push_that_was_missing(database: NotingDatabase, world: World) -> None:
    await tell(database, world, ("push", pushed(4)), ("push", pushed(16)), ("push", pushed(15, before=4)))
    assert await commits(database, world) == []
    [gap] = await found(database, _gap, _gap.after_sha == sha(15))
    assert gap.closed_at is not None


async def test_a_branch_that_begins_or_ends_misses_nothing(database: NotingDatabase, world: World) -> None:
    begins = pushed(9, branch="new") | {"before": "0" * 40}
    ends = pushed(9, branch="old", before=8) | {"after": "0" * 40}
    await tell(database, world, ("push", begins), ("push", ends))
    assert await commits(database, world) == []


@pytest.mark.parametrize("lost", [(), (16,), (15, 16), (15, 17)])
async def test_in_the_end_the_same_is_missing_in_every_order(
    database: NotingDatabase, world: World, lost: Sequence[int]
) -> None:
    sent: list[Message] = [("push", pushed(number)) for number in range(14, 19) if number not in lost]
    for order in [*permutations(sent)][:: 1 + len(sent) ** 2]:
        await again(database, world)
        await tell(database, world, *order)
        missing = {sha(13)} | {sha(number) for number in lost if number + 1 not in lost}
        assert {after for _, after in await commits(database, world)} == missing


async def again(database: NotingDatabase, world: World) -> None:
    """Forget all commits and gaps of Engine."""
    async with database.work(GUEST) as work:
        for table in (tables.Commit, tables.IngestionGap):
            await work.execute(delete(table).where(table.repository_id == world.engine.id))


OPENED: list[Message] = [("issues", issue(number)) for number in (10, 12, 15)]


async def test_numbers_that_are_skipped_are_missing_until_they_come(database: NotingDatabase, world: World) -> None:
    await tell(database, world, *OPENED)
    assert await numbers(database, world) == [(11, 11), (13, 14)]
    await tell(database, world, ("pull_request", pull_request(13)))
    assert await numbers(database, world) == [(11, 11), (14, 14)]
    await tell(database, world, ("discussion", {**issue(1), "action": "created", "discussion": {"number": 11}}))
    assert await numbers(database, world) == [(14, 14)]
    await tell(database, world, ("issues", issue(14, minutes=5, action="edited")))
    assert await numbers(database, world) == []


async def test_numbers_from_before_the_first_that_began_are_not_missing(database: NotingDatabase, world: World) -> None:
    await tell(database, world, ("issues", issue(50, action="edited")), ("issues", issue(90)), ("issues", issue(91)))
    assert await numbers(database, world) == []


@pytest.mark.parametrize("together", [False, True])
async def test_the_same_numbers_are_missing_in_every_order(
    database: NotingDatabase, world: World, together: bool
) -> None:
    told: list[Any] = [*OPENED, ("issues", issue(14, action="edited")), ("pull_request", pull_request(20))]
    for order in [*permutations(told)][::17]:
        await change(database, world.engine, first_number=None, last_number=None)
        async with database.work(GUEST) as work:
            await work.execute(delete(_gap).where(_gap.kind == IngestionGapKind.NUMBERS))
            await work.execute(delete(tables.Issue).where(tables.Issue.number >= 10))
            await work.execute(delete(tables.PullRequest).where(tables.PullRequest.number >= 10))
        if together:
            await keep(database, world, *order)
            await project(database, world.engine)
        else:
            await tell(database, world, *order)
        assert await numbers(database, world) == [(11, 11), (13, 13), (16, 19)]
    engine = await now(database, world.engine)
    assert (engine.first_number, engine.last_number) == (10, 20)
