"""Hearing of one's own progress, and of nobody else's."""

import pytest

from graphql_schema.execution import RequestError
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, done
from tests.graphql_schema.conftest import Listen
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


async def refused(listen: Listen, who: str | None, course: str) -> str:
    """The code with which a subscription is refused."""
    with pytest.raises(RequestError) as refusal:
        async with listen(who, EVENTS, course=course):
            pass
    (error,) = refusal.value.errors
    return str(error["extensions"]["code"])
