"""A field where an operation selects it: what a declaration is told when it lowers itself to the tree."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType, get_named_type, is_abstract_type

from db.base import Base
from graphql_schema.core.arguments import Given, Size
from graphql_schema.core.sources import Rows
from graphql_schema.core.tree import Choice, Object, Row


@dataclass(frozen=True, slots=True)
class Selected:
    """The field that `Field.lower` is called for, where an operation selects it."""

    declared: Any
    name: str
    """The name of the declaration."""
    coordinate: str
    """The field in the schema, as `Query.viewer`."""
    table: type[Base]
    """The table behind the type that the field belongs to."""
    field: GraphQLField
    """The field as the schema has it."""
    node: FieldNode
    """The first place in the document that selects it: all have the same arguments."""
    numbers: Iterator[int]
    """The numbers that are left for arguments."""
    on: Callable[[Any], Object]
    """The selection below it on a type of object."""
    types: Callable[[Any], Mapping[type[Base], Any]]
    """The types of object that an abstract type stands for, by their tables."""

    @property
    def target(self) -> Any:
        """The type of the objects or values that it leads to."""
        return get_named_type(self.field.type)

    def object(self) -> Object:
        """The selection below it, where it leads to one type of object."""
        return self.on(self.target)

    def item(self) -> Object | Choice:
        """The selection below it on a row of a page: of one type, or by the table of the row."""
        return Choice(self.by_table(in_page)) if is_abstract_type(self.target) else self.object()

    def body(self) -> Object | None:
        """The selection below it; None below a value."""
        return self.object() if isinstance(self.target, GraphQLObjectType) else None

    def by_table(self, rows: Callable[[type[Base]], Rows]) -> dict[type[Base], Row]:
        """The selection below it for each table whose rows it can lead to, found as `rows` says."""
        return {table: Row(rows(table), self.on(type_)) for table, type_ in self.types(self.target).items()}

    def given(self, size: Size = 1, weight: Size = 0) -> Given:
        """Its arguments, which ask for so many items at most, and weigh so much by themselves."""
        return Given(next(self.numbers), self.declared, self.field, self.node, size, weight)


def in_page(table: type[Base]) -> Rows:
    """The row of a table that stands in a page of rows of several. The rule of it was checked there."""
    return Rows(table, lambda scope, row: row.c.id == scope.key, "followed")
