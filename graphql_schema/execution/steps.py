"""The steps of an operation: which declared field is to be answered under which key, and with what arguments.

Steps depend on the document and on the values of `@skip` and `@include`, on nothing else: they are made once and kept,
for everybody who sends the document. So what a step keeps is computed of literals, where no request's variables are.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_abstract_type,
    visit,
)
from graphql.execution import get_argument_values
from graphql.execution.values import VariableValues

from db.base import Base
from graphql_schema.core.fields import FAILED, Binding, DeclaredField, Field
from graphql_schema.core.nodes import NODES
from graphql_schema.execution.inputs import BACKREF, converted, python_name
from graphql_schema.execution.selection import Selected, Selections
from graphql_schema.execution.variables import is_plain

TYPENAME = "__typename"
NOTHING = VariableValues({}, {})
"""The variables of nobody."""


@dataclass(frozen=True, eq=False)
class Step:
    """One field of the answer, with a number of its own in the operation."""

    selections: Selections
    parent: GraphQLObjectType
    selected: Selected
    number: int

    @property
    def key(self) -> str:
        """The key in the answer."""
        return self.selected.key

    @property
    def is_typename(self) -> bool:
        """Whether it asks for the name of the parent's type."""
        return self.selected.name == TYPENAME

    @cached_property
    def declared(self) -> DeclaredField | None:
        """The declaration as a field of Strawberry; None for what GraphQL itself defines."""
        field = self.parent.fields.get(self.selected.name)
        return field.extensions.get(BACKREF) if field else None

    @cached_property
    def field(self) -> Field | None:
        """The declaration."""
        return getattr(self.declared, "declared", None)

    @cached_property
    def name(self) -> str:
        """The name of the declaration in Python."""
        return self.declared.python_name if self.declared else self.selected.name

    @cached_property
    def output(self) -> Any:
        """The type of the field in the schema."""
        return self._schema_field.type

    @cached_property
    def children(self) -> list["Step"]:
        """The steps below, where the field leads to one certain type of object."""
        type_ = None if self.is_typename else get_named_type(self.output)
        return steps(self.selections, type_, self.selected.inner) if isinstance(type_, GraphQLObjectType) else []

    def children_of(self, table: type[Base]) -> list["Step"]:
        """The steps below when the field's value is a row of this table."""
        if table not in self._by_table:
            type_ = self.selections.schema.get_type(NODES[table].__name__)
            assert isinstance(type_, GraphQLObjectType)
            self._by_table[table] = steps(self.selections, type_, self.selected.inner)
        return self._by_table[table]

    @cached_property
    def _by_table(self) -> dict[type[Base], list["Step"]]:
        return {}

    @cached_property
    def bound(self) -> list[tuple["Step | None", Binding]]:
        """The steps at and below this one whose arguments no variable can change, with these.

        None stands for itself: in a cycle it would stay in memory until the next collection of garbage.
        """
        steps = [step for step in self.taking_arguments if not step.is_unbound]
        return [(_but(self, step), step.binding(NOTHING)) for step in steps]

    @cached_property
    def unbound(self) -> list["Step | None"]:
        """The steps at and below this one whose arguments, or what they say of the steps below, depend on variables."""
        return [_but(self, step) for step in self.taking_arguments if step.is_unbound]

    @property
    def taking_arguments(self) -> Iterator["Step"]:
        if self.declared and self.declared.arguments:
            yield self
        for child in self.children:
            yield from child.taking_arguments

    @property
    def is_unbound(self) -> bool:
        return any(map(_has_variable, self._written.values())) or is_abstract_type(get_named_type(self.output))

    def binding(self, variables: VariableValues) -> Binding:
        """The arguments made ready for SQL, or what is wrong with them."""
        try:
            return self.field.bind(self.arguments(variables)) if self.field else Binding()
        except Exception as error:  # noqa: BLE001  (explained or masked where there is an object that has the field)
            return Binding(FAILED, error=error)

    def arguments(self, variables: VariableValues) -> Mapping[str, Any]:
        """The arguments as a resolver gets them."""
        given = variables.coerced
        if self._plain is None or not all(variable in given for variable in self._plain.values()):
            return self._converted(self._schema_field, variables)
        return {**self._constant, **{name: given[variable] for name, variable in self._plain.items()}}

    @cached_property
    def _plain(self) -> dict[str, str] | None:
        """The variables that stand for arguments and are taken as they are; None where a variable is used otherwise."""
        declared = self._schema_field.args
        found = {
            python_name(declared[name]): value.name.value
            for name, value in self._written.items()
            if isinstance(value, VariableNode) and is_plain(declared[name].type)
        }
        return found if len(found) == sum(map(_has_variable, self._written.values())) else None

    @cached_property
    def _constant(self) -> dict[str, Any]:
        """The arguments in which there is no variable, those that are left out included."""
        varying = {name for name, value in self._written.items() if _has_variable(value)}
        constant = {name: declared for name, declared in self._schema_field.args.items() if name not in varying}
        return self._converted(GraphQLField(self.output, args=constant), NOTHING)

    def _converted(self, field: GraphQLField, variables: VariableValues) -> dict[str, Any]:
        """The arguments that the field declares, of those that are written."""
        return converted(get_argument_values(field, self.selected.nodes[0], variables), field.args)

    @property
    def _schema_field(self) -> GraphQLField:
        field: GraphQLField = self.parent.fields[self.selected.name]
        return field

    @property
    def _written(self) -> dict[str, ValueNode]:
        """The arguments as they are written."""
        return {node.name.value: node.value for node in self.selected.nodes[0].arguments or ()}


def _but(step: Step, other: Step) -> Step | None:
    """The other step, if it is another."""
    return None if other is step else other


def declared_of(field: GraphQLField) -> Field | None:
    """The declaration behind a field of the schema; None for what GraphQL itself defines."""
    return getattr(field.extensions.get(BACKREF), "declared", None)


def steps(selections: Selections, type_: GraphQLObjectType, inner: Iterable[SelectionSetNode]) -> list[Step]:
    """The steps of selection sets on a value of `type_`."""
    return [Step(selections, type_, selected, next(selections.numbers)) for selected in selections.of(type_, inner)]


class _Variables(Visitor):
    is_met = False

    def enter_variable(self, *_: Any) -> None:
        self.is_met = True


def _has_variable(value: ValueNode) -> bool:
    """Whether there is a variable in a value."""
    found = _Variables()
    visit(value, found)
    return found.is_met
