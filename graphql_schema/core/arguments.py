"""The arguments of a field, as a document writes them and with the variables in it.

What is kept of them is for everybody who sends the document: it is made of literals, where no request's variables are.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from graphql import (
    EnumValueNode,
    FieldNode,
    GraphQLField,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    print_ast,
)
from graphql.execution import get_argument_values
from graphql.execution.values import VariableValues
from sqlalchemy import BindParameter, bindparam

from db.base import Base
from graphql_schema.core.inputs import converted, is_plain, python_name
from graphql_schema.core.syntax import nodes_in

Size = int | Callable[[Mapping[str, Any]], int]
"""How many items there are at most, or what something weighs: a number, or one that the values of variables give."""

ENDLESS = 10**9
"""Nothing is longer."""
FAILED = object()
"""The shape of arguments that make no sense."""
NOTHING = VariableValues({}, {})
"""The variables of nobody."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Arguments made ready for SQL: what shapes the text of a statement, and the values of its bind parameters.

    `tables` are those whose rows they name by global ids. `error` says what is wrong; the shape is FAILED then.
    """

    shape: Hashable = None
    values: Mapping[str, Any] = field(default_factory=dict)
    tables: tuple[type[Base], ...] = ()
    error: Exception | None = None


@dataclass(frozen=True, eq=False)
class Given:
    """The arguments of one field of an operation. Its number there is in the names of their bind parameters.

    `declared` is the declaration of the field. They ask for `size` items at most, and weigh so much by themselves.
    """

    number: int
    declared: Any
    schema_field: GraphQLField
    node: FieldNode
    size: Size = 1
    weight: Size = 0

    def parameter(self, name: str) -> str:
        """The name of one of their bind parameters. SQLAlchemy has no such names: it makes `name_1` for a value."""
        return f"a{self.number}_{name}"

    def bound(self, name: str, type_: Any = None) -> BindParameter[Any]:
        """One of their bind parameters, as an expression."""
        return bindparam(self.parameter(name), type_=type_, value=None, required=False)

    @property
    def text(self) -> str:
        """The arguments as they are written."""
        return ", ".join(f"{name}: {print_ast(value)}" for name, value in written(self.node).items())

    @cached_property
    def varies(self) -> bool:
        """Whether variables can change them, or what is selected below: that of an object of many types."""
        is_of_many = is_abstract_type(get_named_type(self.schema_field.type))
        return is_of_many or any(map(_has_variable, written(self.node).values()))

    def prepare(self) -> None:
        """Make ready what no variable changes. What is wrong with it fails the field, wherever there is one."""
        with suppress(Exception):
            _ = self._plain, self._varying, self._constant
        # The conditions of a filter are kept with it: those beside a variable are worked out here, too.
        _ = self._bound or self._bind(NOTHING)

    def bind(self, variables: VariableValues) -> Binding:
        """The arguments made ready for SQL, or what is wrong with them."""
        return self._bound or self._bind(variables)

    @cached_property
    def _bound(self) -> Binding | None:
        """The arguments made ready for everybody; None where variables change them, or something is wrong with them.

        An error is not kept: it holds on to all that was at hand where it was raised.
        """
        found = None if self.varies else self._bind(NOTHING)
        return None if found is None or found.error else found

    def _bind(self, variables: VariableValues) -> Binding:
        try:
            found: Binding = self.declared.bind(self.values(variables))
        except Exception as error:  # noqa: BLE001  (explained or masked where there is an object that has the field)
            return Binding(FAILED, error=error)
        return found

    def values(self, variables: VariableValues) -> dict[str, Any]:
        """The arguments as a resolver gets them; raises what is wrong with them."""
        given = variables.coerced
        if self._plain is None or not all(variable in given for variable in self._plain.values()):
            return {**self._constant, **self._converted(self._varying, variables)}
        return {**self._constant, **{name: given[variable] for name, variable in self._plain.items()}}

    @cached_property
    def _plain(self) -> dict[str, str] | None:
        """The variables that stand for arguments and are taken as they are; None where a variable is used otherwise."""
        declared = self.schema_field.args
        found = {
            python_name(declared[name]): value.name.value
            for name, value in written(self.node).items()
            if isinstance(value, VariableNode) and is_plain(declared[name].type)
        }
        return found if len(found) == sum(map(_has_variable, written(self.node).values())) else None

    @cached_property
    def _constant(self) -> dict[str, Any]:
        """The arguments in which there is no variable, those that are left out included."""
        return self._converted(self._field(varies=False), NOTHING)

    @cached_property
    def _varying(self) -> GraphQLField:
        """The field with those of its arguments alone in which there are variables."""
        return self._field(varies=True)

    def _field(self, *, varies: bool) -> GraphQLField:
        varying = {name for name, value in written(self.node).items() if _has_variable(value)}
        arguments = {name: one for name, one in self.schema_field.args.items() if (name in varying) is varies}
        return GraphQLField(self.schema_field.type, args=arguments)

    def _converted(self, field: GraphQLField, variables: VariableValues) -> dict[str, Any]:
        """The arguments that the field declares, of those that are written."""
        return converted(get_argument_values(field, self.node, variables), field.args)


def written(node: FieldNode) -> dict[str, ValueNode]:
    """The arguments of a field as they are written."""
    return {argument.name.value: argument.value for argument in node.arguments or ()}


def number_of(node: FieldNode, names: tuple[str, ...], *, default: int, most: int) -> Size:
    """The number that the first of these arguments gives that is there, within bounds.

    One that is out of bounds is refused where it stands: no more is answered than within them.
    """
    given = written(node)
    asked = [given[name] for name in names if name in given]

    def size(values: Mapping[str, Any]) -> int:
        numbers = (_number(node, values) for node in asked)
        number = next((number for number in numbers if number is not None), default)
        return min(max(number, 0), most)

    return size if any(isinstance(node, VariableNode) for node in asked) else size({})


def choice_of(node: FieldNode, name: str, type_: Any, number: Callable[[Any], int]) -> Size:
    """The number that goes with the member of an enumeration that an argument names, or with None."""
    match written(node).get(name):
        case VariableNode(name=variable):
            return lambda values: number(values.get(variable.value))
        case EnumValueNode(value=member):
            return number(type_.values[member].value)
    return number(None)


def counted(given: Given, count: Callable[[Mapping[str, Any]], int]) -> Given:
    """The arguments with as many items as are counted in their values; one where these make no sense."""

    def size(values: Mapping[str, Any]) -> int:
        with suppress(Exception):
            return count(given.values(VariableValues({}, dict(values))))
        return 1

    return replace(given, size=size if given.varies else size({}))


def length_of(node: FieldNode, place: str, *, most: int | None = None) -> Size:
    """How many items the list has that is given as an argument or in one, as `input.modules`; `most` at most."""
    name, *way = place.split(".")
    value = written(node).get(name)
    while way and isinstance(value, ObjectValueNode):
        name, *way = way
        value = next((field.value for field in value.fields if field.name.value == name), None)
    match value:
        case VariableNode(name=variable):
            return lambda values: min(_length(values.get(variable.value), way), most or ENDLESS)
        case ListValueNode(values=items):
            return min(len(items), most or ENDLESS)
        case None | NullValueNode():
            return 0
    return 1


def _length(value: Any, way: Sequence[str]) -> int:
    for name in way:
        value = value and value.get(name)
    return len(value or ())


def _has_variable(value: ValueNode) -> bool:
    """Whether there is a variable in a value."""
    return any(True for _ in nodes_in(value, VariableNode))


def _number(node: ValueNode, values: Mapping[str, Any]) -> int | None:
    match node:
        case VariableNode(name=name):
            return values.get(name.value)
        case IntValueNode(value=digits):
            return int(digits)
    return None
