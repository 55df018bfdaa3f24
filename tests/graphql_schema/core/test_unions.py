"""Lists of objects of several types: an interface as what is listed, and what unions refuse."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from graphql import GraphQLUnionType
from strawberry.schema.config import StrawberryConfig

from db import tables
from graphql_schema.core import NODES, abstract, listing_of, many_of, union
from graphql_schema.core import unions as kernel
from graphql_schema.core.fields import object_type
from graphql_schema.core.scalars import SCALARS
from graphql_schema.core.strawberry_seam import TYPES, Schema
from graphql_schema.core.unions import UNIONS
from graphql_schema.execution import Executor, RequestError
from graphql_schema.schema import executor
from tests.conftest import Graph, NotingDatabase
from tests.deadline import DEADLINE
from tests.world import World

LISTED = (tables.Course, tables.CourseModule, tables.Lesson, tables.User)
PAGE = """
    query ($first: Int, $after: String, $last: Int, $before: String, $types: [NodeType!]) {
      all(first: $first, after: $after, last: $last, before: $before, types: $types) {
        totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        edges { cursor node { __typename id } }
        nodes {
          ... on Course { name: title instructor { id name } modules(first: 1) { nodes { title } } }
          ... on CourseModule { name: title course { id title } }
          ... on User { id name email }
        }
      }
    }
"""

ENDED = """
    query ($first: Int, $after: String, $last: Int, $before: String, $order: EndedOrder!) {
      ended(first: $first, after: $after, last: $last, before: $before, orderBy: $order) {
        totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        edges {
          cursor
          node { __typename ... on PullRequest { id at: mergedAt } ... on CommentThread { id at: resolvedAt } }
        }
      }
    }
"""


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The types of the graph, for a test that declares more of them."""
    monkeypatch.setattr(kernel, "UNIONS", [])
    before = dict(TYPES)
    yield TYPES
    TYPES.clear()
    TYPES.update(before)


@pytest.fixture
def graphs(patient: None, database: NotingDatabase, world: World, declared: dict[str, Any]) -> list[Graph]:
    """A graph with lists of an interface and of a union at its root, by both its ways."""
    keys = {"ended_at": (tables.PullRequest.merged_at, tables.CommentThread.resolved_at)}
    all_ = listing_of(abstract("Node", *LISTED), "All that there is.")
    ended = listing_of(union("Ended", "What ends.", tables.PullRequest, tables.CommentThread, keys=keys), "What ends.")
    projects = listing_of(abstract("Project", tables.SpecificationProject), "All projects.")
    object_type("Query", "What can be read.", all=all_, ended=ended, projects=projects)
    config = StrawberryConfig(scalar_map=SCALARS)
    schema = Schema(query=declared["Query"], types=list(NODES.values()), config=config).core
    return [
        Graph(database, world, Executor(schema, compiles=compiles, deadline=DEADLINE)) for compiles in (True, False)
    ]


async def ask(graphs: list[Graph], who: str | None, query: str, **variables: Any) -> Any:
    """The answer, which is the same by both ways, and by one of them one statement."""
    compiled, resolved = [orjson.dumps(await graph(who, query, **variables)) for graph in graphs]
    assert compiled == resolved
    await graphs[0](who, query, **variables)
    assert len(graphs[0].statements) == 1
    return orjson.loads(compiled)


async def check_pages(
    graphs: list[Graph], who: str | None, query: str, *, step: int = 4, **variables: Any
) -> list[dict[str, Any]]:
    """All items of a list, which pages of `step` items have in both directions."""
    (everything,) = (await ask(graphs, who, query, first=100, **variables))["data"].values()
    nodes = [edge["node"] for edge in everything["edges"]]
    assert everything["totalCount"] == len({node["id"] for node in nodes})
    for size, cursor, border, more, order in (
        ("first", "after", "endCursor", "hasNextPage", 1),
        ("last", "before", "startCursor", "hasPreviousPage", -1),
    ):
        found, paging = list[Any](), {size: step}
        while True:
            (page,) = (await ask(graphs, who, query, **paging, **variables))["data"].values()
            found += [edge["node"] for edge in page["edges"]][::order]
            if not page["pageInfo"][more]:
                break
            paging[cursor] = page["pageInfo"][border]
        assert found[::order] == nodes
    return nodes


@pytest.mark.parametrize("who", ["ada", "ines", "sam", "root", None])
async def test_an_interface_is_listed_page_by_page_in_both_directions(graphs: list[Graph], who: str | None) -> None:
    await check_pages(graphs, who, PAGE)


