"""Anchors as the columns of threads."""

from typing import Any, NamedTuple
from uuid import UUID

from db.tables.specs_enums import AnchorState
from db.texts.anchors import LONGEST, Anchor, anchor, carried
from db.texts.differences import Difference
from db.texts.places import Place, Text

PLACED = "line", "character", "end_line", "end_character", "anchor_state", "rewritten"
"""The columns of a thread that say where its words are today."""


class Thread(NamedTuple):
    """The columns of a thread by which its words are found in another text."""

    id: UUID | str
    line: int
    character: int
    end_line: int
    end_character: int
    anchor_state: AnchorState | str
    original_line: int
    original_character: int
    quote: str
    quote_before: str
    quote_after: str


def to_end_of_line(text: Text, start: int) -> int:
    """The end of a stretch that is given by its start alone: that of the line, if the stretch is not too long."""
    end = text.content.find("\n", start)
    return min(len(text.content) if end < 0 else end, start + LONGEST)


def anchored(text: Text, place: Place, *, version: int) -> dict[str, Any]:
    """The columns of a thread about a line of a text, from this place to its end."""
    start = text.starts[place.line] + place.character
    one = anchor(text, start, to_end_of_line(text, start))
    return now(one, text) | original(one, text, version)


def original(one: Anchor, text: Text, version: int) -> dict[str, Any]:
    """The columns of what a new anchor was made on, which stay as they are."""
    here = now(one, text)
    where = {f"original_{name}": here[name] for name in ("line", "character", "end_line", "end_character")}
    return where | {
        "document_version": version,
        "quote": one.quote,
        "quote_before": one.before,
        "quote_after": one.after,
    }


def moved(row: Thread, difference: Difference) -> dict[str, Any]:
    """The columns of where the words of a thread are in the new text."""
    shift = difference.shift(row.line, row.end_line)
    if shift is not None and row.anchor_state != AnchorState.OUTDATED:
        start, end = Place(row.line + shift, row.character), Place(row.end_line + shift, row.end_character)
        if difference.new.between(start, end) == row.quote:  # of most threads no more has to be known
            is_same = start == (row.original_line, row.original_character)
            return _columns(start, end, AnchorState.EXACT if is_same else AnchorState.MOVED, None)
    return now(carried(read(row, difference.old), difference), difference.new)


def now(one: Anchor, text: Text) -> dict[str, Any]:
    """The columns of what became of an anchor in this text."""
    start, end = text.place(one.start), text.place(one.end)
    reads = text.content[one.start : one.end]
    is_same = one.state is AnchorState.OUTDATED or reads == one.quote
    return _columns(start, end, one.state, None if is_same else reads)


def read(row: Thread, text: Text) -> Anchor:
    """The anchor of a thread in the text of today."""
    return Anchor(
        text.nearest(Place(row.line, row.character)),
        text.nearest(Place(row.end_line, row.end_character)),
        Place(row.original_line, row.original_character),
        row.quote,
        row.quote_before,
        row.quote_after,
        AnchorState[row.anchor_state],
    )


def _columns(start: Place, end: Place, state: AnchorState, rewritten: str | None) -> dict[str, Any]:
    return dict(zip(PLACED, (*start, *end, state, rewritten), strict=True))
