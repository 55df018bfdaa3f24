"""The prose of a text keeps its place, and what is no prose is left out."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.reviewing.markdown import Block, Kind, blocks

MARKS = st.text(st.sampled_from("aü€🙂 \n#>*_`[]()!|-<&;1.x\t\\:/"), max_size=80)


def prose(text: str) -> list[tuple[Kind, str]]:
    """The kinds of the blocks with their words."""
    return [(block.kind, " ".join(block.prose.split())) for block in blocks(text)]


def test_each_kind_of_block_is_told_apart() -> None:
    text = "# Title\n\nWords\nof two lines\n\n- item\n\n| head |\n| --- |\n| cell |\n"
    assert prose(text) == [
        (Kind.HEADING, "Title"),
        (Kind.PARAGRAPH, "Words of two lines"),
        (Kind.ITEM, "item"),
        (Kind.CELL, "head"),
        (Kind.CELL, "cell"),
    ]


@pytest.mark.parametrize(
    "text",
    ["```\nfast\n```", "    fast", "> fast\n>\n> - fast", "<div>\nfast\n</div>", "---\nfast: 1\n---\n"],
    ids=["fence", "indented", "quote", "html", "front matter"],
)
def test_a_block_of_something_else_has_no_prose(text: str) -> None:
    assert {kind for kind, said in prose(text)} == {Kind.OTHER}
    assert {said for kind, said in prose(text)} == {""}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("See ![fast](fast.png) here", "See here"),
        ("See <https://fast.example> here", "See here"),
        ("See https://fast.example/fast here", "See here"),
        ("See <fast@fast.example> here", "See here"),
        ("See [the page](https://fast.example) here", "See the page here"),
        ("See <b>this</b> here", "See this here"),
        ("This &amp; *that*", "This & that"),
    ],
)
def test_what_is_no_prose_in_a_line_is_blank(text: str, said: str) -> None:
    assert prose(text) == [(Kind.PARAGRAPH, said)]


def test_code_in_a_line_stands_for_a_word() -> None:
    assert prose("The `fast` app") == [(Kind.PARAGRAPH, "The `````` app")]


def test_a_quote_in_a_list_takes_nothing_from_what_follows() -> None:
    assert prose("- a\n  > b <https://x.example>\n- c") == [(Kind.ITEM, "a"), (Kind.OTHER, ""), (Kind.ITEM, "c")]


@pytest.mark.parametrize("text", ["- [x] a\n- b\n", "- [ ] a\n\n- b\n"], ids=["tight", "loose"])
def test_the_items_of_a_list_know_it_and_their_checkboxes(text: str) -> None:
    first, second = blocks(text)
    assert (first.list, first.is_task) == (1, True)
    assert (second.list, second.is_task) == (1, False)


def test_a_heading_knows_its_level_and_where_its_marks_are() -> None:
    [_, heading] = blocks("words\n\n###   Ünder `code`")
    assert (heading.level, heading.begins, heading.start) == (3, 7, 13)


def test_an_empty_heading_says_nothing_of_what_follows() -> None:
    [words] = blocks("##\n\nwords")
    assert (words.kind, words.level) == (Kind.PARAGRAPH, 0)


@given(MARKS)
@example("ä [ß](u) €\n\n- 🙂 `ü` x")
def test_a_place_in_the_prose_is_a_place_in_the_text(text: str) -> None:
    found = list[Block](blocks(text))
    for block in found:
        for offset, character in enumerate(block.prose):
            assert character in " `&" or text[block.start + offset] == character
    assert [block.start for block in found] == sorted(block.start for block in found)
