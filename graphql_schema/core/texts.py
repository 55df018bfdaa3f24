"""Texts in the input of mutations: how long they may be, and what is wrong with one, told at its place in the input."""

from collections.abc import Iterator
from dataclasses import MISSING
from math import isfinite
from typing import Any

import strawberry

from db.constraints import too_long
from db.errors import BadInput, Refusals
from graphql_schema.core.inputs import values_in

LONGEST = "longest"
OBJECT = "object"
"""Whether a field of an input is a JSON object that a column keeps."""


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
    if not _is_storable(value):
        raise BadInput("This has a character that no text can have, such as U+0000.", at=at)


def _is_storable(value: str) -> bool:
    """Whether PostgreSQL stores a text: without U+0000, and without half of a surrogate pair, which has no encoding.

    To encode a text is far quicker than a regular expression, which looks at each character.
    """
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


def check_object(value: Any, *, at: str) -> None:
    """Raise BadInput for a JSON object that cannot be stored."""
    for leaf in _leaves(value):
        if isinstance(leaf, str):
            check_storable(leaf, at=at)
        if isinstance(leaf, float) and not isfinite(leaf):
            raise BadInput("This has a number that is too large.", at=at)


def _leaves(value: Any) -> Iterator[Any]:
    """All values in a JSON value that are no lists or objects, and the names of the members of objects."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
        else:
            yield one


def check_texts(*inputs: Any) -> None:
    """Raise Refusals for texts and objects in inputs that are too long or cannot be stored, each with its place."""
    if refusals := [refusal for input in inputs for refusal in _unfit(input)]:
        raise Refusals(refusals)


def _unfit(input: Any) -> Iterator[BadInput]:
    """The problems with the texts of an input and of all that lies in it."""
    for place, value, field in values_in(input):
        longest = field.metadata.get(LONGEST)
        try:
            if longest and isinstance(value, str):
                check_text(value, longest, at=place)
            if field.metadata.get(OBJECT) and isinstance(value, dict):
                check_object(value, at=place)
        except BadInput as refusal:
            yield refusal
