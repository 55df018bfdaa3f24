"""The relay of this process: it publishes what the outbox has, in the order of each topic and many at a time.

It is woken when this process commits events, and through Redis when one without a relay does. It looks by itself too:
for what a process left that was killed before it had published, and for whatever a wake did not come through for. No
mutation waits for any of this, and while Redis is away nothing is lost.
"""

import asyncio
import random
from contextlib import suppress
from typing import Self

import structlog
from redis.backoff import ExponentialWithJitterBackoff

from app.realtime import Realtime
from app.redis import LOST, is_away
from db.background import Background
from db.engine import Database
from db.errors import Refusal
from db.outbox import Event

PAUSE = 0.01
"""Seconds between two rounds, in which events gather, and between two wakes, in which wakes do."""
POLL = 0.05, 0.1
"""Seconds from which and until which it waits to be woken, drawn each time so that relays do not look at one moment."""
MAX_FAILURES = 10
WAKE = Event("relay", "WAKE")
"""Says that events wait. It has no number, as it is not one of them."""

log = structlog.get_logger()


class Relay:
    """An asynchronous context manager, which has the outbox of a database published."""

    def __init__(self, database: Database, realtime: Realtime) -> None:
        self.database = database
        self.realtime = realtime
        self._woken = asyncio.Event()
        self._background = Background("relay", self._run), Background("wakes", self._listen)

    def wake(self) -> None:
        """Say that there is something to publish."""
        self._woken.set()

    async def __aenter__(self) -> Self:
        self.database.wake = self.wake
        for one in self._background:
            await one.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        for one in self._background:
            await one.__aexit__(*error)

    async def _run(self) -> None:
        pauses, failures = ExponentialWithJitterBackoff(base=0.05, cap=0.5), 0
        while True:
            self._woken.clear()
            try:
                published = await self.database.relay(self.realtime.publish)
                failures = 0
            except Exception as error:
                if not is_away(error):
                    raise
                if not failures:
                    log.info("events wait to be published", error=repr(error))
                failures = min(failures + 1, MAX_FAILURES)
                await asyncio.sleep(pauses.compute(failures))
                continue
            if published:
                await asyncio.sleep(PAUSE)
            else:
                await self._rest()

    async def _listen(self) -> None:
        while True:
            with suppress(Refusal):
                async with self.realtime.listen(WAKE.topic) as wakes:
                    async for _ in wakes:
                        self.wake()
            await asyncio.sleep(PAUSE)

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(random.uniform(*POLL)):  # noqa: S311  (nobody gains by guessing it)
                await self._woken.wait()


class Wakes:
    """An asynchronous context manager for a process without a relay: what it commits wakes the relays of others.

    A wake that does not come through costs the time until a relay looks by itself.
    """

    def __init__(self, database: Database, realtime: Realtime) -> None:
        self.database = database
        self.realtime = realtime
        self._woken = asyncio.Event()
        self._background = Background("wakes", self._run)

    async def __aenter__(self) -> Self:
        self.database.wake = self._woken.set
        await self._background.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._background.__aexit__(*error)

    async def _run(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            with suppress(*LOST):
                await self.realtime.publish([WAKE])
            await asyncio.sleep(PAUSE)
