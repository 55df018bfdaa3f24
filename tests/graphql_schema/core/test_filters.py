"""Filters: one for every kind of column, all conditions together, and no value that does harm."""

import re
from collections.abc import Iterator
from itertools import product
from math import inf, nan
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from db.access import GUEST
from db.base import new_id
from db.engine import Database
from graphql_schema.execution import Request, RequestError
from graphql_schema.schema import executor
from tests.conftest import Graph
from tests.world import World


async def kept(graph: Graph, field: str, given: Any, *, show: str = "title", who: str = "root") -> set[str]:
    """What a list at the root keeps under a filter."""
    type_ = {"courses": "Course", "projects": "SpecificationProject", "repositories": "Repository"}[field]
    query = (
        f"query ($filter: {type_}Filter) {{ {field}(filter: $filter, first: 100) {{ totalCount nodes {{ {show} }} }} }}"
    )
    found = (await graph.data(who, query, filter=given))[field]
    assert found["totalCount"] == len(found["nodes"])
    return {node[show] for node in found["nodes"]}


ALL = {"Draft", "Logic", "Rhetoric"}


FILTERS: list[tuple[Any, set[str]]] = [
    ({}, ALL),
    ({"difficulty": ["BEGINNER", "EXPERT"]}, ALL),
    ({"difficulty": ["EXPERT"]}, set()),
    ({"difficulty": []}, set()),
    ({"difficulty": None}, ALL),
    ({"published": True}, {"Logic", "Rhetoric"}),
    ({"published": False}, {"Draft"}),
    ({"price": {"min": "49.90"}}, {"Rhetoric"}),
    ({"price": {"min": "0.01", "max": "49.89"}}, set()),
    ({"price": {"max": "49.90"}}, ALL),
    ({"price": {}}, ALL),
    ({"price": {"min": None}}, ALL),
    ({"language": ["en", "é", "'; --"]}, ALL),
    ({"language": ["EN"]}, set()),
    ({"published": True, "price": {"max": "0"}}, {"Logic"}),
]


async def test_a_filter_keeps_what_meets_every_condition(graph: Graph) -> None:
    for given, expected in FILTERS:
        assert await kept(graph, "courses", given) == expected, given


async def test_a_range_of_times_has_its_start_and_not_its_end(graph: Graph, world: World) -> None:
    made = world.atlas.created_at.isoformat()
    for given, expected in (
        ({"since": made}, {"Atlas", "Island"}),
        ({"until": made}, set()),
        ({"since": made, "until": "2999-01-01T00:00:00Z"}, {"Atlas", "Island"}),
        ({"since": "2999-01-01T00:00:00+14:00"}, set()),
    ):
        assert await kept(graph, "projects", {"createdAt": given}, show="name") == expected


async def test_an_id_that_stands_for_nothing_is_left_out(graph: Graph, world: World) -> None:
    for ids, expected in (
        ([world.ada.public_id], {"Atlas"}),
        ([world.ada.public_id, world.olga.public_id], {"Atlas", "Island"}),
        ([f"usr_{new_id().hex}", "nonsense", "", world.olga.public_id], {"Island"}),
        (["nonsense"], set()),
        ([], set()),
    ):
        assert await kept(graph, "projects", {"ownerId": ids}, show="name") == expected


async def test_an_id_of_another_kind_stands_for_nothing(graph: Graph, world: World) -> None:
    disguised = f"org_{world.ada.id.hex}"
    assert await kept(graph, "projects", {"ownerId": [disguised]}, show="name") == set()


SEARCHES = [
    ("atlas", {"Atlas"}),
    ("ATLASES", {"Atlas"}),
    ("maps", {"Atlas"}),
    ('"maps of everything"', {"Atlas"}),
    ("atlas or island", {"Atlas", "Island"}),
    ("-atlas", {"Island"}),
    ("atlas island", set()),
    ("", {"Atlas", "Island"}),
    ("the", set()),
    ("atl", {"Atlas"}),
    ("((( & | ! <-> :*", {"Atlas", "Island"}),
    ("'; DROP TABLE users; --", set()),
]


