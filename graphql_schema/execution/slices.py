"""Stretches of a page: a directive that no client can send says which items of a list are asked for.

The page is the same for every stretch of it, and so are its cursors, its borders and its total.
"""

from graphql import ArgumentNode, DirectiveNode, FieldNode, IntValueNode, NameNode

SLICE = "slice"

Stretch = tuple[int, int | None]
"""The places of the first item and of the one behind the last, from 0; None where there is no end."""


def sliced(stretch: Stretch) -> DirectiveNode:
    """The directive for a stretch of a list."""
    given = {name: place for name, place in zip(("start", "stop"), stretch, strict=True) if place is not None}
    values = [ArgumentNode(name=NameNode(value=name), value=IntValueNode(value=str(n))) for name, n in given.items()]
    return DirectiveNode(name=NameNode(value=SLICE), arguments=tuple(values))


def stretch_of(field: FieldNode) -> Stretch:
    """The stretch that is asked for; all of the list where nothing is said."""
    for directive in field.directives or ():
        if directive.name.value == SLICE:
            given = {argument.name.value: int(argument.value.value) for argument in directive.arguments or ()}  # type: ignore[attr-defined]
            return given["start"], given.get("stop")
    return 0, None
