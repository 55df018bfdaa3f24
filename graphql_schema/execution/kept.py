"""The answer to a mutation as it is kept under an idempotency key, and as it is told again.

It is three lines of JSON: the payloads of the fields, which name rows by their keys; the sequences of the topics that
were moved; and what was selected of the payloads.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from orjson import Fragment, dumps, loads

from graphql_schema.core.changes import OneStatement
from graphql_schema.core.tree import Constant, Member, Python
from graphql_schema.execution.answering import Answering
from graphql_schema.execution.answers import Answer
from graphql_schema.execution.payloads import Payload
from graphql_schema.execution.plan import references

GAP = "\1"
"""Stands for what PostgreSQL knows first. No JSON has such a character in it: there it is escaped."""


def written(payloads: Mapping[str, Payload], found: Mapping[str, Any], moved: bytes) -> bytes:
    """The text that is kept."""
    return b"\n".join([dumps(payloads, default=str), moved, dumps(found)])


async def pieces(answering: Answering, member: Member) -> list[str]:
    """The text that is kept of a field that one statement does and shows, with a gap between any two pieces for each
    key and each JSON that the statement answers with. The first of these is that of what was moved.
    """
    node = member.node
    assert isinstance(node, Python)
    assert isinstance(node.field, OneStatement)
    assert node.given
    input = node.given.values(answering.operation.variables)["input"]
    keys, rows = len(node.field.change.shows), len(references(member))
    payload = node.field.shown(input, [Fragment(GAP)] * keys + [GAP] * rows)
    found = whole(answering, member, await answering.show(member, payload))
    return written({member.key: payload}, found, GAP.encode()).decode().split(GAP)


def whole(answering: Answering, member: Member, found: Any) -> dict[str, Any]:
    """The data of an operation of one field, and constants around it."""
    members = answering.operation.plan.members
    return {one.key: found if one is member else constant(one) for one in members}


def constant(member: Member) -> Any:
    """The value of a field that the schema answers."""
    assert isinstance(member.node, Constant)
    return member.node.value


async def repeated(answering: Answering, kept: bytes) -> Answer:
    """The answer of before; a viewer who sees less by now gets what was done as they see it now, and is told of what
    cannot be read at this moment.
    """
    payloads, moved, then = kept.split(b"\n", 2)
    answering.context.note_moved(moved)
    now = dict[str, Any]()
    for member in answering.operation.plan.members:
        if isinstance(member.node, Constant):
            now[member.key] = member.node.value
        else:
            now[member.key] = await answering.show(member, _restored(member, loads(payloads)[member.key]))
    answer = answering.answer(now)
    is_less = "errors" in answer or _hides(loads(dumps(answer["data"])), loads(then))
    return answer if is_less else {"data": Fragment(then)}


def _restored(member: Member, payload: Payload) -> Payload:
    """A payload that was kept: the keys of the objects that it names are texts there."""
    keys = {row.payload for _, row in references(member)}
    return {name: _key(value) if name in keys else value for name, value in payload.items()}


def _key(text: Any) -> Any:
    """The key, or the keys, that a text, or a list of texts, stands for."""
    return list(map(_key, text)) if isinstance(text, list) else text and UUID(text)


def _hides(now: Any, then: Any) -> bool:
    """Whether something is null or not listed any more."""
    if isinstance(now, dict) and isinstance(then, dict):
        return any(_hides(now[key], value) for key, value in then.items() if key in now)
    if isinstance(now, list) and isinstance(then, list):
        return len(now) < len(then) or any(map(_hides, now, then))
    return now is None and then is not None
