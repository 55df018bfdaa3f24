"""The schema as these tests walk it: every node with its table, every edge between nodes, every other field."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
)

from db.access import Viewer
from db.base import Base
from graphql_schema.core import NODES
from graphql_schema.core.aggregates import Aggregate
from graphql_schema.core.fields import Embedded
from graphql_schema.core.shapes import Key, Shaped
from graphql_schema.core.strawberry_seam import declared_of
from graphql_schema.schema import executor

SCHEMA = executor.schema
TABLES: dict[str, type[Base]] = {node.__name__: table for table, node in NODES.items()}
"""The table of every node by the name of its type."""

EVERYTHING = {
    "query": '"-unheardof"',
    "since": '"2000-01-01T00:00:00Z"',
    "until": '"2060-01-01T00:00:00Z"',
    "granularity": "YEAR",
}
"""Values of arguments that a field needs, with which it leads to all that there is."""


@dataclass(frozen=True)
class Edge:
    """A field that leads from an object to others, which `table` has the rows of.

    A list of objects of several types, `is_of_many`, is an edge to each of them.
    """

    source: str
    name: str
    target: str
    is_list: bool
    group: str = ""
    """The field that leads on from each of the groups of rows that lie between, if any do."""
    is_of_many: bool = False

    def __str__(self) -> str:
        return f"{self.source}.{self.name}{f' to {self.target}' if self.is_of_many else ''}"

    @property
    def table(self) -> type[Base]:
        return TABLES[self.target]

    def select(self, inner: str = "id") -> str:
        """The field in an operation, with as many items as a page may have."""
        if self.group:
            return f"{self.name}{written(needed(self._field))} {{ {self.group} {{ {inner} }} }}"
        if self.is_of_many:
            inner = f"... on {self.target} {{ __typename {inner} }}"
        return self.page(f"nodes {{ {inner} }}") if self.is_list else f"{self.name} {{ {inner} }}"

    def page(self, inner: str, **paging: str) -> str:
        """The field in an operation, with something selected of a page."""
        return f"{self.name}{written({**needed(self._field), 'first': '100', **paging})} {{ {inner} }}"

    @property
    def _field(self) -> GraphQLField:
        found: GraphQLField = object_type(self.source).fields[self.name]
        return found

    def is_for(self, viewer: Viewer) -> bool:
        """Whether somebody may ask for it at all."""
        found = declared_of(self._field)
        return not found or not found.declared.allows or found.declared.allows(viewer, {})

    def follow(self, source: dict[str, Any]) -> list[dict[str, Any]]:
        """The objects that the answer has under the field."""
        found = source[self.name]
        groups = [group[self.group] for group in found] if self.group else [found]
        objects = [object_ for object_ in (found["nodes"] if self.is_list else groups) if object_ is not None]
        return [one for one in objects if not self.is_of_many or one.get("__typename") == self.target]


def edges(type_name: str) -> list[Edge]:
    """The edges of a type, and of the types that are parts of it."""
    return [edge for name, field in _fields(type_name) for edge in _edges(type_name, name, field)]


def others(type_name: str) -> list[str]:
    """The fields of a node that lead to no other, as selections."""
    return [selection for name, field in _fields(type_name) for selection in _selections(name, field)]


def _selections(name: str, field: GraphQLField) -> list[str]:
    """What is embedded is no object that is read: each of its values is a field of the row."""
    found, target = declared_of(field), get_named_type(field.type)
    if isinstance(target, GraphQLObjectType) and isinstance(found and found.declared, Embedded):
        return [f"{name} {{ {one} }}" for key, value in target.fields.items() if (one := _other(key, value))]
    selection = _other(name, field)
    return [selection] if selection else []


def _fields(type_name: str) -> Iterator[tuple[str, GraphQLField]]:
    for name, field in object_type(type_name).fields.items():
        if is_aggregate(field) or needed(field).keys() <= EVERYTHING.keys():
            yield name, field


def is_aggregate(field: GraphQLField) -> bool:
    """Whether a field leads to groups of rows, or to figures of all."""
    found = declared_of(field)
    return isinstance(found and found.declared, Aggregate)


def is_json(field: GraphQLField) -> bool:
    """Whether a field leads to JSON of a column. Each list in it has a bound that is declared with it."""
    found = declared_of(field)
    return isinstance(found and found.declared, Shaped | Key)


def needed(field: GraphQLField) -> dict[str, str | None]:
    """The arguments that a field must be given, with which it leads to everything; None for those of others.

    Periods are years, also where they need not be named: everything is long, and has hundreds of months.
    """
    return {
        name: EVERYTHING.get(name)
        for name, argument in field.args.items()
        if is_required_argument(argument) or name == "granularity"
    }


def written(arguments: Mapping[str, str | None]) -> str:
    """Arguments in an operation."""
    return f"({', '.join(f'{name}: {value}' for name, value in arguments.items())})" if arguments else ""


def _edges(source: str, name: str, field: GraphQLField) -> Iterator[Edge]:
    target: Any = get_named_type(field.type)
    listed = target.name.removesuffix("Connection")
    if listed in TABLES:
        yield Edge(source, name, listed, is_list=listed != target.name)
    elif is_abstract_type(SCHEMA.get_type(listed)) and listed != target.name:
        declared: Any = declared_of(field)
        for table, _ in declared.declared.ways:
            yield Edge(source, name, table.__name__, is_list=True, is_of_many=True)
    elif is_aggregate(field):
        leading = {key: get_named_type(one.type).name for key, one in object_type(target.name).fields.items()}
        yield from (Edge(source, name, to, is_list=False, group=key) for key, to in leading.items() if to in TABLES)
    else:
        assert is_leaf_type(target) or is_json(field) or not _leads_on(target), (
            f"{source}.{name} leads to nodes in a way unknown to these tests"
        )


def _leads_on(part: object) -> bool:
    """Whether an object that is neither a node nor a connection has fields that are more than values, or objects."""
    if not _is_part(part):
        return True
    inner = (get_named_type(field.type) for field in part.fields.values())
    return any(not is_leaf_type(one) and _leads_on(one) for one in inner)


def _is_part(type_: Any) -> TypeGuard[GraphQLObjectType]:
    """Whether an object is neither a node nor a connection."""
    is_object = isinstance(type_, GraphQLObjectType)
    return is_object and type_.name not in TABLES and not type_.name.endswith("Connection")


def _values(part: GraphQLObjectType) -> str:
    """A selection of all values of an object, and of those in it."""
    inner = {key: get_named_type(field.type) for key, field in part.fields.items()}
    found = {key: f"{key} {{ {_values(one)} }}" if _is_part(one) else key for key, one in inner.items()}
    return " ".join(text for key, text in found.items() if _is_part(inner[key]) or is_leaf_type(inner[key]))


def _other(name: str, field: GraphQLField) -> str | None:
    target = get_named_type(field.type)
    if is_leaf_type(target):
        return name
    if _is_part(target):
        return f"{name}{written(needed(field))} {{ {_values(target)} }}"
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
