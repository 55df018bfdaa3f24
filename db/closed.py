"""States that close a row: while it is in one nobody changes it, nor what belongs to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Text, case, literal

from db.access import Row


@dataclass(frozen=True, slots=True)
class Closed:
    """The states of a row in which nobody changes it, nor what belongs to it, each with what is said of that.

    Where the column holds the moment of something, such as of a deletion, any moment is such a state.
    """

    column: str
    states: Mapping[StrEnum, str] | str

    def reason(self, row: Row) -> ColumnElement[str | None]:
        """The reason that the state of a row is closed; null for the other states."""
        column = row.c[self.column]
        if isinstance(self.states, str):
            return case((column.is_not(None), literal(self.states, Text())))
        return case(*((column == state, literal(words, Text())) for state, words in self.states.items()))

    def describe(self) -> str:
        """The states, in words."""
        return f"{self.column}: {'any' if isinstance(self.states, str) else ', '.join(self.states)}"


def closed(column: str, states: Mapping[StrEnum, str] | str) -> Closed:
    """A declaration of the states of `column` that close a row to everybody, each with the reason that is told.

    Of a column that is null until something has happened the reason is enough: `closed("deleted_at", "Deleted.")`.
    """
    return Closed(column, states)
