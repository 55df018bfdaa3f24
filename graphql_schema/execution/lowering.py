"""From the syntax of an operation to the tree: fields are collected and merged as the specification says, and each
lowers itself.

A tree depends on the document and on the variables that decide what is selected, and on nothing else: it is made once
and kept, for everybody who sends the document.

Source: GraphQL specification, section 6.3.2 "Field Collection", and the draft of incremental delivery.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLDeferDirective,
    GraphQLDirective,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLStreamDirective,
    InlineFragmentNode,
    SelectionSetNode,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution import get_directive_values
from graphql.execution.values import VariableValues

from db.base import Base
from graphql_schema.core.nodes import NODES, TABLES
from graphql_schema.core.selected import Selected
from graphql_schema.core.strawberry_seam import declared_of
from graphql_schema.core.tree import Constant, Each, Member, Object, Python
from graphql_schema.core.windows import LARGEST_PAGE
from graphql_schema.execution.deferring import MAX_PARTS, Deferred, Step, Way

TYPENAME = "__typename"
WEIGHT_OF_THE_SCHEMA = 500

Inner = tuple[SelectionSetNode, int | None]
"""A selection set with the number of the deferred part that it stands in."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A field of the answer: its key there, its name in the schema, and the places that select it, with their parts."""

    key: str
    name: str
    nodes: list[FieldNode] = field(default_factory=list)
    parts: list[int | None] = field(default_factory=list)

    @property
    def inner(self) -> list[Inner]:
        """The selection sets below the field."""
        found = zip(self.nodes, self.parts, strict=True)
        return [(node.selection_set, part) for node, part in found if node.selection_set]


@dataclass(slots=True)
class Fields:
    """The fields of an object, in the order of the answer, and the parts that begin there with those around."""

    by_key: dict[str, Selection] = field(default_factory=dict)
    deferred: list[tuple[int, int | None]] = field(default_factory=list)
    visited: set[tuple[str, int | None]] = field(default_factory=set)


@dataclass(slots=True)
class Lowering:
    """One operation on its way to a tree, for these values of the variables that decide what is selected.

    It notes the `parts` that come later as they are met; without, nothing is deferred. It counts the fields that take
    arguments.
    """

    schema: GraphQLSchema
    document: DocumentNode
    conditions: VariableValues
    parts: dict[Any, Deferred] | None = None
    numbers: Iterator[int] = field(default_factory=count)

    def object(self, type_: GraphQLObjectType, inner: Iterable[Inner], way: Way = ()) -> Object:
        """The object of this type, at the end of this way, with what the selection sets select on it."""
        fields = Fields()
        for selection_set, part in inner:
            self._collect(type_, selection_set, part, fields, way)
        members = [m for one in fields.by_key.values() for m in self._members(type_, one, way, fields.deferred)]
        return Object(type_.name, tuple(members), tuple(fields.deferred))

    def _collect(
        self, type_: GraphQLObjectType, selection_set: SelectionSetNode, part: int | None, found: Fields, way: Way
    ) -> None:
        for node in selection_set.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                selection = found.by_key.setdefault(key, Selection(key, node.name.value))
                selection.nodes.append(node)
                selection.parts.append(part)
            elif (fragment := self._fragment(node, part, found)) and self._applies(type_, fragment.type_condition):
                later = self._begin(GraphQLDeferDirective, node, way, part)
                if later:
                    found.deferred.append((later.number, part))
                self._collect(type_, fragment.selection_set, later.number if later else part, found, way)

    def _fragment(self, node: Any, part: int | None, found: Fields) -> Any:
        """The fragment that is spread, or stands here; None where it was spread before."""
        if isinstance(node, InlineFragmentNode):
            return node
        assert isinstance(node, FragmentSpreadNode)
        name = node.name.value
        if (name, part) in found.visited:
            return None
        if self.parts is None or not node.directives:  # what is deferred is another part each time
            found.visited.add((name, part))
        definitions = (one for one in self.document.definitions if isinstance(one, FragmentDefinitionNode))
        return next(one for one in definitions if one.name.value == name)

    def _begin(self, directive: GraphQLDirective, node: Any, way: Way, around: int | None) -> Deferred | None:
        """The part that a fragment, or the rest of a list, is here; None where the directive is not in force."""
        asked: Any = get_directive_values(directive, node, self.conditions) if node.directives else None
        if self.parts is None or not asked or not asked["if"]:
            return None
        key = (id(node), way, around)
        items: Step | None = None
        if isinstance(node, FieldNode):
            name = node.alias.value if node.alias else node.name.value
            items = Step(name, min(asked["initialCount"], LARGEST_PAGE))
        if key not in self.parts and len(self.parts) < MAX_PARTS:
            self.parts[key] = Deferred(len(self.parts) + 1, asked.get("label"), way, items)
        return self.parts.get(key)

    def _is_included(self, node: Any) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self.conditions)
        include = get_directive_values(GraphQLIncludeDirective, node, self.conditions)
        return not (skip and skip["if"]) and not (include and not include["if"])

    def _applies(self, type_: GraphQLObjectType, condition: Any) -> bool:
        if condition is None or condition.name.value == type_.name:
            return True
        wider: Any = self.schema.get_type(condition.name.value)
        return is_abstract_type(wider) and self.schema.is_sub_type(wider, type_)

    def _members(
        self, type_: GraphQLObjectType, one: Selection, way: Way, deferred: list[tuple[int, int | None]]
    ) -> list[Member]:
        """The member for a field; two where it is a list of which the rest comes later."""
        first = self._member(type_, one, way, start=0)
        around = None if None in one.parts else one.parts[0]
        is_list = isinstance(first.node, Each)
        part = self._begin(GraphQLStreamDirective, one.nodes[0], way, around) if is_list else None
        if part is None or part.items is None:
            return [first]
        deferred.append((part.number, around))
        start = part.items.start
        rest = self._member(type_, replace(one, parts=[part.number] * len(one.parts)), way, start=start)
        return [_stretch(first, 0, start), _stretch(rest, start, None)]

    def _member(self, type_: GraphQLObjectType, one: Selection, way: Way, *, start: int) -> Member:
        member = partial(Member, one.key, parts=frozenset(one.parts), nodes=tuple(one.nodes))
        if one.name == TYPENAME:
            return member(Constant(type_.name))
        field = self.schema.get_field(type_, one.name)
        assert field
        coordinate, found = f"{type_.name}.{one.name}", declared_of(field)
        if found is None:
            return member(Python(coordinate, one.name), type=field.type, weight=WEIGHT_OF_THE_SCHEMA)
        below = partial(self.object, inner=one.inner, way=(*way, Step(one.key, start)))
        declared, name, table = found.declared, found.python_name, TABLES.get(type_.name, found.table)
        at = Selected(declared, name, coordinate, table, field, one.nodes[0], self.numbers, below, self._types)
        weight = int(not is_leaf_type(at.target)) if declared.weight is None else declared.weight
        return member(declared.lower(at), type=field.type, weight=weight)

    def _types(self, abstract: Any) -> dict[type[Base], GraphQLObjectType]:
        possible = {type_.name: type_ for type_ in self.schema.get_possible_types(abstract)}
        return {table: possible[node.__name__] for table, node in NODES.items() if node.__name__ in possible}


def _stretch(member: Member, start: int, stop: int | None) -> Member:
    assert isinstance(member.node, Each)
    return replace(member, node=replace(member.node, start=start, stop=stop))
