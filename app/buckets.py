"""Leaky buckets of points that all processes share over Redis, though nobody who takes from one waits for it.

A process knows a bucket as Redis last told it, restored with time and lowered by what was taken here since. A task
tells Redis many times a second what that was, all buckets in one call, and learns what the others took. In between
processes know nothing of each other: N of them may let pass N times what a bucket has left. That happens once, as what
was too much is owed too, and restored before anything passes again. While Redis is away each goes on by itself.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from uuid import uuid4

import orjson
import structlog

from app.redis import LOST, connect, never_again
from db.background import Background

TIMEOUT = 1.0
MISSED = 10
"""Intervals without an answer after which Redis counts as away."""
CALL_SIZE = 250
"""Buckets in one call, which holds up everybody else on the server, for about a millisecond."""
MAX_KEPT = 100_000
"""Buckets that a process knows, in some 30 MB. Beyond them it forgets those that it has not needed for longest."""
MICROSECONDS = 1_000_000

# Of a bucket Redis holds when it will be full again, in microseconds: what is owed, as time (the generic cell rate
# algorithm). At that time the key expires. KEYS: who calls, then buckets. ARGV: the number of the call, then what was
# taken from each bucket, as the time that it takes to restore. A call whose answer was lost comes again under its
# number, and takes nothing if it was heard before. The answer is how long each bucket takes to be full.
RECONCILE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local stored = redis.call('MGET', unpack(KEYS))
local is_new = tonumber(ARGV[1]) > tonumber(stored[1] or 0)
if is_new then redis.call('SET', KEYS[1], ARGV[1], 'EX', 600) end
local taken = cjson.decode(ARGV[2])
local restoring = {}
for i = 2, #KEYS do
  local full_at = tonumber(stored[i] or now)
  if is_new and taken[i - 1] ~= 0 then
    full_at = math.max(full_at + taken[i - 1], now)
    if full_at > now then
      redis.call('SET', KEYS[i], string.format('%.0f', full_at), 'PXAT', math.ceil(full_at / 1000))
    else
      redis.call('DEL', KEYS[i])
    end
  end
  restoring[i - 1] = full_at - now
end
return cjson.encode(restoring)
"""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Limit:
    """How many points a full bucket has, and how many it gets back each second."""

    maximum: float
    restore_rate: float


@dataclass(slots=True)
class Bucket:
    """One bucket as this process knows it, in points, at a time of its clock."""

    limit: Limit
    at: float
    owed: float = 0.0
    """Points that were taken and are not restored yet. Above the maximum if several processes let pass too much."""
    unsent: float = 0.0
    """Points that were taken here, less those given back, since the last call."""
    sending: float = 0.0
    """Points that the call under way tells Redis of."""

    @property
    def available(self) -> float:
        """The points that can be taken; below zero, those that must be restored before any can."""
        return self.limit.maximum - self.owed

    def take(self, points: float) -> None:
        """Take points, or give them back if they are negative: a bucket is never more than full."""
        self.owed = max(0.0, self.owed + points)
        self.unsent += points

    def restore(self, now: float) -> None:
        """Add the points of the time since the last look."""
        self.owed = max(0.0, self.owed - (now - self.at) * self.limit.restore_rate)
        self.at = now

    def forgive(self, seconds: float) -> None:
        """Keep back the points that were restored here while Redis was away for longer than `seconds`.

        For so long the process had the bucket to itself. Points that were taken first are restored first.
        """
        grace = seconds * self.limit.restore_rate
        self.unsent = min(self.unsent, self.owed + grace)
        self.sending = min(self.sending, max(0.0, self.owed - self.unsent) + grace)

    def learn(self, restoring: float, now: float) -> None:
        """Take over the state that Redis has, in seconds until full, with the points that were taken here meanwhile."""
        self.owed = max(0.0, restoring * self.limit.restore_rate + self.unsent)
        self.at = now
        self.sending = 0.0


