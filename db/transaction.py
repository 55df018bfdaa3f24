"""A database as it is within one transaction: works and reads see what those before them did, and nobody else does.

Only `Database.transaction` makes one and commits it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.access import Viewer
from db.coalescing import Record
from db.constraints import refusing
from db.keyring import Keyring
from db.outbox import Event, Topic, events, write
from db.statements import Arguments, Statement
from db.write import Work


class Transaction:
    """The three ways to use a database, all on one connection. Reads that come at the same time are done in turn.

    `has_failed` says whether a work in it ended in an exception, and `moved` the sequences of topics of which it told.
    """

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        self.session = session
        self.keyring = keyring
        self.events: list[Event] = []
        self.moved: dict[Topic, int] = {}
        self.has_failed = False
        self._turn = asyncio.Lock()

    async def fetch(self, statement: Statement, arguments: Arguments, *, weight: int = 0) -> Record | None:
        """The one row of a compiled statement, whatever its weight."""
        async with self._turn:
            connection = await self.session.connection()
            found = await connection.exec_driver_sql(statement.sql, tuple(arguments))
            return found.one_or_none()

    async def change(self, statement: Statement, arguments: Arguments, *, row: UUID | None = None) -> Record | None:
        """Make a change that is one statement, as `Database.change` does. Its events wait for the end of the whole."""
        with refusing():
            found = await self.fetch(statement, arguments)
        if found is not None and found[1] is not None:
            self.events += events(found[3], found[4])
        return found

    def held(self) -> AbstractAsyncContextManager[Any]:
        """How a change is made again: as `change` does, since what is locked stays locked."""
        return nullcontext(self.change)

    async def tell(self) -> None:
        """Write the events: nothing that others could have locked is changed after that."""
        self.moved |= await write(self.session, self.events)
        self.events = []

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session for one batch of reads, which knows nothing of the rows that works have in memory."""
        async with self._turn:
            connection = await self.session.connection()
            async with AsyncSession(connection, autoflush=False, join_transaction_mode="rollback_only") as session:
                yield session

    @asynccontextmanager
    async def work(self, viewer: Viewer) -> AsyncIterator[Work]:
        """A part of the transaction on behalf of a viewer. Its events wait for the end of the whole.

        Raises the refusal of a constraint that is broken.
        """
        work = Work(viewer, fetch=self.fetch, open_session=lambda: self.session, keyring=self.keyring)
        work.opened = self.session
        try:
            with refusing():
                yield work
                await work.flush()
        except BaseException:
            self.has_failed = True
            raise
        self.session.expunge_all()  # the next work reads what is written by then
        self.events += work.events
