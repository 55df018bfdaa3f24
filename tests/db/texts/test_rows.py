"""Anchors as the columns of threads: those of unchanged lines are found without the words of the others."""

from random import Random
from typing import Any

import pytest

from db.base import new_id
from db.texts.anchors import anchor, carried
from db.texts.differences import Difference
from db.texts.places import Text
from db.texts.rows import PLACED, Thread, moved, now, original, read
from tests.db.texts.editing import Draft


def opened(text: str, start: int, end: int) -> dict[str, Any]:
    """The columns of a thread about a stretch of a text."""
    whole = Text(text)
    one = anchor(whole, start, end)
    return now(one, whole) | original(one, whole, 1)


def thread(columns: dict[str, Any]) -> Thread:
    values: dict[str, Any] = {name: columns.get(name) for name in Thread._fields} | {"id": new_id()}
    return Thread(**values)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_found_by_its_lines_is_where_its_words_are(seed: int) -> None:
    random = Random(seed)
    draft = Draft(random, 100)
    text, found = draft.text, 0
    for place in range(0, len(text), 3):
        length = random.choice([0, 0, 1, 5, 30])
        columns = opened(text, place, min(len(text), place + length))
        newer = text
        for _ in range(3):
            draft.edit()
            difference = Difference(newer, draft.text)
            row, newer = thread(columns), draft.text
            columns |= moved(row, difference)
            assert {name: columns[name] for name in PLACED} == now(
                carried(read(row, difference.old), difference), difference.new
            )
            found += difference.shift(row.line, row.end_line) is not None
        text = draft.text
        if place >= len(text):
            break
    assert found


def test_a_place_at_the_end_of_a_text_stays_at_its_end() -> None:
    old, new = "One\n\nTwo", "One\n\nTwo\nThree"
    found = moved(thread(opened(old, len(old), len(old))), Difference(old, new))
    assert (found["line"], found["character"]) == (3, 5)
