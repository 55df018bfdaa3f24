"""Both paths over one database, for all examples of a module: no query changes anything."""

from collections.abc import Iterator

import pytest

from graphql_schema.execution import Executor
from graphql_schema.schema import executor
from tests.conftest import TEMPLATE, Graph, NotingDatabase
from tests.databases import Databases
from tests.graphql_schema.execution.both_paths import TIMEOUT, BothPaths, both_paths
from tests.world import World


@pytest.fixture(scope="package")
def both(databases: Databases, template: World) -> Iterator[BothPaths]:
    with both_paths(databases.copy(TEMPLATE), template) as opened:
        yield opened


COMPILING, RESOLVING = (Executor(executor.schema, compiles=compiles, deadline=TIMEOUT) for compiles in (True, False))


@pytest.fixture
def graph(database: NotingDatabase, world: World) -> Graph:
    """The graph as it is served, with the time that a busy machine takes."""
    return Graph(database, world, COMPILING)


@pytest.fixture(params=[COMPILING, RESOLVING], ids=["compiled", "resolved"])
def either(request: pytest.FixtureRequest, database: NotingDatabase, world: World) -> Graph:
    """The graph by each of its two ways to answer."""
    return Graph(database, world, request.param)
