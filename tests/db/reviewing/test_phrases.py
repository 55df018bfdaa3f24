"""Phrases are found wherever they are prose, and wordy ones have the words that say the same."""

import pytest

from tests.db.reviewing.checking import COMPLETE, findings, found, mended


def phrases(text: str) -> list[tuple[str, str]]:
    rules = {"clarity/ambiguous", "readability/wordy", "completeness/placeholder"}
    return [(rule, said) for rule, said in found(COMPLETE + text) if rule in rules]


@pytest.mark.parametrize("said", ["fast", "Fast", "as appropriate", "and/or", "as\nneeded", "and so on", "a lot of"])
def test_an_ambiguous_phrase_is_found(said: str) -> None:
    assert phrases(f"It goes {said} here.") == [("clarity/ambiguous", said)]


@pytest.mark.parametrize("said", ["breakfast", "`fast`", "a fasting", "and", "[x](fast)", "\n> fast\n"])
def test_other_words_and_what_is_no_prose_are_left_alone(said: str) -> None:
    assert phrases(f"It goes {said} here.") == []


def test_of_two_phrases_in_one_place_it_is_the_longer() -> None:
    assert phrases("It goes as appropriate.") == [("clarity/ambiguous", "as appropriate")]


@pytest.mark.parametrize(
    ("text", "better"),
    [("In order to win.", "To win."), ("We do it in\norder to win.", "We do it to win."), ("Utilize it.", "Use it.")],
)
def test_a_wordy_phrase_has_its_replacement(text: str, better: str) -> None:
    [finding] = findings(COMPLETE + text, of="readability/wordy")
    assert mended(COMPLETE + text, finding) == COMPLETE + better


def test_a_placeholder_in_capitals_is_found_and_a_list_of_things_to_do_is_not() -> None:
    assert phrases("TBD and to be determined; my todo app.") == [
        ("completeness/placeholder", "TBD"),
        ("completeness/placeholder", "to be determined"),
    ]
