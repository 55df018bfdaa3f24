"""The document of a certificate fits its page and shows every name as its language is written."""

from dataclasses import replace
from itertools import pairwise

import pytest
from fontTools.ttLib import TTFont

from app.certificates import drawing
from app.certificates.drawing import drawn
from app.certificates.paper import Paper
from tests.app.certificates.reading import look

PAPER = Paper(
    number="TRL-2026-000000BENBY",
    holder="Ada Lovelace",
    course="Logic",
    stamp=None,
    dates=["Issued 30 November 2026", "Valid until 30 November 2027"],
    address="https://trellis.example/certificates/TRL-2026-000000BENBY",
)
NAMES = [
    "Zoë Łukaszewicz-Nguyễn",
    "Жуковський Ωμέγα",
    "王小明 田中さくら 홍길동 繁體",
    "محمد بن موسى الخوارزمي",
    "שלמה בן דוד",
    "क्षितिज শিশির தமிழ்",
    "ไทย ລາວ ខ្មែរ မြန်မာ",
    "Ada 🎉👍🏽🦄 ½ №",
]
HOLDER, COURSE = (40, 66, 257, 98), (40, 110, 257, 138)
BETWEEN = [(40, 64, 257, 65.5), (40, 99, 257, 101.5), (40, 139.5, 257, 156), (16, 60, 33, 150), (264, 60, 281, 150)]
"""The parts of the page that have to stay white, however long a name is."""


def test_all_that_a_certificate_says_is_on_its_page() -> None:
    text = look(drawn(PAPER)).text
    for part in ("Certificate of Completion", PAPER.holder, PAPER.course, *PAPER.dates, PAPER.number, PAPER.address):
        assert part in text


@pytest.mark.parametrize("stamp", ["REVOKED", "EXPIRED"])
def test_one_that_does_not_hold_says_so_across_the_page(stamp: str) -> None:
    page = look(drawn(replace(PAPER, stamp=stamp)))
    assert page.lefts(stamp)[-1] - page.lefts(stamp)[0] > page.picture.width / 5
    assert stamp not in look(drawn(PAPER)).text


@pytest.mark.parametrize("text", [*NAMES, "W" * 200, "汉" * 200, "﷽" * 200, "Wolfeschlegelstein " * 10])
def test_every_name_stays_in_its_place(text: str) -> None:
    page = look(drawn(replace(PAPER, holder=text, course=text)))
    assert page.ink(*HOLDER)
    assert page.ink(*COURSE)
    assert [part for part in BETWEEN if page.ink(*part)] == []


@pytest.mark.parametrize("name", NAMES)
def test_there_is_a_glyph_for_every_character(name: str) -> None:
    known = set[str]()
    for number, path, _ in drawing._fonts():
        with TTFont(path, fontNumber=number, lazy=True) as font:
            known |= set(map(chr, font.getBestCmap()))
    assert set(name) - known == set()


def test_hebrew_is_written_from_right_to_left() -> None:
    lefts = look(drawn(replace(PAPER, holder="שלמה"))).lefts("שלמה")
    assert all(one > other for one, other in pairwise(lefts))


def test_the_letters_of_arabic_join() -> None:
    boxes = [look(drawn(replace(PAPER, holder=word))).ink(*HOLDER) for word in ("سلسلة", "\u200c".join("سلسلة"))]
    joined, apart = (box[2] - box[0] if box else 0 for box in boxes)
    assert 0 < joined < 0.8 * apart


def test_a_text_after_arabic_is_still_there() -> None:
    page = drawing._Page(replace(PAPER, holder="محمد"))
    for at, text in ((50, "محمد"), (60, "Dr. Ada")):
        page.line_of_text(text, at=at, size=12)
    assert "Dr. Ada" in look(bytes(page.output())).text


def test_the_same_certificate_is_the_same_file() -> None:
    assert drawn(PAPER) == drawn(PAPER)
