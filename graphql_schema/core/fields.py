"""The declarations of a type of the graph: columns, computed values, and edges to other types.

Each declaration is an expression with a description for front-end developers. What it needs to know of the database
(type, nullability, access) comes from the tables; the type it leads to is found by its table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from inspect import isawaitable
from typing import Any, TypeVar

import strawberry
from sqlalchemy import ColumnElement, types
from strawberry.types.arguments import StrawberryArgument

from db import read, relations
from db.access import Viewer
from db.base import Base
from db.columns import JsonOf
from db.permissions import Permission
from db.relations import Relation
from graphql_schema.core import tree
from graphql_schema.core.arguments import Binding
from graphql_schema.core.context import Context
from graphql_schema.core.restricted import Allows, admit
from graphql_schema.core.scalars import JSON
from graphql_schema.core.selected import Selected
from graphql_schema.core.sources import Rows
from graphql_schema.core.strawberry_seam import TYPES, DeclaredField, enumeration

TYPES["JSON"] = JSON


Pairing = Callable[[Any, Any], ColumnElement[bool]]
"""Which rows an edge leads from and to, by the columns of both."""


@dataclass(frozen=True)
class Field:
    """The base of all declarations: each runs in two ways, as a node of the tree or resolved in Python."""

    description: str
    weight: int | None = field(default=None, kw_only=True)
    """The weight that it adds to an operation for each object it is on; None: 1 for an object, 0 for a value."""
    deprecation: str | None = field(default=None, kw_only=True)
    """The advice for clients of a field that will be removed: what to use instead."""
    allows: Allows | None = field(default=None, kw_only=True)
    """Whether a viewer may ask for it with these arguments, of a field of the root that not everybody may ask for."""

    def annotation(self, table: type[Base], name: str) -> Any:
        """The type of the field, as an annotation; names stand for types of the graph."""
        raise NotImplementedError

    def arguments(self) -> list[StrawberryArgument]:
        """The arguments that the field takes."""
        return []

    def admit(self, viewer: Viewer, arguments: Mapping[str, Any]) -> None:
        """Raise Forbidden where the viewer may not ask for it: nothing is read, so nothing is told of what there is."""
        admit(self.allows, viewer, arguments)

    def bind(self, arguments: Mapping[str, Any]) -> Binding:
        """The arguments made ready for SQL; raises what is wrong with them."""
        return Binding()

    def lower(self, at: Selected) -> tree.Node:
        """The field as a node of the tree. What says nothing else can only be computed in Python."""
        return tree.Python(at.coordinate, at.name, self, at.body(), at.given())

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        """The value of the field on `source`, a row of the table."""
        raise NotImplementedError


Declared = TypeVar("Declared", bound=Field)


@dataclass(frozen=True)
class PublicId(Field):
    """The global id of a row."""

    def annotation(self, table: type[Base], name: str) -> Any:
        return strawberry.ID

    def lower(self, at: Selected) -> tree.Node:
        return tree.Value("id", lambda scope: scope.row.c.id, tree.PublicKey(at.table.prefix))

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        return source.public_id


@dataclass(frozen=True)
class Column(Field):
    """A column of the table; with `needs` it is null for viewers who lack the permission on the row."""

    needs: Permission | None = None
    source: str | None = None

    def annotation(self, table: type[Base], name: str) -> Any:
        column = getattr(table, self.source or name).expression
        kind = graph_type(column.type)
        return kind | None if column.nullable or self.needs else kind

    def lower(self, at: Selected) -> tree.Node:
        column = getattr(at.table, self.source or at.name).expression
        name = column.name
        return tree.Value(f"column {name}", lambda scope: scope.row.c[name], column.type, column.nullable, self.needs)

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        if self.needs and not await context.load(read.permitted, type(source), self.needs, key=source.id):
            return None
        return getattr(source, self.source or name)


@dataclass(frozen=True)
class Embedded(Field):
    """Some columns of the row under a name of their own; with `under` those whose names begin so: `end_line`."""

    of: str
    under: str = ""

    def annotation(self, table: type[Base], name: str) -> Any:
        return self.of

    def lower(self, at: Selected) -> tree.Node:
        body = at.object()
        return replace(body, members=tuple(replace(one, node=self._begun(one.node)) for one in body.members))

    def _begun(self, node: tree.Node) -> tree.Node:
        """A column, as the one whose name begins so."""
        if not isinstance(node, tree.Value) or not self.under:
            return node
        write = node.write
        named = f"column {self.under}{node.text.removeprefix('column ')}"
        return replace(node, text=named, write=lambda scope: write(replace(scope, row=Begun(scope.row, self.under))))

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        return Begun(source, self.under) if self.under else source


class Begun:
    """A row, or its columns, by names without their beginning."""

    def __init__(self, row: Any, under: str) -> None:
        self._row, self._under = row, under

    @property
    def c(self) -> "Begun":
        """The columns of a row that is written as SQL."""
        return Begun(self._row.c, self._under)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, f"{self._under}{name}")

    def __getitem__(self, name: str) -> Any:
        return self._row[f"{self._under}{name}"]


@dataclass(frozen=True)
class One(Field):
    """An edge to one row."""

    relation: Relation
    is_certain: bool = False

    def annotation(self, table: type[Base], name: str) -> Any:
        target = self.relation.child.__name__
        return target if self.is_certain else f"{target} | None"

    def lower(self, at: Selected) -> tree.Node:
        return tree.Row(followed(self.relation), at.object())

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        if isinstance(source, Base):
            return await context.load(read.one, type(source), self.relation, key=source.id)
        key = getattr(source, str(self.relation.column))  # of a group of rows, which has no other
        return await context.load(read.referred, self.relation, key=key) if key else None


@dataclass(frozen=True)
class Computed(Field):
    """A value that Python makes of the source."""

    type: Any
    value: Callable[[Any], Any]

    def annotation(self, table: type[Base], name: str) -> Any:
        return self.type

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        found = self.value(source)
        return await found if isawaitable(found) else found


def followed(relation: Relation) -> Rows:
    """The rows that a relation leads to."""
    access: Any = "checked" if relation.is_checked else "followed"
    return Rows(
        relation.child, lambda scope, row: relation.on(scope.row.c, row.c, scope.viewer), access, relation.between
    )


def column(description: str, *, needs: Permission | None = None, source: str | None = None) -> Column:
    """The column with the field's own name, or the one called `source`."""
    return Column(description, needs, source)


