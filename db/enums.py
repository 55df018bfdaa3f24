"""The base of every enumeration. The enumerations of the domain stand with the tables that use them, in `db/tables`."""

from enum import StrEnum
from typing import Self


class Words(StrEnum):
    """An enumeration whose members say what they mean: `DRAFT = "DRAFT", "Being written."`.

    The graph shows their names and meanings, and the docstring. They sort in the order in which they stand. Behind the
    meaning of one that will be removed stands what clients use instead.
    """

    meaning: str
    deprecation: str | None

    def __new__(cls, value: str, meaning: str, deprecation: str | None = None) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning, member.deprecation = meaning, deprecation
        return member
