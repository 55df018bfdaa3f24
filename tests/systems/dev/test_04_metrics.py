"""Teams and developers in numbers, from what happened to the series, over the graph.

`tests/db/actions/test_metrics.py` compares what the job counts with a slow recount over random events, late and out of
order; `tests/invariants/test_aggregates.py` all figures with those of the rows that a viewer sees.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from db import tables
from db.access import GUEST
from db.actions.metrics import count_touched_days
from db.tables import IngestionGapKind, OrganizationRole, PullRequestState, ReviewState, Sensitivity
from tests.conftest import Graph
from tests.db.actions.test_media import run
from tests.graphql_schema.asking import add, change
from tests.world import World

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
PERIODS = 'since: "2026-02-23T00:00:00Z", until: "2026-03-23T00:00:00Z", granularity: WEEK'
TEAM = f"""
    query ($slug: String!) {{ organization(slug: $slug) {{ metrics({PERIODS}) {{
      beginsAt activeDevelopers commits additions pullRequestsOpened pullRequestsMerged reviews reviewsPerMerge
      cycleTimeP50 cycleTimeP90 reviewTimeP50 gaps
    }} }} }}
"""
COVERAGE = '{ organization(slug: "analytical") { metricsCoverage { since until repositories gaps } } }'
DEVELOPERS = """{
    organization(slug: "analytical") {
      developerTotals(filter: {date: {since: "2026-02-01"}}) { developer { name } commits reviewsGiven cycleTimeP50 }
      members { nodes { user { name } metrics(PERIODS) { commits reviewsGiven } } }
    }
}""".replace("PERIODS", PERIODS)
MINE = f"{{ viewer {{ metrics({PERIODS}) {{ commits }} developerMetrics {{ totalCount }} }} }}"


@pytest.fixture(autouse=True)
async def emptied(graph: Graph) -> None:
    """The numbers are those of what happens in a test."""
    async with graph.database.work(GUEST) as work:
        for table in (tables.TeamMetric, tables.DeveloperMetric, tables.RepositoryStats, tables.TouchedDay):
            await work.execute(delete(table))


def commit(repository: tables.Repository, who: tables.User, at: datetime, number: int) -> tables.Commit:
    return tables.Commit(
        repository_id=repository.id,
        sha=f"{number:040x}",
        message="",
        author_id=who.id,
        author_name=who.name,
        author_email=who.email,
        authored_at=at,
        committed_at=at,
        additions=10,
    )


def merged(
    repository: tables.Repository, who: tables.User, at: datetime, number: int, hours: float | None
) -> tables.PullRequest:
    """A pull request that was merged at a moment, so many hours after its first commit, where that is known."""
    return tables.PullRequest(
        repository_id=repository.id,
        number=number,
        title="",
        state=PullRequestState.MERGED,
        author_id=who.id,
        author_name=who.name,
        head_sha=f"{number:040x}",
        first_committed_at=None if hours is None else at - hours * HOUR,
        opened_at=at - 2 * HOUR,
        first_reviewed_at=at - HOUR,
        merged_at=at,
    )


def review(pull: tables.PullRequest, who: tables.User, at: datetime, number: int) -> tables.PullRequestReview:
    about = {"reviewer_id": who.id, "reviewer_name": who.name, "state": ReviewState.APPROVED}
    return tables.PullRequestReview(pull_request_id=pull.id, github_id=number, submitted_at=at, **about)


async def counted(graph: Graph) -> None:
    await run(graph.database, count_touched_days.name)


async def team(graph: Graph, who: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await graph.data(who, TEAM, slug="analytical"))["organization"]["metrics"]
    assert len(graph.statements) == 1
    return found


async def test_04_a_week_is_of_all_its_rows_and_no_mean_of_its_days(
    graph: Graph, resolved: Graph, world: World
) -> None:
    engine, ada, ben = world.engine, world.ada, world.ben
    # Three on Monday, and one that took long on Tuesday: the mean of the medians of the days would be 51 hours.
    pulls = [merged(engine, ada, MONDAY + 9 * HOUR, number, 2.0) for number in (10, 11, 12)]
    slow, unknown = (
        merged(engine, ben, MONDAY + 30 * HOUR, 13, 100.0),
        merged(engine, ben, MONDAY + 31 * HOUR, 14, None),
    )
    await add(graph.database, *pulls, slow, unknown, commit(engine, ada, MONDAY, 50), commit(engine, ben, MONDAY, 51))
    await add(graph.database, review(slow, ada, MONDAY + 29 * HOUR, 1), review(pulls[0], ben, MONDAY + 8 * HOUR, 2))
    await counted(graph)
    for path in (graph, resolved):
        found = (await path.data("ben", TEAM, slug="analytical"))["organization"]["metrics"]
        assert [one["beginsAt"][:10] for one in found] == ["2026-02-23", "2026-03-02", "2026-03-09", "2026-03-16"]
        assert found[1] | {"beginsAt": None} == {
            "beginsAt": None,
            "activeDevelopers": 2,
            "commits": "2",
            "additions": "20",
            "pullRequestsOpened": "5",
            "pullRequestsMerged": "5",
            "reviews": "2",
            "reviewsPerMerge": 0.4,
            "cycleTimeP50": 2 * 3600.0,
            "cycleTimeP90": pytest.approx((2 + 0.7 * 98) * 3600),
            "reviewTimeP50": 3600.0,
            "gaps": "0",
        }
        nothing = {"activeDevelopers": 0, "commits": "0", "reviewsPerMerge": None, "cycleTimeP50": None}
        assert all(found[place] | nothing == found[place] for place in (0, 2, 3))


async def test_04_what_comes_late_and_out_of_order_counts_on_its_day(graph: Graph, world: World) -> None:
    await add(graph.database, commit(world.engine, world.ada, MONDAY + 8 * 24 * HOUR, 52))
    await counted(graph)
    await add(graph.database, commit(world.engine, world.ben, MONDAY - timedelta(seconds=1), 53))
    late = merged(world.engine, world.ben, MONDAY + HOUR, 20, 1.0)
    await add(graph.database, late)
    await counted(graph)
    assert [one["commits"] for one in await team(graph, "ada")] == ["1", "0", "1", "0"]
    assert [one["cycleTimeP50"] for one in await team(graph, "ada")] == [None, 3600.0, None, None]
    await change(graph.database, late, merged_at=MONDAY + 15 * 24 * HOUR, first_committed_at=MONDAY + 14 * 24 * HOUR)
    await counted(graph)
    assert [one["cycleTimeP50"] for one in await team(graph, "ada")] == [None, None, None, 24 * 3600.0]


async def test_04_a_restricted_repository_is_in_the_sums_of_those_alone_who_see_it(graph: Graph, world: World) -> None:
    await add(graph.database, commit(world.engine, world.ada, MONDAY, 54), commit(world.vault, world.ada, MONDAY, 55))
    await counted(graph)
    assert (await team(graph, "ada"))[1]["commits"] == "2"
    assert (await team(graph, "ben"))[1]["commits"] == (await team(graph, "vera"))[1]["commits"] == "1"
    await change(graph.database, world.engine, sensitivity=Sensitivity.SENSITIVE)
    assert [(await team(graph, who))[1]["commits"] for who in ("ada", "ben", "vera")] == ["2", "1", "0"]
    assert (await team(graph, "vera"))[1]["activeDevelopers"] == 0
    for who in ("olga", None):
        assert (await graph.data(who, TEAM, slug="analytical"))["organization"] is None


async def test_04_developers_see_their_own_numbers_and_managers_see_all(graph: Graph, world: World) -> None:
    engine, vault, ada, ben = world.engine, world.vault, world.ada, world.ben
    pull = merged(engine, ada, MONDAY + 9 * HOUR, 30, 5.0)
    await add(graph.database, pull, commit(engine, ada, MONDAY, 56), commit(vault, ben, MONDAY, 57))
    await add(graph.database, commit(engine, ben, MONDAY, 58), review(pull, ben, MONDAY + 8 * HOUR, 3))
    await counted(graph)

    async def seen(who: str) -> tuple[dict[str, str], dict[str, str]]:
        found = (await graph.data(who, DEVELOPERS))["organization"]
        assert len(graph.statements) == 1
        totals = {one["developer"]["name"]: one["commits"] for one in found["developerTotals"]}
        of_members = {one["user"]["name"]: one["metrics"][1]["commits"] for one in found["members"]["nodes"]}
        return totals, of_members

    assert await seen("ada") == ({"Ben": "2", "Ada": "1"}, {"Ada": "1", "Ben": "2", "Vera": "0"})
    assert await seen("ben") == ({"Ben": "1"}, {"Ada": "0", "Ben": "1", "Vera": "0"})
    assert await seen("vera") == ({}, {"Ada": "0", "Ben": "0", "Vera": "0"})
    mine = (await graph.data("ben", MINE))["viewer"]
    assert ([one["commits"] for one in mine["metrics"]], mine["developerMetrics"]["totalCount"]) == (
        ["0", "1", "0", "0"],
        1,
    )
    await change(graph.database, world.bens_membership, role=OrganizationRole.ADMIN)
    assert (await graph.data("ben", MINE))["viewer"]["metrics"][1]["commits"] == "2"


async def test_04_coverage_says_since_when_and_what_is_missing(graph: Graph, world: World) -> None:
    gap = tables.IngestionGap(
        repository_id=world.engine.id,
        kind=IngestionGapKind.NUMBERS,
        first_number=7,
        last_number=9,
        found_at=MONDAY + HOUR,
    )
    await add(graph.database, gap, commit(world.engine, world.ada, MONDAY - 24 * HOUR, 59))
    await add(graph.database, commit(world.vault, world.ada, MONDAY + 24 * HOUR, 60))
    await counted(graph)
    of_ada = {"since": "2026-03-01", "until": "2026-03-03", "repositories": 2, "gaps": "1"}
    of_ben = of_ada | {"until": "2026-03-02", "repositories": 1}
    for who, coverage in (("ada", of_ada), ("ben", of_ben)):
        assert (await graph.data(who, COVERAGE))["organization"]["metricsCoverage"] == coverage
        assert len(graph.statements) == 1
    assert [one["gaps"] for one in await team(graph, "ben")] == ["0", "1", "0", "0"]
    await change(graph.database, gap, closed_at=MONDAY + 2 * HOUR)
    await counted(graph)
    assert (await graph.data("ben", COVERAGE))["organization"]["metricsCoverage"]["gaps"] == "0"


async def test_04_a_merge_without_a_known_commit_has_no_cycle_time_and_counts(graph: Graph, world: World) -> None:
    await add(graph.database, merged(world.engine, world.ada, MONDAY, 40, None))
    await counted(graph)
    week = (await team(graph, "ben"))[1]
    assert (week["pullRequestsMerged"], week["cycleTimeP50"], week["cycleTimeP90"]) == ("1", None, None)


async def test_04_an_author_who_becomes_known_has_their_days(graph: Graph, world: World) -> None:
    unknown = commit(world.engine, world.ben, MONDAY, 61)
    unknown.author_id = None
    await add(graph.database, unknown)
    await counted(graph)
    assert [(await team(graph, "ben"))[1][name] for name in ("commits", "activeDevelopers")] == ["1", 0]
    await change(graph.database, unknown, author_id=world.ben.id)
    await counted(graph)
    assert [(await team(graph, "ben"))[1][name] for name in ("commits", "activeDevelopers")] == ["1", 1]
    assert (await graph.data("ben", MINE))["viewer"]["metrics"][1]["commits"] == "1"
