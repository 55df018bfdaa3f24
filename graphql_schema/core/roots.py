"""The root types: fields that the slices declare in their modules, added up; and ways to one object from the root."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import func, type_coerce
from strawberry.types.arguments import StrawberryArgument
from strawberry.utils.str_converters import to_camel_case

from db import ids, read
from db.access import viewer_id
from db.base import Base
from db.errors import BadInput
from db.modules import modules
from graphql_schema.core import tree
from graphql_schema.core.arguments import Binding, length_of
from graphql_schema.core.context import Context
from graphql_schema.core.fields import Field, object_type
from graphql_schema.core.nodes import NODES
from graphql_schema.core.selected import Selected
from graphql_schema.core.signature import argument
from graphql_schema.core.sources import Rows
from graphql_schema.core.strawberry_seam import TYPES
from graphql_schema.core.texts import check_storable

LARGEST_BATCH = 100


def root(name: str, description: str, module: str, slices: Sequence[ModuleType]) -> Any:
    """A root type with all fields that the slices declare in their modules of this name, such as `mutations`.

    What is much for one module is in several, with a word in front: `profile_mutations`.
    """
    ends = f".{module}", f"_{module}"
    declaring = [each for slice_ in slices for each in modules(slice_) if each.__name__.endswith(ends)]
    fields = {key: value for each in declaring for key, value in vars(each).items() if isinstance(value, Field)}
    object_type(name, description, **fields)
    return TYPES[name]


@dataclass(frozen=True)
class Lookup(Field):
    """One row of a table by its id or by a unique name."""

    child: type[Base]
    names: tuple[str, ...]
    in_any_case: bool = False
    """Whether the case of the letters of a name does not matter."""

    def annotation(self, table: type[Base], name: str) -> Any:
        return f"{self.child.__name__} | None"

    def arguments(self) -> list[StrawberryArgument]:
        only = not self.names
        identity = argument("id", strawberry.ID if only else strawberry.ID | None, "Its global id.")
        return [identity, *(argument(name, str | None, f"Its {name.replace('_', ' ')}.") for name in self.names)]

    def bind(self, arguments: Mapping[str, Any]) -> Binding:
        given = {key: value for key, value in arguments.items() if value is not None}
        if len(given) != 1:
            raise BadInput("Ask for one object by one name: give exactly one of the arguments.")
        ((column, value),) = given.items()
        if column == "id":
            return Binding(column, {"key": ids.key_of(self.child, value)})
        check_storable(value, at=to_camel_case(column))
        return Binding(column, {"key": value})

    def lower(self, at: Selected) -> tree.Node:
        named = Rows(self.child, lambda scope, row: self._is(row.c[scope.shape], scope.key, scope.shape))
        return tree.Row(named, at.object(), at.given())

    def _is(self, column: Any, key: Any, name: str) -> Any:
        """The condition that a column of this name has the key."""
        if self.in_any_case and name != "id":
            return func.lower(column) == func.lower(type_coerce(key, column.type))
        return column == key

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        asked = self.bind(arguments)
        column, value = asked.shape, asked.values["key"]
        if column != "id":
            return await context.load(read.by_name, self.child, column, value, self._is, key=read.ALL)
        return await context.load(read.by_id, self.child, key=value) if value else None


def lookup(table: type[Base], description: str, *names: str, in_any_case: bool = False) -> Lookup:
    """One row of `table` by its id, or by a unique column of these names; `in_any_case` where the case of the letters
    does not matter, by an index over `lower(name)`.
    """
    return Lookup(description, table, names, in_any_case)


@dataclass(frozen=True)
class Viewer(Field):
    """The user who is signed in."""

    child: type[Base]

    def annotation(self, table: type[Base], name: str) -> Any:
        return f"{self.child.__name__} | None"

    def lower(self, at: Selected) -> tree.Node:
        return tree.Row(Rows(self.child, lambda _, row: row.c.id == viewer_id()), at.object())

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        key = context.viewer.id
        return await context.load(read.by_id, self.child, key=key) if key else None


@dataclass(frozen=True)
class NodeById(Field):
    """Any object by its global id."""

    def annotation(self, table: type[Base], name: str) -> Any:
        return "Node | None"

    def arguments(self) -> list[StrawberryArgument]:
        return [argument("id", strawberry.ID, "A global id.")]

    def bind(self, arguments: Mapping[str, Any]) -> Binding:
        table, key = _decoded(arguments["id"])
        return Binding(table, {"key": key}, (table,) if table else ())

    def lower(self, at: Selected) -> tree.Node:
        return tree.Choice(at.by_table(by_key), at.given())

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        return await _node(context, arguments["id"])


@dataclass(frozen=True)
class NodesById(Field):
    """Many objects by their global ids."""

    def annotation(self, table: type[Base], name: str) -> Any:
        return "list[Node | None]"

    def arguments(self) -> list[StrawberryArgument]:
        return [argument("ids", list[strawberry.ID], f"Global ids, {LARGEST_BATCH} at most.")]

    def bind(self, arguments: Mapping[str, Any]) -> Binding:
        found = [_decoded(public_id) for public_id in self._ids(arguments)]
        tables = tuple(sorted({table for table, _ in found if table}, key=lambda table: table.__tablename__))
        kinds = [tables.index(table) if table else None for table, _ in found]
        return Binding(tables, {"keys": [key for _, key in found], "kinds": kinds}, tables)

    def lower(self, at: Selected) -> tree.Node:
        return tree.Choice(at.by_table(by_key), at.given(length_of(at.node, "ids", most=LARGEST_BATCH)), is_many=True)

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        return [_node(context, public_id) for public_id in self._ids(arguments)]

    def _ids(self, arguments: Mapping[str, Any]) -> list[str]:
        if len(arguments["ids"]) > LARGEST_BATCH:
            raise BadInput(f"Ask for at most {LARGEST_BATCH} objects at a time.", at="ids")
        return list(arguments["ids"])


def by_key(table: type[Base]) -> Rows:
    """The row of a table that arguments name by its key."""
    return Rows(table, lambda scope, row: row.c.id == scope.key)


async def _node(context: Context, public_id: str) -> Any:
    table, key = _decoded(public_id)
    return await context.load(read.by_id, table, key=key) if table and key else None


def _decoded(public_id: str) -> tuple[type[Base] | None, UUID | None]:
    """The table and key behind the id of a node; None for both when it is the id of none."""
    found = ids.decode(public_id)
    return found if found and found[0] in NODES else (None, None)


node = NodeById("Any object by its global id; null when there is none that you may see.")
nodes = NodesById("Objects by their global ids, in the same order, with null for those that you may not see.")
