"""Being at a course: opening it, watching its lessons, seeing what is missing, and leaving it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from db import tables
from db.access import GUEST
from db.tables import EnrollmentStatus, PaymentStatus
from tests.conftest import Graph
from tests.db.actions.test_media import run
from tests.graphql_schema.asking import UNKNOWN, add, change, done, error_code, refusal, refusals
from tests.graphql_schema.courses.test_mutations import COMPLETE, ENROLL
from tests.world import NOON, World

WATCH = """
    mutation ($input: AddWatchTimeInput!) {
      addWatchTime(input: $input) {
        progress { lastAccessedAt completedLessons }
        lessonProgress { watchTimeSeconds completed lastWatchedAt }
        errors { code message path }
      }
    }
"""
OPEN = """
    mutation ($input: OpenCourseInput!) {
      openCourse(input: $input) { progress { lastAccessedAt course { slug } } errors { code message path } }
    }
"""
CANCEL = """
    mutation ($input: CancelEnrollmentInput!) {
      cancelEnrollment(input: $input) { enrollment { id status } errors { code message path } }
    }
"""
MISSING = """
    query ($first: Int = 20) {
      course(slug: "logic") {
        viewerProgress { missingLessons(first: $first) { totalCount nodes { title } pageInfo { hasNextPage } } }
      }
    }
"""


async def passes(graph: Graph, seconds: float) -> None:
    """Have so much time pass since everybody's last call."""
    row = tables.CourseProgress
    earlier = timedelta(seconds=seconds)
    async with graph.database.work(GUEST) as work:
        await work.execute(update(row).values(watched_at=row.watched_at - earlier, started_at=row.started_at - earlier))


async def take_rhetoric(graph: Graph, world: World) -> None:
    """Give Sam a place in the course that costs, with progress of its own."""
    place = {"user_id": world.sam.id, "course_id": world.rhetoric.id}
    paid = tables.Enrollment(payment_status=PaymentStatus.COMPLETED, **place)
    await add(graph.database, paid, tables.CourseProgress(total_lessons=4, **place))


async def watched(graph: Graph) -> int:
    """The seconds that all lessons were watched together."""
    async with graph.database.read() as reading:
        return await reading.scalar(select(func.sum(tables.LessonProgress.watch_time_seconds))) or 0


async def watch(graph: Graph, lesson: tables.Lesson, seconds: int) -> int:
    """The seconds that Sam has watched a lesson, with these."""
    payload = await done(graph, "sam", WATCH, lessonId=lesson.public_id, seconds=seconds)
    return int(payload["lessonProgress"]["watchTimeSeconds"])


# --- watch time ------------------------------------------------------------------------------------------------------


async def test_watch_time_adds_up(graph: Graph, world: World) -> None:
    for expected in (60, 120, 180):
        await passes(graph, 61)
        assert await watch(graph, world.logic_1_1, 60) == expected


async def test_no_more_is_added_than_time_has_passed_since_the_last_call(graph: Graph, world: World) -> None:
    await passes(graph, 100)
    assert await watch(graph, world.logic_1_1, 90) == 90
    await passes(graph, 20)
    assert 20 <= await watch(graph, world.logic_1_1, 300) - 90 < 60


async def test_parts_of_a_second_are_not_lost_between_calls(graph: Graph, world: World) -> None:
    await passes(graph, 5)
    before, begun = await watch(graph, world.logic_1_1, 300), datetime.now(UTC)
    for _ in range(20):
        await passes(graph, 0.5)
        last = datetime.now(UTC)
        total = await watch(graph, world.logic_1_1, 300)
    assert total - before > 10 + (last - begun).total_seconds() - 1


async def test_a_lesson_that_was_done_before_it_was_watched_can_be_watched(graph: Graph, world: World) -> None:
    await passes(graph, 30)
    await done(graph, "sam", COMPLETE, lessonId=world.logic_1_2.public_id)
    assert await watch(graph, world.logic_1_2, 30) == 30


async def test_two_lessons_do_not_run_at_the_same_time(graph: Graph, world: World) -> None:
    await passes(graph, 100)
    assert await watch(graph, world.logic_1_1, 100) == 100
    assert await watch(graph, world.logic_1_2, 100) < 50


async def test_two_courses_do_not_run_at_the_same_time(graph: Graph, world: World) -> None:
    await take_rhetoric(graph, world)
    await passes(graph, 100)
    assert await watch(graph, world.logic_1_1, 100) == 100
    assert await watch(graph, world.rhetoric_1_1, 100) < 50


