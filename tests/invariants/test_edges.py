"""Every edge and every other field of every node: what it costs, and that no short cut around a check shows more."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from strawberry.utils.str_converters import to_camel_case

from db import read
from db.base import Base
from db.engine import Database
from db.relations import Relation, follows
from db.tables import User
from db.windows import Order, Window
from graphql_schema.core import NODES
from graphql_schema.core.aggregates import Aggregate
from graphql_schema.core.strawberry_seam import DeclaredField, fields_of
from tests.conftest import Graph
from tests.invariants.conftest import PEOPLE
from tests.invariants.oracle import Oracle
from tests.invariants.schema import EDGES, TABLES, Edge, edges, object_type, others
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

LARGEST_BATCH = 100


class Cost:
    """Counts the statements that a selection on nodes takes, and the objects under an edge of theirs."""

    def __init__(self, graph: Graph, oracle: Oracle, type_name: str) -> None:
        self.graph, self.type_name = graph, type_name
        table = TABLES[type_name]
        self.ids = [f"{table.prefix}_{row.id.hex}" for row in oracle.rows[table.__tablename__]][:LARGEST_BATCH]
        self.query = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {type_name} {{ %s }} }} }}"

    async def of(self, selection: str) -> int:
        """The statements that the selection adds to what the nodes themselves cost: as many for one as for all."""
        assert len(self.ids) > 1, f"the crowd has too few rows of {self.type_name}"
        without = await self._statements("id", self.ids)
        all_ = await self._statements(selection, self.ids)
        for one in self.ids:  # an edge of the first may lead to nothing
            if await self._statements(selection, [one]) == all_:
                return all_ - without
        raise AssertionError(f"{all_} statements for {len(self.ids)} {self.type_name}, fewer for each: {selection}")

    async def _statements(self, selection: str, ids: list[str]) -> int:
        await self.graph.data("root", self.query % selection, ids=ids)
        return len(self.graph.statements)


def statements(edge: Edge) -> int:
    """The statements that an edge may take: another where it leads over groups."""
    return 2 if edge.group else 1


@pytest.mark.parametrize("edge", EDGES, ids=str)
async def test_an_edge_runs_one_statement_at_any_breadth(graph: Graph, oracle: Oracle, edge: Edge) -> None:
    assert await Cost(graph, oracle, edge.source).of(edge.select()) <= statements(edge)


@pytest.mark.parametrize("edge", [edge for edge in EDGES if edge.is_list], ids=str)
async def test_a_page_and_its_total_are_one_statement_each(graph: Graph, oracle: Oracle, edge: Edge) -> None:
    cost = Cost(graph, oracle, edge.source)
    assert await cost.of(edge.page("totalCount")) <= 1
    item = "... on Node { id }"
    borders = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    assert (
        await cost.of(edge.page(f"nodes {{ {item} }} edges {{ cursor node {{ {item} }} }} {borders} totalCount")) <= 2
    )


@pytest.mark.parametrize("type_name", TABLES)
async def test_any_other_field_runs_one_statement_at_most(graph: Graph, oracle: Oracle, type_name: str) -> None:
    cost = Cost(graph, oracle, type_name)
    for field in others(type_name):
        assert await cost.of(field) <= 1, field


@pytest.mark.parametrize("edge", EDGES, ids=str)
async def test_an_edge_behind_an_edge_runs_one_statement_for_all_objects_between(
    graph: Graph, oracle: Oracle, edge: Edge
) -> None:
    cost = Cost(graph, oracle, edge.source)
    behind = edges(edge.target)
    await graph.data("root", cost.query % edge.select(f"id {' '.join(each.select() for each in behind)}"), ids=cost.ids)
    resolved = 1 + sum(map(statements, [edge, *behind]))
    assert len(graph.statements) <= (1 if graph.executor.compiles else resolved)


def relations() -> Iterator[tuple[type[Base], DeclaredField, Relation]]:
    """The declared edges of every node that start from its rows."""
    for table, node in NODES.items():
        for field in fields_of(node):
            relation = getattr(getattr(field, "declared", None), "relation", None)
            if relation is not None:
                yield table, field, relation


def fully_checked(relation: Relation) -> Relation:
    """The relation with every check there is: whom a row of a link table names is shown to all who see that row."""
    if relation.link is None:
        return replace(relation, is_checked=True)
    link = replace(relation.link, is_checked=True)
    return replace(relation, is_checked=not follows(link.far), link=link, on=link.pairs)


UNCHECKED = [
    (table, field.python_name, relation)
    for table, field, relation in relations()
    if not relation.is_checked or (relation.link and not relation.link.is_checked)
]
"""The edges that rely on the check of the row that they start from, or of the one that they lead to."""

LINKED = [(table, field.python_name, relation) for table, field, relation in relations() if relation.link]
"""The edges over link tables."""


@pytest.mark.parametrize(
    ("table", "relation"),
    [(table, relation) for table, _, relation in UNCHECKED],
    ids=[f"{table.__name__}.{name}" for table, name, _ in UNCHECKED],
)
async def test_an_edge_without_a_check_shows_what_a_check_would(
    database: Database, world: World, oracle: Oracle, table: type[Base], relation: Relation
) -> None:
    checked = fully_checked(relation)
    for who in PEOPLE:
        viewer = world.viewer(who)
        if not (parents := sorted(oracle.visible(viewer.id, table.__tablename__))):
            continue
        async with database.read() as session:
            trusting = await read.counts(session, viewer, table, relation, (), parents)
            careful = await read.counts(session, viewer, table, checked, (), parents)
        allowed = careful | named(oracle, table, relation, parents)
        assert trusting == allowed, f"{who} comes to see more of {relation.child.__name__} than the rule allows"


def named(oracle: Oracle, table: type[Base], relation: Relation, parents: list[UUID]) -> dict[UUID, int]:
    """One for each of these rows that names a person itself and so shows them, if the relation leads to that person."""
    if relation.link or relation.child is not User or (table.__tablename__, relation.column) not in oracle.mentions:
        return {}
    rows = (oracle.find(table.__tablename__, parent) for parent in parents)
    return {row.id: 1 for row in rows if row and getattr(row, str(relation.column))}


@pytest.mark.parametrize(
    ("table", "relation"),
    [(table, relation) for table, _, relation in LINKED],
    ids=[f"{table.__name__}.{name}" for table, name, _ in LINKED],
)
async def test_an_edge_over_a_link_table_tells_nobody_of_a_pair_that_they_do_not_see(
    database: Database, world: World, oracle: Oracle, table: type[Base], relation: Relation
) -> None:
    link, window = relation.link, Window(Order(relation.child, "created_at"), LARGEST_BATCH)
    assert link
    rows = oracle.rows[link.near.table.name]
    for who in PEOPLE:
        me = world.viewer(who).id
        seen = [row for row in rows if oracle.may(me, "see", link.near.table.name, row)]
        pairs = {(getattr(row, link.near.name), getattr(row, link.far.name)) for row in seen}
        async with database.read() as session:
            parents = sorted(oracle.visible(me, table.__tablename__))
            found = await read.pages(session, world.viewer(who), table, relation, window, parents)
        assert {(key, other.row.id) for key, others in found.items() for other in others} <= pairs, who


async def test_an_edge_to_what_may_be_out_of_sight_may_be_null() -> None:
    """Or an object that somebody may not see would take the one that they may see with it."""
    for table, field, relation in relations():
        type_ = str(object_type(table.__name__).fields[to_camel_case(field.python_name)].type)
        has_place_for_none = type_.endswith("Connection!") or isinstance(field.declared, Aggregate)
        assert relation.is_checked <= (not type_.endswith("!") or has_place_for_none), field.python_name
