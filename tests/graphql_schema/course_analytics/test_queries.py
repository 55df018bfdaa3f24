"""Courses in numbers, each figure exact against a slow count in plain Python, whatever there is."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from db import tables
from tests.conftest import Graph
from tests.graphql_schema.asking import done, error_code, listed
from tests.graphql_schema.course_analytics import drawn
from tests.world import World

ALL = "mutation ($input: RefreshCourseAnalyticsInput!) { refreshCourseAnalytics(input: $input) { errors { code } } }"
NUMBERS = """
    totalEnrollments activeEnrollments completedEnrollments completionRate averageProgress totalRevenue currency
    averageRating
"""
ANALYTICS = f"{{ courses(first: 100) {{ nodes {{ slug analytics {{ {NUMBERS} }} }} }} }}"
REVENUE = """
    query ($since: DateTime!, $until: DateTime!, $filter: TransactionFilter) {
      revenueByMonth(since: $since, until: $until, filter: $filter, first: 750) {
        month currency revenue transactionCount refunded refundCount
      }
    }
"""
LESSONS = """
    query ($id: ID!) { course(id: $id) { lessonStatistics {
        lesson { id } startedCount completedCount completionRate averageWatchSeconds
    } } }
"""
INACTIVE = """
    query ($filter: CourseProgressFilter!) {
      courseProgress(filter: $filter, orderBy: LAST_ACCESSED_AT_ASC, first: 100) { totalCount nodes { id } }
    }
