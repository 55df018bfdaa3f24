"""Texts in the input of mutations: how long they may be, and what is wrong with one, told at its place in the input."""

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from db.constraints import too_long
from db.errors import BadInput, Refusals

LONGEST = "longest"
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""Characters that PostgreSQL stores in no text: U+0000, and half of a surrogate pair."""


def text(limit: Any, description: str, *, default: Any = MISSING) -> Any:
    """A text in an input: as long as the column takes that it is written to, or as a number says, in characters.

    >>> content: str = text(tables.Comment.content, "The text, in Markdown; not empty.")
    """
    longest = limit if isinstance(limit, int) else limit.expression.info[LONGEST]
    described = f"{description} At most {longest:,} characters."
    return strawberry.field(description=described, default=default, metadata={LONGEST: longest})


def check_text(value: str, longest: int, *, at: str) -> None:
    """Raise BadInput for a text that is too long or cannot be stored. The message has nothing of it."""
    if len(value) > longest:
        raise BadInput(too_long(longest), at=at)
    check_storable(value, at=at)


def check_storable(value: str, *, at: str) -> None:
    """Raise BadInput for what no text in the database can be."""
    if UNSTORABLE.search(value):
        raise BadInput("This has a character that no text can have, such as U+0000.", at=at)


def check_texts(*inputs: Any) -> None:
    """Raise Refusals for the texts of inputs that are too long or cannot be stored, each with its place."""
    if refusals := [refusal for input in inputs for refusal in _unfit(input)]:
        raise Refusals(refusals)


def _unfit(input: Any, at: str = "") -> Iterator[BadInput]:
    """The problems with the texts of an input, or of one that lies in it at `at`, such as `members.2.`."""
    for field in fields(input):
        given, place = getattr(input, field.name), f"{at}{to_camel_case(field.name)}"
        for item, name in _items(given, place):
            if is_dataclass(item):
                yield from _unfit(item, f"{name}.")
            elif isinstance(item, str) and (longest := field.metadata.get(LONGEST)):
                try:
                    check_text(item, longest, at=name)
                except BadInput as refusal:
                    yield refusal


def _items(given: Any, place: str) -> list[tuple[Any, str]]:
    """The items of a list with their places, or the one value that is none."""
    if isinstance(given, list):
        return [(item, f"{place}.{index}") for index, item in enumerate(given)]
    return [(given, place)]
