"""Anchors stay with their words: held against edits of which it is known what became of every word."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.tables.specs_enums import AnchorState
from db.texts.anchors import LONGEST, Anchor, anchor, carried
from db.texts.differences import Difference
from db.texts.places import Text
from tests.db.texts.editing import Draft

EXACT, MOVED, OUTDATED = AnchorState
REQUIREMENTS = (
    "# Requirements\n\n## Finding\n\nThe user shall find every place.\n\n## Seeing\n\nThe user shall see it.\n"
)


def at(text: str, words: str) -> Anchor:
    """An anchor of the first of these words in a text."""
    start = text.index(words)
    return anchor(Text(text), start, start + len(words))


def through(one: Anchor, *texts: str) -> Anchor:
    """The anchor after each of these texts has followed the one before it."""
    for old, new in pairwise(texts):
        one = carried(one, Difference(old, new))
    return one


@given(st.randoms(use_true_random=False))
def test_every_anchor_is_where_its_word_is_after_every_edit_and_exact_when_all_is_undone(random: Random) -> None:
    draft = Draft(random, 60)
    first, places = draft.text, draft.places
    anchors = {word: at(first, word) for word in places}
    texts = [first]
    for _ in range(3):
        draft.edit()
        texts.append(draft.text)
        difference, now = Difference(*texts[-2:]), draft.places
        for word, one in anchors.items():
            anchors[word] = found = carried(one, difference)
            here = now.get(word)
            if here is None:
                assert found.state is OUTDATED
                assert 0 <= found.start == found.end <= len(draft.text)
            else:
                assert (found.start, found.end) == (here, here + len(word))
                is_same = difference.new.place(here) == found.original
                assert found.state is (EXACT if is_same else MOVED)
    undone = Difference(texts[-1], first)
    for word, one in anchors.items():
        found = carried(one, undone)
        assert (found.state, found.start, found.end) == (EXACT, places[word], places[word] + len(word))


@given(st.randoms(use_true_random=False), st.data())
def test_a_longer_stretch_reaches_from_the_first_of_its_words_that_stayed_to_the_last(
    random: Random, data: st.DataObject
) -> None:
    draft = Draft(random, 40)
    words = list(draft.places)
    first = data.draw(st.integers(0, len(words) - 1))
    mine = words[first : first + data.draw(st.integers(1, 12))]
    old, places = draft.text, draft.places
    start, end = places[mine[0]], places[mine[-1]] + len(mine[-1])
    one = anchor(Text(old), start, end)
    draft.edit()
    now = draft.places
    left = [word for word in mine if word in now]
    found = carried(one, Difference(old, draft.text))
    assert found.state is not OUTDATED or len(left) < len(mine)
    if found.state is not OUTDATED:
        reads = draft.text[found.start : found.end]
        assert [word for word in mine if word in reads] == left


def test_what_is_written_before_it_moves_it_and_what_is_written_behind_it_does_not() -> None:
    one = at(REQUIREMENTS, "every place")
    assert through(one, REQUIREMENTS, REQUIREMENTS + "More.\n") == one
    moved = through(one, REQUIREMENTS, f"More.\n{REQUIREMENTS}")
    assert (moved.state, moved.start) == (MOVED, one.start + 6)
    assert through(moved, f"More.\n{REQUIREMENTS}", REQUIREMENTS) == one


def test_words_that_were_rewritten_in_part_are_there_and_moved() -> None:
    one = at(REQUIREMENTS, "The user shall find every place.")
    new = REQUIREMENTS.replace("find every", "quickly find each")
    found = through(one, REQUIREMENTS, new)
    assert (found.state, new[found.start : found.end]) == (MOVED, "The user shall quickly find each place.")
    assert through(found, new, REQUIREMENTS) == one


@pytest.mark.parametrize(
    ("words", "old", "new", "reads"),
    [
        ("user shall", "shall", "must", "user must"),
        ("shall find", "shall", "must", "must find"),
        ("user shall", "shall find", "must", "user"),
        ("user shall", "The user", "Someone", "shall"),
        ("user shall", "The", "Each", "user shall"),
        ("user shall", "shall", "shall quickly", "user shall"),
    ],
)
def test_what_is_written_instead_of_its_own_words_belongs_to_a_stretch_and_nothing_else(
    words: str, old: str, new: str, reads: str
) -> None:
    text = REQUIREMENTS.replace(old, new, 1)
    found = through(at(REQUIREMENTS, words), REQUIREMENTS, text)
    assert text[found.start : found.end].strip() == reads


def test_a_paragraph_that_is_put_elsewhere_takes_its_anchor_along() -> None:
    paragraph = "The user shall find every place.\n\n"
    one = at(REQUIREMENTS, paragraph.strip())
    new = REQUIREMENTS.replace(paragraph, "") + paragraph
    found = through(one, REQUIREMENTS, new)
    assert (found.state, new[found.start : found.end]) == (MOVED, paragraph.strip())


def test_the_same_words_that_stood_elsewhere_before_are_not_taken_for_those_that_are_gone() -> None:
    twice = "Log every request.\n\nSomething else.\n\nLog every request.\n"
    one = at(twice, "Log every request.")
    found = through(one, twice, twice.partition("\n\n")[2])
    assert found.state is OUTDATED


def test_what_is_gone_comes_back_with_its_text_many_saves_later() -> None:
    one = at(REQUIREMENTS, "every place")
    others = [REQUIREMENTS.replace("The user shall find every place.\n", f"Nothing {n}.\n") for n in range(3)]
    gone = through(one, REQUIREMENTS, *others)
    assert gone.state is OUTDATED
    assert through(gone, others[-1], f"Title\n{REQUIREMENTS}").state is MOVED
    assert through(gone, others[-1], REQUIREMENTS) == one


@pytest.mark.parametrize("place", ["\n## Finding", "The user shall see", ""])
def test_a_place_between_two_characters_goes_with_what_is_beside_it(place: str) -> None:
    start = REQUIREMENTS.index(place) if place else len(REQUIREMENTS)
    one = anchor(Text(REQUIREMENTS), start, start)
    new = f"Title\n\n{REQUIREMENTS}"
    found = through(one, REQUIREMENTS, new)
    assert (found.state, found.start) == (MOVED, start + 7)
    assert through(found, new, REQUIREMENTS) == one
    gone = through(one, REQUIREMENTS, "")
    assert gone.state in {OUTDATED, MOVED}
    assert through(gone, "", REQUIREMENTS) == one


@pytest.mark.parametrize("words", ["a", "else"])
def test_words_that_say_little_are_not_taken_for_others(words: str) -> None:
    old = f"{words}\nOne thing and another thing.\nThe end.\n"
    found = through(at(old, words), old, f"One thing and another thing.\nThe end.\nOr {words} nothing.\n")
    assert found.state is OUTDATED


def test_a_stretch_that_grew_beyond_what_can_be_quoted_is_gone_and_comes_back() -> None:
    one = at(REQUIREMENTS, "find every place")
    new = REQUIREMENTS.replace("find every", f"find {'x ' * LONGEST} every")
    found = through(one, REQUIREMENTS, new)
    assert found.state is OUTDATED
    assert through(found, new, REQUIREMENTS) == one
