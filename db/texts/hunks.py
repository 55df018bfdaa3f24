"""The difference of two texts as people read it: the lines that changed, with a few around them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

from db.enums import Words
from db.texts.differences import Difference
from db.texts.matching import Match, Stretch

AROUND = 3
"""Lines that are shown before a change and behind it."""
MOST = 2_000
"""Lines that are shown of a difference."""


class LineKind(Words):
    """The texts that a line is in."""

    SAME = "SAME", "It is in both texts."
    REMOVED = "REMOVED", "It is in the older text alone."
    ADDED = "ADDED", "It is in the newer text alone."


@dataclass(frozen=True, slots=True)
class Line:
    """A line of one of the texts, or of both."""

    kind: LineKind
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """Changes next to each other: where they are in both texts, and their lines."""

    from_line: int
    to_line: int
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Shown:
    """A difference in hunks; not whole if there are more lines than are shown."""

    additions: int
    deletions: int
    hunks: list[Hunk]
    is_whole: bool


def shown(old: str, new: str) -> Shown:
    """The difference of two texts in hunks."""
    difference = Difference(old, new)
    changes = list(_changes(difference))
    found, left = list[Hunk](), MOST
    groups = list(_groups(changes))
    for group in groups:
        first, lines = group[0], list(islice(_lines(difference, group), left))
        if lines:
            before = min(AROUND, first.old, first.new)
            found.append(Hunk(first.old - before, first.new - before, lines))
        left -= len(lines)
    additions = sum(change.new_end - change.new for change in changes)
    deletions = sum(change.old_end - change.old for change in changes)
    return Shown(additions, deletions, found, is_whole=left > 0)


def _changes(difference: Difference) -> Iterator[Stretch]:
    """The lines between those that are the same."""
    ends = Match(0, 0, 0), Match(len(difference.old.lines), len(difference.new.lines), 0)
    for one, other in pairwise((ends[0], *difference.lines, ends[1])):
        change = Stretch(one.old + one.length, other.old, one.new + one.length, other.new)
        if change.old < change.old_end or change.new < change.new_end:
            yield change


def _groups(changes: list[Stretch]) -> Iterator[list[Stretch]]:
    """Changes in groups, where what is around them would touch."""
    group: list[Stretch] = []
    for change in changes:
        if group and change.old - group[-1].old_end > 2 * AROUND:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _lines(difference: Difference, group: list[Stretch]) -> Iterator[Line]:
    """The lines of a group, with those around and between its changes."""
    old, new = difference.old.lines, difference.new.lines
    at = group[0].old - min(AROUND, group[0].old, group[0].new)
    for change in group:
        yield from (Line(LineKind.SAME, text) for text in old[at : change.old])
        yield from (Line(LineKind.REMOVED, text) for text in old[change.old : change.old_end])
        yield from (Line(LineKind.ADDED, text) for text in new[change.new : change.new_end])
        at = change.old_end
    behind = min(AROUND, len(old) - at, len(new) - group[-1].new_end)
    yield from (Line(LineKind.SAME, text) for text in old[at : at + behind])
