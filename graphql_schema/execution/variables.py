"""The values of an operation's variables, and of arguments that they stand for, coerced as the specification says.

Most are ids, texts and numbers that front ends send in the form in which they are used: these are recognised and taken
as they are, since coercing them would cost more than the rest of a small operation. Everything else is graphql-core's.

Source: GraphQL specification, section 6.1.2 "Coercing Variable Values".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import GraphQLError, GraphQLSchema, VariableDefinitionNode, get_nullable_type, is_nullable_type
from graphql.execution import get_variable_values
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

Test = Callable[[Any], bool]

PLAIN: dict[str, Test] = {
    "ID": lambda value: type(value) is str,
    "String": lambda value: type(value) is str,
    "Boolean": lambda value: type(value) is bool,
    "Int": lambda value: type(value) is int and -(2**31) <= value < 2**31,
}
"""Scalars whose values are sent in the form in which they are used, each with what tells such a value."""


def is_plain(type_: Any) -> bool:
    """Whether values of this type can be taken as they are."""
    return str(get_nullable_type(type_)) in PLAIN


@dataclass(frozen=True)
class Variables:
    """The variables that an operation declares."""

    schema: GraphQLSchema
    declared: Sequence[VariableDefinitionNode]

    def values(self, given: Mapping[str, Any], *, max_errors: int) -> VariableValues | list[GraphQLError]:
        """The values for those that a client gave, or what is wrong with these."""
        if not self.declared:
            return VariableValues({}, {})
        if self._plain is not None and all(name in given and test(given[name]) for name, test in self._plain.items()):
            sources = {name: VariableValueSource(kind, given[name]) for name, kind in self._signatures.items()}
            return VariableValues(sources, {name: given[name] for name in sources})
        return get_variable_values(self.schema, self.declared, dict(given), max_errors=max_errors)

    @cached_property
    def _signatures(self) -> dict[str, Any]:
        return {node.variable.name.value: get_variable_signature(self.schema, node) for node in self.declared}

    @cached_property
    def _plain(self) -> dict[str, Test] | None:
        """What tells that the value of a variable can be taken as it is; None where one has to be coerced always."""
        types = {name: signature.type for name, signature in self._signatures.items()}
        return {name: _test(type_) for name, type_ in types.items()} if all(map(is_plain, types.values())) else None


def _test(type_: Any) -> Test:
    test = PLAIN[str(get_nullable_type(type_))]
    return (lambda value: value is None or test(value)) if is_nullable_type(type_) else test
