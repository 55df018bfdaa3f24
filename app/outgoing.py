"""Events on their way to Redis: sent in their order, many at a time, and without holding up whoever caused them."""

import asyncio
from contextlib import suppress
from typing import Self

import orjson
import structlog
from redis import RedisError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from db.outbox import Event

TIMEOUT = 2.0
MOST_WAITING = 10_000
MOST_AT_ONCE = 500
PAUSE = 0.005
"""Seconds between two calls of Redis, in which what happens meanwhile gathers."""

log = structlog.get_logger()


class Outgoing:
    """An asynchronous context manager: what was handed in before its end is sent, if Redis takes it in time."""

    def __init__(self, url: str, prefix: str) -> None:
        self.prefix = prefix
        # Timeouts are ours: under Python 3.11 those of the client can swallow a cancellation.
        self.redis = Redis.from_url(url, retry=Retry(NoBackoff(), 1), socket_timeout=None)
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(MOST_WAITING)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._send_all())
        return self

    async def __aexit__(self, *_error: object) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(TIMEOUT):
                await self._waiting.join()
        self._task.cancel()
        await asyncio.wait([self._task], timeout=TIMEOUT)
        with suppress(TimeoutError, RedisError):
            async with asyncio.timeout(TIMEOUT):
                await self.redis.aclose()

    async def publish(self, event: Event) -> None:
        """Take in a committed event. A failure is logged: what is committed has not failed."""
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            _log_lost([event], "too many events wait for Redis")

    async def _send_all(self) -> None:
        while True:
            events = [await self._waiting.get()]
            while not self._waiting.empty() and len(events) < MOST_AT_ONCE:
                events.append(self._waiting.get_nowait())
            await self._send(events)
            for _ in events:
                self._waiting.task_done()
            await asyncio.sleep(PAUSE)

    async def _send(self, events: list[Event]) -> None:
        try:
            async with asyncio.timeout(TIMEOUT), self.redis.pipeline(transaction=False) as pipeline:
                for event in events:
                    pipeline.publish(self.prefix + event.topic, orjson.dumps(event))
                await pipeline.execute()
        except (RedisError, OSError) as error:
            _log_lost(events, str(error))


def _log_lost(events: list[Event], reason: str) -> None:
    for event in events:
        log.error("event not published", topic=event.topic, kind=event.kind, error=reason)