async def test_projects_are_listed_with_what_they_have_in_common(graphs: list[Graph]) -> None:
    fields = "__typename name isArchived owner { name } ... on SpecificationProject { currentPhase }"
    page = (await ask(graphs, "root", f"{{ projects {{ totalCount nodes {{ {fields} }} }} }}"))["data"]["projects"]
    found = {project["name"]: (project["owner"]["name"], project["currentPhase"]) for project in page["nodes"]}
    assert (found["Atlas"], page["totalCount"]) == (("Ada", "REQUIREMENTS"), len(found))


@pytest.mark.parametrize("order", ["ENDED_AT_ASC", "ENDED_AT_DESC"])
async def test_items_of_several_types_without_a_time_come_last(graphs: list[Graph], order: str) -> None:
    nodes = await check_pages(graphs, "root", ENDED, step=1, order=order)
    assert [node["at"] is None for node in nodes] == [False] * 4 + [True] * 2
    assert {node["__typename"] for node in nodes if node["at"]} == {"PullRequest", "CommentThread"}


async def test_only_the_tables_that_are_listed_are_read(graphs: list[Graph]) -> None:
    page = (await ask(graphs, "root", PAGE, first=100))["data"]["all"]
    assert {edge["node"]["__typename"] for edge in page["edges"]} == {table.__name__ for table in LISTED}
    assert "lessons" in graphs[0].statements[0]
    assert "specification_projects AS sp" not in graphs[0].statements[0]


async def test_what_is_wrong_below_an_item_makes_null_of_nothing_else(graphs: list[Graph]) -> None:
    query = """{ all(first: 100, types: [COURSE, USER]) { nodes {
        ... on Course { title modules(first: 0) { totalCount } } ... on User { name } } } }"""
    answer = await ask(graphs, "root", query)
    assert answer["data"] is None
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}
    unmet = """{ all(first: 100, types: [USER]) { nodes {
        ... on Course { title modules(first: 0) { totalCount } } ... on User { name } } } }"""
    assert "errors" not in await ask(graphs, "root", unmet)


@pytest.mark.parametrize(
    "selected",
    [
        "... on Course { value: title } ... on Lesson { value: order }",
        "... on Course { value: title } ... on Lesson { value: module { id } }",
        "... on Course { value: instructor { id } } ... on CourseModule { value: lessons { totalCount } } title",
    ],
    ids=["a number and a text", "a text and an object", "a field that no item has"],
)
async def test_fields_of_several_types_under_one_key_must_look_alike(graphs: list[Graph], selected: str) -> None:
    with pytest.raises(RequestError) as refusal:
        await graphs[0]("root", f"{{ all {{ nodes {{ {selected} }} }} }}")
    assert refusal.value.errors[0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_fields_of_several_types_under_one_key_are_those_of_the_item(graphs: list[Graph]) -> None:
    query = """{ all(first: 100, types: [COURSE_MODULE, LESSON]) { nodes {
        __typename ... on CourseModule { value: title of: course { id } }
        ... on Lesson { value: title of: module { id } } } } }"""
    nodes = (await ask(graphs, "root", query))["data"]["all"]["nodes"]
    assert {node["of"]["id"][:3] for node in nodes if node["__typename"] == "Lesson"} == {"mod"}
    assert {node["of"]["id"][:3] for node in nodes if node["__typename"] == "CourseModule"} == {"crs"}


def test_what_rows_are_sorted_by_has_one_type_in_all_tables(declared: dict[str, Any]) -> None:
    keys = {"value": (tables.Course.title, tables.Lesson.order)}
    with pytest.raises(TypeError, match="value"):
        union("Mixed", "What does not go together.", tables.Course, tables.Lesson, keys=keys)


def test_rows_are_not_sorted_by_what_they_refer_to(declared: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="value"):
        union("Taken", "What is taken.", tables.Enrollment, keys={"value": (tables.Enrollment.course_id,)})


def test_an_edge_leads_to_the_tables_of_its_union_alone() -> None:
    with pytest.raises(TypeError, match="Reaction"):
        many_of(UNIONS[0], "What does not belong there.", tables.Reaction.user_id)


def test_every_union_can_be_listed() -> None:
    """One that cannot has no order, and its types cannot be told apart by a client that asks for some of them."""
    declared = {name for name, type_ in executor.schema.type_map.items() if isinstance(type_, GraphQLUnionType)}
    assert declared == {one.name for one in UNIONS}
