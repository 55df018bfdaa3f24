"""Operations made from the schema: one for every place where a client can send an id, with all that it would show."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    Undefined,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from tests.invariants.schema import object_type

MOMENT = '"2026-01-01T00:00:00Z"'
WORDS = {
    "ID": '"none"',
    "String": '"word"',
    "Int": "1",
    "Float": "1",
    "Boolean": "true",
    "DateTime": MOMENT,
    "JSON": "{}",
}


@dataclass(frozen=True)
class Question:
    """An operation with a variable `$id` at one place."""

    place: str
    text: str

    def __str__(self) -> str:
        return self.place


def questions(root: str) -> list[Question]:
    """For every field of a root type and every place in its arguments that takes an id, an operation."""
    return [
        Question(f"{name}.{place}", f"{root.lower()} ($id: ID!) {{ {name}({arguments}) {shown(field.type)} }}")
        for name, field in object_type(root).fields.items()
        for place, arguments in _with_id(field.args)
    ]


def shown(type_: Any, levels: int = 2) -> str:
    """All that can be selected of a type without arguments, some levels deep."""
    named = get_named_type(type_)
    if is_leaf_type(named):
        return ""
    if not isinstance(named, GraphQLObjectType):
        return "{ __typename }"
    fields = [f"{name} {shown(field.type, levels - 1)}" for name, field in named.fields.items() if _fits(field, levels)]
    return f"{{ __typename {' '.join(fields)} }}"


def _fits(field: GraphQLField, levels: int) -> bool:
    is_shallow = levels > 1 or is_leaf_type(get_named_type(field.type))
    return is_shallow and not any(is_required_argument(argument) for argument in field.args.values())


def _with_id(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Values for arguments, or for the fields of an input, with the id at each of its possible places."""
    for name, input_ in inputs.items():
        others = [f"{other}: {any_value(it.type)}" for other, it in inputs.items() if other != name and is_required(it)]
        for place, value in _places(input_.type):
            yield f"{name}{place}", ", ".join([f"{name}: {value}", *others])


def _places(type_: Any) -> Iterator[tuple[str, str]]:
    match type_:
        case GraphQLNonNull():
            yield from _places(type_.of_type)
        case GraphQLList():
            yield from ((place, f"[{value}]") for place, value in _places(type_.of_type))
        case GraphQLInputObjectType():
            yield from ((f".{place}", f"{{ {fields} }}") for place, fields in _with_id(type_.fields))
        case _ if type_.name == "ID":
            yield "", "$id"


def any_value(type_: Any) -> str:
    """Some value of a type."""
    match type_:
        case GraphQLNonNull():
            return any_value(type_.of_type)
        case GraphQLList():
            return "[]"
        case GraphQLInputObjectType(fields=fields):
            return (
                f"{{ {', '.join(f'{name}: {any_value(it.type)}' for name, it in fields.items() if is_required(it))} }}"
            )
        case GraphQLEnumType(values=values):
            return str(next(iter(values)))
    return WORDS[type_.name]


def is_required(input_: Any) -> bool:
    return isinstance(input_.type, GraphQLNonNull) and input_.default_value is Undefined
