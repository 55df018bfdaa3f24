"""Messages of GitHub are kept, and worked in by the job, in tests."""

from typing import Any

import orjson
from sqlalchemy import select

from db import tables
from db.access import GUEST
from db.actions import webhooks
from db.actions.webhooks import Delivery
from db.base import Base, new_id
from db.engine import Database
from tests.db.actions.test_media import run
from tests.world import World

Message = tuple[str, Any]


async def keep(database: Database, world: World, *messages: Message) -> None:
    """Keep messages for Analytical, each in a delivery of its own."""
    deliveries = [
        Delivery(world.analytical.id, new_id().hex, event, orjson.dumps(payload).decode())
        for event, payload in messages
    ]
    async with database.work(GUEST) as work:
        await webhooks.keep(work, deliveries)


async def tell(database: Database, world: World, *messages: Message) -> None:
    """Keep messages about Engine and work them in, one after the other."""
    for message in messages:
        await keep(database, world, message)
        await project(database, world.engine)


async def project(database: Database, repository: tables.Repository) -> None:
    """Work in what is kept of a repository."""
    await run(database, "project_webhooks", repository=repository.public_id)


async def now(database: Database, row: Base) -> Any:
    """A row as it is now."""
    async with database.read() as reading:
        return await reading.scalar(select(type(row)).where(type(row).id == row.id))


async def found(database: Database, table: Any, *conditions: Any) -> list[Any]:
    """Rows, the oldest first."""
    async with database.read() as reading:
        return list(await reading.scalars(select(table).where(*conditions).order_by(table.id)))
