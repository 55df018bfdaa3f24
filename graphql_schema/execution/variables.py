"""The values of an operation's variables, and of arguments that they stand for, coerced as the specification says.

Most are ids, texts and numbers that front ends send in the form in which they are used: these are recognised and taken
as they are, since coercing them would cost more than the rest of a small operation. Everything else is graphql-core's.

Source: GraphQL specification, section 6.1.2 "Coercing Variable Values".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLSchema,
    VariableDefinitionNode,
    get_nullable_type,
    is_non_null_type,
    is_nullable_type,
)
from graphql.execution import get_variable_values
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

from graphql_schema.core.errors import SchemaError
from graphql_schema.core.inputs import PLAIN, Test, is_plain
from graphql_schema.execution.misfits import misfits, shown, way


@dataclass(frozen=True)
class Variables:
    """The variables that an operation declares."""

    schema: GraphQLSchema
    declared: Sequence[VariableDefinitionNode]

    def prepare(self) -> None:
        """Find out their types."""
        _ = self._plain

    def values(self, given: Mapping[str, Any], *, max_errors: int) -> VariableValues | list[GraphQLError]:
        """The values for those that a client gave, or what is wrong with these."""
        if not self.declared:
            return VariableValues({}, {})
        if self._plain is not None and all(name in given and test(given[name]) for name, test in self._plain.items()):
            sources = {name: VariableValueSource(kind, given[name]) for name, kind in self._signatures.items()}
            return VariableValues(sources, {name: given[name] for name in sources})
        found = get_variable_values(self.schema, self.declared, dict(given), max_errors=1)
        return found if isinstance(found, VariableValues) else self._errors(given, max_errors=max_errors)

    def _errors(self, given: Mapping[str, Any], *, max_errors: int) -> list[GraphQLError]:
        """The errors of the values, in our words."""
        try:
            return list(islice(self._misfits(given), max_errors)) or [GraphQLError("The variables do not fit.")]
        except RecursionError:
            return [GraphQLError("The variables are nested too deeply.")]

    def _misfits(self, given: Mapping[str, Any]) -> Iterator[SchemaError]:
        for node in self.declared:
            signature = self._signatures[node.variable.name.value]
            if signature.name in given:
                for path, reason, _ in misfits(given[signature.name], signature.type):
                    what = f"Variable '${signature.name}' has invalid value{shown(path)}"
                    at = way(signature.name, path)
                    yield SchemaError(f"{what}: {reason}", node, discreet=f"{what}.", at=at)
            elif is_non_null_type(signature.type) and node.default_value is None:
                what = f"Variable '${signature.name}' has no value"
                expected = f"{what}: Expected '{signature.type}'."
                yield SchemaError(expected, node, discreet=f"{what}.", at=signature.name)

    @cached_property
    def _signatures(self) -> dict[str, Any]:
        return {node.variable.name.value: get_variable_signature(self.schema, node) for node in self.declared}

    @cached_property
    def _plain(self) -> dict[str, Test] | None:
        """A test of whether the value of a variable can be taken as it is; None where it always has to be coerced."""
        types = {name: signature.type for name, signature in self._signatures.items()}
        return {name: _test(type_) for name, type_ in types.items()} if all(map(is_plain, types.values())) else None


def of_these(variables: VariableValues, names: Iterable[str]) -> VariableValues:
    """Only these of the variables: what is made of them and kept can depend on no others."""
    sources, coerced = ({name: all_[name] for name in names if name in all_} for all_ in variables)
    return VariableValues(sources, coerced)


def _test(type_: Any) -> Test:
    test = PLAIN[str(get_nullable_type(type_))]
    return (lambda value: value is None or test(value)) if is_nullable_type(type_) else test
