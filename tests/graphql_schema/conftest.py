"""What is told of changes: the events that are published, and subscribers that hear them without a transport."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import orjson
import pytest

from db.history import Past
from db.outbox import CHANGED, Event
from graphql_schema.core.context import Context
from graphql_schema.execution import Request
from graphql_schema.live.messages import Message, SendNow
from graphql_schema.live.subscriptions import Messages
from tests.app.serving import until
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


class Source(Heard):
    """Hands events from a database straight to those who listen."""

    def __init__(self, database: NotingDatabase) -> None:
        super().__init__()
        self.database = database

    async def since(self, topic: str, epoch: str, after: int) -> Past:
        return await self.database.past(topic, after)

    async def publish(self, event: Event) -> None:
        for queue in self.queues.get(event.topic, ()):
            queue.put_nowait(event)


class Ear:
    """A subscription that has begun."""

    def __init__(self, messages: Messages) -> None:
        self.messages = messages
        self.coming = asyncio.ensure_future(anext(messages))

    async def hear(self) -> Any:
        """The next answer, as it would be sent."""
        return orjson.loads((await self.message()).body)

    async def begun(self) -> "Ear":
        """The ear, once it has heard what there is at the beginning."""
        (event,) = (await self.hear())["data"].values()
        assert event["kind"] == "SNAPSHOT"
        return self

    async def message(self) -> Message:
        """The next message."""
        async with asyncio.timeout(DEADLINE):
            message = await self.coming
        self.coming = asyncio.ensure_future(anext(self.messages))
        return message

    async def ended(self) -> bool:
        """Whether nothing more comes."""
        await asyncio.wait([self.coming], timeout=DEADLINE)
        return isinstance(self.coming.exception(), StopAsyncIteration)

    async def close(self) -> None:
        self.coming.cancel()
        await asyncio.wait([self.coming])
        await self.messages.aclose()


@pytest.fixture
def listen(graph: Graph) -> Listen:
    """`async with listen("ada", query) as ear`: once entered, nothing is missed. Raises RequestError when refused."""
    source = Source(graph.database)
    graph.database.publish = source.publish  # type: ignore[method-assign]

    @asynccontextmanager
    async def listening(
        who: str | None, query: str, send_now: SendNow | None = None, **variables: Any
    ) -> AsyncIterator[Ear]:
        context = Context(graph.world.viewer(who), graph.database, source)
        operation = graph.executor.prepare(Request(query, variables=variables))
        subscriptions = graph.executor.subscriptions
        heard = subscriptions.heard
        ear = Ear(graph.executor.subscribe(operation, context, send_now=send_now))
        try:
            await until(lambda: ear.coming.done() or subscriptions.heard > heard)
            if ear.coming.done() and ear.coming.exception():
                ear.coming.result()
            yield ear
        finally:
            await ear.close()

    return listening
