"""The connection to PostgreSQL: pools, limits of a statement, and the three ways to use it.

`fetch` runs a statement that was compiled before, `read` is a session for a batch of reads, `work` one transaction.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from asyncpg import InvalidCachedStatementError, Pool, Record, create_pool
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from db.access import Viewer
from db.outbox import Publish, unheard
from db.write import Work

SERVER_SETTINGS = {
    "application_name": "trellis",
    "jit": "off",
    "timezone": "UTC",
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
}

READER_SETTINGS = {
    "default_transaction_read_only": "on",
    # Planning a nested statement costs more than running it: plan it once for all values.
    "plan_cache_mode": "force_generic_plan",
}


class Database:
    """A pool of connections to one PostgreSQL database. `url` is a SQLAlchemy URL with the driver asyncpg."""

    def __init__(self, url: str, *, publish: Publish = unheard, pool_size: int = 10) -> None:
        self.publish = publish
        self.pool_size = pool_size
        self._readers: Pool | None = None
        self.engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"server_settings": SERVER_SETTINGS, "timeout": 5},
        )

    async def fetch(self, statement: str, arguments: Sequence[Any]) -> Record:
        """The one row of a compiled statement. It is prepared once a connection, and cannot change anything."""
        if self._readers is None:
            self._readers = await self._connect()
        try:
            return await self._readers.fetchrow(statement, *arguments)
        except InvalidCachedStatementError:  # a migration has changed what the statement was prepared for
            return await self._readers.fetchrow(statement, *arguments)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session for one batch of reads. Its rows stay readable after it; nothing it changes is kept."""
        async with AsyncSession(self.engine, autoflush=False) as session:
            yield session

    @asynccontextmanager
    async def work(self, viewer: Viewer) -> AsyncIterator[Work]:
        """One transaction on behalf of a viewer: all of it is kept, or nothing; then its events are published."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            work = Work(session, viewer)
            yield work
            await session.commit()
        for event in work.events:
            await self.publish(event)

    async def ping(self) -> None:
        """Ask the server for a sign of life; raise what is wrong with it."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        if self._readers is not None:
            self._readers.terminate()
        await self.engine.dispose()

    async def _connect(self) -> Pool:
        _, options = self.engine.dialect.create_connect_args(self.engine.url)
        return await create_pool(
            **options,
            min_size=0,
            max_size=self.pool_size,
            timeout=5,
            reset=_keep,
            statement_cache_size=1_000,
            max_cacheable_statement_size=0,
            server_settings=SERVER_SETTINGS | READER_SETTINGS,
        )


async def _keep(_connection: Any) -> None:
    """Leave a connection as it is when it goes back to the pool: a single statement leaves nothing behind."""