"""
SINCE, UNTIL = drawn.MONTHS[1] - timedelta(microseconds=1), drawn.MONTHS[-1]
SEEDS = range(3)


@pytest.fixture(params=SEEDS)
async def rows(request: pytest.FixtureRequest, graph: Graph, world: World) -> drawn.Drawn:
    return await drawn.draw(graph.database, world, request.param)


@pytest.fixture(params=["graph", "resolved"])
def either(request: pytest.FixtureRequest) -> Graph:
    """The graph by either of its two ways to answer."""
    found: Graph = request.getfixturevalue(request.param)
    return found


async def revenue(graph: Graph, who: str | None, **more: Any) -> Any:
    given = {"since": SINCE.isoformat(), "until": UNTIL.isoformat()} | more
    return (await graph.data(who, REVENUE, **given))["revenueByMonth"]


async def test_a_course_is_counted_exactly(graph: Graph, rows: drawn.Drawn) -> None:
    await done(graph, "root", ALL)
    found = {one["slug"]: one["analytics"] for one in await listed(graph, "root", ANALYTICS)}
    for course in rows.rows[tables.Course]:
        assert found[course.slug] == drawn.numbers(rows, course), course.slug


async def test_nothing_is_divided_by_the_students_of_a_course_that_nobody_takes(
    graph: Graph, rows: drawn.Drawn
) -> None:
    await done(graph, "root", ALL)
    *_, empty = rows.rows[tables.Course]
    found = {one["slug"]: one["analytics"] for one in await listed(graph, "root", ANALYTICS)}[empty.slug]
    assert (found["totalEnrollments"], found["completionRate"], found["averageProgress"]) == (0, 0, 0)
    assert found["averageRating"] is None


async def test_revenue_is_that_of_its_month_and_currency_and_refunds_are_in_their_own_month(
    either: Graph, rows: drawn.Drawn, world: World
) -> None:
    payments = rows.rows[tables.Transaction]
    assert await revenue(either, "root") == drawn.revenue(payments, SINCE, UNTIL)
    own = {course.id for course in rows.rows[tables.Course] if course.instructor_id == world.ines.id}
    found = drawn.revenue([row for row in payments if row.course_id in own], SINCE, UNTIL)
    assert await revenue(either, "ines") == found
    assert {"USD", "EUR"} <= {one["currency"] for one in found}
    assert any(one["refunded"] != "0.00" and one["revenue"] == "0.00" for one in drawn.revenue(payments, SINCE, UNTIL))


async def test_revenue_is_of_the_courses_that_are_named(either: Graph, rows: drawn.Drawn) -> None:
    first, second, *_ = rows.rows[tables.Course]
    payments = [*rows.of(tables.Transaction, first), *rows.of(tables.Transaction, second)]
    named = {"courseId": [first.public_id, second.public_id]}
    assert await revenue(either, "ines", filter=named) == drawn.revenue(payments, SINCE, UNTIL)
    assert await revenue(either, "ada", filter=named) == []


async def test_what_somebody_paid_is_no_revenue_of_theirs(either: Graph, rows: drawn.Drawn, world: World) -> None:
    of_nobody = rows.rows[tables.Course][5]
    async with either.database.work(world.viewer("root")) as work:
        bought = drawn.payment(Random(1), of_nobody)
        bought.user_id = world.ines.id
        await work.add(bought)
    before = await revenue(either, "ines")
    seen = "{ viewer { transactions { totalCount } } }"
    assert (await either.data("ines", seen))["viewer"]["transactions"]["totalCount"] == 1
    own = {course.id for course in rows.rows[tables.Course] if course.instructor_id == world.ines.id}
    payments = [row for row in rows.rows[tables.Transaction] if row.course_id in own]
    assert before == drawn.revenue(payments, SINCE, UNTIL)


@pytest.mark.parametrize("who", ["sam", None])
async def test_who_teaches_nothing_has_no_revenue(either: Graph, rows: drawn.Drawn, who: str | None) -> None:
    assert rows.rows
    assert await revenue(either, who) == []


async def test_months_are_those_of_utc_wherever_the_client_is(graph: Graph, rows: drawn.Drawn) -> None:
    elsewhere = "2026-01-01T09:00:00+09:00"
    since = datetime(2026, 1, 1, tzinfo=UTC)
    expected = drawn.revenue(rows.rows[tables.Transaction], since, UNTIL)
    assert await revenue(graph, "root", since=elsewhere) == expected
    assert expected[0]["month"] == "2026-01-01T00:00:00+00:00"


async def test_a_range_that_ends_before_it_begins_is_refused(graph: Graph) -> None:
    given = {"since": UNTIL.isoformat(), "until": SINCE.isoformat()}
    assert await error_code(graph, "root", REVENUE, **given) == "BAD_USER_INPUT"


async def test_revenue_is_one_statement(graph: Graph, rows: drawn.Drawn) -> None:
    assert rows.rows
    await revenue(graph, "ines")
    assert len(graph.statements) == 1


async def test_lessons_are_counted_exactly_for_who_teaches_them(either: Graph, rows: drawn.Drawn, world: World) -> None:
    for course in rows.rows[tables.Course][:5]:
        teacher = next(name for name in ("ines", "ada") if world.rows[name].id == course.instructor_id)
        found = (await either.data(teacher, LESSONS, id=course.public_id))["course"]["lessonStatistics"]
        counts = [one["startedCount"] for one in found]
        assert counts == sorted(counts, reverse=True)
        for one in (expected := drawn.lesson_statistics(rows, course)):
            one["completionRate"] = pytest.approx(one["completionRate"])
            one["averageWatchSeconds"] = pytest.approx(one["averageWatchSeconds"])
        by_lesson = sorted(found, key=lambda one: str(one["lesson"]["id"]))
        assert by_lesson == sorted(expected, key=lambda one: str(one["lesson"]["id"]))
        assert found


async def test_students_see_no_lesson_statistics_but_their_own(graph: Graph, world: World) -> None:
    of_logic = {"id": world.logic.public_id}
    assert [
        one["startedCount"] for one in (await graph.data("sam", LESSONS, **of_logic))["course"]["lessonStatistics"]
    ] == [1]
    for who in ("ben", None):
        assert (await graph.data(who, LESSONS, **of_logic))["course"]["lessonStatistics"] == []


async def test_students_are_inactive_who_take_a_course_and_have_not_been_at_it(
    either: Graph, rows: drawn.Drawn, world: World
) -> None:
    before = drawn.MONTHS[0] + timedelta(days=120)
    lazy = {
        "lastAccessedAt": {"until": before.isoformat()},
        "progressPercent": {"max": 99},
        "enrollmentStatus": ["ACTIVE"],
    }
    teaches = {"ines": lambda course: course.instructor_id == world.ines.id, "root": lambda course: True}
    for who, is_seen in teaches.items():
        found = (await either.data(who, INACTIVE, filter=lazy))["courseProgress"]
        expected = drawn.inactive(rows, before, is_seen)
        assert found["totalCount"] == len(expected)
        assert [one["id"] for one in found["nodes"]] == expected[:100]
        assert expected
    first = rows.rows[tables.Course][0]
    found = (await either.data("ines", INACTIVE, filter=lazy | {"courseId": [first.public_id]}))["courseProgress"]
    assert [one["id"] for one in found["nodes"]] == drawn.inactive(rows, before, lambda course: course is first)


async def test_progress_from_the_root_is_ones_own_and_that_of_ones_students(graph: Graph, world: World) -> None:
    everything = "{ courseProgress { nodes { id enrollmentStatus } } }"
    of_sam = {"id": world.progress.public_id, "enrollmentStatus": "ACTIVE"}
    for who, expected in {"sam": [of_sam], "ines": [of_sam], "root": [of_sam], "ben": [], None: []}.items():
        assert await listed(graph, who, everything) == expected, who
