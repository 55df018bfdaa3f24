"""Orders: over columns, over expressions and by rank. Null comes last in both directions; some weigh something."""

from typing import Any

import pytest

from db import tables
from db.tables import PullRequestState
from db.windows import Order
from graphql_schema.core.orders import UNSEARCHED, order_name, order_of
from graphql_schema.execution import Request
from graphql_schema.schema import executor
from graphql_schema.search.types import SearchResult
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change, listed, ordered, values
from tests.graphql_schema.core.test_filters import execute, scans, statements
from tests.invariants.schema import SCHEMA
from tests.world import NOON, World

COURSES = "{ courses(%s) { nodes { slug } } }"
COUNTED = "{ courses { nodes { slug lessonCount } } }"
PROJECTS = "{ projects(%s) { nodes { name } } }"
PULL_REQUESTS = '{ repository(fullName: "analytical/engine") { pullRequests(%s) { nodes { number } } } }'
RANKED = """
    query ($text: String, $after: String) {
      projects(filter: {search: $text}, orderBy: RANK_DESC, first: 1, after: $after) {
        nodes { name }
        pageInfo { endCursor hasNextPage }
      }
    }
"""


def described(type_name: str, member: str) -> str:
    type_: Any = SCHEMA.type_map[type_name]
    return str(type_.values[member].description)


def weight(query: str, **variables: Any) -> int:
    return executor.prepare(Request(query, variables=variables)).estimate.weight


def test_an_order_is_named_after_what_lists_are_sorted_by_and_its_direction() -> None:
    assert order_name("-created_at") == "CREATED_AT_DESC"
    assert order_name("name") == "NAME_ASC"
    members: Any = SCHEMA.type_map["CourseOrder"]
    assert order_of(members.values["CREATED_AT_DESC"].value) == Order(tables.Course, "created_at", descending=True)


def test_an_order_says_what_it_is_by_and_what_it_weighs() -> None:
    assert described("CourseOrder", "TITLE_ASC") == "By `title`, rising."
    assert described("CourseOrder", "LESSON_COUNT_DESC") == "By `lessonCount`, falling. Weighs 100."
    last = "By `mergedAt`, falling. Those that have none come last."
    assert described("PullRequestOrder", "MERGED_AT_DESC") == last


async def test_what_has_nothing_there_comes_last_in_both_directions(graph: Graph, world: World) -> None:
    pulls = [
        tables.PullRequest(
            repository_id=world.engine.id,
            number=number,
            title="More",
            author_name="Ada",
            head_sha="0",
            opened_at=NOON,
            state=PullRequestState.MERGED if day else PullRequestState.OPEN,
            merged_at=NOON.replace(day=day) if day else None,
        )
        for number, day in ((2, 9), (3, None), (4, 5), (5, None))
    ]
    await add(graph.database, *pulls)
    assert await values(graph, "ada", PULL_REQUESTS % "orderBy: MERGED_AT_ASC") == [1, 4, 2, 3, 5]
    assert await values(graph, "ada", PULL_REQUESTS % "orderBy: MERGED_AT_DESC") == [2, 4, 1, 5, 3]
    assert await values(graph, "ada", PULL_REQUESTS % "orderBy: MERGED_AT_DESC, last: 2") == [5, 3]
    assert await values(graph, "ada", PULL_REQUESTS % "orderBy: HOURS_TO_MERGE_DESC") == [2, 4, 1, 5, 3]


async def test_a_list_is_sorted_by_what_is_worked_out_of_other_tables(graph: Graph, world: World) -> None:
    for module, order in ((world.logic_1, 3), (world.logic_1, 4), (world.draft_1, 3)):
        await add(graph.database, tables.Lesson(module_id=module.id, title="One more", content="", order=order))
    counts = {course["slug"]: course["lessonCount"] for course in await listed(graph, "root", COUNTED)}
    assert len(set(counts.values())) == len(counts)
    assert await ordered(graph, "root", COURSES, "LESSON_COUNT") == sorted(counts, key=lambda slug: counts[slug])
    assert await ordered(graph, "root", PROJECTS, "COMMENT_COUNT") == ["Island", "Atlas"]
    assert await values(graph, "root", PROJECTS % "orderBy: LAST_COMMENT_AT_ASC") == ["Atlas", "Island"]


async def test_a_number_with_a_point_is_filtered_by_a_range(graph: Graph, world: World) -> None:
    await change(graph.database, world.engine_pull, opened_at=NOON, merged_at=NOON.replace(hour=14, minute=15))
    for range_, expected in (
        ("{min: 2.25, max: 2.25}", [1]),
        ("{min: 2}", [1]),
        ("{max: 2.2499999999999996}", []),
        ("{min: 2.2500000000000004}", []),
        ("{}", [1]),
    ):
        assert await values(graph, "ada", PULL_REQUESTS % f"filter: {{hoursToMerge: {range_}}}") == expected, range_


