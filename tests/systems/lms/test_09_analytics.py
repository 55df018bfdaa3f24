"""Courses in numbers: counted by a job, revenue by month, who is inactive, how many complete, and who is new."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from db import tables
from db.actions.course_analytics import refresh_course_analytics
from db.tables import EnrollmentStatus, PaymentStatus, UserRole
from tests.conftest import Graph
from tests.db.actions.test_media import run
from tests.graphql_schema.asking import add, change, done, error_code, listed
from tests.world import NOON, World

NUMBERS = """
    totalEnrollments activeEnrollments completedEnrollments completionRate averageProgress totalRevenue currency
    averageRating
"""
ANALYTICS = f"query ($slug: String!) {{ course(slug: $slug) {{ analytics {{ {NUMBERS} }} }} }}"
REFRESH = f"""
    mutation ($input: RefreshCourseAnalyticsInput!) {{
      refreshCourseAnalytics(input: $input) {{ analytics {{ {NUMBERS} }} errors {{ code }} }}
    }}
"""
REVENUE = """{
    revenueByMonth(since: "2026-01-01T00:00:00Z", until: "2026-07-01T00:00:00Z") {
      month currency revenue transactionCount refunded refundCount
    }
}"""
INACTIVE = """
    query ($before: DateTime!) {
      courseProgress(
        filter: {lastAccessedAt: {until: $before}, progressPercent: {max: 99}, enrollmentStatus: [ACTIVE]}
        orderBy: LAST_ACCESSED_AT_ASC
      ) { totalCount nodes { user { name } course { slug } progressPercent } }
    }
"""
LESSONS = """{ course(slug: "logic") {
    statistics { students completed completionRate }
    lessonStatistics { lesson { title } startedCount completedCount completionRate averageWatchSeconds }
} }"""
NEWEST = "{ users(filter: {role: [INSTRUCTOR]}, orderBy: CREATED_AT_DESC, first: 2) { nodes { name } } }"
COUNTS = "{ userCounts { role count } }"


async def enrolled(
    graph: Graph, course: Any, person: Any, *states: tuple[EnrollmentStatus, PaymentStatus], percent: int = 0
) -> None:
    """Somebody's enrollments in a course, one after the other, and how far they are."""
    for days, (status, payment_status) in enumerate(states):
        completed_at = NOON if status is EnrollmentStatus.COMPLETED else None
        whose = {"user_id": person.id, "course_id": course.id, "enrolled_at": NOON + timedelta(days=days)}
        await add(
            graph.database,
            tables.Enrollment(**whose, status=status, payment_status=payment_status, completed_at=completed_at),
        )
    whose = {"user_id": person.id, "course_id": course.id}
    await add(
        graph.database,
        tables.CourseProgress(**whose, total_lessons=100, completed_lessons=percent, progress_percent=percent),
    )


async def paid(graph: Graph, course: Any, amount: str, at: datetime, **values: Any) -> None:
    """A payment for a course."""
    row = {
        "amount": Decimal(amount),
        "status": PaymentStatus.COMPLETED,
        "completed_at": at,
        "provider": "test",
    } | values
    await add(graph.database, tables.Transaction(course_id=course and course.id, user_email="a@example.com", **row))


PAID = (EnrollmentStatus.ACTIVE, PaymentStatus.COMPLETED)
DONE = (EnrollmentStatus.COMPLETED, PaymentStatus.COMPLETED)
LEFT = (EnrollmentStatus.CANCELLED, PaymentStatus.REFUNDED)
DECLINED = (EnrollmentStatus.CANCELLED, PaymentStatus.FAILED)


async def test_09_a_student_who_came_back_is_counted_once(graph: Graph, world: World) -> None:
    rhetoric = world.rhetoric
    await enrolled(graph, rhetoric, world.ada, LEFT, LEFT, DONE, percent=100)
    await enrolled(graph, rhetoric, world.ben, LEFT, PAID, percent=50)
    await enrolled(graph, rhetoric, world.olga, DECLINED)
    await paid(graph, rhetoric, "49.90", NOON)
    await paid(graph, rhetoric, "49.90", NOON, status=PaymentStatus.REFUNDED, refunded_at=NOON)
    await paid(graph, rhetoric, "40.00", NOON, currency="EUR")
    counted = await done(graph, "ines", REFRESH, courseId=rhetoric.public_id)
    assert counted["analytics"] == {
        "totalEnrollments": 2,
        "activeEnrollments": 1,
        "completedEnrollments": 1,
        "completionRate": 50.0,
        "averageProgress": 75.0,
        "totalRevenue": "49.90",
        "currency": "USD",
        "averageRating": None,
    }


async def test_09_analytics_of_a_course_that_nobody_takes_are_zero(graph: Graph, world: World) -> None:
    counted = (await done(graph, "ines", REFRESH, courseId=world.draft.public_id))["analytics"]
    assert {counted.pop(name) for name in ("currency", "averageRating", "totalRevenue")} == {"USD", None, "0.00"}
    assert set(counted.values()) == {0}


async def test_09_a_job_counts_every_course_and_again_what_has_changed(graph: Graph, world: World) -> None:
    await run(graph.database, refresh_course_analytics.name)
    assert (await graph.data("ines", ANALYTICS, slug="rhetoric"))["course"]["analytics"]["totalEnrollments"] == 0
    await enrolled(graph, world.rhetoric, world.ada, PAID)
    await run(graph.database, refresh_course_analytics.name)
    assert (await graph.data("ines", ANALYTICS, slug="rhetoric"))["course"]["analytics"]["totalEnrollments"] == 1


