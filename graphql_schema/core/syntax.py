"""The syntax of GraphQL, looked through."""

from collections.abc import Iterator
from typing import Any, TypeVar

from graphql import Node

N = TypeVar("N", bound=Node)


def nodes_in(top: Node, kind: type[N]) -> Iterator[N]:
    """The nodes of a kind in a piece of a document, itself included, in their order."""
    left: list[Any] = [top]
    while left:
        match left.pop():
            case Node() as node:
                if isinstance(node, kind):
                    yield node
                left += [getattr(node, key) for key in reversed(node.keys)]
            case list() | tuple() as several:
                left += reversed(several)
