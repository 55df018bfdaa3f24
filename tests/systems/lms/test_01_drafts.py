"""An instructor writes a course in one operation, finds it among the drafts, and brings it into the catalogue."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from db import tables
from tests.conftest import Graph
from tests.graphql_schema.asking import done, refusals, values, with_ids
from tests.graphql_schema.courses.withdrawn import withdraw
from tests.world import World

ERRORS = "errors { code message path }"
CREATE = f"""
    mutation ($input: CreateCourseInput!) {{
      createCourse(input: $input) {{
        course {{ id slug published lessonCount version }}
        modules {{ title order lessons(first: 100) {{ nodes {{ title order }} }} }}
        {ERRORS}
      }}
    }}
"""
UPDATE = f"""
    mutation ($input: UpdateCourseInput!) {{
      updateCourse(input: $input) {{ course {{ title price version }} {ERRORS} }}
    }}
"""
STATES = {
    name: f"mutation ($input: CourseInput!) {{ {name}(input: $input) {{ course {{ published deleted }} {ERRORS} }} }}"
    for name in ("publishCourse", "unpublishCourse", "deleteCourse", "restoreCourse")
}
LISTED = "{ courses(filter: {%s}, orderBy: TITLE_ASC) { nodes { slug } } }"
DRAFTS, DELETED, CATALOGUE = (
    LISTED % which for which in ("published: false, deleted: false", "deleted: true", "published: true")
)
WRITTEN = (tables.Course, tables.CourseModule, tables.Lesson, tables.AuditLog)


@pytest.fixture(autouse=True)
async def _withdrawn(graph: Graph, world: World) -> None:
    """A course that is deleted."""
    await withdraw(graph, world)


def course(*modules: int, **changes: Any) -> dict[str, Any]:
    """A course with so many lessons in each of its modules."""
    given = {"slug": "sets", "title": "Sets", "description": "All of sets", "difficulty": "BEGINNER"}
    made = [
        {"title": f"Part {n}", "lessons": [{"title": f"Lesson {m}", "content": "Text"} for m in range(size)]}
        for n, size in enumerate(modules)
    ]
    return {**given, "modules": made, **changes}


async def counts(graph: Graph) -> list[Any]:
    """How many rows there are of all that is written with a course."""
    async with graph.database.read() as session:
        return [await session.scalar(select(func.count()).select_from(one)) for one in WRITTEN]


async def state(graph: Graph, who: str, mutation: str, course: str) -> Any:
    return (await done(graph, who, STATES[mutation], courseId=course))["course"]


async def test_01_an_instructor_writes_a_course_of_five_hundred_rows_in_one_operation(graph: Graph) -> None:
    written = await done(graph, "ines", CREATE, **course(*[99] * 5))
    assert (written["course"]["published"], written["course"]["lessonCount"]) == (False, 495)
    assert [module["order"] for module in written["modules"]] == [1, 2, 3, 4, 5]
    lessons = written["modules"][4]["lessons"]["nodes"]
    assert [(one["title"], one["order"]) for one in lessons] == [(f"Lesson {n}", n + 1) for n in range(99)]


@pytest.mark.parametrize(
    ("given", "code", "at"),
    [
        (course(*[99] * 5, 0), "BAD_USER_INPUT", "input.modules"),
        (course(1, slug="logic"), "CONFLICT", "input.slug"),
        (course(1, slug="withdrawn"), "CONFLICT", "input.slug"),
    ],
    ids=["501 rows", "a name that is taken", "the name of a deleted course"],
)
async def test_01_nothing_of_a_course_is_written_that_is_refused(
    graph: Graph, given: dict[str, Any], code: str, at: str
) -> None:
    before = await counts(graph)
    assert await refusals(graph, "ines", CREATE, **given) == [(code, at)]
    assert await counts(graph) == before


async def test_01_nothing_is_written_when_lesson_37_does_not_fit_and_its_place_is_told(graph: Graph) -> None:
    before = await counts(graph)
    given = course(5, 5, 60)
    given["modules"][2]["lessons"][37]["title"] = ""
    assert await refusals(graph, "ines", CREATE, **given) == [("BAD_USER_INPUT", "input.modules.2.lessons.37.title")]
    assert await counts(graph) == before


async def test_01_a_draft_is_seen_by_its_instructor_alone_and_found_among_the_drafts(graph: Graph) -> None:
    await done(graph, "ines", CREATE, **course(1))
    assert await values(graph, "ines", DRAFTS) == ["draft", "sets"]
    for who in (None, "sam", "ada"):
        assert await values(graph, who, DRAFTS) == []
        assert (await graph.data(who, '{ course(slug: "sets") { title } }'))["course"] is None


async def test_01_a_course_goes_from_draft_to_catalogue_and_back(graph: Graph) -> None:
    made = (await done(graph, "ines", CREATE, **course()))["course"]["id"]
    assert await refusals(graph, "ines", STATES["publishCourse"], courseId=made) == [("CONFLICT", "input.courseId")]
    add = f"mutation ($input: AddModulesInput!) {{ addModules(input: $input) {{ {ERRORS} }} }}"
    await done(graph, "ines", add, courseId=made, modules=course(1)["modules"])
    assert await state(graph, "ines", "publishCourse", made) == {"published": True, "deleted": False}
    assert await values(graph, None, CATALOGUE) == ["logic", "rhetoric", "sets"]
    assert await state(graph, "ines", "unpublishCourse", made) == {"published": False, "deleted": False}
    assert await values(graph, None, CATALOGUE) == ["logic", "rhetoric"]


async def test_01_a_deleted_course_is_among_the_deleted_until_it_is_restored(graph: Graph, world: World) -> None:
    logic = world.logic.public_id
    await state(graph, "ines", "deleteCourse", logic)
    assert await values(graph, None, CATALOGUE) == ["rhetoric"]
    assert await values(graph, "ines", DELETED) == ["logic", "withdrawn"]
    assert await values(graph, "sam", DELETED) == []
    assert await state(graph, "ines", "restoreCourse", logic) == {"published": True, "deleted": False}
    assert await values(graph, None, CATALOGUE) == ["logic", "rhetoric"]
    sam = await graph.data("sam", '{ course(slug: "logic") { viewerEnrollment { status } } }')
    assert sam["course"] == {"viewerEnrollment": {"status": "ACTIVE"}}


async def test_01_of_twenty_changes_of_one_version_one_is_made_and_all_others_are_shown_it(
    graph: Graph, world: World
) -> None:
    given = {"courseId": world.draft.public_id, "expectedVersion": 1}
    asked = (graph.data("ines", UPDATE, input=given | {"title": f"Title {n}"}) for n in range(20))
    payloads = [answer["updateCourse"] for answer in await asyncio.gather(*asked)]
    won = [payload["course"] for payload in payloads if not payload["errors"]]
    assert len(won) == 1
    assert [payload["course"] for payload in payloads] == won * 20
    assert [error["code"] for payload in payloads for error in payload["errors"]] == ["CONFLICT"] * 19


@pytest.mark.parametrize(
    ("who", "mutation", "course", "code"),
    [
        ("sam", "publishCourse", "@draft", "NOT_FOUND"),
        ("sam", "unpublishCourse", "@logic", "FORBIDDEN"),
        ("ada", "deleteCourse", "@logic", "FORBIDDEN"),
        ("ada", "restoreCourse", "@withdrawn", "NOT_FOUND"),
        ("ines", "publishCourse", "@withdrawn", "FORBIDDEN"),
    ],
)
async def test_01_a_course_is_moved_by_its_instructor_and_not_while_it_is_deleted(
    graph: Graph, world: World, who: str, mutation: str, course: str, code: str
) -> None:
    asked = with_ids(world, {"courseId": course})
    assert await refusals(graph, who, STATES[mutation], **asked) == [(code, "input.courseId")]
