"""One operation of a document, and what is made of it once for everybody who sends it."""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

from graphql import DocumentNode, FieldNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, VariableNode
from graphql.execution.values import VariableValues

from graphql_schema.core.arguments import written
from graphql_schema.core.directives import ATOMIC
from graphql_schema.core.errors import RequestError
from graphql_schema.core.syntax import nodes_in
from graphql_schema.core.tree import Object
from graphql_schema.execution.deferring import DIRECTIVES, Deferred, cut, directives_in
from graphql_schema.execution.limits import INTROSPECTION
from graphql_schema.execution.lowering import Lowering
from graphql_schema.execution.memory import Memory
from graphql_schema.execution.plan import Plan, obstacles
from graphql_schema.execution.variables import Variables
from graphql_schema.limits import Limits

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

    @cached_property
    def is_deferring(self) -> bool:
        """Whether something in its document may come later."""
        return bool(directives_in([self.document], DIRECTIVES))

    def prepare(self) -> None:
        """Find out all that is the same for everybody who sends it. That can take long."""
        self.variables.prepare()
        _ = self._conditions, self.is_deferring, self.cursors, self.introspects

    @property
    def is_prepared(self) -> bool:
        """Whether it can be used on the event loop."""
        return "introspects" in vars(self)

    def key(self, variables: VariableValues) -> tuple[Any, ...]:
        """The key of the plan for these values of the variables that decide what is selected, or deferred."""
        return self.number, *map(variables.coerced.get, self._conditions)

    def plan(self, variables: VariableValues, *, compiles: bool) -> Plan:
        """Make the plan for these values of `@skip` and `@include`, `@defer` and `@stream`."""
        # Only these of the variables: what is kept can depend on no others.
        sources, coerced = ({name: all_[name] for name in self._conditions if name in all_} for all_ in variables)
        conditions = VariableValues(sources, coerced)
        tree = self._lowered(conditions)
        found = obstacles(tree, compiles=compiles)
        parts = self._cut(conditions) if self.is_deferring and not found else None
        members = sum(len(one.members) for one in tree.all() if isinstance(one, Object))
        bytes_ = BYTES_A_MEMBER * members * (1 + len(parts or ()))
        return Plan(tree, self.memory, found, parts, bytes_)

    def _lowered(self, conditions: VariableValues, parts: dict[Any, Deferred] | None = None) -> Object:
        """The tree of the operation. Without `parts` nothing is deferred."""
        lowering = Lowering(self.schema, self.document, conditions, parts)
        root = self.schema.get_root_type(self.node.operation)
        assert root
        try:
            return lowering.object(root, [(self.node.selection_set, None)])
        except RecursionError:
            raise RequestError([GraphQLError("This is nested too deeply.")], "BAD_USER_INPUT") from None

    def _cut(self, conditions: VariableValues) -> dict[Deferred | None, Plan] | None:
        """The plans of the parts; None where nothing is deferred with these values."""
        parts = dict[Any, Deferred]()
        found = cut(self._lowered(conditions, parts), parts.values())
        return {part: Plan(tree, self.memory) for part, tree in found.items()} if len(found) > 1 else None

    @cached_property
    def variables(self) -> Variables:
        """The variables that it declares."""
        return Variables(self.schema, self.limits, self.node, self.document)

    @cached_property
    def introspects(self) -> bool:
        """Whether its document asks about the schema."""
        return any(node.name.value in INTROSPECTION for node in nodes_in(self.document, FieldNode))

    @cached_property
    def cursors(self) -> set[str]:
        """The variables that say no more than behind which event a subscription goes on: `after` of its field."""
        if self.kind != "subscription":
            return set()
        fields = [one for one in self.node.selection_set.selections if isinstance(one, FieldNode)]
        values = [written(one).get("after") for one in fields]
        names = {one.name.value for one in values if isinstance(one, VariableNode)}
        return {name for name in names if self.variables.uses[name] == 1}

    @cached_property
    def _conditions(self) -> list[str]:
        """The names of the variables that decide what is selected, and what of it is deferred."""
        found = directives_in([self.document], {"skip", "include", *DIRECTIVES})
        values = (argument.value for node in found for argument in node.arguments or ())
        return sorted({value.name.value for value in values if isinstance(value, VariableNode)})
