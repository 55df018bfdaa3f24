"""Writing a course: with all of its modules and lessons or not at all, and what is wrong is told at its place."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from db import tables
from db.engine import Database
from graphql_schema.execution import Request, RequestError
from tests.conftest import Graph
from tests.graphql_schema.asking import done, error_code, refusal, refusals

CREATE = """
    mutation ($input: CreateCourseInput!) {
      createCourse(input: $input) {
        course { slug title published price currency lessonCount instructor { name } }
        modules { title order duration lessons(first: 100) { nodes { title order duration } } }
        errors { code message path }
      }
    }
"""
ATOMIC = """
    mutation ($slug: String!, $input: CreateCourseInput!) @atomic {
      before: createCourse(input: {slug: $slug, title: "Before", description: "", difficulty: EXPERT}) {
        course { slug }
        errors { code path }
      }
      course: createCourse(input: $input) { course { slug } errors { code path } }
    }
"""
COURSE = {"slug": "sets", "title": "Sets", "description": "All of sets", "difficulty": "BEGINNER"}
WRITTEN = (tables.Course, tables.CourseModule, tables.Lesson)


def lessons(number: int, **changes: Any) -> list[dict[str, Any]]:
    return [{"title": f"Lesson {place}", "content": "Text", "duration": 2} | changes for place in range(number)]


def course(*modules: int) -> dict[str, Any]:
    """A course with so many lessons in each of its modules."""
    return COURSE | {"modules": [{"title": f"Part {n}", "lessons": lessons(size)} for n, size in enumerate(modules)]}


async def counts(database: Database) -> list[int]:
    async with database.read() as session:
        return [await session.scalar(select(func.count()).select_from(table)) or 0 for table in WRITTEN]


def inserts(graph: Graph) -> list[str]:
    """The tables that the last operation wrote to, one for each statement. The audit log has tests of its own."""
    written = [statement.split()[2] for statement in graph.statements if statement.startswith("INSERT")]
    assert written
    return [table for table in written if table != "audit_logs"]


async def test_a_course_is_written_with_its_modules_and_lessons(graph: Graph) -> None:
    written = await done(graph, "ines", CREATE, **course(2, 1), price="9.90", currency="EUR")
    assert written["course"] == {
        "slug": "sets",
        "title": "Sets",
        "published": False,
        "price": "9.90",
        "currency": "EUR",
        "lessonCount": 3,
        "instructor": {"name": "Ines"},
    }
    two = [{"title": f"Lesson {n}", "order": n + 1, "duration": 2} for n in range(2)]
    assert written["modules"] == [
        {"title": "Part 0", "order": 1, "duration": 4, "lessons": {"nodes": two}},
        {"title": "Part 1", "order": 2, "duration": 2, "lessons": {"nodes": two[:1]}},
    ]


async def test_a_course_may_begin_with_nothing(graph: Graph) -> None:
    assert (await done(graph, "ines", CREATE, **COURSE))["modules"] == []
    assert (await done(graph, "root", CREATE, **COURSE | {"slug": "root"}, modules=[]))["modules"] == []


async def test_courses_are_written_by_instructors(graph: Graph, database: Database) -> None:
    before = await counts(database)
    for who in ("ada", "sam"):
        assert await refusal(graph, who, CREATE, **course(1)) == ("FORBIDDEN", "")
    assert await error_code(graph, None, CREATE, input=course(1)) == "UNAUTHENTICATED"
    assert await counts(database) == before


async def test_of_courses_with_one_name_at_the_same_time_one_is_written(graph: Graph) -> None:
    answers = await asyncio.gather(*(graph.data("ines", CREATE, input=course(2)) for _ in range(4)))
    errors = [answer["createCourse"]["errors"] for answer in answers]
    assert sorted(map(len, errors)) == [0, 1, 1, 1]
    assert {(e["code"], ".".join(e["path"])) for found in errors for e in found} == {("CONFLICT", "input.slug")}


# --- what is wrong, and where ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "field"), [({"title": " "}, "title"), ({"duration": -1}, "duration"), ({"title": "x" * 201}, "title")]
)
async def test_what_is_refused_deep_in_the_input_is_told_at_its_place(
    graph: Graph, database: Database, wrong: dict[str, Any], field: str
) -> None:
    before = await counts(database)
    given = course(3, 4, 5)
    given["modules"][2]["lessons"][3] |= wrong
    at = f"input.modules.2.lessons.3.{field}"
    assert await refusal(graph, "ines", CREATE, **given) == ("BAD_USER_INPUT", at)
    data = await graph.data("ines", ATOMIC, slug="before", input=given)
    assert data["course"]["errors"] == [{"code": "BAD_USER_INPUT", "path": at.split(".")}]
    assert data["before"]["errors"] == [{"code": "ROLLED_BACK", "path": []}]
    assert await counts(database) == before


async def test_of_several_rows_that_constraints_refuse_the_first_is_told(graph: Graph) -> None:
    given = course(3, 3)
    given["modules"][1]["title"] = ""
    given["modules"][0]["lessons"][1]["duration"] = 10_001
    assert await refusal(graph, "ines", CREATE, **given) == ("BAD_USER_INPUT", "input.modules.1.title")


async def test_every_text_that_is_too_long_is_told(graph: Graph) -> None:
    given = course(2, 2)
    given["modules"][0]["lessons"][1]["title"] = given["modules"][1]["description"] = "x" * 20_001
    assert await refusals(graph, "ines", CREATE, **given) == [
        ("BAD_USER_INPUT", "input.modules.0.lessons.1.title"),
        ("BAD_USER_INPUT", "input.modules.1.description"),
    ]


@pytest.mark.parametrize("slug", ["", "Sets", "a b", "-a", "a--b", "a/b"])
async def test_a_name_in_addresses_has_a_form(graph: Graph, slug: str) -> None:
    assert await refusal(graph, "ines", CREATE, **course(1) | {"slug": slug}) == ("BAD_USER_INPUT", "input.slug")


@pytest.mark.parametrize(
    ("wrong", "at"),
    [
        ({"title": 1}, "input.modules.2.lessons.0.title"),
        ({"duration": "2"}, "input.modules.2.lessons.0.duration"),
        ({"content": None}, "input.modules.2.lessons.0.content"),
        ({"no": 1}, "input.modules.2.lessons.0.no"),
    ],
)
def test_what_does_not_fit_its_type_is_told_at_its_place(wrong: dict[str, Any], at: str, graph: Graph) -> None:
    given = course(1, 1, 1)
    given["modules"][2]["lessons"][0] |= wrong
    with pytest.raises(RequestError) as refused:
        graph.executor.prepare(Request(CREATE, variables={"input": given}))
    assert [error["extensions"] for error in refused.value.errors] == [{"code": "BAD_USER_INPUT", "argument": at}]
    assert [error["extensions"] for error in refused.value.discreet] == [{"code": "BAD_USER_INPUT", "argument": at}]


def test_a_list_that_is_null_is_told_at_its_place(graph: Graph) -> None:
    with pytest.raises(RequestError) as refused:
        graph.executor.prepare(Request(CREATE, variables={"input": COURSE | {"modules": None}}))
    assert [error["extensions"]["argument"] for error in refused.value.errors] == ["input.modules"]


# --- as much as there may be -----------------------------------------------------------------------------------------


async def test_a_large_course_takes_as_many_statements_as_a_small_one(graph: Graph) -> None:
    await done(graph, "ines", CREATE, **course(20, 9))
    small = len(graph.statements)
    assert inserts(graph) == ["courses", "course_modules", "lessons"]
    written = await done(graph, "ines", CREATE, **course(*[24] * 20) | {"slug": "large"})
    assert written["course"]["lessonCount"] == 480
    assert len(graph.statements) == small


async def test_under_atomic_a_course_takes_a_statement_a_table_too(graph: Graph) -> None:
    given = course(*[24] * 20)
    data = await graph.data("ines", ATOMIC, slug="before", input=given)
    assert data["course"]["course"] == {"slug": "sets"}
    assert inserts(graph) == ["courses", "courses", "course_modules", "lessons"]


async def test_of_five_hundred_the_last_but_one_is_found(graph: Graph, database: Database) -> None:
    before = await counts(database)
    given = course(99, 100, 100, 100, 96)
    given["modules"][4]["lessons"][94]["title"] = "\t"
    at = "input.modules.4.lessons.94.title"
    assert await refusal(graph, "ines", CREATE, **given) == ("BAD_USER_INPUT", at)
    assert len(inserts(graph)) < 40
    assert await counts(database) == before


@pytest.mark.parametrize(
    ("given", "at"),
    [
        (course(*[99] * 5, 0), "input.modules"),
        (course(501), "input.modules.0.lessons"),
        (course(*[0] * 501), "input.modules"),
    ],
    ids=["together", "lessons", "modules"],
)
async def test_what_is_more_is_refused_before_anything_is_done(graph: Graph, given: dict[str, Any], at: str) -> None:
    create = "mutation ($input: CreateCourseInput!) { createCourse(input: $input) { errors { code path } } }"
    assert await refusal(graph, "ines", create, **given) == ("BAD_USER_INPUT", at)
    assert graph.statements == []
