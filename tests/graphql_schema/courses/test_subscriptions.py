"""Hearing of one's own progress, and of nobody else's; and of a class, for who teaches it."""

import pytest
from sqlalchemy import delete

from db import tables
from db.access import GUEST
from db.errors import AccessLost
from db.outbox import viewer_topic
from db.roots import at
from db.tables import class_topic, progress_topic
from graphql_schema.execution import RequestError
from tests.conftest import Graph
from tests.db.actions.test_progress import authoring
from tests.graphql_schema.asking import UNKNOWN, change, done
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.courses.test_enrollment_mutations import CANCEL
from tests.graphql_schema.courses.test_mutations import COMPLETE, ENROLL
from tests.world import World

EVENTS = """
    subscription ($course: ID!) {
      progressEvents(courseId: $course) {
        kind
        lesson { title module { course { slug } } }
        progress { completedLessons progressPercent user { name email } }
      }
    }
"""
CLASS = """
    subscription ($course: ID!) {
      classEvents(courseId: $course) {
        kind
        course { slug }
        enrollment { status user { name } }
        progress { progressPercent user { name } }
        lesson { title }
      }
    }
"""


async def test_a_completed_lesson_is_heard(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("sam", EVENTS, course=world.logic.public_id) as ear:
        await done(graph, "sam", COMPLETE, lessonId=world.logic_1_2.public_id)
        assert await ear.hear() == {
            "data": {
                "progressEvents": {
                    "kind": "LESSON_COMPLETED",
                    "lesson": {"title": "1.2", "module": {"course": {"slug": "logic"}}},
                    "progress": {
                        "completedLessons": 2,
                        "progressPercent": 50,
                        "user": {"name": "Sam", "email": "sam@example.com"},
                    },
                }
            }
        }


async def test_the_completed_course_is_heard_behind_its_last_lesson(graph: Graph, world: World, listen: Listen) -> None:
    for lesson in (world.logic_1_2, world.logic_2_1):
        await done(graph, "sam", COMPLETE, lessonId=lesson.public_id)
    async with listen("sam", EVENTS, course=world.logic.public_id) as ear:
        await done(graph, "sam", COMPLETE, lessonId=world.logic_2_2.public_id)
        heard = [(await ear.hear())["data"]["progressEvents"] for _ in range(2)]
    assert [(event["kind"], event["progress"]["progressPercent"]) for event in heard] == [
        ("LESSON_COMPLETED", 100),
        ("COURSE_COMPLETED", 100),
    ]
    assert heard[1]["lesson"] is None


async def test_what_others_learn_is_not_heard(graph: Graph, world: World, listen: Listen) -> None:
    """Not even by their teacher: what is heard first is what was done last, by oneself."""
    course = world.logic.public_id
    await done(graph, "ines", ENROLL, courseId=course)
    async with listen("ines", EVENTS, course=course) as ear:
        await done(graph, "sam", COMPLETE, lessonId=world.logic_1_2.public_id)
        await done(graph, "ines", COMPLETE, lessonId=world.logic_2_2.public_id)
        assert (await ear.hear())["data"]["progressEvents"]["progress"]["user"]["name"] == "Ines"


async def test_what_is_learnt_elsewhere_is_not_heard(graph: Graph, world: World, listen: Listen) -> None:
    await done(graph, "ines", ENROLL, courseId=world.logic.public_id)
    await done(graph, "ines", ENROLL, courseId=world.draft.public_id)
    async with listen("ines", EVENTS, course=world.logic.public_id) as ear:
        await done(graph, "ines", COMPLETE, lessonId=world.draft_1_1.public_id)
        await done(graph, "ines", COMPLETE, lessonId=world.logic_1_1.public_id)
        assert (await ear.hear())["data"]["progressEvents"]["lesson"]["module"]["course"]["slug"] == "logic"


async def test_one_may_listen_before_one_has_enrolled(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("ada", EVENTS, course=world.logic.public_id) as ear:
        await done(graph, "ada", ENROLL, courseId=world.logic.public_id)
        await done(graph, "ada", COMPLETE, lessonId=world.logic_1_1.public_id)
        assert (await ear.hear())["data"]["progressEvents"]["progress"]["progressPercent"] == 25


@pytest.mark.parametrize(
    ("who", "course", "code"),
    [
        (None, "logic", "UNAUTHENTICATED"),
        (None, "draft", "NOT_FOUND"),
        ("sam", "draft", "NOT_FOUND"),
        ("sam", "atlas", "NOT_FOUND"),
    ],
)
async def test_whoever_has_nothing_to_hear_is_refused(
    world: World, listen: Listen, who: str | None, course: str, code: str
) -> None:
    assert await refused(listen, who, getattr(world, course).public_id) == code


async def test_an_unknown_course_is_refused(listen: Listen) -> None:
    assert await refused(listen, "sam", f"crs_{UNKNOWN}") == "NOT_FOUND"


# --- the class -------------------------------------------------------------------------------------------------------


async def test_who_teaches_a_course_hears_its_students(graph: Graph, world: World, listen: Listen) -> None:
    course = world.logic.public_id
    async with listen("ines", CLASS, course=course) as ear:
        await done(graph, "ada", ENROLL, courseId=course)
        for lesson in (world.logic_1_2, world.logic_2_1, world.logic_2_2):
            await done(graph, "sam", COMPLETE, lessonId=lesson.public_id)
        place = (await graph.data("ada", '{ course(slug: "logic") { viewerEnrollment { id } } }'))["course"]
        await done(graph, "ada", CANCEL, enrollmentId=place["viewerEnrollment"]["id"])
        heard = [(await ear.hear())["data"]["classEvents"] for _ in range(6)]
    ada = {"status": "CANCELLED", "user": {"name": "Ada"}}
    assert [one["kind"] for one in heard] == [
        "STUDENT_ENROLLED",
        *["LESSON_COMPLETED"] * 3,
        "COURSE_COMPLETED",
        "ENROLLMENT_ENDED",
    ]
    assert heard[0]["enrollment"]["user"] == {"name": "Ada"}
    assert heard[1]["lesson"] == {"title": "1.2"}
    assert heard[4]["progress"] == {"progressPercent": 100, "user": {"name": "Sam"}}
    assert (heard[5]["enrollment"], heard[5]["lesson"]) == (ada, None)


async def test_other_lessons_are_heard_once_for_all_students(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("ines", CLASS, course=world.logic.public_id) as ear:
        async with authoring(graph.database, world.logic.id) as work:
            await work.execute(delete(tables.Lesson).where(tables.Lesson.id == world.logic_2_2.id))
        await graph.database.settle()
        heard = (await ear.hear())["data"]["classEvents"]
    assert (heard["kind"], heard["course"], heard["enrollment"]) == ("LESSONS_CHANGED", {"slug": "logic"}, None)


async def test_another_course_is_not_heard(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("ines", CLASS, course=world.draft.public_id) as ear:
        await done(graph, "ada", ENROLL, courseId=world.logic.public_id)
        await done(graph, "ines", ENROLL, courseId=world.draft.public_id)
        assert (await ear.hear())["data"]["classEvents"]["enrollment"]["user"]["name"] == "Ines"


@pytest.mark.parametrize(
    ("who", "course", "code"),
    [
        (None, "logic", "UNAUTHENTICATED"),
        ("sam", "logic", "FORBIDDEN"),
        ("sam", "draft", "NOT_FOUND"),
        (None, "draft", "NOT_FOUND"),
        ("ines", "atlas", "NOT_FOUND"),
    ],
)
async def test_students_and_strangers_hear_nothing(
    world: World, listen: Listen, who: str | None, course: str, code: str
) -> None:
    assert await refused(listen, who, getattr(world, course).public_id, query=CLASS) == code


async def test_who_teaches_a_course_no_longer_hears_no_more(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("ines", CLASS, course=world.logic.public_id) as ear:
        await change(graph.database, world.logic, instructor_id=world.olga.id)
        async with graph.database.work(GUEST) as work:
            work.touch(viewer_topic(world.ines.id))
        await graph.database.settle()
        with pytest.raises(AccessLost):
            await ear.hear()


def test_how_often_a_class_has_changed_is_told_to_no_student(world: World) -> None:
    moved = {class_topic(world.logic.id): 7, progress_topic(world.sam.id, world.logic.id): 1}
    assert [*at(moved, world.sam.id).values()] == [1]


async def refused(listen: Listen, who: str | None, course: str, *, query: str = EVENTS) -> str:
    """The code with which a subscription is refused."""
    with pytest.raises(RequestError) as refusal:
        async with listen(who, query, course=course):
            pass
    (error,) = refusal.value.errors
    return str(error["extensions"]["code"])


# --- what happens to a course ----------------------------------------------------------------------------------------

OF_COURSE = """
    subscription ($course: ID!) {
      courseEvents(courseId: $course) { kind course { title published } module { title } lesson { title } }
    }
"""
CHANGE = """
    mutation ($course: ID!, $lesson: ID!) {
      updateCourse(input: {courseId: $course, expectedVersion: 1, title: "Reason"}) { errors { code } }
      updateLesson(input: {lessonId: $lesson, expectedVersion: 1, title: "First"}) { errors { code } }
      unpublishCourse(input: {courseId: $course}) { errors { code } }
    }
"""
DELETE = "mutation ($course: ID!) { deleteCourse(input: {courseId: $course}) { errors { code } } }"


async def test_what_happens_to_a_course_is_heard_by_its_students(graph: Graph, world: World, listen: Listen) -> None:
    course, lesson = world.logic.public_id, world.logic_1_1.public_id
    async with listen("sam", OF_COURSE, course=course) as ear:
        await graph.data("ines", CHANGE, course=course, lesson=lesson)
        heard = [(await ear.hear())["data"]["courseEvents"] for _ in range(3)]
    assert [event["kind"] for event in heard] == ["COURSE_CHANGED", "CONTENT_CHANGED", "COURSE_UNPUBLISHED"]
    assert [event["lesson"] for event in heard] == [None, {"title": "First"}, None]
    assert heard[2]["course"] == {"title": "Reason", "published": False}


async def test_students_of_a_deleted_course_hear_that_they_have_lost_it(
    graph: Graph, world: World, listen: Listen
) -> None:
    course = world.logic.public_id
    async with listen("sam", OF_COURSE, course=course) as sam, listen("ines", OF_COURSE, course=course) as ines:
        await graph.data("ines", DELETE, course=course)
        assert (await ines.hear())["data"]["courseEvents"]["kind"] == "COURSE_DELETED"
        with pytest.raises(AccessLost):
            await sam.hear()
