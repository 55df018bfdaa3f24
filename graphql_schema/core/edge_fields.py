"""Fields of the edges of a list: what is said of an item because of what the list looks for, such as its rank."""

import builtins
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy import ColumnElement, literal

from db import read
from db.base import Base
from db.windows import Condition
from graphql_schema.core import tree
from graphql_schema.core.context import Context
from graphql_schema.core.fields import Field
from graphql_schema.core.selected import Selected
from graphql_schema.core.shapes import Shape, object_of

Value = Callable[..., ColumnElement[Any]]
"""`value(row, given, table=table)`: an expression over a row of a table, and over the value of a condition."""


@dataclass(frozen=True, eq=False)
class OfItem(Field):
    """A value that an SQL expression over an item gives, and over the value that the condition `takes` has."""

    type: Any
    value: Value
    takes: str
    shape: Shape | None = None

    def annotation(self, table: type[Base], name: str) -> Any:
        return self.shape.annotation if self.shape else self.type

    def lower(self, at: Selected) -> tree.Node:
        def write(scope: tree.Scope) -> Any:
            return scope.page.of_row(at.name, self.value, self.takes)

        text = f"{at.name} by {self.takes}"
        return self.shape.node(text, write, at) if self.shape else tree.Value(text, write)

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        row = source.item.row
        (given,) = [test for test in source.page.window.conditions if test.name == self.takes]
        found = await context.load(read.expression, type(row), Taken(self.value, given, type(row)), None, key=row.id)
        return self.shape.read(found) if self.shape else found


@dataclass(frozen=True, slots=True)
class Taken:
    """An expression over the rows of a table, and over the value of a condition. It equals one over an equal value."""

    value: Value
    given: Condition
    table: type[Base]

    def __call__(self, row: Any) -> ColumnElement[Any]:
        given: Any = self.given
        return self.value(row, literal(given.value, given.type), table=self.table.__table__)


def of_item(type: Any, description: str, value: Value, *, takes: str) -> OfItem:
    """A value of an item, over what the condition `takes` looks for; JSON is an object with the fields of a model.

    >>> rank = of_item(float, "How well it answers.", search.rank, takes="query")
    """
    is_object = isinstance(type, builtins.type) and issubclass(type, BaseModel)
    return OfItem(description, type, value, takes, object_of(type) if is_object else None)
