"""Fields whose values PostgreSQL computes: an SQL expression over a row, and over arguments of the field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from sqlalchemy import ColumnElement
from strawberry.types.arguments import StrawberryArgument

from db import read
from db.base import Base
from db.permissions import Permission
from graphql_schema.core import tree
from graphql_schema.core.arguments import Binding
from graphql_schema.core.context import Context
from graphql_schema.core.fields import Field
from graphql_schema.core.selected import Selected
from graphql_schema.core.signature import Argument, Literals, Signature


@dataclass(frozen=True, eq=False)
class Sql(Field):
    """A value that an SQL expression over the row and the arguments of the field gives; `needs` is as of a `Column`."""

    type: Any
    value: Callable[..., ColumnElement[Any]]
    signature: Signature = field(default_factory=Signature)
    needs: Permission | None = None

    @property
    def is_nullable(self) -> bool:
        """Whether it can be null."""
        return type(None) in get_args(self.type)

    @property
    def kind(self) -> Any:
        """Its type where it is not null."""
        return next((kind for kind in get_args(self.type) if kind is not type(None)), self.type)

    def annotation(self, table: type[Base], name: str) -> Any:
        return self.type

    def arguments(self) -> list[StrawberryArgument]:
        return self.signature.declared()

    def bind(self, arguments: Mapping[str, Any]) -> Binding:
        return self.signature.bind(arguments)

    def lower(self, at: Selected) -> tree.Node:
        if not self.signature.arguments:
            return tree.Value("expression", lambda scope: self.value(scope.row.c), is_nullable=True, needs=self.needs)
        given = at.given()
        return tree.Value(
            "expression",
            lambda scope: self.value(scope.row.c, **self.signature.written(scope.shape, given.bound)),
            is_nullable=True,
            needs=self.needs,
            given=given,
        )

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        applied = Applied(self.value, Literals.of(self.signature, arguments))
        return await context.load(read.expression, type(source), applied, self.needs, key=source.id)


@dataclass(frozen=True, slots=True)
class Applied:
    """An expression with arguments; equal to another of equal arguments, so that they are read as one batch."""

    value: Callable[..., ColumnElement[Any]]
    arguments: Literals

    def __call__(self, row: Any) -> ColumnElement[Any]:
        return self.value(row, **self.arguments())


def sql(
    type: Any,
    description: str,
    value: Callable[..., ColumnElement[Any]],
    *,
    weight: int | None = 1,
    needs: Permission | None = None,
    **arguments: Argument,
) -> Sql:
    """A value that PostgreSQL computes of a row, and of arguments that the function takes by name. It weighs
    nothing where it looks at nothing but a few columns of the row. With `needs` it is null for viewers who lack the
    permission on the row.

    >>> length = sql(int, "How long it is.", lambda document: func.length(document.content))
    >>> start = sql(
    ...     str,
    ...     "How it begins.",
    ...     lambda document, length: func.left(document.content, length),
    ...     length=number("How many characters", most=1_000, default=200),
    ... )
    """
    return Sql(description, type, value, Signature(arguments), needs, weight=weight)
