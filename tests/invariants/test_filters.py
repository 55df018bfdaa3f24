"""No filter and no order tells of what the viewer does not see: neither by what it keeps nor by what it counts."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLEnumType, get_named_type
from strawberry.utils.str_converters import to_snake_case

from db.base import Base, new_id
from db.references import parent_of
from db.relations import class_of
from graphql_schema.core import NODES
from graphql_schema.core.fields import Column
from graphql_schema.core.orders import order_of, order_type
from graphql_schema.core.strawberry_seam import DeclaredField, fields_of
from tests.conftest import Graph
from tests.invariants.conftest import PEOPLE
from tests.invariants.oracle import Oracle
from tests.invariants.schema import EDGES, ROOTS, SCHEMA, TABLES, Edge, object_type
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


def keys() -> Iterator[tuple[Edge, str, type[Base]]]:
    """Every list with every filter of it that takes ids, and the table that these are of."""
    for edge in (edge for edge in (*ROOTS, *EDGES) if edge.is_list):
        filter_ = object_type(edge.source).fields[edge.name].args.get("filter")
        fields = get_named_type(filter_.type).fields if filter_ else {}
        for name in (name for name, field in fields.items() if get_named_type(field.type).name == "ID"):
            yield edge, name, class_of(parent_of(edge.table.__table__.c[to_snake_case(name)]))


KEYS = list(keys())


@pytest.mark.parametrize(("edge", "name", "target"), KEYS, ids=[f"{edge}.{name}" for edge, name, _ in KEYS])
async def test_a_filter_by_a_hidden_id_is_answered_like_one_by_a_missing_id(
    graph: Graph, world: World, oracle: Oracle, edge: Edge, name: str, target: type[Base]
) -> None:
    for who in PEOPLE:
        me = world.viewer(who).id
        hidden = {row.id for row in oracle.rows[target.__tablename__]} - oracle.shown(me, target.__tablename__)
        if hidden and (query := operation(oracle, me, edge, name)):
            ids = [f"{target.prefix}_{key.hex}" for key in hidden]
            missing = await graph.data(who, query, ids=[f"{target.prefix}_{new_id().hex}"])
            assert await graph.data(who, query, ids=ids) == missing, who


async def test_a_key_whose_target_is_hidden_from_who_sees_the_row_is_among_those_tested(
    world: World, oracle: Oracle
) -> None:
    """Or the test above would find nothing to compare."""
    found = set()
    for edge, name, target in KEYS:
        for who in PEOPLE:
            me = world.viewer(who).id
            seen = oracle.visible(me, edge.table.__tablename__)
            rows = [row for row in oracle.rows[edge.table.__tablename__] if row.id in seen]
            refers_to = {getattr(row, to_snake_case(name)) for row in rows} - {None}
            if refers_to - oracle.visible(me, target.__tablename__):
                found.add(f"{edge.target}.{name}")
    assert "SpecificationProject.organizationId" in found


def operation(oracle: Oracle, me: Any, edge: Edge, name: str) -> str | None:
    """A query that filters the list under an edge of everything that the viewer sees; None where that is nothing."""
    list_ = f"{edge.name}(filter: {{{name}: $ids}}, first: 100) {{ totalCount nodes {{ id }} edges {{ cursor }} }}"
    if edge.source == "Query":
        return f"query ($ids: [ID!]!) {{ {list_} }}"
    table = TABLES[edge.source]
    sources = [f'"{table.prefix}_{key.hex}"' for key in oracle.visible(me, table.__tablename__)][:40]
    nodes = f"nodes(ids: [{', '.join(sources)}]) {{ ... on {edge.source} {{ {list_} }} }}"
    return f"query ($ids: [ID!]!) {{ {nodes} }}" if sources else None


def guarded(type_name: str) -> set[str]:
    """The columns of a node that not everybody may read who sees it."""
    fields = fields_of(NODES[TABLES[type_name]])
    declared = [(field.python_name, field.declared) for field in fields if isinstance(field, DeclaredField)]
    return {column.source or name for name, column in declared if isinstance(column, Column) and column.needs}


@pytest.mark.parametrize("type_name", TABLES)
async def test_no_list_is_sorted_by_what_not_everybody_may_read_who_sees_the_item(type_name: str) -> None:
    order = SCHEMA.type_map.get(f"{type_name}Order")
    values = order.values.values() if isinstance(order, GraphQLEnumType) else ()
    assert {order_of(value.value).name for value in values} & guarded(type_name) == set()


async def test_a_list_cannot_be_sorted_by_a_key() -> None:
    for table in TABLES.values():
        for column in (column for column in table.__table__.c if parent_of(column) is not None):
            with pytest.raises(TypeError):
                order_type(table, (column.name,), {}, is_searched=False)
