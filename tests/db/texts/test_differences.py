"""The difference of two texts: what is kept is the same in both, every word that stayed is kept, and it ends soon."""

import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.texts.differences import Difference
from tests.db.texts.editing import Draft
from tests.pace import at_our_pace

TEXTS = st.text(st.sampled_from("ab \n.🙂"), max_size=60)
KIBIBYTES = 900 * 1024


@given(TEXTS, TEXTS)
def test_what_is_kept_is_the_same_and_in_the_same_order(old: str, new: str) -> None:
    end = new_end = 0
    for match in Difference(old, new).kept:
        assert match.length > 0
        assert old[match.old : match.old + match.length] == new[match.new : match.new + match.length]
        assert match.old >= end
        assert match.new >= new_end
        end, new_end = match.old + match.length, match.new + match.length


@given(st.randoms(use_true_random=False))
def test_every_word_that_stayed_is_kept_where_it_is(random: Random) -> None:
    draft = Draft(random, 80)
    old, before = draft.text, draft.places
    draft.edit()
    difference = Difference(old, draft.text)
    for word, at in before.items():
        here = draft.places.get(word)
        if here is not None:
            assert difference.stretch(at, at + len(word)) == (here, here + len(word), len(word))
        else:
            assert difference.stretch(at, at + len(word))[2] == 0


def test_a_text_is_kept_whole_but_for_the_word_that_changed() -> None:
    difference = Difference("one two\nthree four\n", "one two\nthree 4\n")
    assert [tuple(match) for match in difference.kept] == [(0, 0, 14), (18, 15, 1)]


@pytest.mark.parametrize(("old", "new"), [("", ""), ("", "a"), ("a", ""), ("a\n", "a"), ("a", "a\n"), ("a", "a\nb")])
def test_the_ends_of_texts_are_ends(old: str, new: str) -> None:
    difference = Difference(old, new)
    assert difference.stretch(len(old), len(old))[0] == len(new)
    assert difference.stretch(0, 0)[0] == 0 or not old
    assert difference.keeps(0)
    assert difference.keeps(len(old))


def unlike(kind: str, random: Random) -> str:
    words = ["".join(random.choices("abcdefghijklmnop", k=random.randint(2, 9))) for _ in range(3_000)]
    match kind:
        case "prose":
            sentences = (" ".join(random.choices(words, k=random.randint(1, 12))) for _ in range(40_000))
            return "\n".join(sentences)[:KIBIBYTES]
        case "one line":
            return " ".join(random.choices(words, k=200_000))[:KIBIBYTES]
        case "a word a line":
            return "\n".join(random.choices(words, k=200_000))[:KIBIBYTES]
        case "two kinds of lines":
            return "\n".join(random.choices("ab", k=KIBIBYTES // 2))
        case "signs":
            return "".join(random.choices("(){}[],.", k=KIBIBYTES))
    return " ".join(chr(0x4E00 + random.randrange(20_000)) for _ in range(KIBIBYTES // 2))


@pytest.mark.parametrize("kind", ["prose", "one line", "a word a line", "two kinds of lines", "signs", "symbols"])
def test_two_unlike_texts_of_900_kib_are_compared_within_a_second(kind: str) -> None:
    old, new = unlike(kind, Random(1)), unlike(kind, Random(2))
    assert min(len(old), len(new)) >= KIBIBYTES - 1
    started = time.thread_time()
    Difference(old, new)
    assert time.thread_time() - started < at_our_pace(1)


@settings(max_examples=20)
@given(st.randoms(use_true_random=False))
def test_the_same_texts_have_the_same_difference(random: Random) -> None:
    draft = Draft(random, 40)
    old = draft.text
    draft.edit()
    assert Difference(old, draft.text).kept == Difference(old, draft.text).kept
