"""The difference of two texts: by lines first, and by words only inside the lines that changed."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate

from db.texts.matching import Match, joined, matches, tells
from db.texts.places import Text

WORDS = re.compile(r"\w+|\n|[^\S\n]+|[^\w\s]")


class Difference:
    """The change from one text to another. All that takes long is done where it is made."""

    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = Text(old), Text(new)
        self.lines = matches(self.old.lines, self.new.lines)
        """The lines that are the same in both, in their order."""
        self._telling = list(filter(self._is_telling, self.lines))
        self.kept = list(joined(self._kept()))
        """The characters that are the same in both, by their offsets, in their order."""
        self._starts = [match.old for match in self.kept]
        self._new_starts = [match.new for match in self.kept]
        self._telling_starts = [match.old for match in self._telling]

    def _kept(self) -> Iterator[Match]:
        old, new = self.old, self.new
        start = new_start = 0
        for match in [*self._telling, Match(len(old.lines), len(new.lines), 0)]:
            end, new_end = old.start(match.old), new.start(match.new)
            yield from _words(old.content, new.content, start, end, new_start, new_end)
            start, new_start = old.start(match.old + match.length), new.start(match.new + match.length)
            # The last line of a text has no end, so the one may have a character less than the other.
            yield Match(end, new_end, min(start - end, new_start - new_end))

    def _is_telling(self, match: Match) -> bool:
        """Whether there is a word in lines. Empty ones are like all others: they are left to the words around them."""
        lines = self.old.lines[match.old : match.old + match.length]
        return any(map(tells, lines))

    def shift(self, first: int, last: int) -> int | None:
        """How far down lines of the old text are in the new one, where all of them are in both, and not at the end."""
        at = bisect_right(self._telling_starts, first) - 1
        if at < 0 or last >= min(self._telling[at].old + self._telling[at].length, len(self.old.lines) - 1):
            return None
        return self._telling[at].new - self._telling[at].old

    def stretch(self, start: int, end: int) -> tuple[int, int, int]:
        """Where a stretch of the old text is in the new one, and how many of its characters are kept.

        It reaches from the first that is kept to the last, and what was written instead of those before it or behind it
        belongs to it. One of which nothing is kept is where it was.
        """
        at = self._before(start)
        if at < 0 or self._end(at)[0] <= start:
            at += 1
        until = bisect_left(self._starts, end)
        if at >= until:
            there = self._there(start)
            return there, there, 0
        kept = sum(match.length for match in self.kept[at:until])
        first, (last, new_end) = self.kept[at], self._end(until - 1)
        new_start = first.new + start - first.old
        if start < first.old:
            before, new_before = self._end(at - 1)
            new_start = new_before if before == start else first.new
        if last > end:
            new_end -= last - end
        elif last < end and self._start(until)[0] == end:
            new_end = self._start(until)[1]
        return new_start, new_end, kept - max(0, start - first.old) - max(0, last - end)

    def keeps(self, offset: int) -> bool:
        """Whether a character beside a place of the old text is kept. The ends of the text are."""
        at = self._before(offset)
        return offset in (0, len(self.old.content)) or (at >= 0 and offset <= self._end(at)[0])

    def is_new(self, start: int, end: int) -> bool:
        """Whether something in a stretch of the new text, or between two of its characters, was not there before."""
        at = bisect_right(self._new_starts, start) - 1
        return at < 0 or end > self.kept[at].new + self.kept[at].length

    def _start(self, number: int) -> tuple[int, int]:
        """Where a match starts in both texts; behind the last one, where they end."""
        whole = len(self.old.content), len(self.new.content)
        return self.kept[number][:2] if number < len(self.kept) else whole

    def _end(self, number: int) -> tuple[int, int]:
        """Where a match ends in both texts; before the first one, where they start."""
        if number < 0:
            return 0, 0
        match = self.kept[number]
        return match.old + match.length, match.new + match.length

    def _before(self, offset: int) -> int:
        """The number of the last match that starts at an offset of the old text or before it; -1 for none."""
        return bisect_right(self._starts, offset) - 1

    def _there(self, offset: int) -> int:
        """Where in the new text a place of the old one is: behind the last that is kept before it."""
        if offset == len(self.old.content):
            return len(self.new.content)
        at = self._before(offset)
        end, new_end = self._end(at)
        return new_end - max(0, end - offset) if at >= 0 else 0


def _words(old: str, new: str, start: int, end: int, new_start: int, new_end: int) -> Iterator[Match]:
    """The words that are the same in a part of both texts, by the offsets of their characters."""
    if start == end or new_start == new_end:
        return
    # One by one, as the interpreter is given to others in between.
    one = [found.group() for found in WORDS.finditer(old, start, end)]
    other = [found.group() for found in WORDS.finditer(new, new_start, new_end)]
    places, new_places = ([0, *accumulate(map(len, words))] for words in (one, other))
    for match in matches(one, other):
        at = places[match.old]
        yield Match(start + at, new_start + new_places[match.new], places[match.old + match.length] - at)
