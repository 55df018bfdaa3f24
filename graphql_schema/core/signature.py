"""The signature of a computed field: the arguments that it takes, and how their values reach its SQL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Date, DateTime, Integer, Numeric, Text, literal
from sqlalchemy.types import TypeEngine
from strawberry import UNSET
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.utils.str_converters import to_camel_case

from db.errors import BadInput
from graphql_schema.core.arguments import Binding
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import check_storable

REQUIRED = object()
"""The default of an argument that must be given."""
SQL_TYPES: Mapping[type, TypeEngine[Any]] = {
    bool: Boolean(),
    int: Integer(),
    str: Text(),
    Decimal: Numeric(),
    date: Date(),
    datetime: DateTime(timezone=True),
}
"""The type of the bind parameter for the values of a type."""
Write = Callable[[str, TypeEngine[Any]], ColumnElement[Any]]
"""Writes the value of an argument as SQL, by its name and type: as a bind parameter or as a literal."""


@dataclass(frozen=True)
class Argument:
    """An argument of a computed field. Null stands for its default, as if it was left out.

    An expression gets the value as SQL; None where there is none; and a member of an enumeration as it is.
    """

    kind: Any
    description: str
    default: Any = None

    def declared(self, name: str) -> StrawberryArgument:
        """The argument as the schema has it."""
        kind = enumeration(self.kind) if issubclass(self.kind, Enum) else self.kind
        if self.default is REQUIRED:
            return argument(name, kind, self.description)
        return argument(name, kind | None, self.description, default=UNSET if self.default is None else self.default)

    def value(self, name: str, given: Any) -> Any:
        """The value for what was given; raises BadInput for what makes no sense."""
        if given is None:
            return self.default
        if isinstance(given, str):
            check_storable(given, at=to_camel_case(name))
        return given


@dataclass(frozen=True)
class Number(Argument):
    """A whole number within bounds."""

    least: int = 0
    most: int = 2**31 - 1

    def value(self, name: str, given: Any) -> Any:
        found = super().value(name, given)
        if found is not None and not self.least <= found <= self.most:
            raise BadInput(f"This is from {self.least:,} to {self.most:,}.", at=to_camel_case(name))
        return found


def number(description: str, *, least: int = 1, most: int, default: Any = REQUIRED) -> Number:
    """A whole number within bounds, which its description tells: `number("How many words it has", most=100)`.

    With the default None it may be left out, and the description says what that means.
    """
    left_out = "" if default in (REQUIRED, None) else f", {default:,} if left out"
    return Number(int, f"{description}: {least:,} to {most:,}{left_out}.", default, least, most)


@dataclass(frozen=True, eq=False)
class Signature:
    """The arguments of a field by their names in Python.

    The shape of their values has a member of an enumeration as it is, None for nothing, and True for what is the value
    of a bind parameter.
    """

    arguments: Mapping[str, Argument] = field(default_factory=dict)

    def declared(self) -> list[StrawberryArgument]:
        """The arguments as the schema has them."""
        return [argument.declared(name) for name, argument in self.arguments.items()]

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the arguments, for what was given of them; raises BadInput for what makes no sense."""
        return {name: argument.value(name, given.get(name)) for name, argument in self.arguments.items()}

    def bind(self, given: Mapping[str, Any]) -> Binding:
        """The values of the arguments made ready for SQL; raises BadInput for what makes no sense."""
        found = self.values(given)
        shape = {name: _part(value) for name, value in found.items()}
        return Binding(tuple(shape.values()), {name: found[name] for name, part in shape.items() if part is True})

    def written(self, shape: Any, write: Write) -> dict[str, Any]:
        """The values of this shape as an expression takes them, by name."""
        parts = zip(self.arguments.items(), shape, strict=True)
        return {name: write(name, SQL_TYPES[one.kind]) if part is True else part for (name, one), part in parts}


@dataclass(frozen=True, slots=True)
class Literals:
    """Values for the arguments of a signature as literals. Those of equal values are equal: they are read as one batch.

    >>> literals = Literals.of(signature, {"length": 10})
    """

    signature: Signature
    shape: Any
    values: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, signature: Signature, given: Mapping[str, Any]) -> "Literals":
        """The literals for what was given; raises BadInput for what makes no sense."""
        asked = signature.bind(given)
        return cls(signature, asked.shape, tuple(asked.values.items()))

    def __call__(self) -> dict[str, Any]:
        values = dict(self.values)
        return self.signature.written(self.shape, lambda name, type_: literal(values[name], type_))


def _part(value: Any) -> Any:
    return value if value is None or isinstance(value, Enum) else True


def argument(name: str, kind: Any, description: str, *, default: Any = UNSET) -> StrawberryArgument:
    """An argument of a field in the schema; one that may be null may be left out."""
    return StrawberryArgument(name, None, StrawberryAnnotation(kind), description=description, default=default)


def optional(name: str, kind: Any, description: str, default: Any = UNSET) -> StrawberryArgument:
    """An argument that may be left out."""
    return argument(name, kind | None, description, default=default)
