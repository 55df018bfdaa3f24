"""From the syntax of an operation to the tree: fields are collected and merged, and each lowers itself.

A tree depends on the document and on the variables that decide what is selected, and on nothing else: it is made once
and kept, for everybody who sends the document.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLStreamDirective,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

from db.base import Base
from graphql_schema.core.arguments import Given, Size
from graphql_schema.core.nodes import NODES, TABLES
from graphql_schema.core.sources import Rows
from graphql_schema.core.strawberry_seam import declared_of
from graphql_schema.core.tree import Choice, Constant, Each, Member, Object, Python, Row
from graphql_schema.execution.deferring import Step, Way
from graphql_schema.execution.selection import Inner, Selection, Selections

TYPENAME = "__typename"
WEIGHT_OF_THE_SCHEMA = 500


@dataclass(slots=True)
class Lowering:
    """One operation on its way to a tree. It counts the fields that take arguments."""

    selections: Selections
    numbers: Iterator[int] = field(default_factory=count)

    def object(self, type_: GraphQLObjectType, inner: Iterable[Inner], way: Way = ()) -> Object:
        """The object of this type with what is selected on it."""
        fields = self.selections.of(type_, inner, way)
        members = [m for one in fields.by_key.values() for m in self._members(type_, one, way, fields.deferred)]
        return Object(type_.name, tuple(members), tuple(fields.deferred))

    def _members(
        self, type_: GraphQLObjectType, one: Selection, way: Way, deferred: list[tuple[int, int | None]]
    ) -> list[Member]:
        """The member for a field; two where it is a list of which the rest comes later."""
        first = self._member(type_, one, way, start=0)
        around = None if None in one.parts else one.parts[0]
        is_list, parts = isinstance(first.node, Each), self.selections.parts
        part = parts.begin(GraphQLStreamDirective, one.nodes[0], way, around) if is_list and parts else None
        if part is None or part.items is None:
            return [first]
        deferred.append((part.number, around))
        start = part.items.start
        rest = self._member(type_, one.within(part.number), way, start=start)
        return [_stretch(first, 0, start), _stretch(rest, start, None)]

    def _member(self, type_: GraphQLObjectType, one: Selection, way: Way, *, start: int) -> Member:
        member = partial(Member, one.key, parts=frozenset(one.parts), nodes=tuple(one.nodes))
        if one.name == TYPENAME:
            return member(Constant(type_.name))
        field = self.selections.schema.get_field(type_, one.name)
        assert field
        coordinate, found = f"{type_.name}.{one.name}", declared_of(field)
        if found is None:
            return member(Python(coordinate, one.name), type=field.type, weight=WEIGHT_OF_THE_SCHEMA)
        declared, name, table = found.declared, found.python_name, TABLES.get(type_.name, found.table)
        at = At(self, one, (*way, Step(one.key, start)), field, one.nodes[0], declared, name, coordinate, table)
        weight = int(not is_leaf_type(at.target)) if declared.weight is None else declared.weight
        return member(declared.lower(at), type=field.type, weight=weight)


@dataclass(frozen=True, slots=True)
class At:
    """A field where it is selected: see `graphql_schema.core.selected.Selected`."""

    lowering: Lowering
    selection: Selection
    way: Way
    field: GraphQLField
    node: FieldNode
    declared: Any
    name: str
    coordinate: str
    table: type[Base]

    @property
    def target(self) -> Any:
        """The type of the objects or values that the field leads to."""
        return get_named_type(self.field.type)

    def object(self) -> Object:
        return self._object(self.target)

    def item(self) -> Object | Choice:
        return Choice(self.by_table(in_page)) if is_abstract_type(self.target) else self.object()

    def body(self) -> Object | None:
        return self.object() if isinstance(self.target, GraphQLObjectType) else None

    def by_table(self, rows: Callable[[type[Base]], Rows]) -> dict[type[Base], Row]:
        possible = {type_.name: type_ for type_ in self.lowering.selections.schema.get_possible_types(self.target)}
        named = {table: possible[node.__name__] for table, node in NODES.items() if node.__name__ in possible}
        return {table: Row(rows(table), self._object(type_)) for table, type_ in named.items()}

    def given(self, size: Size = 1, weight: Size = 0) -> Given:
        return Given(next(self.lowering.numbers), self.declared, self.field, self.node, size, weight)

    def _object(self, type_: Any) -> Object:
        return self.lowering.object(type_, self.selection.inner, self.way)


def in_page(table: type[Base]) -> Rows:
    """The row of a table that stands in a page of rows of several. The rule of it was checked there."""
    return Rows(table, lambda scope, row: row.c.id == scope.key, "followed")


def _stretch(member: Member, start: int, stop: int | None) -> Member:
    assert isinstance(member.node, Each)
    return replace(member, node=replace(member.node, start=start, stop=stop))
