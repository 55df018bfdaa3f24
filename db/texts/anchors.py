"""Anchors: stretches of a text that stay with the words that they are about, whatever becomes of the text."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from db.tables.specs_enums import AnchorState
from db.texts.differences import Difference
from db.texts.places import Place, Text

LONGEST = 10_000
"""Characters that an anchor quotes at most."""
SURROUNDINGS = 32
"""Characters that an anchor knows of what is before its words, and behind them."""
TELLING = 4
"""Characters that words have at least to be looked for by themselves: shorter ones are with what surrounds them."""
ENOUGH = 16
"""Characters, of the words and of what surrounds them, that agree at least where the words are found again."""
PLACES = 100
"""Places that are looked at for words that a text has many times."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The stretch from `start` to `end` of a text as it is now, and what was there when the anchor was made."""

    start: int
    end: int
    original: Place
    quote: str
    before: str
    after: str
    state: AnchorState = AnchorState.EXACT


def anchor(text: Text, start: int, end: int) -> Anchor:
    """An anchor of this stretch of a text."""
    content = text.content
    around = content[max(0, start - SURROUNDINGS) : start], content[end : end + SURROUNDINGS]
    return Anchor(start, end, text.place(start), content[start:end], *around)


def carried(one: Anchor, difference: Difference) -> Anchor:
    """The anchor in the new text.

    It is where its characters are, if half of them are kept. Otherwise, and where they read differently, its quote is
    looked for in what is new: words that were moved or brought back are. What is found nowhere keeps its place.
    """
    start, end, kept = difference.stretch(one.start, one.end)
    if one.state is AnchorState.OUTDATED or end - start > LONGEST:
        is_kept = False
    else:
        is_kept = 2 * kept >= one.end - one.start if one.end > one.start else difference.keeps(one.start)
    if not is_kept or difference.new.content[start:end] != one.quote:
        again = _found(one, difference, near=start)
        if again is None:
            state = AnchorState.MOVED if is_kept else AnchorState.OUTDATED
            return replace(one, start=start, end=end if is_kept else start, state=state)
        start, end = again, again + len(one.quote)
    is_same = difference.new.place(start) == one.original
    return replace(one, start=start, end=end, state=AnchorState.EXACT if is_same else AnchorState.MOVED)


def _found(one: Anchor, difference: Difference, *, near: int) -> int | None:
    """Where in what is new in a text the words of an anchor are: where most around them agrees, and next to a place."""
    words, skipped = one.quote, 0
    if len(words.strip()) < TELLING:
        words, skipped = one.before + one.quote + one.after, len(one.before)
    new, best = difference.new.content, (0, 0, -1)
    for at in islice(_occurrences(words, new), PLACES):
        if difference.is_new(at, at + len(words)):
            start = at + skipped
            best = max(best, (_agreement(one, new, start), -abs(start - near), start))
    agreed, _, start = best
    return start if agreed >= min(ENOUGH, len(one.before + one.quote + one.after)) and start >= 0 else None


def _occurrences(words: str, text: str) -> Iterator[int]:
    at = text.find(words) if words else -1
    while at >= 0:
        yield at
        at = text.find(words, at + 1)


def _agreement(one: Anchor, text: str, start: int) -> int:
    """How many characters of an anchor are at a place of a text that has its words, what surrounds them included."""
    end = start + len(one.quote)
    before, after = text[max(0, start - SURROUNDINGS) : start], text[end : end + SURROUNDINGS]
    return len(one.quote) + _alike(before[::-1], one.before[::-1]) + _alike(after, one.after)


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with that are the same."""
    differing = (number for number, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1])
    return next(differing, min(len(one), len(other)))
