"""Taking a course: one place a person, and a percentage that is right however lessons are completed."""

import asyncio
from datetime import datetime
from typing import Any

from sqlalchemy import select

from db import tables
from db.enums import EnrollmentStatus
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, change, done, error_code, refusal, with_ids
from tests.world import World

ENROLL = """
    mutation ($input: EnrollInput!) {
      enroll(input: $input) {
        enrollment { id status paymentStatus paymentAmount user { name } course { slug } }
        progress { completedLessons totalLessons progressPercent }
        errors { code message path }
      }
    }
"""
COMPLETE = """
    mutation ($input: CompleteLessonInput!) {
      completeLesson(input: $input) {
        progress { completedLessons totalLessons progressPercent completedAt }
        lessonProgress { completed completedAt lesson { title } }
        errors { code message path }
      }
    }
"""


async def test_an_enrollment_begins_with_progress_of_nothing(graph: Graph, world: World) -> None:
    enrolled = await done(graph, "ada", ENROLL, courseId=world.logic.public_id)
    assert enrolled["enrollment"].pop("id")
    assert enrolled["enrollment"] == {
        "status": "ACTIVE",
        "paymentStatus": "COMPLETED",
        "paymentAmount": "0.00",
        "user": {"name": "Ada"},
        "course": {"slug": "logic"},
    }
    assert enrolled["progress"] == {"completedLessons": 0, "totalLessons": 4, "progressPercent": 0}


async def test_a_second_enrollment_is_a_conflict_whatever_became_of_the_first(graph: Graph, world: World) -> None:
    for status in EnrollmentStatus:
        await change(graph.database, world.enrollment, status=status)
        payload = (await graph.data("sam", ENROLL, input={"courseId": world.logic.public_id}))["enroll"]
        assert (payload["enrollment"]["id"], payload["enrollment"]["status"]) == (world.enrollment.public_id, status)
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [("CONFLICT", ["input", "courseId"])]


async def test_a_second_enrollment_in_a_course_that_costs_is_a_conflict_too(graph: Graph, world: World) -> None:
    await add(graph.database, tables.Enrollment(user_id=world.sam.id, course_id=world.rhetoric.id))
    assert await refusal(graph, "sam", ENROLL, courseId=world.rhetoric.public_id) == ("CONFLICT", "input.courseId")


async def test_of_enrollments_at_the_same_time_one_is_made(graph: Graph, world: World) -> None:
    given = {"courseId": world.logic.public_id}
    payloads = await asyncio.gather(*(graph.data("ada", ENROLL, input=given) for _ in range(5)))
    codes = [error["code"] for payload in payloads for error in payload["enroll"]["errors"]]
    assert codes == ["CONFLICT"] * 4
    assert len({payload["enroll"]["enrollment"]["id"] for payload in payloads}) == 1
    for table in (tables.Enrollment, tables.CourseProgress):
        async with graph.database.read() as reading:
            assert len((await reading.scalars(select(table).where(table.user_id == world.ada.id))).all()) == 1


async def test_a_course_that_costs_cannot_be_taken_yet(graph: Graph, world: World) -> None:
    assert await refusal(graph, "sam", ENROLL, courseId=world.rhetoric.public_id) == (
        "BAD_USER_INPUT",
        "input.courseId",
    )
    async with graph.database.read() as reading:
        assert len((await reading.scalars(select(tables.Enrollment))).all()) == 1


async def test_a_course_that_is_not_seen_is_not_found(graph: Graph, world: World) -> None:
    for course in ("@draft", f"crs_{UNKNOWN}", "@atlas", "nonsense"):
        given = with_ids(world, {"courseId": course})
        assert await refusal(graph, "sam", ENROLL, **given) == ("NOT_FOUND", "input.courseId")


async def test_a_guest_must_sign_in_to_learn(graph: Graph, world: World) -> None:
    assert await error_code(graph, None, ENROLL, input={"courseId": world.logic.public_id}) == "UNAUTHENTICATED"
    assert await error_code(graph, None, COMPLETE, input={"lessonId": world.logic_1_1.public_id}) == "UNAUTHENTICATED"


async def test_an_instructor_may_take_their_own_draft(graph: Graph, world: World) -> None:
    enrolled = await done(graph, "ines", ENROLL, courseId=world.draft.public_id)
    assert enrolled["enrollment"]["course"] == {"slug": "draft"}


# --- lessons ---------------------------------------------------------------------------------------------------------


async def test_the_percentage_follows_the_lessons(graph: Graph, world: World, told: Any) -> None:
    lesson = world.logic_1_2.public_id
    completed = await done(graph, "sam", COMPLETE, lessonId=lesson)
    assert completed["progress"] == {
        "completedLessons": 2,
        "totalLessons": 4,
        "progressPercent": 50,
        "completedAt": None,
    }
    assert completed["lessonProgress"].pop("completedAt") is not None
    assert completed["lessonProgress"] == {"completed": True, "lesson": {"title": "1.2"}}
    assert told == [("LESSON_COMPLETED", {"progress": world.progress.public_id, "lesson": lesson})]


