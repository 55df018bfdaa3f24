"""All that is used of Strawberry beside its documented interface, in one place, as it is in `VERIFIED_WITH`."""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

import strawberry
from graphql import GraphQLEnumType, GraphQLField, GraphQLInputObjectType, GraphQLSchema
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from strawberry.types.union import StrawberryUnion

from db.base import Base

VERIFIED_WITH = "0.341"
DEFINITION = "strawberry-definition"
"""The extension that has what Strawberry has made a part of the schema of."""
TYPES: dict[str, Any] = {}
"""Every type of the graph by name: annotations are strings that are looked up here once all slices are imported."""


class Schema(strawberry.Schema):
    """A schema of which graphql-core itself says what its types are."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for type_ in self.core.type_map.values():
            if isinstance(type_, GraphQLInputObjectType) and (made := definition_of(type_)):
                type_.is_one_of = made.is_one_of
            if isinstance(type_, GraphQLEnumType):
                setattr(type_, "coerce_input_value", _without_suggestions(type_))  # noqa: B010  (mypy takes no other)

    @property
    def core(self) -> GraphQLSchema:
        """The schema as graphql-core knows it."""
        return self._schema

    def _extend_introspection(self) -> None:
        """Leave `isOneOf` alone: Strawberry's answer to it would be that of all schemas of the process, and is wrong
        for types that are no inputs.
        """


class DeclaredField(StrawberryField):
    """A declaration as a field of a Strawberry type."""

    def __init__(self, declared: Any, table: type[Base], name: str) -> None:
        annotation = StrawberryAnnotation(_annotation(declared, table, name), namespace=TYPES)
        weighs = "" if declared.weight is None else f" Weighs {declared.weight}."
        description = f"{declared.description}{weighs}"
        super().__init__(python_name=name, description=description, type_annotation=annotation)
        self.deprecation_reason = declared.deprecation
        self.declared = declared
        self.table = table
        self.init = False

    is_async = True  # type: ignore[assignment,unused-ignore]  # known without looking at a resolver

    @property
    def type(self) -> Any:
        """The type, looked up when the schema is built; dataclasses may not replace how it is looked up."""
        return self.resolve_type()

    @type.setter
    def type(self, _annotation: Any) -> None:
        pass

    @property
    def arguments(self) -> list[StrawberryArgument]:
        """The arguments, made when the schema is built: then all types are known."""
        if self._arguments is None:
            self._arguments = self.declared.arguments()
        return self._arguments

    @arguments.setter
    def arguments(self, value: list[StrawberryArgument]) -> None:
        self._arguments = value

    @property
    def is_basic_field(self) -> bool:
        return False

    def get_result(self, source: Any, info: Any, args: Any, kwargs: Any) -> Any:
        self.declared.admit(info.context.viewer, kwargs)
        return self.declared.resolve(source, info.context, self.python_name, kwargs)


def _annotation(declared: Any, table: type[Base], name: str) -> Any:
    """The type of a field; one that is refused to some can be null, which leaves the others whole."""
    found = declared.annotation(table, name)
    return f"{found} | None" if declared.allows and not found.endswith(" | None") else found


def definition_of(part: Any) -> Any:
    """The declaration behind a part of the schema; None for what GraphQL itself defines."""
    return part.extensions.get(DEFINITION)


def declared_of(field: GraphQLField) -> DeclaredField | None:
    """The declaration behind a field of the schema; None for what GraphQL itself defines."""
    found: DeclaredField | None = definition_of(field)
    return found


def fields_of(declared: Any) -> list[Any]:
    """The fields of a class that Strawberry has made a type."""
    found: list[Any] = declared.__strawberry_definition__.fields
    return found


def enumeration(kind: type[Enum]) -> Any:
    """An enumeration of the graph, with its docstring and the meanings of its members as descriptions."""
    if not hasattr(kind, "__strawberry_definition__"):
        strawberry.enum(kind, description=kind.__doc__)
        for value in kind.__strawberry_definition__.values:  # type: ignore[attr-defined]
            value.description = getattr(kind[value.name], "meaning", None)
            value.deprecation_reason = getattr(kind[value.name], "deprecation", None)
    return kind


def union_type(name: str, description: str, members: Iterable[str]) -> None:
    """Make a union of the types with these names. They are looked up when the schema is built."""
    annotations = tuple(StrawberryAnnotation(member, namespace=TYPES) for member in members)
    TYPES[name] = StrawberryUnion(name, annotations, description=description)


def _without_suggestions(type_: GraphQLEnumType) -> Callable[..., Any]:
    """How a value becomes one of an enumeration. To look for names like a text of a megabyte takes 30 ms, and what is
    suggested is ours: see `graphql_schema.execution.misfits`.
    """
    coerce = type_.coerce_input_value
    return lambda value, *_: coerce(value, hide_suggestions=True)
