"""Statements prepared on one connection: those that are used again, within bounds.

PostgreSQL keeps the plan of a statement that is prepared: some 90 bytes for each character of its text. That is more
than what is used once only is worth.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from asyncpg import Connection, InvalidCachedStatementError, Record
from asyncpg.prepared_stmt import PreparedStatement

from db.cache import Cache

MAX_CHARACTERS = 512_000
"""Of all statements that a connection has prepared."""
MAX_REMEMBERED = 2_000
"""Statements of which a connection knows that they were used once."""


class Prepared:
    """One connection. A statement is prepared when it comes for the second time."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._once = Cache[None](MAX_REMEMBERED)
        self._again = Cache[PreparedStatement](MAX_CHARACTERS)

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction is open; the driver does not say it of a connection that is closed."""
        return not self.connection.is_closed() and bool(self.connection.is_in_transaction())

    async def fetch(self, statement: str, arguments: Sequence[Any], *, seconds: float | None = None) -> list[Record]:
        """The rows of a statement; raises TimeoutError after so many seconds, and it ends in the database too."""
        prepared = self._again.get(statement) or await self._prepare(statement)
        try:
            rows: list[Record] = await prepared.fetch(*arguments, timeout=seconds)
        except InvalidCachedStatementError:  # a migration has changed what it returns
            self._again.pop(statement)
            if self.is_in_transaction:
                raise
            return await self.fetch(statement, arguments, seconds=seconds)
        return rows

    async def _prepare(self, statement: str) -> PreparedStatement:
        """Without a name PostgreSQL forgets it at the next one."""
        if self._once.pop(hash(statement)):
            return self._again.put(statement, await self._prepared(statement), len(statement))
        self._once.put(hash(statement), None, 1)
        return await self._prepared(statement, name="")

    async def _prepared(self, statement: str, **named: str) -> PreparedStatement:
        """The statement, to be run at once: until then it holds the locks of its tables, as in a transaction."""
        preparing = asyncio.create_task(self.connection.prepare(statement, **named))
        try:
            return await preparing
        except asyncio.CancelledError:
            is_prepared_for_nobody = preparing.done() and not preparing.cancelled()
            if is_prepared_for_nobody and not self.is_in_transaction:
                self.connection.terminate()
            raise
