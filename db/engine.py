"""The connection to PostgreSQL: pool, limits of a statement, and the two ways to use it, to read and to work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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


class Database:
    """A pool of connections to one PostgreSQL database. `url` is a SQLAlchemy URL with the driver asyncpg."""

    def __init__(self, url: str, *, publish: Publish = unheard, pool_size: int = 10) -> None:
        self.publish = publish
        self.engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=True,
            connect_args={"server_settings": SERVER_SETTINGS, "timeout": 5},
        )

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
        await self.engine.dispose()
