"""The access rules once more, in plain Python over all rows: what the SQL predicates must agree with.

Every table has a function with its name, in the module of its slice, which says whether somebody may do something with
a row. It restates the rule in the simplest words and shares nothing with `db.access` and `db.permissions`.
"""

import sys
from collections.abc import Callable
from functools import cached_property
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import db.tables  # noqa: F401  (declares the tables)
from db.base import tables
from db.modules import modules

Row = Any

NOBODYS = (
    *("delivery_keys", "outbox_epochs", "outbox_events", "outbox_topics", "touched_days"),
    *("passkey_challenges", "passwords", "verification_tokens"),
)
"""The tables of which not even an administrator sees a row."""
EVERYTHING = ("see", "learn", "comment", "edit", "manage", "own")


class Oracle:
    """All rows of a database, and who may do what with them."""

    def __init__(self, rows: dict[str, list[Row]]) -> None:
        self.rows = rows
        self._answers: dict[tuple[UUID | None, str, UUID], bool] = {}

    @classmethod
    async def read(cls, session: AsyncSession) -> "Oracle":
        """The oracle over what the session sees of the database."""
        rows = {}
        for table in tables():
            found = await session.execute(select(table.__table__))
            rows[table.__tablename__] = [SimpleNamespace(**row._mapping) for row in found]
        return cls(rows)

    def may(self, who: UUID | None, what: str, table: str, row: Row) -> bool:
        """Whether the person with this id, or a guest, may do it with a row of the table."""
        assert table in RULES, (
            f"Nobody has said who may do what with a row of {table}: add a function {table}(world, who, what, row) to "
            f"{__name__}.SLICE, in plain Python and from what the product promises, not from the rule in db/tables."
        )
        question = (who, what, row.id)
        if question not in self._answers:
            is_admin = table not in NOBODYS and what != "own" and who in self._administrators
            self._answers[question] = is_admin or RULES[table](self, who, what, row)
        return self._answers[question]

    def visible(self, who: UUID | None, table: str) -> set[UUID]:
        """The ids of all rows of the table that somebody sees."""
        return {row.id for row in self.rows[table] if self.may(who, "see", table, row)}

    def shown(self, who: UUID | None, table: str) -> set[UUID]:
        """The same, and of the people also those who are shown beside a row that somebody sees, which names them."""
        found = self.visible(who, table)
        for naming, column in self.mentions if table == "users" else ():
            seen = self.visible(who, naming)
            found |= {getattr(row, column) for row in self.rows[naming] if row.id in seen} - {None}
        return found

    def find(self, table: str, id_: UUID | None) -> Row | None:
        """The row of the table with this id."""
        return self._by_id[table].get(id_)

    @property
    def mentions(self) -> list[tuple[str, str]]:
        """The tables and columns that name a person: whoever sees one of their rows is shown the person beside it."""
        return MENTIONS

    def inherits(self, who: UUID | None, what: str, table: str, id_: UUID | None) -> bool:
        """Whether somebody may do it with the row that a row belongs to. What is one's own is not inherited."""
        above = self.find(table, id_)
        return what != "own" and above is not None and self.may(who, what, table, above)

    @cached_property
    def _administrators(self) -> set[UUID]:
        return {user.id for user in self.rows["users"] if user.role == "ADMIN"}

    @cached_property
    def _by_id(self) -> dict[str, dict[UUID | None, Row]]:
        return {table: {row.id: row for row in rows} for table, rows in self.rows.items()}


SLICES = modules(sys.modules[__name__])
RULES: dict[str, Callable[[Oracle, UUID | None, str, Row], bool]] = {
    table.__tablename__: vars(slice_)[table.__tablename__]
    for table in tables()
    for slice_ in SLICES
    if table.__tablename__ in vars(slice_)
}
MENTIONS: list[tuple[str, str]] = [mention for slice_ in SLICES for mention in getattr(slice_, "MENTIONS", ())]
