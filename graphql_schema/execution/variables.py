"""The variables of an operation: how many values they hold, counted before anything is made of them, and these values,
coerced as the specification says.

Most are ids, texts and numbers that front ends send in the form in which they are used: these are recognised and taken
as they are, since coercing them would cost more than the rest of a small operation. Everything else is graphql-core's.

Source: GraphQL specification, section 6.1.2 "Coercing Variable Values".
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLStreamDirective,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    Undefined,
    ValidationContext,
    ValueNode,
    get_nullable_type,
    is_non_null_type,
    is_nullable_type,
    value_from_ast_untyped,
)
from graphql.execution import get_variable_values
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

from graphql_schema.core.errors import MAX_ERRORS, RequestError, SchemaError
from graphql_schema.core.inputs import PLAIN, Test, is_plain
from graphql_schema.core.mutations import Mutation
from graphql_schema.core.strawberry_seam import declared_of
from graphql_schema.core.syntax import nodes_in
from graphql_schema.execution.deferring import directives_in
from graphql_schema.execution.limits import check_size, size, values_in
from graphql_schema.execution.misfits import misfits, shown, way
from graphql_schema.limits import Limits


@dataclass(frozen=True)
class Variables:
    """The variables of one operation of a document."""

    schema: GraphQLSchema
    limits: Limits
    operation: OperationDefinitionNode
    document: DocumentNode

    def prepare(self) -> None:
        """Find out, of the document, all that is the same for whatever is sent. That can take long."""
        _ = self._plain, self._most, self.uses, self._needed, self._counts

    def count(self, given: Mapping[str, Any]) -> int:
        """How many values were sent, those of a variable wherever it is used; raises RequestError for too many."""
        found = len(given)
        for name, value in given.items():
            if isinstance(value, dict | list):
                found += max(1, self.uses[name]) * values_in(value, self.limits, most=self._most) - 1
        check_size("values", found, self.limits, most=self._most)
        return found

    def values(self, given: Mapping[str, Any]) -> VariableValues:
        """The values for what a client gave; raises RequestError for those that make no sense."""
        values = self._coerced(given)
        if errors := [*self._nulls(values), *self._negative(values)]:
            raise RequestError(errors, "BAD_USER_INPUT")
        return values

    def _coerced(self, given: Mapping[str, Any]) -> VariableValues:
        if not self._signatures:
            return VariableValues({}, {})
        if self._plain is not None and all(name in given and test(given[name]) for name, test in self._plain.items()):
            sources = {name: VariableValueSource(kind, given[name]) for name, kind in self._signatures.items()}
            return VariableValues(sources, {name: given[name] for name in sources})
        found = get_variable_values(self.schema, self.operation.variable_definitions or (), dict(given), max_errors=1)
        if isinstance(found, VariableValues):
            return found
        raise RequestError(self._errors(given), "BAD_USER_INPUT")

    def _errors(self, given: Mapping[str, Any]) -> list[GraphQLError]:
        """The errors of the values, in our words."""
        try:
            return list(islice(self._misfits(given), MAX_ERRORS)) or [GraphQLError("The variables do not fit.")]
        except RecursionError:
            return [GraphQLError("The variables are nested too deeply.")]

    def _misfits(self, given: Mapping[str, Any]) -> Iterator[SchemaError]:
        for node in self.operation.variable_definitions or ():
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

    def _nulls(self, values: VariableValues) -> Iterator[GraphQLError]:
        """A variable that may be null can stand where nothing null can, if the variable or the place has a default."""
        for name, type_ in self._needed.items():
            if values.coerced.get(name, name) is None:
                what = f"Variable '${name}' must not be null"
                yield SchemaError(f"{what} where '{type_}' is needed.", discreet=f"{what}.", at=name)

    def _negative(self, values: VariableValues) -> Iterator[GraphQLError]:
        for node in self._counts:
            count = value_from_ast_untyped(node, values.coerced)
            if count is not Undefined and (count is None or count < 0):
                yield GraphQLError("The `initialCount` of `@stream` is a number from 0 on.", node)

    @cached_property
    def _signatures(self) -> dict[str, Any]:
        declared = self.operation.variable_definitions or ()
        return {node.variable.name.value: get_variable_signature(self.schema, node) for node in declared}

    @cached_property
    def _plain(self) -> dict[str, Test] | None:
        """A test of whether the value of a variable can be taken as it is; None where it always has to be coerced."""
        types = {name: signature.type for name, signature in self._signatures.items()}
        return {name: _test(type_) for name, type_ in types.items()} if all(map(is_plain, types.values())) else None

    @cached_property
    def _most(self) -> int:
        """How many values there may be: as many as for any operation, or what one of its mutations declares."""
        root = self.schema.mutation_type
        if self.operation.operation is not OperationType.MUTATION or root is None:
            return self.limits.values
        names = {node.name.value for node in nodes_in(self.document, FieldNode)}
        declared = (found.declared for name in names & root.fields.keys() if (found := declared_of(root.fields[name])))
        return max([self.limits.values, *(field.values for field in declared if isinstance(field, Mutation))])

    @cached_property
    def uses(self) -> Counter[str]:
        """How often each variable is used."""
        return size(self.operation, self.document).variables

    @cached_property
    def _needed(self) -> dict[str, str]:
        """The variables that stand where null is not allowed, and the type that is needed there."""
        usages = self._context.get_recursive_variable_usages(self.operation)
        return {usage.node.name.value: str(usage.type) for usage in usages if is_non_null_type(usage.type)}

    @cached_property
    def _counts(self) -> list[ValueNode]:
        """The values of `initialCount` in the operation."""
        fragments = self._context.get_recursively_referenced_fragments(self.operation)
        found = directives_in([self.operation, *fragments], {GraphQLStreamDirective.name})
        return [one.value for node in found for one in node.arguments or () if one.name.value == "initialCount"]

    @property
    def _context(self) -> ValidationContext:
        return ValidationContext(self.schema, self.document, TypeInfo(self.schema), list[GraphQLError]().append)


def _test(type_: Any) -> Test:
    test = PLAIN[str(get_nullable_type(type_))]
    return (lambda value: value is None or test(value)) if is_nullable_type(type_) else test
