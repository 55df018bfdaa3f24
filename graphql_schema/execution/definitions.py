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
    get_operation_ast,
    is_non_null_type,
)
from graphql.execution.values import VariableValues

from graphql_schema.core.directives import ATOMIC
from graphql_schema.core.errors import MAX_ERRORS, RequestError, SchemaError
from graphql_schema.execution.deferring import (
    Deferred,
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
from graphql_schema.execution.plan import Plan
from graphql_schema.execution.selection import Selections
from graphql_schema.execution.values import Values, field_names
from graphql_schema.execution.variables import Variables, of_these

BYTES = 20_000
BYTES_A_TOKEN = 400
BYTES_A_MEMBER = 1_000
"""Bytes that are kept beside the text, measured with tracemalloc: for any document, and for each token of it; a plan
for each member of the objects in its tree.
"""


@dataclass(frozen=True, eq=False)
class Definition:
    """An operation of a document. What is made of it is kept in `memory`, under its number.

    `document` is what was sent with nothing deferred, for clients that want all of the answer at once.
    """

    schema: GraphQLSchema
    document: DocumentNode
    node: OperationDefinitionNode
    sent: DocumentNode
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

    def values(self, given: dict[str, Any] | None) -> VariableValues:
        """The values of its variables; raises RequestError."""
        self.size(given or {})
        values = self.variables.values(given or {}, max_errors=MAX_ERRORS)
        if isinstance(values, list):
            raise RequestError(values, "BAD_USER_INPUT")
        self.check(values)
        return values

    def size(self, given: Mapping[str, Any]) -> int:
        """How many values were sent as variables; raises RequestError for too many, before anything is made of them."""
        return self._values.count(given)

    def planned(self, variables: VariableValues) -> Plan | None:
        """The plan for these values of `@skip` and `@include`, if it is kept."""
        found: Plan | None = self.memory.plans.get(self._key(variables))
        return found

    def plan(self, variables: VariableValues) -> Plan:
        """The plan for these values of `@skip` and `@include`."""
        found = self.planned(variables)
        if found is None:
            found, members = self._lowered(self.document, self.node, of_these(variables, self._conditions), None)
            self.memory.plans.put(self._key(variables), found, BYTES_A_MEMBER * members)
        return found

    def _lowered(
        self, document: DocumentNode, node: OperationDefinitionNode, conditions: VariableValues, parts: Parts | None
    ) -> tuple[Plan, int]:
        """The plan of an operation, and how many members the objects in its tree have."""
        lowering = Lowering(Selections(self.schema, document, conditions, parts))
        root = self.schema.get_root_type(node.operation)
        assert root
        try:
            tree = lowering.object(root, [(node.selection_set, None)])
        except RecursionError:
            raise RequestError([GraphQLError("This is nested too deeply.")], "BAD_USER_INPUT") from None
        return Plan(tree, self.memory.statements), lowering.members

    def in_parts(self, variables: VariableValues) -> "PlanInParts | None":
        """The plans for these values of `@defer` and `@stream`; None where nothing is deferred."""
        if self._deciding is None:
            return None
        key = self._key_of_parts(self._deciding, variables)
        found: PlanInParts | None = self.memory.parts.get(key)
        if found is None:
            found, members = self._cut(of_these(variables, [*self._conditions, *self._deciding]))
            self.memory.parts.put(key, found, BYTES_A_MEMBER * members * (1 + len(found.later)))
        return found if found.later else None

    def _cut(self, conditions: VariableValues) -> tuple["PlanInParts", int]:
        parts = Parts(conditions)
        plan, members = self._lowered(self.sent, self.sent_node, conditions, parts)
        first, later = cut(plan.tree, parts.found.values())
        plans = {part: Plan(tree, self.memory.statements) for part, tree in later.items()}
        return PlanInParts(Plan(first, self.memory.statements), plans), members

    def is_cut(self, variables: VariableValues) -> bool:
        """Whether the parts for these values are known."""
        return self._deciding is None or self._key_of_parts(self._deciding, variables) in self.memory.parts

    @property
    def bytes(self) -> int:
        """The bytes that it takes, about."""
        token, tokens = self.sent.loc and self.sent.loc.start_token, 0
        while token := token and token.next:
            tokens += 1
        return BYTES + BYTES_A_TOKEN * tokens

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
        return Values(self.schema, self.limits, self.sent_node, self.sent)

    @cached_property
    def introspects(self) -> bool:
        """Whether its document asks about the schema."""
        return not INTROSPECTION.isdisjoint(field_names(self.document))

    @cached_property
    def _needed(self) -> dict[str, str]:
        """The variables that stand where null is not allowed, and the type that is needed there."""
        usages = self._context.get_recursive_variable_usages(self.sent_node)
        return {usage.node.name.value: str(usage.type) for usage in usages if is_non_null_type(usage.type)}

    @cached_property
    def _counts(self) -> list[ValueNode]:
        """The values of `initialCount` in it."""
        fragments = self._context.get_recursively_referenced_fragments(self.sent_node)
        return initial_counts([self.sent_node, *fragments])

    @property
    def _context(self) -> ValidationContext:
        return ValidationContext(self.schema, self.sent, TypeInfo(self.schema), list[GraphQLError]().append)

    @cached_property
    def _deciding(self) -> list[str] | None:
        return deciding(self.sent)

    @cached_property
    def sent_node(self) -> OperationDefinitionNode:
        """The operation as it was sent."""
        node = get_operation_ast(self.sent, self.node.name.value if self.node.name else None)
        assert node
        return node

    def _key(self, variables: VariableValues) -> tuple[Any, ...]:
        return self.number, *map(variables.coerced.get, self._conditions)

    def _key_of_parts(self, deciding: list[str], variables: VariableValues) -> tuple[Any, ...]:
        return *self._key(variables), *map(variables.coerced.get, deciding)

    @cached_property
    def _conditions(self) -> list[str]:
        """The names of the variables that decide what is selected."""
        return variables_in(directives_in([self.document], {"skip", "include"}))


@dataclass(frozen=True, slots=True)
class PlanInParts:
    """How an operation is answered first, and how each part that comes later."""

    first: Plan
    later: dict[Deferred, Plan]


def _null(name: str, type_: str) -> GraphQLError:
    what = f"Variable '${name}' must not be null"
    return SchemaError(f"{what} where '{type_}' is needed.", discreet=f"{what}.")
