"""Taking a course: one place a person, and a percentage that is right however lessons are completed."""

import asyncio
from datetime import datetime
from typing import Any

from db import tables
from db.actions.course_contents import part, reorder
from db.tables import EnrollmentStatus, ProgressEventKind
from tests.conftest import Graph
from tests.db.waiting import until
from tests.graphql_schema.asking import UNKNOWN, add, change, done, error_code, refusal, refusals, with_ids
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
REORDER = """
    mutation ($input: ReorderLessonsInput!) {
      reorderLessons(input: $input) {
        module { lessons(first: 100) { nodes { title order } } }
        errors { code message path }
      }
    }
"""


def of_progress(told: Any) -> list[Any]:
    """The events that students hear of their own progress: those of their class name an enrollment."""
    return [(kind, ids) for kind, ids in told if kind in ProgressEventKind.__members__ and "enrollment" not in ids]


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


async def test_a_second_enrollment_in_a_course_that_costs_is_a_conflict_too(graph: Graph, world: World) -> None:
    await add(graph.database, tables.Enrollment(user_id=world.sam.id, course_id=world.rhetoric.id))
    assert await refusal(graph, "sam", ENROLL, courseId=world.rhetoric.public_id) == ("CONFLICT", "input.courseId")


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
    assert of_progress(told) == [("LESSON_COMPLETED", {"progress": world.progress.public_id, "lesson": lesson})]


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
    assert [kind for kind, _ in of_progress(told)] == ["LESSON_COMPLETED"] * 3 + ["COURSE_COMPLETED"]


async def test_all_lessons_completed_at_the_same_time_are_counted_right(graph: Graph, world: World, told: Any) -> None:
    lessons = (world.logic_1_1, world.logic_1_2, world.logic_2_1, world.logic_2_2) * 2
    payloads = await asyncio.gather(*(done(graph, "sam", COMPLETE, lessonId=lesson.public_id) for lesson in lessons))
    assert max(payload["progress"]["progressPercent"] for payload in payloads) == 100
    query = '{ course(slug: "logic") { viewerProgress { completedLessons totalLessons progressPercent } } }'
    progress = (await graph.data("sam", query))["course"]["viewerProgress"]
    assert progress == {"completedLessons": 4, "totalLessons": 4, "progressPercent": 100}
    assert (await enrollment(graph, world))[0] is EnrollmentStatus.COMPLETED
    assert sorted(kind for kind, _ in of_progress(told)) == ["COURSE_COMPLETED"] + ["LESSON_COMPLETED"] * 3


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
    assert [kind for kind, _ in of_progress(told)] == ["LESSON_COMPLETED"] * 2


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


# --- teaching --------------------------------------------------------------------------------------------------------


async def test_lessons_are_put_in_another_order(graph: Graph, world: World) -> None:
    given = with_ids(world, {"moduleId": "@logic_1", "lessonIds": ["@logic_1_2", "@logic_1_1"]})
    assert await reordered(graph, **given) == [("1.2", 1), ("1.1", 2)]
    assert await reordered(graph, **{**given, "lessonIds": []}) == [("1.2", 1), ("1.1", 2)]


async def test_lessons_that_are_not_named_come_after_as_they_were(graph: Graph, world: World) -> None:
    more = [tables.Lesson(module_id=world.logic_1.id, title=f"1.{n}", content="", order=n * 10) for n in (4, 3, 5)]
    await add(graph.database, *more)
    given = {"moduleId": world.logic_1.public_id, "lessonIds": [more[2].public_id, world.logic_1_2.public_id]}
    assert await reordered(graph, **given) == [("1.5", 1), ("1.2", 2), ("1.1", 3), ("1.3", 4), ("1.4", 5)]


