"""The last events of each topic, kept in Redis by whoever publishes them: clients that come back go on from there, and
PostgreSQL is not asked, though they come by the thousand.

What is kept is no promise. Redis may restart or drop it, and a relay may be behind: whoever reads has to see whether it
is whole, and has the outbox otherwise.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import orjson
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from db.outbox import Event, Topic
from db.relay import KEPT, KEPT_FOR

log = structlog.get_logger()


def keep(pipeline: "Pipeline", prefix: str, events: Sequence[Event]) -> None:
    """Keep events beside the last of their topics. To keep one again changes nothing."""
    numbered = (event for event in events if event.sequence)
    for key, some in groupby(numbered, lambda event: _key(prefix, event.topic, event.epoch)):
        pipeline.zadd(key, {orjson.dumps(event): event.sequence for event in some})
        pipeline.zremrangebyrank(key, 0, -KEPT - 1)
        pipeline.expire(key, KEPT_FOR)


async def kept(redis: "Redis", prefix: str, topic: Topic, epoch: str, after: int) -> list[Event]:
    """The events behind a number that are kept, up to the first that is missing; raises what is in LOST."""
    found: Any = await redis.zrange(_key(prefix, topic, epoch), f"({after}", "+inf", byscore=True)
    return [*_next(map(event_of, found), after)]


def event_of(data: bytes) -> Event | None:
    """An event as it was published; None for what is none."""
    try:
        return Event(**orjson.loads(data))
    except (ValueError, TypeError):
        log.warning("not an event", bytes=len(data))
        return None


def _next(events: Iterable[Event | None], after: int) -> Iterator[Event]:
    for number, event in enumerate(events, after + 1):
        if event is None or event.sequence != number:
            return
        yield event


def _key(prefix: str, topic: Topic, epoch: str) -> str:
    # The braces keep it on the node of its channel in a cluster, where one pipeline does both in order.
    return f"{prefix}history:{epoch}:{{{prefix}{topic}}}"