@pytest.mark.usefixtures("patient")
async def test_twenty_calls_of_one_moment_add_what_has_passed_once(graph: Graph, world: World) -> None:
    """They are for lessons of two courses, as from several devices."""
    await take_rhetoric(graph, world)
    await passes(graph, 100)
    lessons = [world.logic_1_1, world.rhetoric_1_2, world.logic_2_1, world.rhetoric_2_2] * 5
    begun = datetime.now(UTC)
    turns = asyncio.Semaphore(4)

    async def call(lesson: tables.Lesson) -> None:
        async with turns:
            await watch(graph, lesson, 50)

    await asyncio.gather(*map(call, lessons))
    assert 50 <= await watched(graph) <= 50 + 1 + (datetime.now(UTC) - begun).total_seconds()


async def test_two_people_watch_at_the_same_time(graph: Graph, world: World) -> None:
    await done(graph, "ada", ENROLL, courseId=world.logic.public_id)
    await passes(graph, 100)
    for who in ("ada", "sam"):
        await done(graph, who, WATCH, lessonId=world.logic_1_1.public_id, seconds=100)
    assert await watched(graph) == 200


@pytest.mark.parametrize("seconds", [0, -1, 301])
async def test_a_call_adds_up_to_five_minutes(graph: Graph, world: World, seconds: int) -> None:
    refused = await refusal(graph, "sam", WATCH, lessonId=world.logic_1_1.public_id, seconds=seconds)
    assert refused == ("BAD_USER_INPUT", "input.seconds")


async def test_lessons_are_watched_by_who_has_a_place_that_is_open(graph: Graph, world: World) -> None:
    given = {"lessonId": world.logic_1_1.public_id, "seconds": 1}
    assert await refusal(graph, "ada", WATCH, **given) == ("FORBIDDEN", "input.lessonId")
    await change(graph.database, world.enrollment, status=EnrollmentStatus.CANCELLED)
    assert await refusal(graph, "sam", WATCH, **given) == ("FORBIDDEN", "input.lessonId")
    assert await refusal(graph, "sam", WATCH, **given | {"lessonId": world.draft_1_1.public_id}) == (
        "NOT_FOUND",
        "input.lessonId",
    )
    assert await error_code(graph, None, WATCH, input=given) == "UNAUTHENTICATED"


# --- opening ---------------------------------------------------------------------------------------------------------


async def test_who_opens_a_course_is_at_it(graph: Graph, world: World) -> None:
    await change(graph.database, world.progress, last_accessed_at=NOON)
    progress = (await done(graph, "sam", OPEN, courseId=world.logic.public_id))["progress"]
    assert progress["course"] == {"slug": "logic"}
    assert datetime.now(UTC) - datetime.fromisoformat(progress["lastAccessedAt"]) < timedelta(minutes=5)


async def test_a_course_is_opened_by_who_has_a_place_in_it_that_is_open(graph: Graph, world: World) -> None:
    given = {"courseId": world.logic.public_id}
    assert await refusal(graph, "ada", OPEN, **given) == ("FORBIDDEN", "input.courseId")
    await change(graph.database, world.enrollment, expires_at=NOON)
    assert await refusal(graph, "sam", OPEN, **given) == ("FORBIDDEN", "input.courseId")
    assert await refusal(graph, "sam", OPEN, courseId=f"crs_{UNKNOWN}") == ("NOT_FOUND", "input.courseId")
    assert await error_code(graph, None, OPEN, input=given) == "UNAUTHENTICATED"


# --- what is missing -------------------------------------------------------------------------------------------------


async def test_progress_says_what_is_missing(graph: Graph, world: World) -> None:
    begun = tables.LessonProgress(progress_id=world.progress.id, lesson_id=world.logic_2_1.id, watch_time_seconds=9)
    await add(graph.database, begun)
    missing = (await graph.data("sam", MISSING))["course"]["viewerProgress"]["missingLessons"]
    assert {one["title"] for one in missing["nodes"]} == {"1.2", "2.1", "2.2"}
    for lesson in (world.logic_1_2, world.logic_2_1, world.logic_2_2):
        await done(graph, "sam", COMPLETE, lessonId=lesson.public_id)
    missing = (await graph.data("sam", MISSING))["course"]["viewerProgress"]["missingLessons"]
    assert missing == {"totalCount": 0, "nodes": [], "pageInfo": {"hasNextPage": False}}


async def test_what_is_missing_comes_page_by_page(graph: Graph, world: World) -> None:
    missing = (await graph.data("sam", MISSING, first=2))["course"]["viewerProgress"]["missingLessons"]
    assert (missing["totalCount"], len(missing["nodes"]), missing["pageInfo"]) == (3, 2, {"hasNextPage": True})


