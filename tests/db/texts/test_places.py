"""Places in a text, by line and character: both are counted from 0, in code points, and a line ends at `\\n` alone."""

import pytest

from db.texts.places import Place, Text

TEXT = Text("ab\r\n\n🙂c\u2028d")


@pytest.mark.parametrize(
    ("place", "offset"), [((0, 0), 0), ((0, 3), 3), ((1, 0), 4), ((2, 0), 5), ((2, 1), 6), ((2, 4), 9)]
)
def test_a_place_is_an_offset_and_back(place: tuple[int, int], offset: int) -> None:
    assert TEXT.offset(Place(*place)) == offset
    assert TEXT.place(offset) == place


@pytest.mark.parametrize("place", [(0, 4), (1, 1), (2, 5), (3, 0), (-1, 0), (0, -1), (2**31 - 1, 0)])
def test_what_is_no_place_of_the_text_has_no_offset(place: tuple[int, int]) -> None:
    assert TEXT.offset(Place(*place)) is None


@pytest.mark.parametrize(("place", "offset"), [((0, 9), 3), ((9, 9), 9), ((9, 0), 5), ((1, 0), 4)])
def test_the_nearest_of_a_place_is_in_the_text(place: tuple[int, int], offset: int) -> None:
    assert TEXT.nearest(Place(*place)) == offset


def test_an_empty_text_has_one_place() -> None:
    assert Text("").offset(Place(0, 0)) == 0
    assert Text("").offset(Place(1, 0)) is None
    assert Text("").start(1) == 0
