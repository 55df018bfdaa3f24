"""Coerced arguments as functions take them: names in Python, and input objects of the classes that declare them.

Strawberry looks the types of a class up anew for every value, which costs more than a small statement.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from typing import Any

from graphql import GraphQLArgument, GraphQLInputField, GraphQLInputObjectType, GraphQLList, get_nullable_type
from strawberry.utils.str_converters import to_camel_case

from graphql_schema.core.strawberry_seam import definition_of

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


def converted(given: Mapping[str, Any], declared: Mapping[str, GraphQLArgument | GraphQLInputField]) -> dict[str, Any]:
    """Coerced arguments, or members of an input object, as the function or the class takes them."""
    return {python_name(declared[name]): _value(value, declared[name].type) for name, value in given.items()}


def python_name(declared: GraphQLArgument | GraphQLInputField) -> str:
    """The name of its declaration."""
    name: str = definition_of(declared).python_name
    return name


def objects_in(input: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """An input object and all objects in it, each with its place: `members.2`; that of the input itself is empty."""
    yield at, input
    yield from ((place, value) for place, value, _ in values_in(input, at) if is_dataclass(value))


def values_in(input: Any, at: str = "") -> Iterator[tuple[str, Any, Field[Any]]]:
    """All values in an input object and in the objects in it, in their order, each with its place and its field.

    Of a list they are its items.
    """
    for field in fields(input):
        for place, value in items_in(getattr(input, field.name), below(at, field.name)):
            yield place, value, field
            if is_dataclass(value):
                yield from values_in(value, place)


def items_in(value: Any, at: str) -> list[tuple[str, Any]]:
    """The items of a list at a path with their indexes, or the one value that is none."""
    return [(f"{at}.{index}", item) for index, item in enumerate(value)] if isinstance(value, list) else [(at, value)]


def below(at: str, name: str) -> str:
    """The place of the field with this name in Python of the object at a place: `members.2.userId`."""
    field: str = to_camel_case(name)
    return f"{at}.{field}" if at else field


def _value(value: Any, type_: Any) -> Any:
    match get_nullable_type(type_):
        case _ if value is None:
            return None
        case GraphQLList(of_type=item):
            return [_value(one, item) for one in value]
        case GraphQLInputObjectType(fields=fields) as declared:
            return definition_of(declared).origin(**converted(value, fields))
    return value