def embedded(of: str, description: str, *, under: str = "") -> Embedded:
    """Some columns of the same row as an object of the type with this name.

    With `under="end_"` its field `line` is the column `end_line`: so one type serves several places of a row.
    """
    return Embedded(description, of, under)


def one(to: Any, description: str, *, on: Pairing | None = None) -> One:
    """The row that a foreign key of this table refers to; or the row of the table `to` that `on` finds."""
    if on:
        return One(description, paired(to, on))
    key = to.expression
    relation = relations.up(key)
    return One(description, relation, is_certain=not key.nullable and not relation.is_checked)


def paired(to: type[Base], on: Pairing) -> Relation:
    """The relation to the rows of a table for which `on(row, other)` holds."""
    return Relation(to, lambda parent, child, _viewer: on(parent, child))


def deprecated(declared: Declared, instead: str) -> Declared:
    """Keep a field for one more release; `instead` tells clients what to use: `deprecated(column("…"), "Use …")`."""
    return replace(declared, deprecation=instead)


def object_type(type_name: str, description: str, **fields: Field) -> None:
    """Make a type of the graph from declarations that hang on no table."""
    made = type(type_name, (), {name: DeclaredField(field, Base, name) for name, field in fields.items()})
    TYPES[type_name] = strawberry.type(made, name=type_name, description=description)


def graph_type(type_: Any) -> Any:
    """The Python type that stands for an SQL type in the schema."""
    if isinstance(type_, types.JSON):
        if isinstance(type_, JsonOf) and type_.hides:
            raise TypeError("Not all of this JSON is shown: declare it by `shaped`.")
        return JSON
    if isinstance(type_, types.BigInteger):
        raise TypeError("An Int of the graph has 32 bits: show what may be larger as a text.")
    kind = type_.python_type
    if kind is list:
        return list[graph_type(type_.item_type)]  # type: ignore[misc]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return enumeration(kind)
    return kind
