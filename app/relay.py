"""The relay of this process: it publishes what the outbox has, in the order of each topic and many at a time.

It is woken when this process commits events, and looks by itself for those of others: of a process without a relay, or
of one that was killed before it had published them. No mutation waits for it, and while Redis is away nothing is lost.
"""

import asyncio
import random
from contextlib import suppress
from typing import Self

import structlog
from redis.backoff import ExponentialWithJitterBackoff

from app.redis import LOST
from db.background import Background
from db.engine import Database
from db.errors import Overloaded
from db.failures import failure_of
from db.relay import Publish

PAUSE = 0.01
"""Seconds between two rounds, in which events gather."""
POLL = 0.05, 0.1
"""Seconds from which and until which it waits to be woken, drawn each time so that relays do not look at one moment."""
MAX_FAILURES = 10

log = structlog.get_logger()


class Relay:
    """An asynchronous context manager, which has the outbox of a database published by `publish`."""

    def __init__(self, database: Database, publish: Publish) -> None:
        self.database = database
        self.publish = publish
        self._woken = asyncio.Event()
        self._background = Background("relay", self._run)

    def wake(self) -> None:
        """Say that there is something to publish."""
        self._woken.set()

    async def __aenter__(self) -> Self:
        self.database.wake = self.wake
        await self._background.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._background.__aexit__(*error)

    async def _run(self) -> None:
        pauses, failures = ExponentialWithJitterBackoff(base=0.05, cap=0.5), 0
        while True:
            self._woken.clear()
            try:
                published = await self.database.relay(self.publish)
                failures = 0
            except Exception as error:
                if not _is_away(error):
                    raise
                if not failures:
                    log.info("events wait to be published", error=repr(error))
                failures = min(failures + 1, MAX_FAILURES)
                await asyncio.sleep(pauses.compute(failures))
                continue
            await asyncio.sleep(PAUSE)
            if not published:
                await self._rest()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(random.uniform(*POLL)):  # noqa: S311  (nobody gains by guessing it)
                await self._woken.wait()


def _is_away(error: Exception) -> bool:
    """Whether Redis or the database does not answer, or has too much to do."""
    return isinstance(error, (*LOST, Overloaded)) or failure_of(error) is not None
