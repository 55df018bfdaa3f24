"""The last events of each topic in Redis: clients that come back go on from there, and a gap in it is none for them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from itertools import cycle, islice
from typing import Any

import orjson
import pytest

from app.realtime import Realtime
from app.relay import Relay
from db.access import GUEST
from db.engine import Database
from db.history import Past
from db.relay import KEPT, KEPT_FOR
from graphql_schema.core.context import Context
from graphql_schema.execution import Request
from tests.app.killed import TOPIC, touch
from tests.app.serving import until
from tests.app.wire import Wire
from tests.conftest import Graph, NotingDatabase
from tests.deadline import DEADLINE
from tests.graphql_schema.asking import done
from tests.graphql_schema.live.test_subscriptions import EVENTS, WHOLE
from tests.graphql_schema.specs.test_mutations import ADD_COMMENT

NEVER = 10 * DEADLINE
MISSED = 20
FEW, MANY = 10, 200


@pytest.fixture
async def realtime(database: NotingDatabase, redis_url: str, prefix: str) -> AsyncIterator[Realtime]:
    async with Realtime(redis_url, database.past, prefix=prefix, heartbeat=NEVER) as running:
        yield running


@pytest.fixture
def asked(database: NotingDatabase, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What those who listen ask of PostgreSQL."""
    statements, run = list[str](), database.listeners.execute

    async def noting(sql: str, arguments: Any, **options: Any) -> Any:
        statements.append(sql)
        return await run(sql, arguments, **options)

    monkeypatch.setattr(database.listeners, "execute", noting)
    return statements


async def publish(database: Database, realtime: Realtime, count: int) -> None:
    for _ in range(count):
        await touch(database, TOPIC)
    while await database.relay(realtime.publish):
        pass


async def past_of(realtime: Realtime, after: int) -> Past:
    return await realtime.since(TOPIC, realtime._channels[TOPIC].epoch, after)


async def since(realtime: Realtime, after: int) -> list[int]:
    """The numbers of what has happened behind a number, of which none is missing."""
    past = await past_of(realtime, after)
    assert past.follows(after)
    assert past.is_whole
    return [event.sequence for event in past.events]


async def test_what_was_published_is_read_from_redis(
    database: NotingDatabase, realtime: Realtime, redis_url: str, prefix: str, asked: list[str]
) -> None:
    """Also by a process that has not heard it."""
    await publish(database, realtime, 5)
    async with Realtime(redis_url, database.past, prefix=prefix, heartbeat=NEVER) as other, other.listen(TOPIC):
        asked.clear()
        assert [await since(other, after) for after in (0, 3, 5)] == [[1, 2, 3, 4, 5], [4, 5], []]
    assert asked == []


async def test_what_redis_has_not_whole_is_read_from_the_outbox(
    database: NotingDatabase, realtime: Realtime, redis: Any, prefix: str
) -> None:
    await publish(database, realtime, 5)
    [key] = await redis.keys(f"{prefix}history:*")
    async with realtime.listen(TOPIC):
        await redis.zremrangebyscore(key, 3, 3)
        assert await since(realtime, 1) == [2, 3, 4, 5]
        await redis.zremrangebyscore(key, 5, 5)
        assert await since(realtime, 3) == [4, 5]
        await redis.delete(key)
        assert await since(realtime, 1) == [2, 3, 4, 5]


async def test_what_is_committed_and_not_published_yet_is_not_passed_over(
    database: NotingDatabase, realtime: Realtime
) -> None:
    """Who listens from here on is not told of it when it is published."""
    await publish(database, realtime, 2)
    for _ in range(2):
        await touch(database, TOPIC)
    async with realtime.listen(TOPIC):
        assert await since(realtime, 1) == [2, 3, 4]


async def test_without_redis_the_past_is_read_from_the_outbox(
    database: NotingDatabase, realtime: Realtime, redis_url: str, prefix: str
) -> None:
    await publish(database, realtime, 2)
    async with (
        Wire(redis_url) as wire,
        Realtime(wire.url, database.past, prefix=prefix, heartbeat=NEVER) as other,
        other.listen(TOPIC),
    ):
        await wire.close()
        assert await since(other, 0) == [1, 2]


async def test_a_number_that_is_ahead_of_all_is_a_gap(database: NotingDatabase, realtime: Realtime) -> None:
    await publish(database, realtime, 2)
    async with realtime.listen(TOPIC):
        assert not (await past_of(realtime, 3)).follows(3)


async def test_redis_keeps_as_many_as_the_outbox_does_at_least_and_as_long(
    database: NotingDatabase, realtime: Realtime, redis: Any, prefix: str
) -> None:
    async with database.work(GUEST) as work:
        work.touch(*[TOPIC] * (KEPT + 5))
    await publish(database, realtime, 0)
    [key] = await redis.keys(f"{prefix}history:*")
    assert await redis.zcard(key) == KEPT
    assert 0 < await redis.ttl(key) <= KEPT_FOR.total_seconds()
    async with realtime.listen(TOPIC):
        assert len(await since(realtime, 0)) == KEPT + 5  # from the outbox


@pytest.mark.parametrize("query", [EVENTS, WHOLE], ids=["events", "with a document"])
async def test_how_much_is_asked_of_postgresql_does_not_depend_on_how_many_come_back_at_once(
    graph: Graph, realtime: Realtime, asked: list[str], query: str
) -> None:
    async with Relay(graph.database, realtime):
        cursor = await said(graph, realtime)
        few, many = [await asked_by(number, graph, realtime, query, cursor, asked) for number in (FEW, MANY)]
    # Access is looked at for a hundred at a time, and who comes while others are answered is answered after them.
    assert many <= 4 * few


async def asked_by(number: int, graph: Graph, realtime: Realtime, query: str, cursor: str, asked: list[str]) -> int:
    """The statements of so many subscriptions that begin with what was missed."""
    asked.clear()
    coming = [back(graph, realtime, query, who, cursor) for who in islice(cycle(("ada", "ben", "vera")), number)]
    for heard in await asyncio.gather(*coming):
        assert heard == [f"{one}" for one in range(1, MISSED + 1)]
    return len(asked)


async def said(graph: Graph, realtime: Realtime) -> str:
    """Say something, and MISSED things more; returns the cursor of the first."""
    document, thread = graph.world.requirements.public_id, graph.world.thread_0.public_id
    async with aclosing(subscribed(graph, realtime, EVENTS, "ada", document=document)) as heard:
        first = asyncio.ensure_future(anext(heard))
        await until(lambda: graph.executor.subscriptions.heard)
        for number in range(MISSED + 1):
            await done(graph, "ben", ADD_COMMENT, threadId=thread, content=f"{number}")
        cursor: str = (await first)["cursor"]
        for _ in range(MISSED):
            await anext(heard)
    return cursor


async def back(graph: Graph, realtime: Realtime, query: str, who: str, cursor: str) -> list[str]:
    """What somebody hears first who comes back with a cursor."""
    given = {"document": graph.world.requirements.public_id, "after": cursor}
    async with aclosing(subscribed(graph, realtime, query, who, **given)) as heard:
        return [(await anext(heard))["comment"]["content"] for _ in range(MISSED)]


async def subscribed(graph: Graph, realtime: Realtime, query: str, who: str, **given: Any) -> AsyncGenerator[Any, None]:
    context = Context(graph.world.viewer(who), graph.database, realtime)
    operation = graph.executor.prepare(Request(query, variables=given))
    async with aclosing(graph.executor.subscribe(operation, context)) as messages:
        async for message in messages:
            yield orjson.loads(message.body)["data"]["documentEvents"]
