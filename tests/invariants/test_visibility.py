"""Nobody sees a row that is not theirs: by id, by list, or by any way through the graph."""

from collections.abc import AsyncIterator, Iterable
from itertools import groupby
from typing import Any
from uuid import UUID

import pytest
from strawberry.utils.str_converters import to_camel_case

from db.base import Base, tables
from graphql_schema.core import NODES
from graphql_schema.core.fields import Column
from graphql_schema.core.strawberry_seam import DeclaredField, fields_of
from tests.conftest import Graph
from tests.graphql_schema.asking import error_code
from tests.invariants.conftest import PEOPLE, as_served
from tests.invariants.crawler import Found, crawl, descend, look_up
from tests.invariants.oracle import Oracle
from tests.invariants.schema import ROOTS, TABLES, Edge
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

everybody = pytest.mark.parametrize("who", PEOPLE)


def public(table: type[Base], keys: Iterable[UUID]) -> set[str]:
    return {f"{table.prefix}_{key.hex}" for key in keys}


def visible(oracle: Oracle, world: World, who: str | None) -> Found:
    """The public ids of all that the rules let somebody see, by type."""
    me = world.viewer(who).id
    return {name: public(table, oracle.visible(me, table.__tablename__)) for name, table in TABLES.items()}


@everybody
async def test_an_id_leads_to_what_the_rules_allow_and_to_nothing_else(
    graph: Graph, world: World, oracle: Oracle, who: str | None
) -> None:
    for type_name, expected in visible(oracle, world, who).items():
        table = TABLES[type_name]
        every = public(table, (row.id for row in oracle.rows[table.__tablename__]))
        seen = await look_up(graph, who, type_name, every, "__typename")
        assert {node["id"] for node in seen} == expected
        assert {node["__typename"] for node in seen} <= {type_name}


LISTS: dict[str, list[Edge]] = {
    name: list(edges) for name, edges in groupby((edge for edge in ROOTS if edge.is_list), lambda edge: edge.name)
}
"""The lists at the root, each with the edges to the types of its items."""


@everybody
@pytest.mark.parametrize("name", LISTS)
async def test_a_list_at_the_root_has_all_that_the_rules_allow(
    graph: Graph, world: World, oracle: Oracle, name: str, who: str | None
) -> None:
    if not LISTS[name][0].is_for(world.viewer(who)):
        assert await error_code(graph, who, f"{{ {LISTS[name][0].page('totalCount')} }}") == "FORBIDDEN"
        return
    pages = [page async for page in read(graph, who, LISTS[name][0])]
    listed = [node["id"] for page in pages for node in page["nodes"]]
    allowed = visible(oracle, world, who)
    assert sorted(listed) == sorted(id_ for edge in LISTS[name] for id_ in allowed[edge.target])
    assert {page["totalCount"] for page in pages} == {len(listed)}


async def read(graph: Graph, who: str | None, edge: Edge) -> AsyncIterator[dict[str, Any]]:
    """The pages of a list."""
    cursor = "null"
    while True:
        asked = edge.page("totalCount nodes { ... on Node { id } } pageInfo { endCursor hasNextPage }", after=cursor)
        page = (await graph.data(who, f"{{ {asked} }}"))[edge.name]
        yield page
        if not page["pageInfo"]["hasNextPage"]:
            return
        cursor = f'"{page["pageInfo"]["endCursor"]}"'


@as_served
@everybody
async def test_no_way_through_the_graph_leads_to_more_than_the_rules_allow(
    graph: Graph, world: World, oracle: Oracle, who: str | None
) -> None:
    me = world.viewer(who).id
    allowed = {name: public(table, oracle.shown(me, table.__tablename__)) for name, table in TABLES.items()}
    for way in (crawl, descend):
        found = await way(graph, who)
        assert {name: seen - allowed[name] for name, seen in found.items() if seen - allowed[name]} == {}


@as_served
async def test_the_ways_through_the_graph_lead_to_every_type(graph: Graph) -> None:
    found = await crawl(graph, "root")
    assert [name for name in TABLES if not found[name]] == []


async def test_a_table_without_a_node_is_out_of_reach(graph: Graph, oracle: Oracle) -> None:
    hidden = [table for table in tables() if table not in NODES]
    keys = {
        public_id
        for table in hidden
        for row in oracle.rows[table.__tablename__]
        for public_id in public(table, [row.id])
    }
    assert keys
    assert await look_up(graph, "root", "User", keys, "__typename") == []


@pytest.mark.parametrize("who", ["olga", None])
async def test_an_outsider_sees_nothing_of_the_small_world(graph: Graph, world: World, who: str | None) -> None:
    foreign = {row.public_id: name for name, row in world.rows.items() if not _is_open(world, name)}
    seen = set().union(*(await crawl(graph, who)).values())
    assert {foreign[public_id] for public_id in seen & foreign.keys()} == set()
    assert world.logic_1_1.public_id in seen


def _is_open(world: World, name: str) -> bool:
    """What belongs to everybody (published courses and who teaches them), to the outsider, or to the crowd."""
    return name.startswith(
        (
            *("basics", "advanced", "logic", "rhetoric", "ines"),
            *("olga", "remote", "island", "needs", "outline", "shore", "first", "second"),
        )
    ) or (
        # whom Olga has invited, and who has invited her
        name in {"sam_invited", "ada"}
        # what everybody reads of Logic, and who wrote it
        or name in {"quiz", "praise", "sam", "cover", "figure"}
    )


def guarded(table: type[Base]) -> list[tuple[str, Column]]:
    """The columns of a node that need more than to see the row, by their names in the graph."""
    fields = fields_of(NODES[table])
    columns = [(field.python_name, field.declared) for field in fields if isinstance(field, DeclaredField)]
    return [(name, column) for name, column in columns if isinstance(column, Column) and column.needs]


@pytest.mark.parametrize("type_name", [name for name, table in TABLES.items() if guarded(table)])
async def test_a_guarded_field_has_a_value_for_those_alone_who_have_the_permission(
    graph: Graph, world: World, oracle: Oracle, type_name: str
) -> None:
    table = TABLES[type_name]
    columns, rows = guarded(table), oracle.rows[table.__tablename__]
    selection = " ".join(f"{name}: {to_camel_case(name)}" for name, _ in columns)
    for who in PEOPLE:
        me = world.viewer(who).id
        seen = public(table, oracle.visible(me, table.__tablename__))
        answers = {answer["id"]: answer for answer in await look_up(graph, who, type_name, seen, selection)}
        for name, column in columns:
            assert column.needs
            shown = {public_id for public_id, answer in answers.items() if answer[name] is not None}
            may = [row for row in rows if oracle.may(me, column.needs, table.__tablename__, row)]
            with_value = public(table, (row.id for row in may if getattr(row, column.source or name) is not None))
            assert shown == with_value & seen, f"{who}: {name}"
