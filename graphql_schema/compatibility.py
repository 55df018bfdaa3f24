"""Breaking changes: the fields, arguments and values that an older version had, and may lose only once they were
deprecated there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    BreakingChangeType,
    DangerousChangeType,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    assert_valid_schema,
    build_schema,
    find_schema_changes,
    get_named_type,
)

REMOVED = "Mark it as deprecated, and remove it a release later."
REQUIRED = "Make it optional, or give it a default."
CHANGED = "Declare another beside it, and mark this one as deprecated."
OTHERWISE = "Clients rely on it: leave it as it was."
ADVICE = {
    BreakingChangeType.FIELD_REMOVED: REMOVED,
    BreakingChangeType.ARG_REMOVED: REMOVED,
    BreakingChangeType.VALUE_REMOVED_FROM_ENUM: REMOVED,
    BreakingChangeType.TYPE_REMOVED: "Mark all that leads to it as deprecated, and remove it a release later.",
    BreakingChangeType.REQUIRED_ARG_ADDED: REQUIRED,
    BreakingChangeType.REQUIRED_INPUT_FIELD_ADDED: REQUIRED,
    BreakingChangeType.FIELD_CHANGED_KIND: CHANGED,
    BreakingChangeType.ARG_CHANGED_KIND: CHANGED,
}


@dataclass(frozen=True, slots=True)
class SchemaChanges:
    """The changes between two versions, each with its coordinate in the schema: those that break clients, and those
    that may surprise them.
    """

    breaking: list[str]
    dangerous: list[str]


def changes(old: str, new: str) -> SchemaChanges:
    """The changes from the first schema to the second for clients of the first, both in SDL.

    Raises GraphQLError or TypeError for a text that is no SDL of a schema; an empty one would forbid nothing.
    """
    before, now = build_schema(old), build_schema(new)
    assert_valid_schema(before)
    _forget_what_was_announced(before, now)
    found = find_schema_changes(before, now)
    return SchemaChanges(
        [
            f"{it.description} {ADVICE.get(it.type, OTHERWISE)}"
            for it in found
            if isinstance(it.type, BreakingChangeType)
        ],
        [it.description for it in found if isinstance(it.type, DangerousChangeType)],
    )


def _forget_what_was_announced(old: GraphQLSchema, new: GraphQLSchema) -> None:
    """Take out of the old schema what was deprecated in it and is gone, with the types that nothing else led to."""
    led_to = _reachable(old)
    for name, type_ in old.type_map.items():
        for members, left in _members(type_, new.type_map.get(name)):
            for gone in [key for key, it in members.items() if it.deprecation_reason is not None and key not in left]:
                del members[gone]
    for name in led_to - _reachable(old) - new.type_map.keys():
        del old.type_map[name]


def _members(type_: Any, now: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The members of a type that can be deprecated, each with its counterpart of now: values or fields, and their
    arguments.
    """
    kind = "values" if isinstance(type_, GraphQLEnumType) else "fields"
    members, left = getattr(type_, kind, {}), getattr(now, kind, {})
    yield members, left
    for name, member in members.items():
        yield getattr(member, "args", {}), getattr(left.get(name), "args", {})


def _reachable(schema: GraphQLSchema) -> set[str]:
    """The names of the types that a way from the roots leads to. That `node(id:)` may answer with one is no way."""
    found = set[str]()
    waiting: list[Any] = [schema.query_type, schema.mutation_type, schema.subscription_type]
    while waiting:
        type_ = waiting.pop()
        if type_ and type_.name not in found:
            found.add(type_.name)
            waiting += _next(type_)
    return found


def _next(type_: Any) -> Iterator[Any]:
    match type_:
        case GraphQLUnionType():
            yield from type_.types
        case GraphQLObjectType() | GraphQLInterfaceType():
            yield from type_.interfaces
            for field in type_.fields.values():
                yield get_named_type(field.type)
                yield from (get_named_type(argument.type) for argument in field.args.values())
        case GraphQLInputObjectType():
            yield from (get_named_type(field.type) for field in type_.fields.values())
