"""Inputs that are lists: how many items may come, and what becomes of the others when one cannot be done."""

from collections.abc import Sequence
from typing import TypeVar

from db.enums import Words
from db.errors import BadInput, Refusal, Refusals
from db.write import Work
from graphql_schema.core.strawberry_seam import enumeration

Item = TypeVar("Item")

LARGEST_INPUT = 100


class OnError(Words):
    """A policy for the other items of a list when one cannot be done. The errors name every such item."""

    ALL_OR_NOTHING = "ALL_OR_NOTHING", "Nothing is done."
    SKIP = "SKIP", "The others are done."


enumeration(OnError)


def check_size(items: Sequence[object], *, at: str) -> None:
    """Raise BadInput for more items than one mutation takes."""
    if len(items) > LARGEST_INPUT:
        raise BadInput(f"Send at most {LARGEST_INPUT} at a time.", at=at)


def accepted(work: Work, items: Sequence[Item | Refusal], on_error: OnError) -> list[Item]:
    """The items that are no refusals. The refusals are told; unless they may be skipped, that is all that is done."""
    refusals = [item for item in items if isinstance(item, Refusal)]
    if refusals and on_error is OnError.ALL_OR_NOTHING:
        raise Refusals(refusals)
    for refusal in refusals:
        work.refuse(refusal)
    return [item for item in items if not isinstance(item, Refusal)]
