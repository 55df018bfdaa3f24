"""Nodes: types of the graph that stand for a table, each object with one global id."""

from collections.abc import Callable
from typing import Any, TypeVar

import strawberry

from db.base import Base
from graphql_schema.core.connections import connection_types
from graphql_schema.core.expressions import Sql
from graphql_schema.core.fields import Column, Field, PublicId
from graphql_schema.core.strawberry_seam import TYPES, DeclaredField, fields_of

Class = TypeVar("Class", bound=type)

NODES: dict[type[Base], type] = {}
"""The node of each table that has one."""
TABLES: dict[str, type[Base]] = {}
"""The table of each node, by its name in the schema."""


class Node:
    """An object with a global id."""

    id = DeclaredField(PublicId("The global id, to be had again with `node(id:)`."), Base, "id")

    @classmethod
    def resolve_type(cls, value: Any, _info: Any, _type: Any) -> str:
        """The name of the type of a row."""
        return NODES[type(value)].__name__


Node = strawberry.interface(Node, description="An object with a global id.")  # type: ignore[misc]
TYPES["Node"] = Node


def interface(table: type[Base]) -> Callable[[type], type]:
    """Make a class of declarations an interface of nodes: what they have in common.

    A node names it in `implements`, and declares all of its fields, too. Their types are those of this table.
    """

    def declare(declarations: type) -> type:
        name, description = declarations.__name__, declarations.__doc__
        made = type(name, (Node,), _fields(declarations, table) | {"__doc__": description})
        found: type = strawberry.interface(made, name=name, description=description)
        TYPES[name] = found
        return found

    return declare


def node(
    table: type[Base],
    *,
    orders: tuple[str, ...] = ("created_at",),
    filters: tuple[str, ...] = (),
    implements: tuple[type, ...] = (Node,),
) -> Callable[[Class], Class]:
    """Make a class of declarations the node of a table.

    `orders` are the columns, and the fields declared by `sql`, that lists of it can be sorted by, a minus for falling;
    the first is the default. `filters` are those that lists of it can be filtered by; `search` stands for full-text
    search, with which comes an order by rank. `implements` are interfaces of nodes.
    """

    def declare(declarations: Class) -> Class:
        name = table.__name__
        common = {field.python_name for one in implements for field in fields_of(one)} - {"id"}
        if lacking := common - vars(declarations).keys():
            raise TypeError(f"{name} lacks fields of its interfaces: {', '.join(sorted(lacking))}")
        members = _fields(declarations, table) | _recognize(table) | {"__doc__": declarations.__doc__}
        made = type(name, implements, members)
        TABLES[name] = table
        TYPES[name] = NODES[table] = strawberry.type(made, name=name, description=declarations.__doc__)
        expressions = {field: value for field, value in vars(declarations).items() if isinstance(value, Sql)}
        columns = ((field, value) for field, value in vars(declarations).items() if isinstance(value, Column))
        needed = {column.source or field: column.needs for field, column in columns if column.needs}
        connection_types(table, orders, filters, expressions, needed)
        return declarations

    return declare


def embedded_in(table: type[Base]) -> Callable[[Class], Class]:
    """Make a class of declarations a type for some columns of a table."""

    def declare(declarations: Class) -> Class:
        name = declarations.__name__
        made = type(name, (), _fields(declarations, table))
        TYPES[name] = strawberry.type(made, name=name, description=declarations.__doc__)
        return declarations

    return declare


def _fields(declarations: type, table: type[Base]) -> dict[str, Any]:
    declared = {name: value for name, value in vars(declarations).items() if isinstance(value, Field)}
    return {name: DeclaredField(value, table, name) for name, value in declared.items()}


def _recognize(table: type[Base]) -> dict[str, Any]:
    return {"is_type_of": classmethod(lambda cls, value, _info: isinstance(value, table))}