# --- leaving ---------------------------------------------------------------------------------------------------------


async def test_who_leaves_can_come_back_where_they_were(graph: Graph, world: World) -> None:
    given = {"enrollmentId": world.enrollment.public_id}
    assert (await done(graph, "sam", CANCEL, **given))["enrollment"]["status"] == "CANCELLED"
    assert (await done(graph, "sam", CANCEL, **given))["enrollment"]["status"] == "CANCELLED", "twice is once"
    again = await done(graph, "sam", ENROLL, courseId=world.logic.public_id)
    assert again["progress"]["completedLessons"] == 1
    assert again["enrollment"]["id"] != world.enrollment.public_id


@pytest.mark.parametrize("ended", [EnrollmentStatus.COMPLETED, EnrollmentStatus.EXPIRED])
async def test_what_has_ended_otherwise_is_not_cancelled(graph: Graph, world: World, ended: EnrollmentStatus) -> None:
    completed_at = NOON if ended is EnrollmentStatus.COMPLETED else None
    await change(graph.database, world.enrollment, status=ended, completed_at=completed_at)
    given = {"enrollmentId": world.enrollment.public_id}
    payload = (await graph.data("sam", CANCEL, input=given))["cancelEnrollment"]
    assert payload["errors"] == [
        {
            "code": "CONFLICT",
            "message": f"This is {ended} and cannot become CANCELLED.",
            "path": ["input", "enrollmentId"],
        }
    ]
    assert payload["enrollment"]["status"] == ended


async def test_who_manages_a_course_ends_free_places_alone(graph: Graph, world: World) -> None:
    given = {"enrollmentId": world.enrollment.public_id}
    await change(graph.database, world.enrollment, payment_amount=5)
    assert await refusal(graph, "ines", CANCEL, **given) == ("FORBIDDEN", "input.enrollmentId")
    await change(graph.database, world.enrollment, payment_amount=0)
    assert (await done(graph, "ines", CANCEL, **given))["enrollment"]["status"] == "CANCELLED"


async def test_others_end_nobodys_place(graph: Graph, world: World) -> None:
    given = {"enrollmentId": world.enrollment.public_id}
    assert await refusals(graph, "ada", CANCEL, **given) == [("NOT_FOUND", "input.enrollmentId")]
    assert await error_code(graph, None, CANCEL, input=given) == "UNAUTHENTICATED"


# --- the end of the time ---------------------------------------------------------------------------------------------


async def test_a_place_is_open_for_as_long_as_its_course_says(graph: Graph, world: World) -> None:
    await change(graph.database, world.logic, access_days=30)
    await done(graph, "ada", ENROLL, courseId=world.logic.public_id)
    query = '{ course(slug: "logic") { viewerEnrollment { enrolledAt expiresAt } } }'
    place = (await graph.data("ada", query))["course"]["viewerEnrollment"]
    lasts = datetime.fromisoformat(place["expiresAt"]) - datetime.fromisoformat(place["enrolledAt"])
    assert abs(lasts - timedelta(days=30)) < timedelta(minutes=1)


async def test_places_whose_time_is_over_are_ended_and_their_students_told(
    graph: Graph, world: World, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.actions.enrollments.AT_ONCE", 1)
    for who in ("ada", "ben"):
        await done(graph, who, ENROLL, courseId=world.logic.public_id)
    await change(graph.database, world.enrollment, expires_at=NOON)
    await add(graph.database, tables.Enrollment(user_id=world.vera.id, course_id=world.logic.id, expires_at=NOON))
    told.clear()
    await run(graph.database, "expire_enrollments")
    await run(graph.database, "expire_enrollments")
    async with graph.database.read() as reading:
        row = tables.Enrollment
        states = {one.user_id: one.status for one in await reading.execute(select(row.user_id, row.status))}
    assert [states[getattr(world, who).id] for who in ("ada", "ben", "sam", "vera")] == [
        EnrollmentStatus.ACTIVE,
        EnrollmentStatus.ACTIVE,
        EnrollmentStatus.EXPIRED,
        EnrollmentStatus.EXPIRED,
    ]
    query = "{ viewer { notifications(filter: {type: ENROLLMENT_EXPIRED}) { nodes { message data } } } }"
    for who in ("sam", "vera"):
        nodes = (await graph.data(who, query))["viewer"]["notifications"]["nodes"]
        assert [one["message"].startswith("“Logic” is closed") for one in nodes] == [True]
    assert sorted(kind for kind, _ in told) == ["ENROLLMENT_ENDED"] * 2 + ["NOTIFICATION_ADDED"] * 2
