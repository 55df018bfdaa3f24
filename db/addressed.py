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
    """The person whose verified e-mail address stands in a column of the row, in small letters."""

    column: str
    permissions: frozenset[Permission]

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        if viewer.is_guest or permission not in self.permissions:
            return false()
        user = _users(row)
        return any_row(user, *_is_viewer(user), func.lower(user.c.email) == row.c[self.column])

    def reach(self, row: Row, viewer: Viewer) -> list[Keys] | None:
        if viewer.is_guest or SEE not in self.permissions:
            return []
        user, sent = _users(row), table_of(row).alias()
        has_address = func.lower(user.c.email) == sent.c[self.column]
        return [select(sent.c.id).select_from(sent.join(user, has_address)).where(*_is_viewer(user))]

    def describe(self, permission: Permission) -> str:
        return f"verified {self.column}" if permission in self.permissions else ""


def addressed_to(column: str, *permissions: Permission) -> Rule:
    """The user whose verified address stands in `column`, in small letters: everything, or the permissions named."""
    return Addressed(column, frozenset(permissions) or EVERYTHING)


def _users(row: Row) -> Any:
    return table_of(row).metadata.tables["users"].alias()


def _is_viewer(user: Any) -> tuple[ColumnElement[bool], ...]:
    return user.c.id == viewer_id(), user.c.email_verified_at.is_not(None)