async def test_what_is_found_comes_best_first(graph: Graph, world: World) -> None:
    words = {"Often": "maps, maps and maps", "Never": "nothing", "Maps": "in the name", "Once": f"{'word ' * 50} maps"}
    rows = [tables.SpecificationProject(name=n, description=d, owner_id=world.olga.id) for n, d in words.items()]
    await add(graph.database, *rows)
    page = 'filter: {search: "maps"}, orderBy: RANK_DESC'
    assert await values(graph, "olga", PROJECTS % page) == ["Maps", "Often", "Once"]
    met, cursor = list[str](), None
    while not met or cursor:
        found = (await graph.data("olga", RANKED, text="maps", after=cursor))["projects"]
        met += [node["name"] for node in found["nodes"]]
        cursor = found["pageInfo"]["endCursor"] if found["pageInfo"]["hasNextPage"] else None
    assert met == ["Maps", "Often", "Once"]


async def test_an_empty_search_box_finds_everything_equally_well(graph: Graph, world: World) -> None:
    found = (await graph.data("root", RANKED.replace("first: 1", "first: 9"), text=" "))["projects"]
    assert [node["name"] for node in found["nodes"]] == ["Island", "Atlas"]


async def test_without_a_search_nothing_has_a_rank(graph: Graph) -> None:
    for filter_ in ("", "filter: {}, ", "filter: null, ", "filter: {search: null}, ", "filter: {status: [ACTIVE]}, "):
        [error] = (await graph("ada", PROJECTS % f"{filter_}orderBy: RANK_DESC"))["errors"]
        assert error["message"] == UNSEARCHED
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "orderBy"}


def test_only_what_can_be_searched_has_an_order_by_rank() -> None:
    for name, type_ in SCHEMA.type_map.items():
        if name.endswith("Order"):
            listed = name.removesuffix("Order")
            filter_: Any = SCHEMA.type_map.get(f"{listed}Filter")
            is_searched = (filter_ is not None and "search" in filter_.fields) or listed == SearchResult.name
            assert ("RANK_DESC" in type_.values) == is_searched, name  # type: ignore[attr-defined]


def test_an_order_that_is_worked_out_weighs_something_once_for_each_list() -> None:
    plain = weight("{ courses(first: 10) { nodes { title } } }")
    assert weight("{ courses(first: 10, orderBy: TITLE_ASC) { nodes { title } } }") == plain
    assert weight("{ courses(first: 10, orderBy: LESSON_COUNT_ASC) { nodes { title } } }") == plain + 100
    query = "query ($by: CourseOrder) { courses(first: 10, orderBy: $by) { nodes { title } } }"
    assert [weight(query), weight(query, by=None), weight(query, by="PRICE_ASC")] == [plain] * 3
    assert weight(query, by="RANK_DESC") == plain + 100
    by_path = executor.prepare(Request(query, variables={"by": "RANK_DESC"})).estimate_by_path
    assert ("courses.orderBy", 0, 100) in by_path
    nested = "{ projects(first: 3) { nodes { documents(first: 2%s) { totalCount } } } }"
    assert weight(nested % ", orderBy: WORD_COUNT_ASC") == weight(nested % "") + 3 * 100


def test_an_order_by_a_few_columns_of_the_row_weighs_nothing() -> None:
    query = '{ repository(fullName: "a") { pullRequests(orderBy: %s) { totalCount } } }'
    assert weight(query % "HOURS_TO_MERGE_ASC") == weight(query % "OPENED_AT_ASC")


MANY = """
    INSERT INTO pull_requests (id, repository_id, number, title, author_name, head_sha, opened_at, merged_at)
    SELECT gen_random_uuid(), repository_id, 10 + n, '', '', '', now(),
        CASE WHEN n % 2 = 0 THEN now() - n * interval '1 s' END
    FROM pull_requests, generate_series(1, 5000) AS n WHERE number = 1;
    ANALYZE pull_requests
"""
"""A repository with thousands of pull requests, half of which were merged."""


@pytest.mark.parametrize("graph", ["compiled"], indirect=True)
async def test_the_latest_are_read_along_their_index(graph: Graph, world: World) -> None:
    await execute(graph.database, MANY)
    for statement in statements(graph, "ada", PULL_REQUESTS % "orderBy: MERGED_AT_DESC"):
        assert "ix_pull_requests_merged" in await scans(graph.database, statement)
