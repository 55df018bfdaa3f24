"""Incremental delivery: the parts that `@defer` and `@stream` ask for, and the tree cut into them.

Source: GraphQL specification, draft of incremental delivery, `@defer` and `@stream`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    Node,
    Visitor,
    visit,
)
from graphql.language import REMOVE

from graphql_schema.core import tree
from graphql_schema.core.syntax import nodes_in
from graphql_schema.core.tree import Choice, Constant, Each, List, Member, Object, Part, Row

DIRECTIVES = {"defer", "stream"}
MARK = "__later_{}"
"""The key that shows, in what comes before, to which objects the part with a number belongs."""
MAX_PARTS = 16
"""Each is a statement that finds its way anew. What is deferred beyond comes with what is around it."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step on the way down an answer. Where it leads to a list, the first item there has the index `start`."""

    name: str
    start: int = 0


Way = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Deferred:
    """A part that is answered later, with the way to the objects that it belongs to.

    `items` is the list of such an object that goes on, and at which index; None for a fragment.
    """

    number: int
    label: str | None
    way: Way
    items: Step | None


def cut(whole: Object, parts: Iterable[Deferred]) -> dict[Deferred | None, Object]:
    """Cut a tree into what is answered first, under None, and what with each part, those around others before these.

    A part that brings nothing is none.
    """
    later: dict[Deferred, Object] = {}
    for part in sorted(parts, key=lambda part: -part.number):
        if left := _left(whole, part.number, [one.number for one in later]):
            later[part] = left
    first = _left(whole, None, [one.number for one in later])
    return {None: first or replace(whole, members=()), **dict(reversed(later.items()))}


def _left(node: Any, part: int | None, marked: Collection[int]) -> Any:
    """The share of a node that a part brings, or that comes at once, with the ways to it and marks for parts there."""
    match node:
        case Object(members=members, deferred=deferred):
            left = [one for member in members if (one := _left_of(member, part, marked))]
            begun = dict.fromkeys(one for one, around in deferred if around == part and one in marked)
            left += [Member(MARK.format(one), Constant(value=True)) for one in begun]
            return replace(node, members=tuple(left)) if left else None
        case Each(item=item):
            return (inner := _left(item, part, marked)) and replace(node, item=inner)
        case Row(body=body) | List(body=body) | Part(body=body):
            return (inner := _left(body, part, marked)) and replace(node, body=inner)
        case Choice(cases=cases):
            left_of = {table: _left(case, part, marked) for table, case in cases.items()}
            # A row of another table is there all the same: an object to which the part brings nothing.
            empty = {table: replace(case, body=replace(case.body, members=())) for table, case in cases.items()}
            kept = {table: left or empty[table] for table, left in left_of.items()}
            return replace(node, cases=kept) if any(left_of.values()) else None
    return node


def _left_of(member: Member, part: int | None, marked: Collection[int]) -> Member | None:
    if isinstance(member.node, tree.Python) or not any(tree.objects(member.node)):
        return member if part in member.parts else None
    if part is None and None not in member.parts:
        return None
    return (inner := _left(member.node, part, marked)) and replace(member, node=inner)


def at_once(document: DocumentNode) -> DocumentNode:
    """A document without its `@defer` and `@stream`."""
    without: DocumentNode = visit(document, _Undirected())
    return without


def directives_in(nodes: Iterable[Node], names: Collection[str]) -> list[DirectiveNode]:
    """The directives of these names in definitions."""
    return [one for node in nodes for one in nodes_in(node, DirectiveNode) if one.name.value in names]


class _Undirected(Visitor):
    def enter_directive(self, node: Any, *_: Any) -> Any:
        return REMOVE if node.name.value in DIRECTIVES else None
