"""Matches: what two sequences, of lines or of words, have in common in their order.

What stands once in both is found first, and splits them; what lies between is taken the same way, and exactly where it
is small. So it is linear in what is usual, bounded in what is not, and reads as people would have it: a line that
stands once is more telling than one of many that are empty.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

WORD = re.compile(r"\w")
SMALL = 250_000
"""The product of two lengths up to which the longest common sequence is found: a millisecond."""
PASSES = 24
"""How often the whole may be looked at: what is left then, of two sequences made to take long, counts as unlike."""


class Match(NamedTuple):
    """A stretch that is the same in both: where it starts in the one and in the other, and how long it is."""

    old: int
    new: int
    length: int


class Stretch(NamedTuple):
    """A part of both, by its bounds."""

    old: int
    old_end: int
    new: int
    new_end: int


def matches(old: Sequence[str], new: Sequence[str]) -> list[Match]:
    """The longest stretches that are the same in both, in their order."""
    return list(joined(sorted(_found(old, new))))


def tells(item: str) -> bool:
    """Whether there is a word in an item: empty lines, spaces and signs are like all others."""
    return WORD.search(item) is not None


def _found(old: Sequence[str], new: Sequence[str]) -> Iterator[Match]:
    left = PASSES * (len(old) + len(new))
    waiting = [Stretch(0, len(old), 0, len(new))]
    while waiting:
        whole = waiting.pop()
        before, inner, after = _trimmed(old, new, whole)
        yield from (before, after)
        olds, news = inner.old_end - inner.old, inner.new_end - inner.new
        left -= olds + news
        if not olds or not news or left < 0:
            continue
        if pairs := _pairs(old, new, inner):
            waiting += _between(pairs, inner)
        elif olds * news <= SMALL:
            yield from _longest(old, new, inner)


def _trimmed(old: Sequence[str], new: Sequence[str], at: Stretch) -> tuple[Match, Stretch, Match]:
    """The matches at both ends of a stretch, and the rest between them."""
    start, end, new_start, new_end = at
    while start < end and new_start < new_end and old[start] == new[new_start]:
        start, new_start = start + 1, new_start + 1
    while start < end and new_start < new_end and old[end - 1] == new[new_end - 1]:
        end, new_end = end - 1, new_end - 1
    before = Match(at.old, at.new, start - at.old)
    return before, Stretch(start, end, new_start, new_end), Match(end, new_end, at.old_end - end)


def _pairs(old: Sequence[str], new: Sequence[str], at: Stretch) -> list[tuple[int, int]]:
    """Where what stands once in both is, as many of them as are in the same order in both: what tells, if anything."""
    ours, theirs = Counter(old[at.old : at.old_end]), Counter(new[at.new : at.new_end])
    once = {item for item, number in ours.items() if number == 1 and theirs.get(item) == 1}
    once = set(filter(tells, once)) or once
    where = {item: place for place, item in enumerate(new[at.new : at.new_end], at.new) if item in once}
    return _rising(
        [(place, where[item]) for place, item in enumerate(old[at.old : at.old_end], at.old) if item in once]
    )


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of pairs whose second numbers rise."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        at = bisect_left(ends, place)
        before.append(last[at - 1] if at else -1)
        if at == len(ends):
            ends.append(place)
            last.append(number)
        else:
            ends[at], last[at] = place, number
    found = []
    number = last[-1] if last else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def _between(pairs: list[tuple[int, int]], at: Stretch) -> Iterator[Stretch]:
    """The stretches from one pair to the next. A pair begins the one behind it, where it is found to be the same."""
    starts = [(at.old, at.new), *pairs]
    for (start, new_start), (end, new_end) in zip(starts, [*pairs, (at.old_end, at.new_end)], strict=True):
        yield Stretch(start, end, new_start, new_end)


def _longest(old: Sequence[str], new: Sequence[str], at: Stretch) -> Iterator[Match]:
    """The longest common sequence of a small stretch."""
    for step in LCSseq.opcodes(old[at.old : at.old_end], new[at.new : at.new_end]):
        if step.tag == "equal":
            yield Match(at.old + step.src_start, at.new + step.dest_start, step.src_end - step.src_start)


def joined(found: Iterable[Match]) -> Iterator[Match]:
    """Matches in their order, without empty ones, and those that touch made one."""
    last = Match(0, 0, 0)
    for match in found:
        if match.old == last.old + last.length and match.new == last.new + last.length:
            last = Match(last.old, last.new, last.length + match.length)
        else:
            if last.length:
                yield last
            last = match
    if last.length:
        yield last
