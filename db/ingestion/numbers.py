"""Ranges of missing numbers: GitHub counts the issues, pull requests and discussions of a repository together."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

Range = tuple[int, int]
"""A first and a last number."""


def without(ranges: Iterable[Range], known: Iterable[int]) -> Iterator[Range]:
    """The ranges that are left of others without some numbers, in order."""
    numbers = sorted(set(known))
    for first, last in sorted(ranges):
        ends = [first - 1, *(number for number in numbers if first <= number <= last), last + 1]
        yield from ((low + 1, high - 1) for low, high in pairwise(ends) if low + 1 < high)


def extended(first: int | None, last: int | None, began: Iterable[int]) -> tuple[Range, list[Range]]:
    """The first and the last number of all that began, with these, and the ranges by which that grows."""
    lowest, highest = min(began), max(began)
    if first is None or last is None:
        return (lowest, highest), [(lowest, highest)]
    grown = [(lowest, first - 1), (last + 1, highest)]
    return (min(first, lowest), max(last, highest)), [(low, high) for low, high in grown if low <= high]
