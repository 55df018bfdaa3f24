"""Several reads of one state of the database, whatever changes between them."""

from dataclasses import dataclass

from asyncpg import InvalidCachedStatementError

from db.coalescing import Record
from db.prepared import Prepared
from db.statements import Arguments, Statement


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A connection within a transaction that sees one state."""

    prepared: Prepared

    async def fetch(self, statement: Statement, arguments: Arguments, *, weight: int = 0) -> Record | None:
        """The one row of a compiled statement, as `Database.fetch` has it; a failure is none of the next reads'.

        The weight has been looked at when the connection was chosen.
        """
        try:
            return await self._fetch(statement, arguments)
        except InvalidCachedStatementError:
            return await self._fetch(statement, arguments)

    async def _fetch(self, statement: Statement, arguments: Arguments) -> Record | None:
        async with self.prepared.connection.transaction():
            rows = await self.prepared.fetch(statement.sql, arguments)
        return rows[0] if rows else None
