"""Aggregates: groups by time, by edges and by columns, and figures of all rows; by both ways of the graph."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from db import tables
from db.access import Viewer
from db.permissions import OWN
from db.tables import EnrollmentStatus, PaymentStatus
from graphql_schema.core import aggregate, aggregate_of, column, count, one, period
from graphql_schema.execution import Request
from graphql_schema.repositories.types import CommitAuthor
from graphql_schema.schema import executor
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change, error_code
from tests.world import NOON, World

ACTIVITY = """
    query ($since: DateTime!, $until: DateTime!, $granularity: Granularity, $filter: CommitFilter) {
      repository(fullName: "analytical/engine") {
        commitActivity(since: $since, until: $until, granularity: $granularity, filter: $filter) {
          beginsAt commits authors additions
        }
      }
    }
"""
AUTHORS = """
    query ($first: Int) { repository(fullName: "analytical/engine") {
        commitAuthors(first: $first) { author { name } commits additions lastCommittedAt }
    } }
"""
STATISTICS = """{ course(slug: "logic") { statistics {
    students completed averagePercent medianPercent lowestPercent highestPercent completedLessons
} } }"""
ENROLLMENTS = """{
    enrollmentActivity(since: "2026-01-01T00:00:00Z", until: "2026-03-01T00:00:00Z") {
      beginsAt currency enrollments completed paid averagePaid
    }
}"""


async def activity(graph: Graph, since: str, until: str, granularity: str | None, **more: Any) -> Any:
    data = await graph.data("ada", ACTIVITY, since=since, until=until, granularity=granularity, **more)
    return [(each["beginsAt"][:16], each["commits"]) for each in data["repository"]["commitActivity"]]


def commit(world: World, number: int, **values: Any) -> tables.Commit:
    given = {"author_name": "Ada", "author_email": "ada@example.com", "authored_at": NOON, "message": "More"}
    return tables.Commit(repository_id=world.engine.id, sha=f"{number:040x}", **given | values)


async def test_there_is_a_group_for_every_period_and_zeros_where_there_are_no_rows(graph: Graph, world: World) -> None:
    await add(graph.database, commit(world, 9, committed_at=NOON + timedelta(days=62), additions=2**31 - 1))
    data = await graph.data("ada", ACTIVITY, since="2025-12-31T00:00:00Z", until="2026-03-05T00:00:00Z")
    assert data["repository"]["commitActivity"] == [
        {"beginsAt": "2025-12-01T00:00:00+00:00", "commits": 0, "authors": 0, "additions": "0"},
        {"beginsAt": "2026-01-01T00:00:00+00:00", "commits": 3, "authors": 1, "additions": "6"},
        {"beginsAt": "2026-02-01T00:00:00+00:00", "commits": 0, "authors": 0, "additions": "0"},
        {"beginsAt": "2026-03-01T00:00:00+00:00", "commits": 1, "authors": 0, "additions": "2147483647"},
    ]


@pytest.mark.parametrize(
    ("granularity", "since", "until", "expected"),
    [
        ("HOUR", "2026-01-01T11:30:00Z", "2026-01-01T13:00:00Z", [("2026-01-01T11:00", 0), ("2026-01-01T12:00", 3)]),
        ("DAY", "2025-12-31T00:00:00Z", "2026-01-02T00:00:00Z", [("2025-12-31T00:00", 0), ("2026-01-01T00:00", 3)]),
        ("WEEK", "2026-01-01T00:00:00Z", "2026-01-05T00:00:01Z", [("2025-12-29T00:00", 3), ("2026-01-05T00:00", 0)]),
        ("YEAR", "2026-06-01T00:00:00Z", "2027-01-01T00:00:01Z", [("2026-01-01T00:00", 0), ("2027-01-01T00:00", 0)]),
        (None, "2026-01-01T12:02:00Z", "2026-01-01T12:03:00Z", [("2026-01-01T00:00", 1)]),
        (
            "DAY",
            "2026-01-01T14:00:00+02:00",
            "2026-01-01T23:59:00-01:00",
            [("2026-01-01T00:00", 3), ("2026-01-02T00:00", 0)],
        ),
    ],
)
async def test_periods_are_those_of_utc_and_rows_count_from_since_until_before_until(
    graph: Graph, granularity: str | None, since: str, until: str, expected: Any
) -> None:
    assert await activity(graph, since, until, granularity) == expected


async def test_a_filter_says_which_rows_count(graph: Graph, world: World) -> None:
    day = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "DAY")
    for kept, commits in (({"sha": [f"{2:040x}"]}, 1), ({"authorId": [world.ben.public_id]}, 0), (None, 3)):
        assert await activity(graph, *day, filter=kept) == [("2026-01-01T00:00", commits)]


@pytest.mark.parametrize(
    ("since", "until", "granularity"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "DAY"),
        ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "YEAR"),
        ("2026-01-01T00:00:00Z", "2026-02-02T06:00:01Z", "HOUR"),
        ("2026-01-01T00:00:00Z", "2028-02-01T00:00:00Z", "DAY"),
        ("0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z", "DAY"),
        ("9999-12-31T00:00:00Z", "9999-12-31T23:59:59.999999Z", "DAY"),
    ],
)
async def test_a_range_without_a_moment_or_with_too_many_periods_is_refused(
    graph: Graph, since: str, until: str, granularity: str
) -> None:
    given = {"since": since, "until": until, "granularity": granularity}
    assert await error_code(graph, "ada", ACTIVITY, **given) == "BAD_USER_INPUT"


async def test_a_range_may_have_as_many_periods_as_there_may_be(graph: Graph) -> None:
    found = await activity(graph, "2026-01-01T00:00:00Z", "2026-02-01T06:00:00Z", "HOUR")
    assert len(found) == 750
    assert sum(commits for _, commits in found) == 3


async def test_groups_by_an_edge_lead_to_it_the_largest_first_and_are_so_many_at_most(
    graph: Graph, world: World
) -> None:
    of_ben = [commit(world, n, committed_at=NOON, additions=5, author_id=world.ben.id) for n in (10, 11, 12, 13)]
    await add(graph.database, *of_ben, commit(world, 14, committed_at=NOON), commit(world, 15, committed_at=NOON))
    noon, later = "2026-01-01T12:00:00+00:00", "2026-01-01T12:03:00+00:00"
    expected = [
        {"author": {"name": "Ben"}, "commits": 4, "additions": "20", "lastCommittedAt": noon},
        {"author": {"name": "Ada"}, "commits": 3, "additions": "6", "lastCommittedAt": later},
        {"author": None, "commits": 2, "additions": "0", "lastCommittedAt": noon},
    ]
    for first in (None, 1, 2):
        data = await graph.data("ada", AUTHORS, first=first)
        assert data["repository"]["commitAuthors"] == expected[:first]
    for first in (0, -1, 751):
        assert await error_code(graph, "ada", AUTHORS, first=first) == "BAD_USER_INPUT"


async def test_figures_of_all_rows_are_of_those_that_the_viewer_sees(graph: Graph, world: World) -> None:
    rows = [
        tables.CourseProgress(
            user_id=world.rows[name].id,
            course_id=world.logic.id,
            total_lessons=4,
            completed_lessons=done,
            progress_percent=25 * done,
            completed_at=NOON if done == 4 else None,
        )
        for name, done in (("ada", 4), ("ben", 1), ("vera", 0))
    ]
    await add(graph.database, *rows)
    nobody = {
        "students": 0,
        "completed": 0,
        "averagePercent": None,
        "medianPercent": None,
        "lowestPercent": None,
        "highestPercent": None,
        "completedLessons": "0",
    }
    everybody = {
        "students": 4,
        "completed": 1,
        "averagePercent": 37.5,
        "medianPercent": 25.0,
        "lowestPercent": 0,
        "highestPercent": 100,
        "completedLessons": "6",
    }
    of_ada = {
        "students": 1,
        "completed": 1,
        "averagePercent": 100.0,
        "medianPercent": 100.0,
        "lowestPercent": 100,
        "highestPercent": 100,
        "completedLessons": "4",
    }
    for who, expected in (("ines", everybody), ("root", everybody), ("ada", of_ada), ("olga", nobody), (None, nobody)):
        found = (await graph.data(who, STATISTICS))["course"]["statistics"]
        # As JSON, 25 and 25.0 are not one text: both ways have to write the same.
        assert repr(found) == repr(expected), who


async def test_groups_by_time_and_a_column_are_those_that_there_are_and_amounts_keep_their_digits(
    graph: Graph, world: World
) -> None:
    paid = {"payment_status": PaymentStatus.COMPLETED, "course_id": world.rhetoric.id}
    january, february = {"enrolled_at": NOON}, {"enrolled_at": NOON + timedelta(days=40)}
    rows = [
        tables.Enrollment(user_id=world.ada.id, payment_amount=Decimal("49.90"), **paid, **january),
        tables.Enrollment(user_id=world.ben.id, payment_amount=Decimal("50.00"), **paid, **january),
        tables.Enrollment(user_id=world.vera.id, payment_amount=Decimal("0.05"), **paid, **february),
        tables.Enrollment(
            user_id=world.rob.id, course_id=world.rhetoric.id, payment_amount=9, payment_currency="EUR", **january
        ),
    ]
    await add(graph.database, *rows)
    await change(graph.database, rows[0], status=EnrollmentStatus.COMPLETED, completed_at=NOON)
    begins = ("2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00")
    names = ("beginsAt", "currency", "enrollments", "completed", "paid", "averagePaid")
    of_all = [
        (begins[0], "EUR", 1, 0, "0.00", None),
        (begins[0], "USD", 2, 1, "99.90", "49.95"),
        (begins[1], "USD", 1, 0, "0.05", "0.05"),
    ]
    seen = {"ines": of_all, "vera": of_all[2:], "rob": of_all[:1], "olga": [], None: []}
    for who, expected in seen.items():
        found = (await graph.data(who, ENROLLMENTS))["enrollmentActivity"]
        assert [tuple(each[name] for name in names) for each in found] == expected, who


async def test_aggregates_of_many_objects_are_one_statement(graph: Graph, world: World) -> None:
    query = """
        query ($ids: [ID!]!, $since: DateTime!, $until: DateTime!) { nodes(ids: $ids) { ... on Repository {
            commitActivity(since: $since, until: $until) { commits }
            again: commitActivity(since: $since, until: $until, granularity: MONTH) { additions }
            years: commitActivity(since: $since, until: $until, granularity: YEAR) { commits }
            commitAuthors { author { name } commits }
        } } }
    """
    ids = [world.engine.public_id, world.vault.public_id]
    data = await graph.data("ada", query, ids=ids, since="2026-01-01T00:00:00Z", until="2026-02-01T00:00:00Z")
    each = {
        "commitActivity": [{"commits": 3}],
        "again": [{"additions": "6"}],
        "years": [{"commits": 3}],
        "commitAuthors": [{"author": {"name": "Ada"}, "commits": 3}],
    }
    assert data["nodes"] == [each, each]
    assert len(graph.statements) == (1 if graph.executor.compiles else 5)


async def test_an_aggregate_may_be_asked_for_without_any_of_its_figures(graph: Graph) -> None:
    query = """{
      course(slug: "logic") { statistics { __typename } }
      repository(fullName: "analytical/engine") {
        commitAuthors { __typename }
        commitActivity(since: "2026-01-01T00:00:00Z", until: "2026-02-01T00:00:00Z", granularity: WEEK) { __typename }
      }
    }"""
    data = await graph.data("ada", query)
    assert data["course"] == {"statistics": {"__typename": "CourseStatistics"}}
    assert data["repository"]["commitAuthors"] == [{"__typename": "CommitAuthor"}]
    assert data["repository"]["commitActivity"] == [{"__typename": "CommitActivity"}] * 5


async def test_a_wrong_argument_fails_its_field_and_what_holds_it(graph: Graph) -> None:
    query = """
        query ($n: Int) {
          viewer { name }
          repository(fullName: "analytical/engine") { name commitAuthors(first: $n) { commits } }
        }
    """
    answer = await graph("ada", query, n=0)
    assert answer["data"] == {"viewer": {"name": "Ada"}, "repository": None}
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["repository", "commitAuthors"], "BAD_USER_INPUT")


def test_rows_are_grouped_by_what_everybody_sees() -> None:
    class Hidden:
        """By a column that needs a permission."""

        email = column("The address.", needs=OWN)

    with pytest.raises(TypeError, match="email"):
        aggregate_of(tables.User)(Hidden)


def test_one_name_is_declared_once_and_one_period_is_enough() -> None:
    class Twice:
        """A figure that has the name of a key."""

        author = one(tables.Commit.author_id, "The author.")
        author_id = count("How many.")

    class Periods:
        """Two periods."""

        one = period("committed_at", "The one.")
        other = period("authored_at", "The other.")

    for declarations in (Twice, Periods):
        with pytest.raises(TypeError, match=declarations.__name__):
            aggregate_of(tables.Commit)(declarations)


def test_groups_are_sorted_by_a_figure_that_they_have_and_are_of_the_rows_that_the_edge_leads_to() -> None:
    with pytest.raises(TypeError, match="additions"):
        aggregate_of(tables.Commit, order="-additions")(type("Nothing", (), {}))
    with pytest.raises(TypeError, match="CommitAuthor has groups of Commit, not of PullRequest"):
        aggregate(tables.PullRequest.repository_id, CommitAuthor, "Who has worked on it.")


def narrowings(selection: str) -> int:
    """How often the statement for something of a repository looks at the scope for repositories."""
    operation = executor.prepare(Request(f'{{ repository(fullName: "analytical/engine") {{ {selection} }} }}'))
    asked = operation.plan.asked(operation.plan.compiled, operation.variables)
    statement = operation.plan.statement(asked, Viewer(UUID(int=1), scopes=frozenset()))
    place = [*statement.types].index("repositories:read") + 1
    return statement.sql.count(f"${place}::")


def test_groups_that_an_edge_leads_to_are_narrowed_by_scopes_as_rows_are() -> None:
    """They may be of another slice than the row that the edge leads from."""
    assert narrowings("commitAuthors { commits }") == narrowings("commits { totalCount }") > narrowings("id")


async def test_a_share_of_no_rows_is_unknown(graph: Graph) -> None:
    for slug, expected in (("rhetoric", None), ("logic", 0.0)):
        query = f'{{ course(slug: "{slug}") {{ statistics {{ completionRate }} }} }}'
        assert (await graph.data("ines", query))["course"]["statistics"] == {"completionRate": expected}
