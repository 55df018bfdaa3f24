"""What an operation selects: the fields of a selection set on a concrete type, merged as the specification says.

Source: GraphQL specification, section 6.3.2 "Field Collection".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
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


@dataclass(frozen=True, slots=True)
class Selected:
    """A field of the answer: its key there, its name in the schema, and all places that select it."""

    key: str
    name: str
    nodes: list[FieldNode] = field(default_factory=list)

    @property
    def inner(self) -> list[SelectionSetNode]:
        """The selection sets below the field."""
        return [node.selection_set for node in self.nodes if node.selection_set]


@dataclass(frozen=True, slots=True)
class Selections:
    """Collects the fields of one operation, for these values of the variables in `@skip` and `@include`."""

    schema: GraphQLSchema
    document: DocumentNode
    conditions: VariableValues
    numbers: Iterator[int] = field(default_factory=count)

    def of(self, type_: GraphQLObjectType, selection_sets: Iterable[SelectionSetNode]) -> list[Selected]:
        """The fields that the selection sets select on a value of `type_`, in the order of the answer."""
        found: dict[str, Selected] = {}
        visited: set[str] = set()
        for selection_set in selection_sets:
            self._collect(type_, selection_set, found, visited)
        return list(found.values())

    def _collect(
        self, type_: GraphQLObjectType, selection_set: SelectionSetNode, found: dict[str, Selected], visited: set[str]
    ) -> None:
        for node in selection_set.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                found.setdefault(key, Selected(key, node.name.value)).nodes.append(node)
            elif isinstance(node, InlineFragmentNode):
                if self._applies(type_, node.type_condition):
                    self._collect(type_, node.selection_set, found, visited)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                visited.add(node.name.value)
                fragment = self._fragment(node.name.value)
                if self._applies(type_, fragment.type_condition):
                    self._collect(type_, fragment.selection_set, found, visited)

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

    def _fragment(self, name: str) -> FragmentDefinitionNode:
        fragments = (node for node in self.document.definitions if isinstance(node, FragmentDefinitionNode))
        return next(fragment for fragment in fragments if fragment.name.value == name)
