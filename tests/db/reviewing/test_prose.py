"""Sentences, words and syllables are counted as readers count them."""

import pytest

from db.reviewing.prose import WORD, Counts, sentences, syllables


@pytest.mark.parametrize(
    ("prose", "expected"),
    [
        ("One. Two! Three", ["One.", "Two!", "Three"]),
        ("Words, e.g. these, i.e. those, etc. are one.", ["Words, e.g. these, i.e. those, etc. are one."]),
        ("Version 1.2 is one.", ["Version 1.2 is one."]),
        ('He said "so." And went.', ['He said "so."', "And went."]),
        ("1. . … !", []),
        ("", []),
    ],
)
def test_sentences_end_where_readers_stop(prose: str, expected: list[str]) -> None:
    assert [prose[start:end] for start, end in sentences(prose)] == expected


def test_words_are_of_letters() -> None:
    assert WORD.findall("It's a well-known_name of 3 Übungen") == ["It's", "a", "well-known", "name", "of", "Übungen"]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "the make makes called rhythm Xyz brr"),
        (2, "wanted table system"),
        (5, "specification"),
    ],
)
def test_syllables_are_the_vowels_that_are_heard(count: int, words: str) -> None:
    assert {syllables(word) for word in words.split()} == {count}


def counted(text: str, *, sentence_count: int) -> Counts:
    counts = Counts(sentence_count)
    counts.words.update(text.split())
    return counts


def test_reading_ease_is_as_flesch_defines_it() -> None:
    ten_words_of_sixteen_syllables = "the system ignores whatever was wanted before its last update"
    found = counted(ten_words_of_sixteen_syllables, sentence_count=2).readability
    assert found == round(206.835 - 1.015 * (10 / 2) - 84.6 * (17 / 10), 1)


def test_reading_ease_stays_between_its_ends() -> None:
    assert counted("so", sentence_count=1).readability == 100.0
    assert counted("incomprehensibilities", sentence_count=1).readability == 0.0
    assert counted("", sentence_count=0).readability is None
