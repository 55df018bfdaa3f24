"""The schema as these tests walk it: every node with its table, every edge between nodes, every other field."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from db.base import Base
from graphql_schema.core import NODES
from graphql_schema.core.aggregates import Aggregate
from graphql_schema.core.strawberry_seam import declared_of
from graphql_schema.schema import executor

SCHEMA = executor.schema
TABLES: dict[str, type[Base]] = {node.__name__: table for table, node in NODES.items()}
"""The table of every node by the name of its type."""


@dataclass(frozen=True)
class Edge:
    """A field that leads from an object to others, which `table` has the rows of."""

    source: str
    name: str
    target: str
    is_list: bool
    group: str = ""
    """The field that leads on from each of the groups of rows that lie between, if any do."""

    def __str__(self) -> str:
        return f"{self.source}.{self.name}"

    @property
    def table(self) -> type[Base]:
        return TABLES[self.target]

    def select(self, inner: str = "id") -> str:
        """The field in an operation, with as many items as a page may have."""
        if self.group:
            field = object_type(self.source).fields[self.name]
            return f"{self.name}{required(field)} {{ {self.group} {{ {inner} }} }}"
        return f"{self.name}(first: 100) {{ nodes {{ {inner} }} }}" if self.is_list else f"{self.name} {{ {inner} }}"

    def follow(self, source: dict[str, Any]) -> list[dict[str, Any]]:
        """The objects that the answer has under the field."""
        found = source[self.name]
        groups = [group[self.group] for group in found] if self.group else [found]
        objects = found["nodes"] if self.is_list else groups
        return [object_ for object_ in objects if object_ is not None]


def edges(type_name: str) -> list[Edge]:
    """The edges of a type, and of the types that are parts of it."""
    return [edge for name, field in _fields(type_name) for edge in _edges(type_name, name, field)]


def others(type_name: str) -> list[str]:
    """The fields of a node that lead to no other, as selections."""
    return [selection for name, field in _fields(type_name) if (selection := _other(name, field))]


def _fields(type_name: str) -> Iterator[tuple[str, GraphQLField]]:
    for name, field in object_type(type_name).fields.items():
        if is_aggregate(field) or not any(is_required_argument(argument) for argument in field.args.values()):
            yield name, field


def is_aggregate(field: GraphQLField) -> bool:
    """Whether a field leads to groups of rows, or to figures of all."""
    found = declared_of(field)
    return isinstance(found and found.declared, Aggregate)


def required(field: GraphQLField) -> str:
    """The arguments that an aggregate must be given: a range of years."""
    needed = [name for name, argument in field.args.items() if is_required_argument(argument)]
    given = {"since": '"2000-01-01T00:00:00Z"', "until": '"2060-01-01T00:00:00Z"', "granularity": "YEAR"}
    return f"({', '.join(f'{name}: {value}' for name, value in given.items())})" if needed else ""


def _edges(source: str, name: str, field: GraphQLField) -> list[Edge]:
    target = get_named_type(field.type)
    if target.name in TABLES:
        return [Edge(source, name, target.name, is_list=False)]
    if target.name.removesuffix("Connection") in TABLES:
        return [Edge(source, name, target.name.removesuffix("Connection"), is_list=True)]
    if is_aggregate(field):
        leading = {key: get_named_type(one.type).name for key, one in object_type(target.name).fields.items()}
        return [Edge(source, name, to, is_list=False, group=key) for key, to in leading.items() if to in TABLES]
    assert is_leaf_type(target) or not _leads_on(target), (
        f"{source}.{name} leads to nodes in a way unknown to these tests"
    )
    return []


def _leads_on(part: object) -> bool:
    """Whether an object that is neither a node nor a connection has fields that are more than values."""
    if isinstance(part, GraphQLInterfaceType):
        return True
    assert isinstance(part, GraphQLObjectType)
    return not all(is_leaf_type(get_named_type(field.type)) for field in part.fields.values())


def _other(name: str, field: GraphQLField) -> str | None:
    target = get_named_type(field.type)
    if is_leaf_type(target):
        return name
    if isinstance(target, GraphQLObjectType) and target.name not in TABLES and not target.name.endswith("Connection"):
        values = (key for key, one in target.fields.items() if is_leaf_type(get_named_type(one.type)))
        return f"{name}{required(field)} {{ {' '.join(values)} }}"
    return None


def object_type(name: str) -> GraphQLObjectType:
    """The type of this name."""
    found = SCHEMA.get_type(name)
    assert isinstance(found, GraphQLObjectType)
    return found


EDGES = [edge for name in TABLES for edge in edges(name)]
"""Every edge of every node."""

ROOTS = [edge for edge in edges("Query") if edge.is_list or not object_type("Query").fields[edge.name].args]
"""The edges of the root that need no argument to lead somewhere."""
