"""A difference in hunks: with it the one text becomes the other, and it is no longer than anybody reads."""

from hypothesis import given
from hypothesis import strategies as st

from db.texts.hunks import MOST, LineKind, shown

SAME, REMOVED, ADDED = LineKind
TEXTS = st.lists(st.sampled_from(["", "one", "two", "three", "four"]), max_size=40).map("\n".join)


@given(TEXTS, TEXTS)
def test_the_hunks_make_one_text_of_the_other(old: str, new: str) -> None:
    found = shown(old, new)
    left, made, at = old.split("\n"), list[str](), 0
    for hunk in found.hunks:
        made += left[at : hunk.from_line]
        assert len(made) == hunk.to_line
        at = hunk.from_line
        for line in hunk.lines:
            if line.kind is not ADDED:
                assert left[at] == line.text
                at += 1
            if line.kind is not REMOVED:
                made.append(line.text)
    assert made + left[at:] == new.split("\n")
    kinds = [line.kind for hunk in found.hunks for line in hunk.lines]
    assert (kinds.count(ADDED), kinds.count(REMOVED)) == (found.additions, found.deletions)
    assert found.is_whole


def test_three_lines_are_around_a_change_and_changes_near_each_other_are_one_hunk() -> None:
    old = [f"{number}" for number in range(40)]
    new = [*old[:10], "new", *old[11:16], *old[17:30], "new", *old[30:]]
    first, second = shown("\n".join(old), "\n".join(new)).hunks
    assert (first.from_line, first.to_line, second.from_line, second.to_line) == (7, 7, 27, 26)
    assert "".join(line.kind.name[0] for line in first.lines) == "SSSRA" + "SSSSS" + "R" + "SSS"
    assert [line.text for line in second.lines] == ["27", "28", "29", "new", "30", "31", "32"]


def test_equal_texts_have_no_hunk() -> None:
    found = shown("a\nb", "a\nb")
    assert (found.additions, found.deletions, found.hunks, found.is_whole) == (0, 0, [], True)


def test_no_more_lines_are_shown_than_anybody_reads_and_all_are_counted() -> None:
    found = shown("", "\n".join(f"{number}" for number in range(3 * MOST)))
    assert sum(len(hunk.lines) for hunk in found.hunks) == MOST
    assert (found.additions, found.is_whole) == (3 * MOST, False)
