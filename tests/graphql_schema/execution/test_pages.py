"""Walks through whole lists, page by page: in both directions and by both paths each row is met once.

They are walked in the orders in which there may be nothing, or that are worked out.
"""

from collections.abc import Iterator
from datetime import date, datetime
from operator import itemgetter
from typing import Any

import pytest
from graphql import GraphQLEnumType
from strawberry.utils.str_converters import to_camel_case

from db.windows import Order
from graphql_schema.core.orders import order_of
from tests.conftest import Graph
from tests.graphql_schema.execution.both_paths import BothPaths
from tests.graphql_schema.execution.rows import SOUGHT
from tests.invariants.schema import EDGES, ROOTS, SCHEMA, TABLES, Edge, object_type

FORWARD, BACKWARD = ("first", "after", "endCursor", "hasNextPage"), ("last", "before", "startCursor", "hasPreviousPage")
PAGES = 4
"""Pages of a walk, about: then one begins among the rows that have something, and one among those that have nothing."""


def listed(table_name: str) -> list[Edge]:
    """The lists of a node alone: those at the root, or else those of other nodes."""
    at_root, below = (
        [edge for edge in edges if edge.is_list and not edge.is_of_many and edge.target == table_name]
        for edges in (ROOTS, EDGES)
    )
    return at_root or below


def orders() -> Iterator[tuple[str, str]]:
    """The nodes that there are lists of, with the members of their orders that are walked along."""
    for name in TABLES:
        type_ = SCHEMA.type_map.get(f"{name}Order")
        if isinstance(type_, GraphQLEnumType) and listed(name):
            found = {member: order_of(value.value) for member, value in type_.values.items()}
            yield from ((name, member) for member, order in found.items() if order.is_nullable or order.expression)


ORDERS = list(orders())


def order(name: str, member: str) -> Order:
    type_ = SCHEMA.type_map[f"{name}Order"]
    assert isinstance(type_, GraphQLEnumType)
    return order_of(type_.values[member].value)


class List:
    """One list of the graph, as the administrator sees it by both paths."""

    def __init__(self, both: BothPaths, edge: Edge, id_: str | None) -> None:
        self.both, self.edge, self.id = both, edge, id_

    def page(self, shown: str, arguments: str = "", **variables: Any) -> Any:
        """A page of it, which has to be the same by both paths."""
        found = [self._page(graph, shown, arguments, variables) for graph in (self.both.compiled, self.both.resolved)]
        assert found[0] == found[1], arguments
        return found[0]

    def walk(self, shown: str, arguments: str, size: int, direction: tuple[str, str, str, str]) -> list[Any]:
        """Its nodes from one end to the other, as they are met."""
        (count, border, end, more), cursor, met = direction, None, list[Any]()
        while True:
            page = self.page(shown, f"({arguments}, {count}: {size}, {border}: $cursor)", cursor=cursor)
            met += page["nodes"] if count == "first" else page["nodes"][::-1]
            if not page["pageInfo"][more]:
                return met
            cursor = page["pageInfo"][end]

    def _page(self, graph: Graph, shown: str, arguments: str, variables: dict[str, Any]) -> Any:
        info = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
        query = f"{self.edge.name}{arguments} {{ totalCount nodes {{ {shown} }} {info} }}"
        if self.id:
            query = f"node(id: $id) {{ ... on {self.edge.source} {{ {query} }} }}"
            variables = {**variables, "id": self.id}
        declared = "".join(f"${name}: {'ID!' if name == 'id' else 'String'} " for name in variables)
        head = f"query ({declared})" if declared else ""
        found = self.both.runner.run(graph.data("root", f"{head} {{ {query} }}", **variables))
        return (found["node"] if self.id else found)[self.edge.name]


class Lists:
    """The list of each node that has the most items."""

    def __init__(self, both: BothPaths) -> None:
        self.both, self.found = both, dict[str, List]()

    def __getitem__(self, name: str) -> List:
        if name not in self.found:
            _, edge, id_ = max(self._counted(name), key=itemgetter(0))
            self.found[name] = List(self.both, edge, id_)
        return self.found[name]

    def _counted(self, name: str) -> Iterator[tuple[int, Edge, str | None]]:
        """How many items each list has of those that the small world and odd rows have."""
        for edge in listed(name):
            if edge.source == "Query":
                yield 0, edge, None
                return
            list_ = f"{edge.name} {{ totalCount }}"
            query = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {edge.source} {{ id {list_} }} }} }}"
            ids = self.both.pool.ids[edge.source][:100]
            for node in self.both.runner.run(self.both.compiled.data("root", query, ids=ids))["nodes"]:
                yield node[edge.name]["totalCount"], edge, node["id"]


@pytest.fixture(scope="module")
def lists(both: BothPaths) -> Lists:
    return Lists(both)


def value(sorted_by: Order, shown: Any) -> Any:
    """What is shown of an item, to be compared as PostgreSQL compares it."""
    kind = sorted_by.type.python_type
    if issubclass(kind, datetime | date):
        return kind.fromisoformat(shown)
    if hasattr(kind, "__members__"):
        return list(kind.__members__).index(shown)
    return kind(shown)


@pytest.mark.parametrize(("name", "member"), ORDERS, ids=[f"{name}.{member}" for name, member in ORDERS])
def test_a_walk_through_a_list_meets_each_row_once(lists: Lists, name: str, member: str) -> None:
    list_, sorted_by = lists[name], order(name, member)
    filter_ = f', filter: {{search: "{SOUGHT}"}}' if sorted_by.takes is not None else ""
    arguments, field = f"orderBy: {member}{filter_}", to_camel_case(sorted_by.name)
    shown = f"id {field}" if field in object_type(name).fields else "id"
    whole = list_.walk(shown, arguments, 100, FORWARD)
    ids = [node["id"] for node in whole]
    assert len(ids) == len(set(ids)) == list_.page("id", f"({arguments})")["totalCount"]
    size = -(-len(ids) // PAGES)
    assert list_.walk(shown, arguments, size, FORWARD) == whole
    assert list_.walk(shown, arguments, size, BACKWARD)[::-1] == whole
    if shown != "id":
        keys = [(value(sorted_by, node[field]), node["id"]) for node in whole if node[field] is not None]
        assert keys == sorted(keys, reverse=sorted_by.descending)
        nulls = [node["id"] for node in whole if node[field] is None]
        assert nulls == sorted(nulls, reverse=sorted_by.descending)
        assert ids == [id_ for _, id_ in keys] + nulls


def test_the_lists_that_are_walked_through_have_ties_and_nothing_in_some(lists: Lists) -> None:
    """Or the walks would say little."""
    for name, field in (("PullRequest", "mergedAt"), ("Comment", "editedAt")):
        values = [node[field] for node in lists[name].page(f"id {field}", "(first: 100)")["nodes"]]
        assert values.count(None) >= 3, name
        assert len(values) - values.count(None) > len({*values} - {None}), name