async def test_the_longest_search_is_run_and_a_longer_one_refused(graph: Graph, resolved: Graph) -> None:
    query = "query ($text: String) { projects(filter: {search: $text}) { totalCount } }"
    for path in (graph, resolved):
        assert (await path.data("ada", query, text="x " * 500))["projects"] == {"totalCount": 0}
        [error] = (await path("ada", query, text="x " * 500 + "y"))["errors"]
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "search"}


async def test_search_understands_what_people_type(graph: Graph) -> None:
    for words, expected in SEARCHES:
        assert await kept(graph, "projects", {"search": words}, show="name") == expected, words


as_served = pytest.mark.parametrize("graph", ["compiled"], indirect=True)
MANY = """
    INSERT INTO specification_projects (id, name, owner_id)
    SELECT gen_random_uuid(), 'Project ' || md5(n::text), owner_id
    FROM specification_projects, generate_series(1, 5000) AS n;
    INSERT INTO courses (id, slug, title, description, published, difficulty)
    SELECT gen_random_uuid(), slug || n, 'Course ' || md5(n::text), 'All', published, difficulty
    FROM courses, generate_series(1, 5000) AS n;
    SELECT gin_clean_pending_list(indexrelid) FROM pg_index
    WHERE indrelid IN ('courses'::regclass, 'specification_projects'::regclass)
    AND indexrelid::regclass::text ~ '_(search_vector|parts)$';
    ANALYZE specification_projects, courses;
"""


@pytest.mark.usefixtures("patient")
@as_served
async def test_a_search_among_many_uses_its_index(graph: Graph, database: Database) -> None:
    await execute(database, MANY)
    for field, who, index in (
        ("projects", "root", "ix_specification_projects_search_vector"),
        ("courses", "root", "ix_courses_search_vector"),
        ("courses", None, "ix_courses_search_vector"),
        ("courses", "sam", "ix_courses_search_vector"),
    ):
        for selection in ("nodes { id }", "totalCount"):
            query = f"query ($typed: String) {{ {field}(filter: {{search: $typed}}) {{ {selection} }} }}"
            for statement in statements(graph, who, query, typed="atlas"):
                read = await scans(database, statement)
                assert index in read, (field, who, selection, read)
                assert not read & {"specification_projects", "courses"}, (field, who, selection)


@pytest.mark.usefixtures("patient")
@as_served
async def test_a_filter_by_what_a_list_has_uses_its_index(graph: Graph, database: Database) -> None:
    await execute(database, MANY)
    for who, how in product((None, "sam"), ("any", "all")):
        query = f"query ($texts: [String!]) {{ courses(filter: {{topics: {{{how}: $texts}}}}) {{ nodes {{ id }} }} }}"
        for statement in statements(graph, who, query, texts=["logic"]):
            assert "ix_courses_topics" in await scans(database, statement), (who, how)


@pytest.mark.usefixtures("patient")
@as_served
async def test_a_filter_by_a_key_among_many_reads_no_table_from_end_to_end(graph: Graph, database: Database) -> None:
    await execute(database, MANY)
    query = "query ($ids: [ID!]) { projects(filter: {organizationId: $ids}) { totalCount nodes { id } } }"
    for who in ("ada", "ben", "olga", "root"):
        for statement in statements(graph, who, query, ids=[graph.world.analytical.public_id]):
            assert "specification_projects" not in await scans(database, statement), who


def statements(graph: Graph, who: str | None, query: str, **variables: Any) -> Iterator[str]:
    """The statement that a query is compiled to, and that for several at once."""
    operation = graph.executor.prepare(Request(query, variables=variables))
    asked = operation.plan.asked(operation.plan.members, operation.variables)
    statement = operation.plan.statement(asked, graph.world.viewer(who))
    yield statement.sql
    if statement.together:
        yield statement.together


