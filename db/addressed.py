"""The rule for what is sent to an e-mail address: whoever has shown that the address is theirs may answer it.

It looks at the address as it is now. So nothing has to be handed over when somebody registers, verifies an address or
changes it, and nothing is left to whoever had the address before.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, false, func, select

from db.access import Keys, Row, Rule, Viewer, any_row, table_of, viewer_id
from db.permissions import EVERYTHING, SEE, Permission


@dataclass(frozen=True, slots=True)
class Addressed(Rule):
    """The person whose address, which they have shown to be theirs, stands in a column of the row, in small letters."""

    column: str
    permissions: frozenset[Permission]
    people: str
    address: str
    shown_at: str

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        if viewer.is_guest or permission not in self.permissions:
            return false()
        person = self._people(row)
        return any_row(person, *self._is_viewer(person), self._is_sent(row, person))

    def reach(self, row: Row, viewer: Viewer, permission: Permission = SEE) -> list[Keys] | None:
        if viewer.is_guest or permission not in self.permissions:
            return []
        person, sent = self._people(row), table_of(row).alias()
        joined = sent.join(person, self._is_sent(sent, person))
        return [select(sent.c.id).select_from(joined).where(*self._is_viewer(person))]

    def describe(self, permission: Permission) -> str:
        return f"{self.column} → verified {self.people}.{self.address}" if permission in self.permissions else ""

    def _people(self, row: Row) -> Any:
        return table_of(row).metadata.tables[self.people].alias()

    def _is_viewer(self, person: Any) -> tuple[ColumnElement[bool], ...]:
        return person.c.id == viewer_id(), person.c[self.shown_at].is_not(None)

    def _is_sent(self, row: Any, person: Any) -> ColumnElement[bool]:
        """The condition that a row was sent to the address of a person."""
        sent: ColumnElement[bool] = row.c[self.column] == func.lower(person.c[self.address])
        return sent


def addressed_to(column: str, *permissions: Permission, people: str, address: str, shown_at: str) -> Rule:
    """The person in the table `people` with the address that stands in `column`, in small letters, if `shown_at` says
    when they have shown that it is theirs: everything, or the permissions named.
    """
    return Addressed(column, frozenset(permissions) or EVERYTHING, people, address, shown_at)
