"""What a document may be called, after the draft of GraphQL over HTTP and after Apollo."""

from typing import Any

import pytest

from app.persisted.names import IDENTIFIER, BadReference, digest, named, names


def test_the_hash_is_that_of_the_draft() -> None:
    text = "query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}"
    assert names("user", text)[2] == "sha256:7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e"
    assert digest("query($id:ID!){user(id:$id){name}}").startswith("71f7dc5758652baac68e4a10c50be732")


@pytest.mark.parametrize("identifier", ["b14a3ea82378b8148faae8e0b3e2c5a7", "Home_1.2~a-b", "x-app:home", "x-a:b:c"])
def test_a_tool_may_give_these_ids(identifier: str) -> None:
    assert IDENTIFIER.fullmatch(identifier)


@pytest.mark.parametrize("identifier", ["", "sha256:1", "md5:1", "x-:1", "x-app:", ":", "a b", "ä", "a\n"])
def test_a_tool_may_not_give_these_ids(identifier: str) -> None:
    assert not IDENTIFIER.fullmatch(identifier)


def test_a_reference_names_a_hash_and_may_say_more() -> None:
    assert named({"version": 1, "sha256Hash": "abc", "miss": True}) == "abc"


@pytest.mark.parametrize(
    "reference",
    [
        "abc",
        [],
        True,
        {},
        {"version": 1},
        {"version": 1, "sha256Hash": None},
        {"version": 1, "sha256Hash": 5},
        {"sha256Hash": "abc"},
        {"version": 2, "sha256Hash": "abc"},
        {"version": "1", "sha256Hash": "abc"},
        {"version": True, "sha256Hash": "abc"},
    ],
)
def test_any_other_reference_is_refused(reference: Any) -> None:
    with pytest.raises(BadReference):
        named(reference)
