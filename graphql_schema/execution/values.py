"""How many values the variables of an operation hold: they are counted before anything is made of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import DocumentNode, FieldNode, GraphQLSchema, OperationDefinitionNode, OperationType, Visitor, visit

from graphql_schema.core.mutations import Mutation
from graphql_schema.core.strawberry_seam import declared_of
from graphql_schema.execution.limits import Limits, size


@dataclass(frozen=True)
class Values:
    """Counts the values for one operation of a document."""

    schema: GraphQLSchema
    limits: Limits
    operation: OperationDefinitionNode
    document: DocumentNode

    def count(self, given: Mapping[str, Any]) -> int:
        """How many there are, those of a variable wherever it is used; raises RequestError for too many."""
        found = len(given)
        for name, value in given.items():
            if isinstance(value, dict | list):
                found += max(1, self._places[name]) * self.limits.values_in(value, most=self.most) - 1
        self.limits.check_values(found, most=self.most)
        return found

    def prepare(self) -> None:
        """Find out, of the document, how many there may be and where each variable is used."""
        _ = self.most, self._places

    @cached_property
    def most(self) -> int:
        """How many there may be: as many as for any operation, or what one of its mutations declares."""
        root = self.schema.mutation_type
        if self.operation.operation is not OperationType.MUTATION or root is None:
            return self.limits.values
        found = [declared_of(root.fields[name]) for name in field_names(self.document) & root.fields.keys()]
        fields = [one.declared for one in found if one]
        return max([self.limits.values, *(field.values for field in fields if isinstance(field, Mutation))])

    @cached_property
    def _places(self) -> Counter[str]:
        return size(self.operation, self.document).variables


def field_names(document: DocumentNode) -> set[str]:
    """The names of all fields that a document selects."""
    found = _FieldNames()
    visit(document, found)
    return found.names


class _FieldNames(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.names.add(node.name.value)
