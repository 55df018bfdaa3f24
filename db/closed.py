"""States that close a row: from then on nobody changes it, nor what belongs to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Text, case, literal

from db.access import Row


@dataclass(frozen=True, slots=True)
class Closed:
    """The states of a row in which nobody changes it, nor what belongs to it, each with what is said of that."""

    column: str
    states: Mapping[StrEnum, str]

    def reason(self, row: Row) -> ColumnElement[str | None]:
        """The reason that the state of a row is closed; null for the other states."""
        column = row.c[self.column]
        return case(*((column == state, literal(words, Text())) for state, words in self.states.items()))

    def describe(self) -> str:
        """The states, in words."""
        return f"{self.column}: {', '.join(self.states)}"


def closed(column: str, states: Mapping[StrEnum, str]) -> Closed:
    """A declaration of the states of `column` that close a row to everybody, each with the reason that is told."""
    return Closed(column, states)