async def scans(database: Database, statement: str) -> set[str]:
    """What the plan that is kept for all values reads: indexes, and tables from end to end."""
    nothing = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", statement))))
    async with database.readers.snapshot() as prepared:
        connection = prepared.connection
        await connection.execute(f"PREPARE asked AS {statement}")
        plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked({nothing})")
        await connection.execute("DEALLOCATE asked")
    return set(read_by(orjson.loads(plan)[0]["Plan"]))


def read_by(node: dict[str, Any]) -> Iterator[str]:
    """The indexes that a part of a plan reads, and the tables that it reads from end to end."""
    if "Index Name" in node:
        yield node["Index Name"]
    elif node["Node Type"] == "Seq Scan":
        yield node["Relation Name"]
    for below in node.get("Plans", ()):
        yield from read_by(below)


async def execute(database: Database, statements: str) -> None:
    """Run statements that the graph does not know."""
    async with database.work(GUEST) as work:
        for statement in filter(str.strip, statements.split(";")):
            await work.execute(text(statement))


UNFIT: list[dict[str, Any]] = [
    {"search": "\0"},
    {"language": ["a\0b"]},
    {"language": ["\ud800"]},
    {"price": {"min": "1e-999999"}},
    {"price": {"min": "1e10"}},
    {"price": {"max": "NaN"}},
    {"price": {"max": 0.1}},
    {"difficulty": ["HARD"]},
    {"published": "yes"},
    {"unknown": 1},
]


NOT_FINITE = ("1e999", "-1e999", "1" + "0" * 400, "NaN", "Infinity", '"1"')
MERGED = (
    '{ repository(fullName: "analytical/engine") { pullRequests(filter: {hoursToMerge: {min: %s}}) { totalCount } } }'
)


def test_a_number_that_64_bits_do_not_hold_is_refused_in_a_document() -> None:
    """graphql-core would make it infinite."""
    for written in NOT_FINITE:
        with pytest.raises(RequestError) as refused:
            executor.prepare(Request(MERGED % written))
        assert [error["extensions"]["code"] for error in refused.value.errors] == ["GRAPHQL_VALIDATION_FAILED"], written


def test_a_number_that_is_not_finite_is_refused_in_a_variable() -> None:
    query = f"query ($least: Float) {MERGED % '$least'}"
    for value in (inf, -inf, nan, 10**400, "1", True):
        with pytest.raises(RequestError) as refused:
            executor.prepare(Request(query, variables={"least": value}))
        assert [error["extensions"]["code"] for error in refused.value.errors] == ["BAD_USER_INPUT"], value


async def test_a_value_that_does_not_fit_is_told_so(graph: Graph) -> None:
    query = "query ($filter: CourseFilter) { courses(filter: $filter) { nodes { id } } }"
    for given in UNFIT:
        try:
            errors = (await graph("root", query, filter=given))["errors"]
        except RequestError as refused:
            errors = refused.errors
        assert [error["extensions"]["code"] for error in errors] == ["BAD_USER_INPUT"], given


@pytest.mark.parametrize(
    "filter_", ["{isActive: true}", "{isActive: false}", '{lastLoginAt: {until: "2100-01-01T00:00:00Z"}}']
)
async def test_nothing_is_found_by_what_the_viewer_may_not_read(graph: Graph, world: World, filter_: str) -> None:
    """Ines sees who takes her course, and not when they signed in; an administrator sees that, too."""
    query = f"query ($id: ID!) {{ course(id: $id) {{ students(filter: {filter_}) {{ totalCount }} }} }}"
    async with graph.database.work(GUEST) as work:
        await work.execute(text("UPDATE users SET last_login_at = now()"))
    counts = {
        who: (await graph.data(who, query, id=world.logic.public_id))["course"]["students"]["totalCount"]
        for who in ("ines", "root")
    }
    assert counts["ines"] == 0
    assert (counts["root"] > 0) is ("false" not in filter_)
