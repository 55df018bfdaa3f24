"""The base of every enumeration. The enumerations of the domain stand with the tables that use them, in `db/tables`."""

from enum import StrEnum
from typing import Self


class Words(StrEnum):
    """An enumeration whose members say what they mean: `DRAFT = "DRAFT", "Being written."`.

    The graph shows their names and meanings, and the docstring. They sort in the order in which they stand.
    """

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member
