"""Columns whose texts are sealed for the owner of their row, and sealed anew when the secret in use is another.

Each text is bound to its row and column (`db.keyring`): put anywhere else it cannot be opened.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, func, or_, select, true

from db.base import Base
from db.keyring import NAME, Keyring, Unreadable
from db.queue.steps import Steps
from db.write import Work

AT_ONCE = 100
"""Rows that are sealed anew by one transaction."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sealed:
    """Columns of a table with sealed texts."""

    table: type[Base]
    columns: tuple[str, ...]
    owner: str
    """The column with the key of the user or the organization that the texts are sealed for."""

    def put(self, keyring: Keyring, row: Base, column: str, text: str | None) -> None:
        """Put a text into a column of a row that has its key."""
        sealed = None if text is None else keyring.seal(text, owner=self._owner(row), place=self._place(row, column))
        setattr(row, column, sealed)

    def text(self, keyring: Keyring, row: Base, column: str) -> str | None:
        """The text in a column of a row, if there is one; raises Unreadable."""
        sealed = getattr(row, column)
        return keyring.open(sealed, owner=self._owner(row), place=self._place(row, column)) if sealed else None

    async def seal_anew(self, steps: Steps, where: ColumnElement[bool] = true()) -> None:  # noqa: B008  (a constant)
        """Seal what is sealed with an older secret with the one in use, in rows for which `where` holds."""
        after: UUID | None = UUID(int=0)
        while after is not None:
            async with steps.work() as work:
                after = await self._seal_some(work, after, where)

    async def _seal_some(self, work: Work, after: UUID, where: ColumnElement[bool]) -> UUID | None:
        """Seal the next rows behind a key anew; returns the last key, or None where there are no more."""
        table: Any = self.table
        of_older = [func.substr(getattr(table, name), 1, NAME) != work.keyring.mark for name in self.columns]
        page = select(table).where(table.id > after, where, or_(*of_older)).order_by(table.id).limit(AT_ONCE)
        found = (await work.scalars(page.with_for_update())).all()
        for row in found:
            try:
                texts = {name: self.text(work.keyring, row, name) for name in self.columns}
            except Unreadable:
                log.warning("sealed text cannot be opened", row=row.public_id)
                continue
            for name, text in texts.items():
                if text is not None:
                    self.put(work.keyring, row, name, text)
        return found[-1].id if len(found) == AT_ONCE else None

    def _owner(self, row: Base) -> UUID:
        owner: UUID = getattr(row, self.owner)
        return owner

    def _place(self, row: Base, column: str) -> str:
        return f"{self.table.__tablename__}.{column}:{row.id.hex}"
