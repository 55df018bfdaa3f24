"""The contents of a payload or an event: the keys of rows that it names, and the values that Python has already."""

from collections.abc import Mapping
from typing import Any

from graphql import is_leaf_type, is_list_type, is_non_null_type

from graphql_schema.core.tree import Constant, Member, Python, Row

Payload = Mapping[str, Any]


def key_in(row: Row, payload: Payload) -> Any:
    """The key of a row that a payload names, or the keys of several; None where it names none."""
    assert row.payload
    return payload.get(row.payload)


def plain(member: Member, source: Any) -> Any:
    """The value of a field of `source`, a payload or what is in it, with all that is selected below, ready for JSON."""
    if isinstance(member.node, Constant):
        return member.node.value
    assert isinstance(member.node, Python)
    return _completed(member.node, member.type, member.node.field.value(source))


def _completed(node: Python, type_: Any, value: Any) -> Any:
    if is_non_null_type(type_):
        type_ = type_.of_type
    if value is None:
        return None
    if is_list_type(type_):
        return [_completed(node, type_.of_type, item) for item in value]
    if is_leaf_type(type_):
        return type_.coerce_output_value(value)
    assert node.body
    return {child.key: plain(child, value) for child in node.body.members}
