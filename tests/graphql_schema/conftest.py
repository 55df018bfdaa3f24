"""What is told of changes: the events that are published, and subscribers that hear them without a transport."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
import pytest

from db.outbox import CHANGED, Event
from graphql_schema.core.context import Context
from graphql_schema.execution import Request
from tests.conftest import Graph, Heard, NotingDatabase
from tests.deadline import DEADLINE

Listen = Callable[..., AbstractAsyncContextManager["Ear"]]


@pytest.fixture
def told(database: NotingDatabase) -> list[tuple[str, dict[str, str]]]:
    """The kind and the ids of every event that was published, in the order of its topic."""
    events: list[tuple[str, dict[str, str]]] = []

    async def publish(event: Event) -> None:
        if event.kind != CHANGED:
            events.append((event.kind, event.ids))

    database.publish = publish  # type: ignore[method-assign]
    return events


@dataclass
class Source(Heard):
    """Hands events from the database straight to who listens, and tells when somebody has come."""

    came: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def listen(self, topic: str) -> AsyncIterator[AsyncIterator[Event]]:
        async with super().listen(topic) as events:
            self.came.set()
            yield events

    async def publish(self, event: Event) -> None:
        for queue in self.queues.get(event.topic, ()):
            queue.put_nowait(event)


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
        await asyncio.wait([self.coming], timeout=DEADLINE)
        return isinstance(self.coming.exception(), StopAsyncIteration)

    async def close(self) -> None:
        self.coming.cancel()
        await asyncio.wait([self.coming])
        await self.answers.aclose()


@pytest.fixture
def listen(graph: Graph) -> Listen:
    """`async with listen("ada", query) as ear`: once entered, nothing is missed. Raises RequestError when refused."""
    source = Source()
    graph.database.publish = source.publish  # type: ignore[method-assign]

    @asynccontextmanager
    async def listening(who: str | None, query: str, **variables: Any) -> AsyncIterator[Ear]:
        context = Context(graph.world.viewer(who), graph.database, source)
        operation = graph.executor.prepare(Request(query, variables=variables))
        source.came.clear()
        ear = Ear(cast("AsyncGenerator[Any]", graph.executor.subscribe(operation, context)))
        came = asyncio.ensure_future(source.came.wait())
        try:
            await asyncio.wait([came, ear.coming], timeout=DEADLINE, return_when=asyncio.FIRST_COMPLETED)
            if ear.coming.done():
                ear.coming.result()
            assert source.came.is_set()
            yield ear
        finally:
            came.cancel()
            await ear.close()

    return listening
