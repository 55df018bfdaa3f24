"""One operation of a document, and what is made of it once for everybody who sends it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    ValidationContext,
    ValueNode,
    is_non_null_type,
)
from graphql.execution.values import VariableValues

from graphql_schema.core.directives import ATOMIC
from graphql_schema.core.errors import MAX_ERRORS, RequestError, SchemaError
from graphql_schema.core.tree import Object
from graphql_schema.execution.deferring import (
    Parts,
    cut,
    deciding,
    directives_in,
    initial_counts,
    negative,
    variables_in,
)
from graphql_schema.execution.limits import INTROSPECTION, Limits
from graphql_schema.execution.lowering import Lowering
from graphql_schema.execution.memory import Memory
from graphql_schema.execution.plan import Plan, PlanInParts, obstacles
from graphql_schema.execution.selection import Selections
from graphql_schema.execution.values import Values, field_names
from graphql_schema.execution.variables import Variables, of_these

BYTES_A_MEMBER = 1_000
"""Bytes that a plan takes for each member of the objects in its tree, measured with tracemalloc."""


@dataclass(frozen=True, eq=False)
class Definition:
    """An operation of a document. What is made of it is kept in `memory`, under its number."""

    schema: GraphQLSchema
    document: DocumentNode
    node: OperationDefinitionNode
    limits: Limits
    memory: Memory
    number: int = field(default_factory=count().__next__)

    @cached_property
    def kind(self) -> str:
        """query, mutation or subscription."""
        return self.node.operation.value

    @cached_property
    def is_atomic(self) -> bool:
        """Whether all of it is to be done, or nothing."""
        return any(directive.name.value == ATOMIC for directive in self.node.directives or ())

    @property
    def is_deferring(self) -> bool:
        """Whether something in its document may come later."""
        return self._deciding is not None

    def prepare(self) -> None:
        """Find out all that is the same for everybody who sends it. That can take long."""
        self.variables.prepare()
        self._values.prepare()
        _ = self._needed, self._counts, self._conditions, self.introspects

    @property
    def is_prepared(self) -> bool:
        """Whether it can be used on the event loop."""
        return "introspects" in vars(self)

    def size(self, given: Mapping[str, Any]) -> int:
        """How many values were sent as variables; raises RequestError for too many, before anything is made of them."""
        return self._values.count(given)

    def values(self, given: Mapping[str, Any]) -> VariableValues:
        """The values of its variables; raises RequestError."""
        values = self.variables.values(given, max_errors=MAX_ERRORS)
        if isinstance(values, list):
            raise RequestError(values, "BAD_USER_INPUT")
        self.check(values)
        return values

    def key(self, variables: VariableValues) -> tuple[Any, ...]:
        """The key of the plan for these values of the variables that decide what is selected, or deferred."""
        return self.number, *map(variables.coerced.get, self._conditions)

    def plan(self, variables: VariableValues, *, compiles: bool) -> Plan:
        """Make the plan for these values of `@skip` and `@include`, `@defer` and `@stream`."""
        conditions = of_these(variables, self._conditions)
        lowering, tree = self._lowered(conditions)
        parts = self._cut(conditions) if compiles and self.is_deferring and not obstacles(tree) else None
        members = lowering.members * (2 + len(parts.later) if parts else 1)
        return Plan(tree, self.memory, parts, BYTES_A_MEMBER * members, compiles)

    def _lowered(self, conditions: VariableValues, parts: Parts | None = None) -> tuple[Lowering, Object]:
        """The tree of the operation, and what has lowered it. Without `parts` nothing is deferred."""
        lowering = Lowering(Selections(self.schema, self.document, conditions, parts))
        root = self.schema.get_root_type(self.node.operation)
        assert root
        try:
            return lowering, lowering.object(root, [(self.node.selection_set, None)])
        except RecursionError:
            raise RequestError([GraphQLError("This is nested too deeply.")], "BAD_USER_INPUT") from None

    def _cut(self, conditions: VariableValues) -> PlanInParts | None:
        """The plans of the parts; None where nothing is deferred with these values."""
        parts = Parts(conditions)
        _, tree = self._lowered(conditions, parts)
        first, later = cut(tree, parts.found.values())
        plans = {part: Plan(tree, self.memory) for part, tree in later.items()}
        return PlanInParts(Plan(first, self.memory), plans) if later else None

    def check(self, variables: VariableValues) -> None:
        """Raise RequestError for values that validation lets stand where they make no sense."""
        if errors := [*self._nulls(variables), *negative(self._counts, variables)]:
            raise RequestError(errors, "BAD_USER_INPUT")

    def _nulls(self, variables: VariableValues) -> Iterator[GraphQLError]:
        """A variable that may be null can stand where nothing null can, if the variable or the place has a default."""
        for name in self._needed:
            if variables.coerced.get(name, name) is None:
                yield _null(name, self._needed[name])

    @cached_property
    def variables(self) -> Variables:
        """The variables that it declares."""
        return Variables(self.schema, self.node.variable_definitions or ())

    @cached_property
    def _values(self) -> Values:
        return Values(self.schema, self.limits, self.node, self.document)

    @cached_property
    def introspects(self) -> bool:
        """Whether its document asks about the schema."""
        return not INTROSPECTION.isdisjoint(field_names(self.document))

    @cached_property
    def _needed(self) -> dict[str, str]:
        """The variables that stand where null is not allowed, and the type that is needed there."""
        usages = self._context.get_recursive_variable_usages(self.node)
        return {usage.node.name.value: str(usage.type) for usage in usages if is_non_null_type(usage.type)}

    @cached_property
    def _counts(self) -> list[ValueNode]:
        """The values of `initialCount` in it."""
        fragments = self._context.get_recursively_referenced_fragments(self.node)
        return initial_counts([self.node, *fragments])

    @property
    def _context(self) -> ValidationContext:
        return ValidationContext(self.schema, self.document, TypeInfo(self.schema), list[GraphQLError]().append)

    @cached_property
    def _conditions(self) -> list[str]:
        """The names of the variables that decide what is selected, and what of it is deferred."""
        return [*variables_in(directives_in([self.document], {"skip", "include"})), *(self._deciding or ())]

    @cached_property
    def _deciding(self) -> list[str] | None:
        return deciding(self.document)


def _null(name: str, type_: str) -> GraphQLError:
    what = f"Variable '${name}' must not be null"
    return SchemaError(f"{what} where '{type_}' is needed.", discreet=f"{what}.", at=name)
