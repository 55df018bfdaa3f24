"""Documents, parsed and validated once: front ends send the same few texts again and again."""

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    ValidationContext,
    VariableNode,
    Visitor,
    get_operation_ast,
    is_non_null_type,
    validate,
    visit,
)
from graphql.execution.values import VariableValues
from graphql.validation.rules import overlapping_fields_can_be_merged as merging

from graphql_schema.core.directives import ATOMIC
from graphql_schema.core.errors import MAX_ERRORS, RequestError
from graphql_schema.execution.limits import INTROSPECTION, Limits
from graphql_schema.execution.parts import Cut, Part, at_once, deciding
from graphql_schema.execution.plan import Plan
from graphql_schema.execution.selection import Selections
from graphql_schema.execution.steps import steps
from graphql_schema.execution.variables import Variables

merging.MAX_COMPLEXITY_BUDGET = 20_000
"""Fields under one key are compared in pairs: those of fifty fragments that ask for the same are within it. The
library's own budget, 25 times as much, is up to half a second.
"""
BYTES_A_CHARACTER = 60
"""What a kept document costs for each character of its text: measured with tracemalloc, plans included."""
MAX_PLANS = 32


@dataclass(frozen=True)
class Definition:
    """An operation of a document, with the plans made for it so far.

    `document` is what was sent with nothing deferred, for who wants all of the answer at once.
    """

    schema: GraphQLSchema
    document: DocumentNode
    node: OperationDefinitionNode
    sent: DocumentNode
    plans: dict[Any, Plan] = field(default_factory=dict)
    cuts: dict[Any, "DefinitionInParts"] = field(default_factory=dict)

    @cached_property
    def kind(self) -> str:
        """query, mutation or subscription."""
        return self.node.operation.value

    @cached_property
    def is_atomic(self) -> bool:
        """Whether all of it is to be done, or nothing."""
        return any(directive.name.value == ATOMIC for directive in self.node.directives or ())

    def plan(self, variables: VariableValues) -> Plan:
        """The plan for these values of `@skip` and `@include`."""
        values = tuple(variables.coerced.get(name) for name in self._conditions)
        if values not in self.plans:
            if len(self.plans) >= MAX_PLANS:
                self.plans.clear()
            selections = Selections(self.schema, self.document, variables)
            root = self.schema.get_root_type(self.node.operation)
            assert root
            self.plans[values] = Plan(steps(selections, root, [self.node.selection_set]))
        return self.plans[values]

    def in_parts(self, variables: VariableValues) -> "DefinitionInParts | None":
        """The parts for these values of `@defer` and `@stream`; None where nothing is deferred."""
        if self._deciding is None:
            return None
        values = tuple(variables.coerced.get(name) for name in self._deciding)
        if values not in self.cuts:
            if len(self.cuts) >= MAX_PLANS:
                self.cuts.clear()
            self.cuts[values] = DefinitionInParts.of(self, variables)
        return self.cuts[values] if self.cuts[values].later else None

    def check(self, variables: VariableValues) -> None:
        """Raise RequestError for a null in a place that takes none.

        Validation lets a variable stand there that may be null, where the variable or the place has a default.
        """
        nulls = [name for name in self._needed if variables.coerced.get(name, name) is None]
        message = "Variable '${}' must not be null where '{}' is needed."
        if errors := [GraphQLError(message.format(name, self._needed[name])) for name in nulls]:
            raise RequestError(errors, "BAD_USER_INPUT")

    @cached_property
    def variables(self) -> Variables:
        """The variables that it declares."""
        return Variables(self.schema, self.node.variable_definitions or ())

    @cached_property
    def introspects(self) -> bool:
        """Whether its document asks about the schema."""
        found = _Names()
        visit(self.document, found)
        return not INTROSPECTION.isdisjoint(found.names)

    @cached_property
    def _needed(self) -> dict[str, str]:
        """The variables that stand where null is not allowed, and the type that is needed there."""
        context = ValidationContext(self.schema, self.sent, TypeInfo(self.schema), list[GraphQLError]().append)
        usages = context.get_recursive_variable_usages(self.sent_node)
        return {usage.node.name.value: str(usage.type) for usage in usages if is_non_null_type(usage.type)}

    @cached_property
    def _deciding(self) -> list[str] | None:
        return deciding(self.sent)

    @cached_property
    def sent_node(self) -> OperationDefinitionNode:
        """The operation as it was sent."""
        node = get_operation_ast(self.sent, self.node.name.value if self.node.name else None)
        assert node
        return node

    @cached_property
    def _conditions(self) -> list[str]:
        """The names of the variables that decide what is selected."""
        found = _Conditions()
        visit(self.document, found)
        return sorted(found.names)


@dataclass(frozen=True, slots=True)
class DefinitionInParts:
    """What is answered first, and the parts that come later, each with its own operation."""

    first: Definition
    later: dict[Part, Definition]

    @classmethod
    def of(cls, definition: Definition, variables: VariableValues) -> Self:
        """Cut an operation."""
        cut = Cut(definition.schema, definition.sent, variables, definition.sent_node)
        return cls(_alone(definition.schema, cut.first), {p: _alone(definition.schema, p.node) for p in cut.later})


class Documents:
    """Keeps the documents used last, in at most `max_bytes` of memory."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, max_bytes: int = 32 * 2**20) -> None:
        self.schema = schema
        self.limits = limits
        self.max_bytes = max_bytes
        self.bytes = 0
        self._kept: OrderedDict[tuple[str, str | None], Definition] = OrderedDict()

    def definition(self, text: str, name: str | None) -> Definition:
        """The operation called `name`, or the only one, of the document; raises RequestError."""
        found = self._kept.get((text, name))
        if found is None:
            found = self.read(text, name)
            self.keep(text, name, found)
        else:
            self._kept.move_to_end((text, name))
        return found

    def has(self, text: str, name: str | None) -> bool:
        """Whether this operation is kept."""
        return (text, name) in self._kept

    def read(self, text: str, name: str | None) -> Definition:
        """The same, however often it was read before."""
        document = self.limits.parsed(text)
        self.limits.check(document)
        if errors := validate(self.schema, document, max_errors=MAX_ERRORS):
            raise RequestError(errors, "GRAPHQL_VALIDATION_FAILED")
        node = get_operation_ast(document, name)
        if node is None:
            message = "Say with `operationName` which operation of the document is to run."
            raise RequestError([GraphQLError(message)], "OPERATION_RESOLUTION_FAILURE")
        whole = at_once(document)
        undeferred = get_operation_ast(whole, name)
        assert undeferred
        return Definition(self.schema, whole, undeferred, document)

    def keep(self, text: str, name: str | None, definition: Definition) -> None:
        """Keep an operation, and drop those that were used longest ago."""
        if not self.has(text, name):
            self.bytes += _size(text)
        self._kept[text, name] = definition
        while self.bytes > self.max_bytes:
            (dropped, _), _ = self._kept.popitem(last=False)
            self.bytes -= _size(dropped)


def _alone(schema: GraphQLSchema, node: OperationDefinitionNode) -> Definition:
    document = DocumentNode(definitions=(node,))
    return Definition(schema, document, node, document)


def _size(text: str) -> int:
    return len(text) * BYTES_A_CHARACTER


class _Names(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.names.add(node.name.value)


class _Conditions(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: Any, *_: Any) -> None:
        if node.name.value in {"skip", "include"}:
            self.names |= {a.value.name.value for a in node.arguments if isinstance(a.value, VariableNode)}
