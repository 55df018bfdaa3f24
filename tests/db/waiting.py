"""Waiting for something to be so in the database, with a deadline."""

import asyncio
from typing import Any

from sqlalchemy import text

from db.engine import Database
from tests.deadline import DEADLINE


async def until(database: Database, condition: str, **values: Any) -> None:
    """Until the statement gives true. Each look is a transaction of its own: within one, statistics stand still."""
    async with asyncio.timeout(DEADLINE):
        while True:
            async with database.read() as session:
                if await session.scalar(text(condition), values):
                    return
