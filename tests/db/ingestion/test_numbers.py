"""Ranges of missing numbers are what numbers leave, in whichever order these come."""

from hypothesis import given
from hypothesis import strategies as st

from db.ingestion.numbers import extended, without

NUMBERS = st.lists(st.integers(1, 30), max_size=20)


def numbers(ranges: object) -> set[int]:
    return {number for first, last in ranges for number in range(first, last + 1)}  # type: ignore[attr-defined]


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 6)), max_size=4), NUMBERS)
def test_what_is_left_of_ranges_are_the_other_numbers(given: list[tuple[int, int]], known: list[int]) -> None:
    ranges = [(first, first + more) for first, more in given]
    left = list(without(ranges, known))
    assert numbers(left) == numbers(ranges) - {*known}
    assert all(first <= last for first, last in left)


@given(NUMBERS.filter(bool))
def test_all_between_the_first_and_the_last_number_was_in_a_range_once(began: list[int]) -> None:
    first = last = None
    seen: list[int] = []
    for number in began:
        (first, last), grown = extended(first, last, [number])
        seen += numbers(grown)
    assert sorted(seen) == [*range(min(began), max(began) + 1)]
    assert (first, last) == (min(began), max(began))
