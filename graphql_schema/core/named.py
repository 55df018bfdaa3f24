"""Edges to one row that arguments name: `version(number: 2)` of a document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement
from strawberry.types.arguments import StrawberryArgument

from db import read
from db.base import Base
from graphql_schema.core import tree
from graphql_schema.core.arguments import Binding
from graphql_schema.core.context import Context
from graphql_schema.core.fields import Field
from graphql_schema.core.selected import Selected
from graphql_schema.core.signature import REQUIRED, SQL_TYPES, Argument, Literals, Signature
from graphql_schema.core.sources import Rows


@dataclass(frozen=True, eq=False)
class Named(Field):
    """An edge to the row of `child` for which `on` holds, of the columns of both and the values of the arguments."""

    child: type[Base]
    on: Any
    signature: Signature = field(default_factory=Signature)

    def annotation(self, table: type[Base], name: str) -> Any:
        return f"{self.child.__name__} | None"

    def arguments(self) -> list[StrawberryArgument]:
        return self.signature.declared()

    def bind(self, arguments: Mapping[str, Any]) -> Binding:
        return self.signature.bind(arguments)

    def lower(self, at: Selected) -> tree.Node:
        given = at.given()
        types = {name: SQL_TYPES[one.kind] for name, one in self.signature.arguments.items()}
        values = {name: given.bound(name, type_) for name, type_ in types.items()}
        rows = Rows(self.child, lambda scope, row: self.on(scope.row.c, row.c, **values))
        return tree.Row(rows, at.object(), given)

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        applied = Applied(self.on, Literals.of(self.signature, arguments))
        return await context.load(read.named, type(source), self.child, applied, key=source.id)


@dataclass(frozen=True, slots=True)
class Applied:
    """A condition with arguments; equal to another of equal arguments, so that they are read as one batch."""

    on: Any
    arguments: Literals

    def __call__(self, parent: Any, child: Any) -> ColumnElement[bool]:
        found: ColumnElement[bool] = self.on(parent, child, **self.arguments())
        return found


def named(to: type[Base], description: str, *, on: Any, **arguments: Argument) -> Named:
    """The row of `to` that arguments name, all of which have to be given.

    >>> version = named(
    ...     tables.DocumentVersion,
    ...     "The version of this number.",
    ...     on=lambda document, version, number: and_(version.document_id == document.id, version.version == number),
    ...     number=number("Its number", most=2**31 - 1),
    ... )
    """
    assert all(argument.default is REQUIRED for argument in arguments.values()), "say which row it is"
    return Named(description, to, on, Signature(arguments))