class Buckets:
    """The buckets of this process. An asynchronous context manager: it shares them from its start on, and tells at its
    end what it has not told yet.

    `prefix` begins every key in Redis. Every `interval` seconds Redis is called, if there is something to tell or to
    ask; `is_shared` says whether it answered. `clock` gives seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "trellis:",
        interval: float = 0.05,
        most_kept: int = MAX_KEPT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.interval = interval
        self.most_kept = most_kept
        self.clock = clock
        self.is_shared = True
        self._redis = connect(url, retry=never_again())
        self._reconcile = self._redis.register_script(RECONCILE)
        # The keys of one call must lie on one node of a Redis Cluster: what is in braces decides on which.
        self._prefix = f"{{{prefix}buckets}}:"
        self._caller = f"{self._prefix}caller:{uuid4().hex}"
        self._known: OrderedDict[str, Bucket] = OrderedDict()  # least recently needed first
        self._touched: dict[str, Bucket] = {}
        self._sending: dict[str, Bucket] = {}
        self._number = 0
        self._calling = asyncio.Lock()
        self._background = Background("buckets", self._stay_reconciled, timeout=TIMEOUT)

    async def __aenter__(self) -> Self:
        await self._background.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._background.__aexit__(*error)
        for farewell in (self.reconcile, self._redis.aclose):
            with suppress(*LOST):
                async with asyncio.timeout(TIMEOUT):
                    await farewell()

    def __len__(self) -> int:
        return len(self._known)

    def bucket(self, key: str, limit: Limit) -> Bucket:
        """The bucket of this key as it is now. To be used at once: what is taken from it later may be forgotten."""
        now = self.clock()
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Bucket(limit, now)
            self._forget_one_too_many()
        else:
            self._known.move_to_end(key)
            found.restore(now)
        self._touched[key] = found
        return found

    async def reconcile(self) -> None:
        """Tell Redis what was taken and learn what others took, as the task does; raises what `app.redis.LOST` has."""
        async with self._calling:
            for _ in range(bool(self._sending) + math.ceil(len(self._touched) / CALL_SIZE)):
                if not self._sending:
                    self._load()
                await self._call()
        self._forget_full()

    async def _stay_reconciled(self) -> None:
        while True:
            await asyncio.sleep(self.interval if self.is_shared else self.interval * MISSED)
            try:
                await self.reconcile()
            except Exception as lost:  # noqa: BLE001  (whatever it is, what is known here must do)
                self._note(is_shared=False, error=str(lost) or repr(lost))
            else:
                self._note(is_shared=True)

    def _note(self, *, is_shared: bool, **details: str) -> None:
        if is_shared != self.is_shared:
            self.is_shared = is_shared
            log.warning("buckets are shared again" if is_shared else "buckets are not shared", **details)

    def _load(self) -> None:
        """Put the buckets that have changed into the next call."""
        self._number += 1
        for _ in range(min(CALL_SIZE, len(self._touched))):
            key, bucket = self._touched.popitem()
            bucket.sending, bucket.unsent = bucket.unsent, 0.0
            self._sending[key] = bucket

    async def _call(self) -> None:
        """Make the call that is loaded. If it fails it stays loaded."""
        keys = [self._caller, *(self._prefix + key for key in self._sending)]
        async with asyncio.timeout(TIMEOUT):
            answer = await self._reconcile(keys, [self._number, orjson.dumps(self._taken())])
        now = self.clock()
        for bucket, restoring in zip(self._sending.values(), orjson.loads(answer), strict=True):
            bucket.learn(restoring / MICROSECONDS, now)
        self._sending = {}

    def _taken(self) -> list[int]:
        now, seconds = self.clock(), self.interval * MISSED
        for bucket in self._sending.values():
            bucket.restore(now)
            bucket.forgive(seconds)
        return [round(bucket.sending / bucket.limit.restore_rate * MICROSECONDS) for bucket in self._sending.values()]

    def _forget_one_too_many(self) -> None:
        if len(self._known) > self.most_kept:
            key, _ = self._known.popitem(last=False)
            self._touched.pop(key, None)

    def _forget_full(self) -> None:
        """A bucket that is full is as good as one that nobody knows."""
        now = self.clock()
        while self._known:
            key, bucket = next(iter(self._known.items()))
            bucket.restore(now)
            if bucket.owed or key in self._touched:
                return
            del self._known[key]
