"""One database for all invariants of a worker, with the small world and a crowd in it that has nothing to do with it.

It stays open from test to test, in an event loop of its own: compiling the statements anew is what would take long.
"""

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from asyncpg import Connection
from sqlalchemy import select

from db import tables
from db.access import GUEST
from db.address import Address
from db.cache import Cache, SegmentedCache
from db.engine import Database
from graphql_schema.execution import Executor
from graphql_schema.schema import executor
from tests.conftest import TEMPLATE, UNLIMITED, Graph, NotingDatabase
from tests.databases import Databases
from tests.deadline import DEADLINE
from tests.invariants.crowd import populate
from tests.invariants.oracle import Oracle
from tests.world import World

SIZE = 12
SIZE_OF_ALL = 128 * 2**20
"""Bytes of which a cache evicts nothing that is asked here more than once."""
CROWD = ("first", "second")
PEOPLE = ("ada", "ben", "vera", "rob", "ines", "sam", "olga", "root", *CROWD, None)
"""Everybody by name; None is a guest."""

as_served = pytest.mark.parametrize("graph", ["compiled"], indirect=True, scope="session")
"""For what would take long by both ways, and says nothing that their agreement does not say for the other."""


@pytest.fixture(scope="session")
def database_url(databases: Databases, template: World) -> str:
    """A database that the tests of this folder share: they keep nothing of what they write."""
    return databases.copy(TEMPLATE)


class PatientDatabase(NotingDatabase):
    """Lets statements take as long as a busy machine needs: tests of this folder ask for all that there is at once."""

    async def _open(self, address: Address, settings: dict[str, str]) -> Connection:
        return await super()._open(address, settings | {"statement_timeout": f"{DEADLINE:.0f}s"})


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database(database_url: str) -> AsyncIterator[NotingDatabase]:
    opened = PatientDatabase(database_url)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(database: Database, template: World) -> World:
    """The small world and some people of the crowd."""
    async with database.work(GUEST) as work:
        chance = Random(9)
        users = (await populate(await work.session(), chance, size=SIZE))["users"]
        people = await work.scalars(select(tables.User).where(tables.User.id.in_(users[: len(CROWD)])))
        return World(template.rows | dict(zip(CROWD, people, strict=True)))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def oracle(database: Database, world: World) -> Oracle:
    """Who may do what with the rows of the shared database."""
    async with database.read() as session:
        return await Oracle.read(session)


@pytest.fixture(scope="session")
def documents() -> SegmentedCache[Any]:
    """Whatever is asked here, as everybody asks it by both ways: parsed and validated once."""
    return SegmentedCache(SIZE_OF_ALL, SIZE_OF_ALL)


@pytest.fixture(scope="session", params=["compiled", "resolved"])
def graph(
    request: pytest.FixtureRequest, database: NotingDatabase, world: World, documents: SegmentedCache[Any]
) -> Graph:
    """The graph by both its ways: as one statement, and with every field resolved in Python."""
    executing = Executor(executor.schema, compiles=request.param == "compiled", limits=UNLIMITED, deadline=DEADLINE)
    executing.memory.documents, executing.memory.plans = documents, Cache(SIZE_OF_ALL)
    return Graph(database, world, executing)