async def test_a_lesson_that_is_done_stays_as_it_is(graph: Graph, world: World, told: Any) -> None:
    completed = await done(graph, "sam", COMPLETE, lessonId=world.logic_1_1.public_id)
    assert completed["progress"]["progressPercent"] == 25
    assert completed["lessonProgress"]["completedAt"] == "2026-01-01T12:00:00+00:00"
    assert told == []


async def test_a_lesson_that_was_begun_is_completed(graph: Graph, world: World) -> None:
    begun = tables.LessonProgress(progress_id=world.progress.id, lesson_id=world.logic_1_2.id, watch_time_seconds=60)
    await add(graph.database, begun)
    completed = await done(graph, "sam", COMPLETE, lessonId=world.logic_1_2.public_id)
    assert (completed["progress"]["progressPercent"], completed["lessonProgress"]["completed"]) == (50, True)


async def test_the_last_lesson_completes_course_and_enrollment(graph: Graph, world: World, told: Any) -> None:
    for lesson in (world.logic_1_2, world.logic_2_1, world.logic_2_2):
        completed = await done(graph, "sam", COMPLETE, lessonId=lesson.public_id)
    assert completed["progress"]["progressPercent"] == 100
    assert await enrollment(graph, world) == (
        EnrollmentStatus.COMPLETED,
        datetime.fromisoformat(completed["progress"]["completedAt"]),
    )
    assert [kind for kind, _ in told] == ["LESSON_COMPLETED"] * 3 + ["COURSE_COMPLETED"]


async def test_all_lessons_completed_at_the_same_time_are_counted_right(graph: Graph, world: World, told: Any) -> None:
    lessons = (world.logic_1_1, world.logic_1_2, world.logic_2_1, world.logic_2_2) * 2
    payloads = await asyncio.gather(*(done(graph, "sam", COMPLETE, lessonId=lesson.public_id) for lesson in lessons))
    assert max(payload["progress"]["progressPercent"] for payload in payloads) == 100
    query = '{ course(slug: "logic") { viewerProgress { completedLessons totalLessons progressPercent } } }'
    progress = (await graph.data("sam", query))["course"]["viewerProgress"]
    assert progress == {"completedLessons": 4, "totalLessons": 4, "progressPercent": 100}
    assert (await enrollment(graph, world))[0] is EnrollmentStatus.COMPLETED
    assert sorted(kind for kind, _ in told) == ["COURSE_COMPLETED"] + ["LESSON_COMPLETED"] * 3


async def test_a_percentage_is_rounded_down(graph: Graph, world: World) -> None:
    await add(
        graph.database,
        *(tables.Lesson(module_id=world.logic_2.id, title=f"2.{n}", content="", order=n) for n in (3, 4, 5)),
    )
    completed = await done(graph, "sam", COMPLETE, lessonId=world.logic_1_2.public_id)
    assert completed["progress"] == {
        "completedLessons": 2,
        "totalLessons": 7,
        "progressPercent": 28,
        "completedAt": None,
    }


async def test_a_lesson_added_later_reopens_the_count_but_not_the_completion(
    graph: Graph, world: World, told: Any
) -> None:
    for lesson in (world.logic_1_2, world.logic_2_1, world.logic_2_2):
        completed = await done(graph, "sam", COMPLETE, lessonId=lesson.public_id)
    at = completed["progress"]["completedAt"]
    more = [tables.Lesson(module_id=world.logic_2.id, title=f"2.{n}", content="", order=n) for n in (3, 4)]
    await add(graph.database, *more)
    told.clear()
    progress = [(await done(graph, "sam", COMPLETE, lessonId=lesson.public_id))["progress"] for lesson in more]
    assert [(each["progressPercent"], each["completedAt"]) for each in progress] == [(83, at), (100, at)]
    assert [kind for kind, _ in told] == ["LESSON_COMPLETED"] * 2


async def test_lessons_are_completed_by_who_takes_the_course(graph: Graph, world: World, told: Any) -> None:
    asked = [
        ("ada", "@logic_1_1", "FORBIDDEN"),
        ("ines", "@logic_1_1", "FORBIDDEN"),
        ("sam", "@rhetoric_1_1", "FORBIDDEN"),
        ("sam", "@draft_1_1", "NOT_FOUND"),
        ("sam", "@atlas", "NOT_FOUND"),
        ("sam", f"les_{UNKNOWN}", "NOT_FOUND"),
    ]
    for who, lesson, code in asked:
        given = with_ids(world, {"lessonId": lesson})
        assert await refusal(graph, who, COMPLETE, **given) == (code, "input.lessonId")
    assert told == []


async def test_lessons_are_not_completed_after_the_enrollment_ended(graph: Graph, world: World) -> None:
    for status in (EnrollmentStatus.EXPIRED, EnrollmentStatus.CANCELLED):
        await change(graph.database, world.enrollment, status=status)
        refused = await refusal(graph, "sam", COMPLETE, lessonId=world.logic_1_2.public_id)
        assert refused == ("FORBIDDEN", "input.lessonId")
    async with graph.database.read() as reading:
        assert len((await reading.scalars(select(tables.LessonProgress))).all()) == 1


async def enrollment(graph: Graph, world: World) -> tuple[EnrollmentStatus, datetime | None]:
    """What has become of Sam's enrollment, and since when."""
    async with graph.database.read() as reading:
        found = await reading.get_one(tables.Enrollment, world.enrollment.id)
    return found.status, found.completed_at
