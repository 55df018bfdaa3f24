"""Processes that are killed, while they publish or with people present: short of imports, as many are started."""

import asyncio
from collections.abc import Sequence
from multiprocessing.connection import Connection
from uuid import UUID

import db.tables  # noqa: F401  (declares the tables)
from app.presence import Presence
from app.realtime import Realtime
from db.access import GUEST
from db.engine import Database
from db.outbox import Event, Topic
from db.queue.declared import kinds

kinds()  # imports them, once for all processes
TOPIC = "project:1"


async def touch(database: Database, *topics: str) -> None:
    """Commit an event of each of these topics."""
    async with database.work(GUEST) as work:
        work.touch(*topics)


def killed(database_url: str, redis_url: str, prefix: str, gets_to_publish: bool, pipe: Connection) -> None:
    """Commit an event, and say so when it is to be published, or is and that is not noted yet; then stand still."""
    asyncio.run(_killed(database_url, redis_url, prefix, gets_to_publish, pipe))


async def _killed(database_url: str, redis_url: str, prefix: str, gets_to_publish: bool, pipe: Connection) -> None:
    database = Database(database_url)
    async with Realtime(redis_url, prefix=prefix) as realtime:

        async def publish(events: Sequence[Event]) -> None:
            if gets_to_publish:
                await realtime.publish(events)
            pipe.send(True)
            await asyncio.Event().wait()

        await touch(database, TOPIC)
        while not await database.relay(publish):  # the server may not know yet that the one before is gone
            pass


def present(redis_url: str, prefix: str, topic: Topic, person: UUID, life: float, pipe: Connection) -> None:
    """Be a process with a person in a place, and say so once the others can know; then go on."""
    asyncio.run(_present(redis_url, prefix, topic, person, life, pipe))


async def _present(redis_url: str, prefix: str, topic: Topic, person: UUID, life: float, pipe: Connection) -> None:
    async with (
        Presence(redis_url, prefix=prefix, interval=0.05, life=life) as presence,
        presence.here(topic, person) as states,
    ):
        await anext(states)
        pipe.send(True)
        await asyncio.Event().wait()
