"""Inputs that are lists: how many items may come, and what becomes of the others when one cannot be done."""

from collections.abc import Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar

import strawberry

from db.enums import Words
from db.errors import BadInput, Refusal, Refusals
from db.write import Work
from graphql_schema.core.inputs import below, items_in
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import LONGEST

Item = TypeVar("Item")

LARGEST_INPUT = 100
MOST = "most"


class OnError(Words):
    """A policy for the other items of a list when one cannot be done. The errors name every such item."""

    ALL_OR_NOTHING = "ALL_OR_NOTHING", "Nothing is done."
    SKIP = "SKIP", "The others are done."


enumeration(OnError)


def items(
    description: str, *, most: int = LARGEST_INPUT, longest: int | None = None, default_factory: Any = MISSING
) -> Any:
    """A list in an input, of so many items at most, those of lists in its items counted too. If the items are texts,
    each has at most `longest` characters.

    >>> members: list[ProjectMemberInput] = items("Who works on it beside you.", default_factory=list)
    """
    described = f"{description} {bounds(most, longest)}"
    metadata = {MOST: most, LONGEST: longest}
    return strawberry.field(description=described, default_factory=default_factory, metadata=metadata)


def bounds(most: int, longest: int | None) -> str:
    """The words for how many items a list has at most, and how long each may be."""
    return f"At most {most:,}, of at most {longest:,} characters each." if longest else f"At most {most:,}."


def check_items(*inputs: Any) -> None:
    """Raise BadInput for a list in inputs that has more items than it may have."""
    for input in inputs:
        _count(input, "")


def _count(input: Any, at: str) -> int:
    """How many items the lists of an input object have, and the lists in these; raises BadInput for too many."""
    found = 0
    for field in fields(input):
        value, place = getattr(input, field.name), below(at, field.name)
        inner = sum(_count(item, way) for way, item in items_in(value, place) if is_dataclass(item))
        number = inner + len(value) if isinstance(value, list) else inner
        if number > field.metadata.get(MOST, number):
            raise BadInput(f"Send at most {field.metadata[MOST]:,} at a time.", at=place)
        found += number
    return found


def accepted(work: Work, items: Sequence[Item | Refusal], on_error: OnError) -> list[Item]:
    """The items that are no refusals. The refusals are told; unless they may be skipped, that is all that is done."""
    refusals = [item for item in items if isinstance(item, Refusal)]
    if refusals and on_error is OnError.ALL_OR_NOTHING:
        raise Refusals(refusals)
    for refusal in refusals:
        work.refuse(refusal)
    return [item for item in items if not isinstance(item, Refusal)]
