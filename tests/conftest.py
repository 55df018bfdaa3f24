"""Real servers for every test: one PostgreSQL and one Valkey a worker, and a copy of the small world for each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis  # noqa: F401  (imported late, after greenlets ran, it breaks the parser of CPython 3.11)
import pytest
from sqlalchemy import event, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from db import embedded, migrations
from db.engine import Database
from db.outbox import Event
from graphql_schema.core.context import Context
from graphql_schema.execution import Request
from graphql_schema.schema import executor
from tests import world as worlds
from tests.world import World

TEMPLATE = "world"
names = count()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Servers]:
    """PostgreSQL and Valkey, started for this worker."""
    with embedded.servers(Path(tmp_path_factory.mktemp("servers")), durable=False) as started:
        yield started


@pytest.fixture(scope="session")
def template(servers: embedded.Servers) -> World:
    """The world, built once in a database that tests copy."""
    url = _named(servers.database_url, TEMPLATE)
    asyncio.run(_administer(servers, f"CREATE DATABASE {TEMPLATE}"))
    migrations.upgrade(url)
    return asyncio.run(_build(url))


@pytest.fixture
def world(template: World) -> World:
    """The people and things of the small world, as they are in this test's database."""
    return template


@pytest.fixture
async def database_url(servers: embedded.Servers, template: World) -> AsyncIterator[str]:
    """A database of this test's own with the small world in it."""
    name = f"test_{next(names)}"
    await _administer(servers, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield _named(servers.database_url, name)
    await _administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def redis_url(servers: embedded.Servers) -> str:
    return servers.redis_url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


@dataclass
class Heard:
    """An event source that the test speaks through, one queue a listener."""

    queues: dict[str, list[asyncio.Queue[Event]]] = field(default_factory=dict)

    @asynccontextmanager
    async def listen(self, topic: str) -> AsyncIterator[AsyncIterator[Event]]:
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self.queues.setdefault(topic, []).append(queue)
        yield self._events(queue)

    async def _events(self, queue: asyncio.Queue[Event]) -> AsyncIterator[Event]:
        while True:
            yield await queue.get()


@dataclass
class Graph:
    """Asks the graph without a transport, as one person of the world after another."""

    database: Database
    world: World
    statements: list[str] = field(default_factory=list)

    def context(self, who: str | None) -> Context:
        return Context(self.world.viewer(who), self.database, Heard())

    async def __call__(self, who: str | None, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer to `query`; None asks as a guest."""
        self.statements.clear()
        return await executor.execute(executor.prepare(Request(query, variables=variables)), self.context(who))

    async def data(self, who: str | None, query: str, **variables: Any) -> Any:
        """The data of an answer that has no errors."""
        answer = await self(who, query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]


@pytest.fixture
def graph(database: Database, world: World) -> Graph:
    asked = Graph(database, world)

    @event.listens_for(database.engine.sync_engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.statements.append(statement)

    return asked


async def _build(url: str) -> World:
    database = Database(url)
    try:
        return await worlds.build(database)
    finally:
        await database.close()


async def _administer(servers: embedded.Servers, statement: str) -> None:
    engine = create_async_engine(servers.database_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)
