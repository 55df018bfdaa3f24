"""A field where an operation selects it: what a declaration is told when it lowers itself to the tree."""

from collections.abc import Callable
from typing import Protocol

from graphql import FieldNode, GraphQLField

from db.base import Base
from graphql_schema.core.arguments import Given, Size
from graphql_schema.core.sources import Rows
from graphql_schema.core.tree import Choice, Object, Row


class Selected(Protocol):
    """The field that `Field.lower` is called for, where an operation selects it."""

    @property
    def name(self) -> str:
        """The name of the declaration."""

    @property
    def coordinate(self) -> str:
        """The field in the schema, as `Query.viewer`."""

    @property
    def table(self) -> type[Base]:
        """The table behind the type that the field belongs to."""

    @property
    def field(self) -> GraphQLField:
        """The field as the schema has it."""

    @property
    def node(self) -> FieldNode:
        """The first place in the document that selects it: all have the same arguments."""

    def object(self) -> Object:
        """The selection below it, where it leads to one type of object."""

    def item(self) -> Object | Choice:
        """The selection below it on a row of a page: of one type, or by the table of the row."""

    def body(self) -> Object | None:
        """The selection below it; None below a value."""

    def by_table(self, rows: Callable[[type[Base]], Rows]) -> dict[type[Base], Row]:
        """The selection below it for each table whose rows it can lead to, found as `rows` says."""

    def given(self, size: Size = 1, weight: Size = 0) -> Given:
        """Its arguments, which ask for so many items at most, and weigh so much by themselves."""
