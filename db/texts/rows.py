"""Anchors as the columns of threads."""

from typing import Any

from db.tables.specs_enums import AnchorState
from db.texts.anchors import LONGEST, Anchor, anchor
from db.texts.places import Place, Text


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


def now(one: Anchor, text: Text) -> dict[str, Any]:
    """The columns of what became of an anchor in this text."""
    start, end = text.place(one.start), text.place(one.end)
    reads = text.content[one.start : one.end]
    is_same = one.state is AnchorState.OUTDATED or reads == one.quote
    return {
        "line": start.line,
        "character": start.character,
        "end_line": end.line,
        "end_character": end.character,
        "anchor_state": one.state,
        "rewritten": None if is_same else reads,
    }


def read(row: Any, text: Text) -> Anchor:
    """The anchor of a thread in the text of today."""
    return Anchor(
        text.nearest(Place(row.line, row.character)),
        text.nearest(Place(row.end_line, row.end_character)),
        Place(row.original_line, row.original_character),
        row.quote,
        row.quote_before,
        row.quote_after,
        row.anchor_state,
    )
