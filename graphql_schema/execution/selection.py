"""The fields that an operation selects on a concrete type, merged as the specification says.

Source: GraphQL specification, section 6.3.2 "Field Collection", and the draft of incremental delivery.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLDeferDirective,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLUnionType,
    InlineFragmentNode,
    SelectionSetNode,
)
from graphql.execution import get_directive_values
from graphql.execution.values import VariableValues

from graphql_schema.execution.deferring import Parts, Way

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

    def within(self, part: int) -> "Selection":
        """The field as one part brings it."""
        return Selection(self.key, self.name, self.nodes, [part for _ in self.nodes])


@dataclass(slots=True)
class Fields:
    """The fields of an object, in the order of the answer, and the parts that begin there with those around."""

    by_key: dict[str, Selection] = field(default_factory=dict)
    deferred: list[tuple[int, int | None]] = field(default_factory=list)
    visited: set[tuple[str, int | None]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Selections:
    """Collects the fields of one operation, for these values of the variables that decide what is selected.

    Without `parts` nothing is deferred.
    """

    schema: GraphQLSchema
    document: DocumentNode
    conditions: VariableValues
    parts: Parts | None = None

    def of(self, type_: GraphQLObjectType, inner: Iterable[Inner], way: Way = ()) -> Fields:
        """The fields that the selection sets select on a value of `type_` at the end of this way."""
        found = Fields()
        for selection_set, part in inner:
            self._collect(type_, selection_set, part, found, way)
        return found

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
                later = self.parts.begin(GraphQLDeferDirective, node, way, part) if self.parts else None
                if later:
                    found.deferred.append((later.number, part))
                self._collect(type_, fragment.selection_set, later.number if later else part, found, way)

    def _fragment(self, node: Any, part: int | None, found: Fields) -> Any:
        """The fragment that is spread, or stands here; None where it was spread before."""
        if isinstance(node, InlineFragmentNode):
            return node
        assert isinstance(node, FragmentSpreadNode)
        visit = (node.name.value, part)
        if visit in found.visited:
            return None
        if not (self.parts and node.directives):  # what is deferred is another part each time
            found.visited.add(visit)
        return self._named(node.name.value)

    def _is_included(self, node: Any) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self.conditions)
        include = get_directive_values(GraphQLIncludeDirective, node, self.conditions)
        return not (skip and skip["if"]) and not (include and not include["if"])

    def _applies(self, type_: GraphQLObjectType, condition: Any) -> bool:
        if condition is None or condition.name.value == type_.name:
            return True
        wider = self.schema.get_type(condition.name.value)
        return isinstance(wider, GraphQLInterfaceType | GraphQLUnionType) and self.schema.is_sub_type(wider, type_)

    def _named(self, name: str) -> FragmentDefinitionNode:
        fragments = (node for node in self.document.definitions if isinstance(node, FragmentDefinitionNode))
        return next(fragment for fragment in fragments if fragment.name.value == name)
