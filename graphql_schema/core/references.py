"""Objects that payloads and events name by their keys, one or a list of them, to be read by one statement."""

from dataclasses import dataclass, replace
from typing import Any

from db import read
from db.base import Base
from graphql_schema.core import tree
from graphql_schema.core.arguments import Given, length_of
from graphql_schema.core.context import Context
from graphql_schema.core.fields import Field
from graphql_schema.core.roots import by_key
from graphql_schema.core.selected import Selected


@dataclass(frozen=True)
class Reference(Field):
    """An object that a payload or an event names by its key, read under the viewer's own access rule."""

    child: type[Base]

    def annotation(self, table: type[Base], name: str) -> Any:
        return f"{self.child.__name__} | None"

    def lower(self, at: Selected) -> tree.Node:
        return tree.Row(by_key(self.child), at.object(), at.given(), payload=at.name)

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        key = source.get(name)
        return await context.load(read.by_id, self.child, key=key) if key else None


@dataclass(frozen=True)
class References(Field):
    """Objects that a payload names by their keys, in its order, each read like a `Reference`.

    There are `most` of them at most, or as many as the list of this name in the input has.
    """

    child: type[Base]
    most: int | str

    def annotation(self, table: type[Base], name: str) -> Any:
        return f"list[{self.child.__name__} | None] | None"

    def lower(self, at: Selected) -> tree.Node:
        return tree.Row(
            by_key(self.child),
            at.object(),
            at.given(self.most if isinstance(self.most, int) else 1),
            payload=at.name,
            is_many=True,
        )

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        keys = source.get(name)
        return keys if keys is None else [context.load(read.by_id, self.child, key=key) for key in keys]


def references(table: type[Base], description: str, *, most: int | str) -> References:
    """Rows that a mutation returns, in its order: `most`, or as many as the list of this name in its input has.

    >>> lessons = references(tables.Lesson, "The lessons that were added, in their order.", most="lessons")
    """
    null = "Null when the mutation was refused; null in it stands for one that you may not see."
    return References(f"{description} {null}", table, most)


def sized(member: tree.Member, at: Selected) -> tree.Member:
    """A list of a payload, as long as the list of the input is that it says."""
    match member.node:
        case tree.Row(given=Given(declared=References(most=str(name))) as given) as row:
            sized = replace(given, size=length_of(at.node, f"input.{name}"))
            return replace(member, node=replace(row, given=sized))
    return member
