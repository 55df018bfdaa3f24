"""When people were here last. What they ask does not wait for it to be written.

Whoever asks something is noted in memory. Once a minute those who were noted are written by one statement, each at most
once in five minutes, however many processes note them. Nobody is told: it is no change of what people are.
"""

import asyncio
from datetime import timedelta
from typing import Self
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, Uuid, any_, bindparam, func, select, update

from db import tables
from db.background import Background
from db.engine import Database
from db.failures import failure_of
from db.statements import compiled

INTERVAL = 60.0
"""Seconds between two writes."""
EXACT_TO = timedelta(minutes=5)
"""How much later than it says somebody may have been here."""

AT_A_TIME = 1_000
"""People whom one statement writes."""

_user = tables.User
_SOME = (
    select(_user.id)
    .where(_user.id == any_(bindparam("ids", type_=ARRAY(Uuid()))), _user.last_seen_at < func.now() - EXACT_TO)
    .with_for_update(skip_locked=True, key_share=True)
)
_WRITE = compiled(update(_user).where(_user.id.in_(_SOME)).values(last_seen_at=func.now()))

log = structlog.get_logger()


class LastSeen:
    """Notes who asks, and writes it now and then. An asynchronous context manager."""

    def __init__(self, database: Database, *, interval: float = INTERVAL) -> None:
        self.database = database
        self.interval = interval
        self._noted: set[UUID] = set()
        self._background = Background("last seen", self._write_now_and_then)

    async def __aenter__(self) -> Self:
        await self._background.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._background.__aexit__(*error)

    def note(self, user_id: UUID | None) -> None:
        """Note that somebody is here; a guest is nobody."""
        if user_id is not None:
            self._noted.add(user_id)

    async def write(self) -> None:
        """Write who was noted. Rows that somebody holds at the moment are left to the next time that they are here."""
        noted, self._noted = list(self._noted), set()
        for start in range(0, len(noted), AT_A_TIME):
            arguments = _WRITE.arguments({"ids": noted[start : start + AT_A_TIME]})
            await self.database.writers.fetch(_WRITE.sql, arguments)

    async def _write_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self.interval)
            try:
                await self.write()
            except Exception as error:
                if failure_of(error) is None:
                    raise
                log.warning("not written who was here", error=repr(error))