@pytest.mark.parametrize("who", ["sam", "ada", None])
async def test_09_analytics_are_for_who_teaches_the_course(graph: Graph, who: str | None) -> None:
    assert (await graph.data(who, ANALYTICS, slug="logic"))["course"]["analytics"] is None


async def test_09_refunds_are_in_their_own_month_and_currencies_are_not_added(graph: Graph, world: World) -> None:
    january, march = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    back = {"status": PaymentStatus.REFUNDED, "refunded_at": march}
    await paid(graph, world.rhetoric, "49.90", january)
    await paid(graph, world.rhetoric, "49.90", january, **back)
    await paid(graph, world.rhetoric, "40.00", march, currency="EUR")
    await paid(graph, None, "5.00", march)
    nothing = {"revenue": "0.00", "transactionCount": 0, "refunded": "0.00", "refundCount": 0}
    of_ines = [
        nothing | {"month": "2026-01-01T00:00:00+00:00", "currency": "USD", "revenue": "99.80", "transactionCount": 2},
        nothing | {"month": "2026-03-01T00:00:00+00:00", "currency": "EUR", "revenue": "40.00", "transactionCount": 1},
        nothing | {"month": "2026-03-01T00:00:00+00:00", "currency": "USD", "refunded": "49.90", "refundCount": 1},
    ]
    assert (await graph.data("ines", REVENUE))["revenueByMonth"] == of_ines
    of_all = [*of_ines[:2], of_ines[2] | {"revenue": "5.00", "transactionCount": 1}]
    assert (await graph.data("root", REVENUE))["revenueByMonth"] == of_all
    for who in ("sam", None):
        assert (await graph.data(who, REVENUE))["revenueByMonth"] == []


async def test_09_students_are_inactive_after_thirty_days_without_the_last_lesson(graph: Graph, world: World) -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    await enrolled(graph, world.logic, world.ben, DONE, percent=100)
    await enrolled(graph, world.logic, world.ada, PAID, LEFT, percent=10)
    await enrolled(graph, world.rhetoric, world.olga, PAID, percent=40)
    async with graph.database.read() as session:
        progress = (await session.scalars(tables.CourseProgress.__table__.select())).all()
    assert len(progress) == 4
    rows = [tables.CourseProgress(id=key) for key in progress]
    await change(graph.database, *rows, last_accessed_at=now - timedelta(days=31))
    lazy = [
        {"user": {"name": "Sam"}, "course": {"slug": "logic"}, "progressPercent": 25},
        {"user": {"name": "Olga"}, "course": {"slug": "rhetoric"}, "progressPercent": 40},
    ]
    found = await graph.data("ines", INACTIVE, before=(now - timedelta(days=30)).isoformat())
    assert found == {"courseProgress": {"totalCount": 2, "nodes": lazy}}
    assert len(graph.statements) == 1
    assert await listed(graph, "ben", INACTIVE, before=now.isoformat()) == []
    assert await listed(graph, "ines", INACTIVE, before=(now - timedelta(days=40)).isoformat()) == []


async def test_09_completion_is_told_of_a_course_and_of_each_lesson(graph: Graph, world: World) -> None:
    await enrolled(graph, world.logic, world.ada, DONE, percent=100)
    async with graph.database.read() as session:
        of_ada = tables.CourseProgress.user_id == world.ada.id
        (key,) = await session.scalars(tables.CourseProgress.__table__.select().where(of_ada))
    for lesson, seconds in ((world.logic_1_1, 90), (world.logic_1_2, 30)):
        is_done = {"completed": seconds == 90, "completed_at": NOON if seconds == 90 else None}
        await add(
            graph.database,
            tables.LessonProgress(progress_id=key, lesson_id=lesson.id, watch_time_seconds=seconds, **is_done),
        )
    await change(graph.database, tables.CourseProgress(id=key), completed_at=NOON)
    told = (await graph.data("ines", LESSONS))["course"]
    assert len(graph.statements) == 1
    assert told["statistics"] == {"students": 2, "completed": 1, "completionRate": 50.0}
    figures = {"startedCount": 2, "completedCount": 2, "completionRate": 100.0, "averageWatchSeconds": 45.0}
    begun = {"startedCount": 1, "completedCount": 0, "completionRate": 0.0, "averageWatchSeconds": 30.0}
    assert told["lessonStatistics"] == [{"lesson": {"title": "1.1"}} | figures, {"lesson": {"title": "1.2"}} | begun]


async def test_09_the_newest_instructors_and_how_many_have_which_role(graph: Graph, world: World) -> None:
    await change(graph.database, world.vera, role=UserRole.INSTRUCTOR)
    await change(graph.database, world.ines, created_at=NOON)
    await change(graph.database, world.vera, created_at=NOON + timedelta(days=1))
    assert [one["name"] for one in await listed(graph, "root", NEWEST)] == ["Vera", "Ines"]
    counts = {one["role"]: one["count"] for one in (await graph.data("root", COUNTS))["userCounts"]}
    assert (counts["INSTRUCTOR"], counts["ADMIN"], sum(counts.values())) == (2, 1, 8)
    for asked in (NEWEST, COUNTS):
        assert await error_code(graph, "ines", asked) == "FORBIDDEN"
