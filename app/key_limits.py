"""The uses of API keys: as many operations an hour as each allows, and how often it was used at all.

An hour begins with the first operation. Redis counts it, before an operation runs and whichever process it came to, so
that no more pass than the key allows. While Redis is away each process counts by itself, from what Redis said last.

Uses are written to the database some seconds later, all of a process by one statement. A process that is killed loses
those of the last seconds, and writes none twice.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Self
from uuid import UUID

import structlog

from app.metrics import RATE_LIMITED
from app.rate_limits import Mode, RateLimited, Throttle
from app.redis import LOST, connect, once_more
from db.access import GUEST, Viewer
from db.actions.keys import note_uses
from db.background import Background
from db.cache import Cache
from db.engine import Database

HOUR = 3600.0
TIMEOUT = 0.5
PAUSE = 1.0
"""Seconds for which Redis is not asked after it has not answered."""
MAX_KEPT = 100_000
"""Keys of which a process knows how much of their hour is used."""
WRITTEN_AFTER = 5.0
"""Seconds after which uses are written."""

AT_ONCE = 100
"""Uses in one call, which holds up everybody else on the server."""

# KEYS: the hours of API keys, one for each use. ARGV: the milliseconds of an hour, and how many operations each key
# allows. The answer is of each use whether it is one, how often the key is used by now, and the milliseconds until its
# next hour can begin.
USE = """
local answers = {}
for i, key in ipairs(KEYS) do
  local used, left, is_one = tonumber(redis.call('GET', key) or 0), redis.call('PTTL', key), 1
  if left <= 0 then
    redis.call('SET', key, 1, 'PX', ARGV[1])
    used, left = 1, tonumber(ARGV[1])
  elseif used < tonumber(ARGV[i + 1]) then
    used = redis.call('INCR', key)
  else
    is_one = 0
  end
  answers[i] = {is_one, used, left}
end
return answers
"""

log = structlog.get_logger()


class KeyLimited(RateLimited):
    """A key was used as often as it may be in an hour. `throttle` says when that is over."""

    def __init__(self, limit: int, seconds: float) -> None:
        super().__init__(1, Throttle(limit, 0, limit / seconds))
        self.retry_after = seconds

    def _advice(self) -> str:
        limit, seconds = self.throttle.maximum_available, self.throttle.wait(self.throttle.maximum_available)
        return f"This key allows {limit:,.0f} operations an hour. Try again in {math.ceil(seconds)} s."


@dataclass(slots=True)
class _Hour:
    """The hour of a key as this process knows it."""

    used: int
    ends: float


class _Use(NamedTuple):
    """A use that waits to be counted."""

    key: UUID
    limit: int
    counted: asyncio.Future[tuple[bool, _Hour]]
    """Whether it is one that the key allows, and the hour as it is then."""


class KeyLimits:
    """Counts the uses of keys. An asynchronous context manager: it writes them from its start on, and at its end.

    `prefix` begins every key in Redis. In the mode `measure` everything passes, and in `off` nothing is counted.
    """

    def __init__(self, url: str, database: Database, *, prefix: str = "trellis:", mode: Mode = "enforce") -> None:
        self.database = database
        self.mode = mode
        # The keys of one call must lie on one node of a cluster: what is in braces decides on which.
        self._prefix = f"{{{prefix}keys}}:"
        self._redis = connect(url, retry=once_more())
        self._use = self._redis.register_script(USE)
        self._away_until = 0.0
        self._hours = Cache[_Hour](MAX_KEPT)
        self._waiting: list[_Use] = []
        self._counting: asyncio.Task[None] | None = None
        self._used: dict[UUID, tuple[int, datetime]] = {}
        """How often keys were used and when last, as far as it is not written."""
        self._background = Background("uses of keys", self._stay_written)

    async def __aenter__(self) -> Self:
        await self._background.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._background.__aexit__(*error)
        with suppress(Exception):
            await self.write()
        with suppress(TimeoutError, *LOST):
            async with asyncio.timeout(TIMEOUT):
                await self._redis.aclose()

    async def use(self, viewer: Viewer) -> None:
        """Count an operation of a program that came with a key; raises KeyLimited for one too many."""
        key = viewer.key_id
        if key is None or self.mode == "off":
            return
        is_allowed, hour = await self._counted(key, viewer.rate_limit)
        if not is_allowed:
            RATE_LIMITED.labels("key", self.mode).inc()
            if self.mode == "enforce":
                raise KeyLimited(viewer.rate_limit, max(0.001, hour.ends - time.monotonic()))
        times, _ = self._used.get(key, (0, None))
        self._used[key] = times + 1, datetime.now(UTC)

    async def write(self) -> None:
        """Write the uses that are not written; raises what the database does, and then they are still to be written."""
        uses, self._used = self._used, {}
        if not uses:
            return
        try:
            async with self.database.work(GUEST) as work:
                await note_uses(work, uses)
        except BaseException:
            for key, (times, last) in uses.items():
                more, later = self._used.get(key, (0, last))
                self._used[key] = times + more, max(last, later)
            raise

    async def _counted(self, key: UUID, limit: int) -> tuple[bool, _Hour]:
        """Whether one operation more is allowed, and then it is counted; and the hour as it is now."""
        if time.monotonic() < self._away_until:
            return self._counted_here(key, limit)
        use = _Use(key, limit, asyncio.get_running_loop().create_future())
        self._waiting.append(use)
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._count())
        return await use.counted

    async def _count(self) -> None:
        """Count those that wait; what comes at one moment, or during a call, is one call."""
        while self._waiting:
            some, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            try:
                found = await self._called(some)
            except Exception as error:  # noqa: BLE001  (whatever it is, what is known here must do)
                self._away_until = time.monotonic() + PAUSE
                log.warning("uses of keys are counted apart", error=repr(error))
                found = [self._counted_here(use.key, use.limit) for use in some]
            for use, counted in zip(some, found, strict=True):
                if not use.counted.done():
                    use.counted.set_result(counted)

    async def _called(self, some: Sequence[_Use]) -> list[tuple[bool, _Hour]]:
        """The outcome of uses by one call of Redis."""
        names = [f"{self._prefix}{use.key.hex}" for use in some]
        async with asyncio.timeout(TIMEOUT):
            answers = await self._use(names, [round(HOUR * 1000), *(use.limit for use in some)])
        found, now = list[tuple[bool, _Hour]](), time.monotonic()
        for use, (is_one, used, left) in zip(some, answers, strict=True):
            hour = self._hours.put(use.key, _Hour(used, now + left / 1000), 1)
            found.append((bool(is_one), hour))
        return found

    def _counted_here(self, key: UUID, limit: int) -> tuple[bool, _Hour]:
        hour, now = self._hours.get(key), time.monotonic()
        if hour is None or hour.ends <= now:
            hour = self._hours.put(key, _Hour(0, now + HOUR), 1)
        is_allowed = hour.used < limit
        hour.used += is_allowed
        return is_allowed, hour

    async def _stay_written(self) -> None:
        while True:
            await asyncio.sleep(WRITTEN_AFTER)
            try:
                await self.write()
            except Exception as error:  # noqa: BLE001  (they are written the next time)
                log.warning("uses of keys not written", error=repr(error))