async def test_an_order_with_anything_else_in_it_is_refused(graph: Graph, world: World) -> None:
    ids = ["@logic_1_2", "@logic_2_1", "@logic_1_2", "nothing", "@logic_1_1"]
    given = with_ids(world, {"moduleId": "@logic_1", "lessonIds": ids})
    wrong = [
        ("NOT_FOUND", "input.lessonIds.1"),
        ("BAD_USER_INPUT", "input.lessonIds.2"),
        ("NOT_FOUND", "input.lessonIds.3"),
    ]
    assert await refusals(graph, "ines", REORDER, **given) == wrong
    assert await reordered(graph, **{**given, "lessonIds": []}) == [("1.1", 1), ("1.2", 2)]
    assert await refusals(graph, "ines", REORDER, **given, onError="SKIP") == wrong
    assert await reordered(graph, **{**given, "lessonIds": []}) == [("1.2", 1), ("1.1", 2)]


async def test_lessons_are_ordered_by_who_teaches_the_course(graph: Graph, world: World) -> None:
    given = {"moduleId": world.logic_1.public_id, "lessonIds": []}
    assert await refusal(graph, "sam", REORDER, **given) == ("FORBIDDEN", "input.moduleId")
    await change(graph.database, world.logic, published=False)
    assert await refusal(graph, "ada", REORDER, **given) == ("NOT_FOUND", "input.moduleId")


async def test_of_orders_at_the_same_time_the_last_holds_as_a_whole(graph: Graph, world: World) -> None:
    lessons = [tables.Lesson(module_id=world.draft_1.id, title=str(n), content="", order=n) for n in range(3, 21)]
    await add(graph.database, *lessons)
    ids = [lesson.public_id for lesson in lessons]
    asked = ({"moduleId": world.draft_1.public_id, "lessonIds": ids[n:] + ids[:n]} for n in (3, 7, 11, 15))
    await asyncio.gather(*(reordered(graph, **given) for given in asked))
    now = await reordered(graph, moduleId=world.draft_1.public_id, lessonIds=[])
    assert [order for _, order in now] == list(range(1, 21))
    assert [title for title, _ in now[:18]] in [[str(3 + (i + n) % 18) for i in range(18)] for n in (3, 7, 11, 15)]


async def test_who_orders_lessons_while_another_does_waits_and_mixes_nothing(graph: Graph, world: World) -> None:
    third = tables.Lesson(module_id=world.logic_1.id, title="1.3", content="", order=3)
    await add(graph.database, third)
    one, two, module = world.logic_1_1, world.logic_1_2, world.logic_1.public_id
    async with graph.database.work(world.viewer("ines")) as work:
        _, locked = await part(work, tables.CourseModule, module, at="moduleId")
        await reorder(work, locked, [third, one, two])
        order = [lesson.public_id for lesson in (two, one, third)]
        other = asyncio.create_task(reordered(graph, moduleId=module, lessonIds=order))
        await until(graph.database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
    assert await other == [("1.2", 1), ("1.1", 2), ("1.3", 3)]


async def test_a_hundred_lessons_are_ordered_at_a_time(graph: Graph, world: World) -> None:
    lessons = [tables.Lesson(module_id=world.draft_1.id, title=str(n), content="", order=n) for n in range(3, 104)]
    await add(graph.database, *lessons)
    ids = [lesson.public_id for lesson in lessons]
    given = {"moduleId": world.draft_1.public_id, "lessonIds": ids[:100]}
    await reordered(graph, **given)
    assert len(graph.statements) < 9
    assert await refusal(graph, "ines", REORDER, **given | {"lessonIds": ids}) == ("BAD_USER_INPUT", "input.lessonIds")


async def reordered(graph: Graph, **given: Any) -> list[tuple[str, int]]:
    """The titles of the module's lessons and their places, once Ines has put them in this order."""
    module = (await done(graph, "ines", REORDER, **given))["module"]
    return [(lesson["title"], lesson["order"]) for lesson in module["lessons"]["nodes"]]


async def enrollment(graph: Graph, world: World) -> tuple[EnrollmentStatus, datetime | None]:
    """What has become of Sam's enrollment, and since when."""
    async with graph.database.read() as reading:
        found = await reading.get_one(tables.Enrollment, world.enrollment.id)
    return found.status, found.completed_at
