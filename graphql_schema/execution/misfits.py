"""The errors of a value that does not fit its type: where, what is expected there, and what kind of value is it.

What graphql-core says repeats the value, which may be a password, and the words of Python. Nothing that was sent is
repeated here but the names on the way to what is wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import isinf
from typing import Any, NamedTuple

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    is_required_input_field,
)
from graphql.pyutils import did_you_mean, suggestion_list

from graphql_schema.core.scalars import FORMS

KINDS: dict[type, str] = {
    **dict.fromkeys((type(None), NullValueNode), "null"),
    **dict.fromkeys((bool, BooleanValueNode), "a Boolean"),
    **dict.fromkeys((int, float, IntValueNode, FloatValueNode), "a number"),
    **dict.fromkeys((str, StringValueNode), "a text"),
    **dict.fromkeys((list, ListValueNode), "a list"),
    **dict.fromkeys((dict, ObjectValueNode), "an object"),
    EnumValueNode: "a name",
}
"""The names of values of JSON, and of documents."""
LONGEST_NAME = 100
"""Characters of a name that is repeated, or compared with others."""

Path = tuple[str | int, ...]


class Misfit(NamedTuple):
    """Something that is wrong with a value, at a path in it; `node` is the place in the document if it has one."""

    path: Path
    reason: str
    node: ValueNode | None


def misfits(value: Any, type_: Any, path: Path = ()) -> Iterator[Misfit]:
    """All that is wrong with a value of JSON, or in a document. Where variables stand there it is not looked at."""
    if isinstance(type_, GraphQLNonNull):
        if _is_null(value):
            yield _misfit(value, type_, path)
        type_ = type_.of_type
    if _is_null(value) or isinstance(value, VariableNode):
        return
    if isinstance(type_, GraphQLList):
        items = value.values if isinstance(value, ListValueNode) else value if isinstance(value, list) else None
        for step, one in [((), value)] if items is None else [((index,), one) for index, one in enumerate(items)]:
            yield from misfits(one, type_.of_type, (*path, *step))
    elif isinstance(type_, GraphQLInputObjectType):
        yield from _of_object(value, type_, path)
    elif not _fits(value, type_):
        yield _misfit(value, type_, path)


def way(name: str, path: Path) -> str:
    """The way to what is wrong with the value of an argument or a variable: `input.members.0.role`."""
    return ".".join([name, *(f"{step}" if isinstance(step, int) else named(step) for step in path)])


def shown(path: Path) -> str:
    """Where in a value something is, as graphql-core writes it: ` at .members[0].role`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{named(step)}" for step in path)
    return f" at {''.join(steps)}" if path else ""


def named(name: str) -> str:
    """A name as a message repeats it: what is none could be anything."""
    return name if len(name) <= LONGEST_NAME and name.isidentifier() and name.isascii() else "…"


def _of_object(value: Any, type_: GraphQLInputObjectType, path: Path) -> Iterator[Misfit]:
    members = _members(value)
    if members is None:
        yield _misfit(value, type_, path)
        return
    node = _node(value)
    for name, field in type_.fields.items():
        if name in members:
            yield from misfits(members[name], field.type, (*path, name))
        elif is_required_input_field(field):
            yield Misfit(path, f"The field '{name}' of '{type_}' is required.", node)
    for name in members:
        if name not in type_.fields:
            hint = _hint(name, list(type_.fields))
            yield Misfit((*path, name), f"'{type_}' has no field '{named(name)}'.{hint}", node)
    if type_.is_one_of and (len(members) != 1 or any(map(_is_null, members.values()))):
        yield Misfit(path, f"Exactly one field of '{type_}' must be given.", node)


def _misfit(value: Any, type_: Any, path: Path) -> Misfit:
    form = f" ({FORMS[type_.name]})" if getattr(type_, "name", None) in FORMS else ""
    text = value.value if isinstance(value, EnumValueNode) else value
    hint = _hint(text, list(type_.values)) if isinstance(type_, GraphQLEnumType) and isinstance(text, str) else ""
    return Misfit(path, f"Expected '{type_}'{form}, found {KINDS[type(value)]}.{hint}", _node(value))


def _hint(name: str, names: Sequence[str]) -> str:
    return did_you_mean(suggestion_list(name, names)) if len(name) <= LONGEST_NAME else ""


def _fits(value: Any, type_: Any) -> bool:
    try:
        found = _coerced(value, type_)
    except Exception:  # noqa: BLE001  (whatever a scalar raises, the value is none of its values)
        return False
    # graphql-core takes `1e999` in a document for a Float, which becomes infinite.
    return found is not Undefined and not (isinstance(found, float) and isinf(found))


def _coerced(value: Any, type_: Any) -> Any:
    if not isinstance(value, ValueNode):
        return type_.coerce_input_value(value)
    if type_.coerce_input_literal is not None:
        return type_.coerce_input_literal(value)
    return type_.parse_literal(value)


def _is_null(value: Any) -> bool:
    return value is None or isinstance(value, NullValueNode)


def _members(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, ObjectValueNode):
        return {field.name.value: field.value for field in value.fields}
    return value if isinstance(value, dict) else None


def _node(value: Any) -> ValueNode | None:
    return value if isinstance(value, ValueNode) else None
