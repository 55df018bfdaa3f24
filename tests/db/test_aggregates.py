"""Groups of rows: one statement whatever the number of parents, and nothing told of what the viewer does not see."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from sqlalchemy import DateTime, Integer, func, literal

from db import aggregates, relations, tables
from db.aggregates import Figure, Grouping, GroupsQuery, known
from db.errors import BadInput
from db.periods import MAX_GROUPS, Granularity, count_periods
from db.read import ALL
from tests.conftest import NotingDatabase
from tests.db.test_read import Reader
from tests.graphql_schema.asking import add
from tests.world import World

PROJECTS = tables.SpecificationProject.__table__
ORGANIZATION = PROJECTS.c.organization_id
ROWS = Figure(lambda *_: func.count(), Integer(), counts=True)
ORGANIZATIONS = Figure(
    lambda row, viewer: func.count(known(ORGANIZATION, row, viewer).distinct()), Integer(), counts=True
)
TIME = DateTime(timezone=True)


class GroupReader(Reader):
    """Reads groups as somebody of the world."""

    async def __call__(self, who: str | None, reading: Any, *arguments: Any, keys: Sequence[Any] = (ALL,)) -> Any:
        """The groups that are found, as tuples, by key; it must take one statement."""
        found = await super().__call__(who, reading, *arguments, keys=keys)
        return {key: [tuple(vars(group).values()) for group in groups] for key, groups in found.items()}


@pytest.fixture
def ask(database: NotingDatabase, world: World) -> GroupReader:
    return GroupReader(database, world)


async def test_rows_that_refer_to_something_hidden_count_among_those_that_refer_to_nothing(
    ask: GroupReader, world: World
) -> None:
    places = {"atlas": world.analytical.id, "hidden": world.remote.id, "bare": None}
    for name in ("hidden", "bare"):
        await add(
            ask.database, tables.SpecificationProject(name=name, owner_id=world.ada.id, organization_id=places[name])
        )
    asked = GroupsQuery(Grouping({"organization_id": ORGANIZATION}, {"projects": ROWS}), lambda: {"first": 9})
    all_of_it = await ask("root", aggregates.of_all, tables.SpecificationProject, asked)
    assert set(all_of_it[ALL]) == {(world.analytical.id, 1), (world.remote.id, 1), (None, 2)}
    assert (await ask("ada", aggregates.of_all, tables.SpecificationProject, asked))[ALL] == [
        (world.analytical.id, 1),
        (None, 2),
    ]


async def test_distinct_values_are_counted_as_far_as_they_are_known(ask: GroupReader, world: World) -> None:
    await add(
        ask.database,
        tables.SpecificationProject(name="hidden", owner_id=world.ada.id, organization_id=world.remote.id),
    )
    asked = GroupsQuery(Grouping({}, {"organizations": ORGANIZATIONS, "projects": ROWS}), dict)
    assert await ask("ada", aggregates.of_all, tables.SpecificationProject, asked) == {ALL: [(1, 2)]}
    assert await ask("root", aggregates.of_all, tables.SpecificationProject, asked) == {ALL: [(2, 3)]}
    assert await ask(None, aggregates.of_all, tables.SpecificationProject, asked) == {ALL: [(0, 0)]}


async def test_groups_of_many_rows_are_read_together(ask: GroupReader, world: World) -> None:
    relation = relations.down(tables.Commit.repository_id.expression)
    asked = GroupsQuery(
        Grouping({"additions": tables.Commit.__table__.c.additions}, {"commits": ROWS}), lambda: {"first": 2}
    )
    parents = [world.engine.id, world.vault.id, world.shore.id]
    found = await ask("ada", aggregates.related, tables.Repository, relation, asked, keys=parents)
    assert [[group[1:] for group in found[key]] for key in parents] == [[(1, 1), (2, 1)]] * 3


async def test_there_are_as_many_periods_as_were_counted_before(ask: GroupReader) -> None:
    chance, refused = Random(7), 0
    grouping = Grouping({"begins_at": tables.Commit.__table__.c.committed_at}, {"commits": ROWS}, period="begins_at")
    for granularity in list(Granularity) * 8:
        since = datetime(chance.randrange(2, 9000), 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(10**8))
        until = since + timedelta(microseconds=chance.choice([1, 10**9, 10**12, 10**13, 3 * 10**13]))
        try:
            counted = count_periods(since, until, granularity)
        except BadInput:
            refused += 1
            continue
        bounds = {"since": literal(since, TIME), "until": literal(until, TIME), "granularity": granularity}
        (groups,) = (
            await ask("root", aggregates.of_all, tables.Commit, GroupsQuery(grouping, partial(dict, bounds)))
        ).values()
        assert len(groups) == counted <= MAX_GROUPS
        assert groups[0][0] <= since
        assert groups[-1][0] < until
    assert 0 < refused < 30


async def test_a_day_counts_in_the_period_in_which_it_begins(ask: GroupReader) -> None:
    grouping = Grouping({"begins_at": tables.RepositoryStats.__table__.c.date}, {"days": ROWS}, period="begins_at")
    since, until = datetime(2025, 12, 31, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)
    bounds = {"since": literal(since, TIME), "until": literal(until, TIME), "granularity": Granularity.DAY}
    (groups,) = (
        await ask("ada", aggregates.of_all, tables.RepositoryStats, GroupsQuery(grouping, lambda: bounds))
    ).values()
    assert groups == [(since, 0), (since + timedelta(days=1), 2)]


async def test_groups_without_the_figure_that_they_are_sorted_by_come_last(ask: GroupReader) -> None:
    additions = Figure(lambda row, _: func.max(row.additions).filter(row.additions != 2), Integer())
    for order, expected in (("-most", [3, 1, None]), ("most", [1, 3, None])):
        grouping = Grouping({"sha": tables.Commit.__table__.c.sha}, {"most": additions}, order=order)
        (groups,) = (
            await ask("olga", aggregates.of_all, tables.Commit, GroupsQuery(grouping, lambda: {"first": 9}))
        ).values()
        assert [most for _, most in groups] == expected


def test_a_period_is_counted_once_for_each_of_its_moments() -> None:
    noon, moment = datetime(2026, 1, 1, 12, tzinfo=UTC), timedelta(microseconds=1)
    assert count_periods(noon, noon + moment, Granularity.HOUR) == 1
    assert count_periods(noon - moment, noon + moment, Granularity.HOUR) == 2
    assert count_periods(noon, noon + timedelta(hours=MAX_GROUPS), Granularity.HOUR) == MAX_GROUPS
    for since, until in ((noon, noon), (noon, noon - moment), (noon, noon + timedelta(hours=MAX_GROUPS) + moment)):
        with pytest.raises(BadInput):
            count_periods(since, until, Granularity.HOUR)
