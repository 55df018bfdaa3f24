"""What the catalogue tells of a course: numbers that are the same for all, and what to take before and after it."""

import asyncio
from typing import Any

import pytest

from db import tables
from db.tables import Difficulty, EnrollmentStatus, PaymentStatus
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change, done, refusal
from tests.world import NOON, World

COUNTS = "query ($slug: String!) { course(slug: $slug) { enrollmentCount moduleCount lessonCount quizCount } }"
AROUND = """
    query ($slug: String!) {
      course(slug: $slug) {
        requiredCourses { nodes { slug } } missingPrerequisites { nodes { slug } }
        recommendedNext(orderBy: TITLE_ASC) { totalCount nodes { slug } }
      }
    }
"""
REQUIRE = """
    mutation ($input: SetRequiredCoursesInput!) {
      setRequiredCourses(input: $input) { course { requiredCourses { nodes { slug } } } errors { code path } }
    }
"""


async def around(graph: Graph, who: str | None, slug: str) -> dict[str, list[str]]:
    """The slugs of the courses before and after a course."""
    found = (await graph.data(who, AROUND, slug=slug))["course"]
    assert found["recommendedNext"]["totalCount"] == len(found["recommendedNext"]["nodes"])
    return {name: [node["slug"] for node in page["nodes"]] for name, page in found.items()}


def place(person: Any, course: Any, **values: Any) -> tables.Enrollment:
    paid = {"payment_status": PaymentStatus.COMPLETED} | values
    return tables.Enrollment(user_id=person.id, course_id=course.id, **paid)


async def test_numbers_are_the_same_for_everybody(graph: Graph, world: World) -> None:
    await add(
        graph.database,
        place(world.ben, world.logic, status=EnrollmentStatus.COMPLETED, completed_at=NOON),
        place(world.vera, world.logic, status=EnrollmentStatus.CANCELLED),
        place(world.ada, world.logic, payment_status=PaymentStatus.PENDING),
        place(world.olga, world.rhetoric),
    )
    for who in (None, "sam", "vera", "ines", "root"):
        found = (await graph.data(who, COUNTS, slug="logic"))["course"]
        assert found == {"enrollmentCount": 2, "moduleCount": 2, "lessonCount": 4, "quizCount": 1}


async def test_what_a_person_has_completed_is_missing_no_more(graph: Graph, world: World) -> None:
    assert (await around(graph, None, "rhetoric"))["missingPrerequisites"] == ["logic"]
    await add(graph.database, place(world.ben, world.logic))
    assert (await around(graph, "ben", "rhetoric"))["missingPrerequisites"] == ["logic"]
    completed = place(world.vera, world.logic, status=EnrollmentStatus.COMPLETED, completed_at=NOON)
    await add(graph.database, completed)
    found = await around(graph, "vera", "rhetoric")
    assert (found["requiredCourses"], found["missingPrerequisites"]) == (["logic"], [])


async def test_next_come_courses_that_require_it_and_harder_ones_about_the_same(graph: Graph, world: World) -> None:
    def course(slug: str, difficulty: Difficulty, topic: str, *, published: bool = True) -> tables.Course:
        words = {
            "title": slug.capitalize(),
            "description": slug,
            "instructor_id": world.ines.id,
            "topics": [topic, "x"],
        }
        at = NOON if published else None
        return tables.Course(slug=slug, difficulty=difficulty, published=published, published_at=at, **words)

    taken = course("taken", Difficulty.INTERMEDIATE, "logic")
    await add(
        graph.database,
        taken,
        course("harder", Difficulty.INTERMEDIATE, "logic"),
        course("much-harder", Difficulty.ADVANCED, "logic"),
        course("as-easy", Difficulty.BEGINNER, "logic"),
        course("other", Difficulty.INTERMEDIATE, "cooking"),
        course("unpublished", Difficulty.INTERMEDIATE, "logic", published=False),
    )
    await add(graph.database, place(world.ben, taken))
    assert (await around(graph, None, "logic"))["recommendedNext"] == ["harder", "rhetoric", "taken"]
    for who in ("ben", "ines"):
        expected = ["harder", "rhetoric"] if who == "ben" else ["harder", "rhetoric", "taken"]
        assert (await around(graph, who, "logic"))["recommendedNext"] == expected


async def test_nothing_comes_after_the_hardest(graph: Graph, world: World) -> None:
    await change(graph.database, world.rhetoric, difficulty=Difficulty.EXPERT, topics=["logic"])
    await change(graph.database, world.logic, topics=["logic"])
    assert (await around(graph, None, "rhetoric"))["recommendedNext"] == []


async def test_a_teacher_says_what_is_to_be_taken_before(graph: Graph, world: World) -> None:
    rhetoric, logic, draft = (course.public_id for course in (world.rhetoric, world.logic, world.draft))
    for required, slugs in (([draft, logic, draft], {"draft", "logic"}), ([draft], {"draft"}), ([], set[str]())):
        shown = await done(graph, "ines", REQUIRE, courseId=rhetoric, requiredIds=required)
        assert {one["slug"] for one in shown["course"]["requiredCourses"]["nodes"]} == slugs


async def test_no_course_requires_itself_by_whatever_way(graph: Graph, world: World) -> None:
    rhetoric, logic, draft = (course.public_id for course in (world.rhetoric, world.logic, world.draft))
    refused = "CONFLICT", "input.requiredIds"
    assert await refusal(graph, "ines", REQUIRE, courseId=logic, requiredIds=[logic]) == refused
    assert await refusal(graph, "ines", REQUIRE, courseId=logic, requiredIds=[rhetoric]) == refused
    await done(graph, "ines", REQUIRE, courseId=draft, requiredIds=[rhetoric])
    assert await refusal(graph, "ines", REQUIRE, courseId=logic, requiredIds=[draft]) == refused
    assert (await around(graph, "ines", "logic"))["requiredCourses"] == []


async def test_two_courses_that_require_each_other_at_once_are_one_that_requires_the_other(
    graph: Graph, world: World
) -> None:
    logic, draft = world.logic.public_id, world.draft.public_id
    for _ in range(3):
        pairs = [(logic, draft), (draft, logic)]
        data = await asyncio.gather(
            *(graph.data("ines", REQUIRE, input={"courseId": one, "requiredIds": [other]}) for one, other in pairs)
        )
        errors = [one["setRequiredCourses"]["errors"] for one in data]
        assert sorted(len(one) for one in errors) == [0, 1]
        for one in (logic, draft):
            await done(graph, "ines", REQUIRE, courseId=one, requiredIds=[])


@pytest.mark.parametrize(("who", "code"), [("sam", "FORBIDDEN"), ("ben", "FORBIDDEN")])
async def test_nobody_else_says_what_a_course_requires(graph: Graph, world: World, who: str, code: str) -> None:
    named = {"courseId": world.logic.public_id, "requiredIds": []}
    assert await refusal(graph, who, REQUIRE, **named) == (code, "input.courseId")


async def test_a_course_that_one_does_not_see_cannot_be_required(graph: Graph, world: World) -> None:
    await change(graph.database, world.draft, instructor_id=world.ada.id)
    named = {"courseId": world.rhetoric.public_id, "requiredIds": [world.logic.public_id, world.draft.public_id]}
    assert await refusal(graph, "ines", REQUIRE, **named) == ("NOT_FOUND", "input.requiredIds.1")
