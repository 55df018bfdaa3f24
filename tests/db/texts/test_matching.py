"""What two sequences have in common: true whatever they are, whole where it is certain, and bounded in any case."""

import time

from hypothesis import given
from hypothesis import strategies as st

from db.texts.matching import matches
from tests.pace import at_our_pace

FEW = st.lists(st.sampled_from("abcd"), max_size=30)


@given(FEW, FEW)
def test_what_matches_is_the_same_and_in_the_same_order(old: list[str], new: list[str]) -> None:
    end, new_end = 0, 0
    for match in matches(old, new):
        assert match.length > 0
        assert old[match.old : match.old + match.length] == new[match.new : match.new + match.length]
        assert (match.old, match.new) >= (end, new_end)
        assert match.old >= end
        assert match.new >= new_end
        assert (match.old, match.new) != (end, new_end) or end == 0 == new_end, "two that touch are one"
        end, new_end = match.old + match.length, match.new + match.length


@given(st.lists(st.integers(0, 500), unique=True, max_size=200), st.data())
def test_all_that_stands_once_and_was_not_moved_is_found(items: list[int], data: st.DataObject) -> None:
    old = [f"{item}" for item in items if data.draw(st.booleans())]
    new = [f"{item}" for item in items if data.draw(st.booleans())]
    kept = [item for item in old if item in new]
    assert [item for match in matches(old, new) for item in old[match.old : match.old + match.length]] == kept


@given(FEW)
def test_a_sequence_matches_itself_whole(items: list[str]) -> None:
    assert [tuple(match) for match in matches(items, items)] == ([(0, 0, len(items))] if items else [])


def test_what_stands_many_times_is_found_as_long_as_it_can_be() -> None:
    found = matches(list("abab" * 5), list("xba" * 5))
    assert sum(match.length for match in found) == 10


def test_sequences_that_were_made_to_take_long_end_soon() -> None:
    """Each time that what stands once is found, one thing more does: as often as they are long."""
    old = ["1"]
    for number in range(2, 10_000):
        old += [f"{number}", f"{number - 1}"]
    new = [item for number, one in enumerate(old) for item in (f"new {number}", one)]
    started = time.process_time()
    matches(old, new)
    assert time.process_time() - started < at_our_pace(2)
