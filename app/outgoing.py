"""Events on their way to Redis: sent in their order, many at a time, and without holding up the operations that cause
them.

An event that does not arrive is lost. Every process tells the listeners of its topic so, once Redis answers again.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Self

import orjson
import structlog
from redis.asyncio import Redis
from redis.backoff import ExponentialWithJitterBackoff

from app.redis import LOST, once_more
from db.background import Background
from db.outbox import Event, Topic

TIMEOUT = 2.0
MAX_WAITING = 10_000
MAX_AT_ONCE = 500
MAX_GAPS = 10_000
"""Topics that are remembered for having lost an event. Beyond them all topics have."""
PAUSE = 0.005
"""Seconds between two calls of Redis, in which events gather."""
MAX_FAILURES = 10

GAPS: Topic = "gaps"
"""The topic of events that tell of others that are lost; their kind is the topic of those, or EVERY_TOPIC."""
EVERY_TOPIC: Topic = "*"

log = structlog.get_logger()


class Outgoing:
    """An asynchronous context manager: events handed in before its end are sent, if Redis takes them in time."""

    def __init__(self, url: str, prefix: str) -> None:
        self.prefix = prefix
        # Timeouts are ours: under Python 3.11 those of the client can swallow a cancellation.
        self.redis = Redis.from_url(url, retry=once_more(), socket_timeout=None)
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(MAX_WAITING)
        self._gaps: set[Topic] = set()
        """The topics whose listeners have yet to be told that an event is lost."""
        self._background = Background("publisher", self._send_all)

    async def __aenter__(self) -> Self:
        await self._background.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(TIMEOUT):
                await self._waiting.join()
        await self._background.__aexit__(*error)
        self._lose(self._taken(), "the process ends")
        with suppress(TimeoutError, *LOST):
            async with asyncio.timeout(TIMEOUT):
                await self.redis.aclose()

    async def publish(self, event: Event) -> None:
        """Take in a committed event. A failure is logged, as the change that is committed has not failed."""
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            self._lose([event], "too many events wait for Redis")

    async def _send_all(self) -> None:
        pauses, failures = ExponentialWithJitterBackoff(base=0.05, cap=1), 0
        while True:
            gaps = set(islice(self._gaps, MAX_AT_ONCE))
            events = [] if gaps else [await self._waiting.get()]
            events += self._taken(MAX_AT_ONCE - len(events))
            arrived = await self._arrives(gaps, events)
            for _ in events:
                self._waiting.task_done()
            # The pauses grow with them no further, and would overflow in the end.
            failures = 0 if arrived else min(failures + 1, MAX_FAILURES)
            await asyncio.sleep(pauses.compute(failures) if failures else PAUSE)

    def _taken(self, most: int = MAX_WAITING) -> list[Event]:
        """The events that wait already, at most so many."""
        return [self._waiting.get_nowait() for _ in range(min(most, self._waiting.qsize()))]

    async def _arrives(self, gaps: set[Topic], events: Sequence[Event]) -> bool:
        """Whether Redis takes the events and the news of gaps. An event that it does not take becomes a gap."""
        self._gaps -= gaps
        try:
            await self._send([*(Event(GAPS, topic) for topic in gaps), *events])
        except BaseException as error:
            self._gaps |= gaps
            self._lose(events, repr(error))
            if not isinstance(error, Exception):
                raise
            return False
        return True

    async def _send(self, events: Sequence[Event]) -> None:
        async with asyncio.timeout(TIMEOUT), self.redis.pipeline(transaction=False) as pipeline:
            for event in events:
                pipeline.publish(self.prefix + event.topic, orjson.dumps(event))
            await pipeline.execute()

    def _lose(self, events: Iterable[Event], reason: str) -> None:
        for event in events:
            log.error("event not published", topic=event.topic, kind=event.kind, error=reason)
            self._gaps.add(event.topic)
        if len(self._gaps) > MAX_GAPS:
            self._gaps = {EVERY_TOPIC}
