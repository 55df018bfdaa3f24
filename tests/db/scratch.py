"""A session to try something out in."""

from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database


def scratch(database: Database) -> AsyncSession:
    """A context with a session of one transaction, of which nothing is kept."""
    return AsyncSession(database.engine, autoflush=False)
