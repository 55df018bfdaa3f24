"""What is told of changes: the events that the database publishes, and subscribers that hear them without a transport."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

import orjson
import pytest

from db.engine import Database
from db.outbox import Event
from graphql_schema.core.context import Context
from graphql_schema.execution import Request
from tests.conftest import Graph, Heard

DEADLINE = 5.0

Listen = Callable[..., AbstractAsyncContextManager["Ear"]]


@pytest.fixture
def told(database: Database) -> list[tuple[str, dict[str, str]]]:
    """The kind and the ids of every event that was published, in order."""
    events: list[tuple[str, dict[str, str]]] = []

    async def publish(event: Event) -> None:
        events.append((event.kind, event.ids))

    database.publish = publish
    return events


class Ear:
    """A subscription that has begun."""

    def __init__(self, answers: AsyncGenerator[Any]) -> None:
        self.answers = answers
        self.coming = asyncio.ensure_future(anext(answers))

    async def hear(self) -> Any:
        """The next answer, as it would be sent."""
        async with asyncio.timeout(DEADLINE):
            answer = await self.coming
        self.coming = asyncio.ensure_future(anext(self.answers))
        return orjson.loads(orjson.dumps(answer))

    async def ended(self) -> bool:
        """Whether nothing more comes."""
        async with asyncio.timeout(DEADLINE):
            await asyncio.wait([self.coming])
        return isinstance(self.coming.exception(), StopAsyncIteration)


@pytest.fixture
def listen(graph: Graph) -> Listen:
    """`async with listen("ada", query) as ear`: once entered, nothing is missed. Raises RequestError when refused."""
    heard = Heard()

    async def publish(event: Event) -> None:
        for queue in heard.queues.get(event.topic, ()):
            queue.put_nowait(event)

    @asynccontextmanager
    async def listening(who: str | None, query: str, **variables: Any) -> AsyncIterator[Ear]:
        context = Context(graph.world.viewer(who), graph.database, heard)
        operation = graph.executor.prepare(Request(query, variables=variables))
        before = _queues(heard)
        ear = Ear(cast("AsyncGenerator[Any]", graph.executor.subscribe(operation, context)))
        try:
            async with asyncio.timeout(DEADLINE):
                while not ear.coming.done() and _queues(heard) == before:
                    await asyncio.sleep(0)
            if ear.coming.done():
                ear.coming.result()
            yield ear
        finally:
            ear.coming.cancel()
            await asyncio.wait([ear.coming])
            await ear.answers.aclose()

    graph.database.publish = publish
    return listening


def _queues(heard: Heard) -> int:
    return sum(len(queues) for queues in heard.queues.values())
