"""Both paths over one database, for all examples of a module: no query changes anything."""

import asyncio
from collections.abc import Iterator

import pytest

from db.embedded import Servers
from graphql_schema.execution import Executor
from tests.conftest import TEMPLATE, Graph, NotingDatabase, _administer, _named
from tests.graphql_schema.execution.both_paths import BothPaths, both_paths
from tests.world import World


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Coverage of examples is not measured: it more than doubles the time, and says only that everything was run."""
    for item in items:
        if "both" in getattr(item, "fixturenames", ()):
            item.add_marker("no_cover")


@pytest.fixture(scope="package")
def both(servers: Servers, template: World) -> Iterator[BothPaths]:
    asyncio.run(_administer(servers, f"CREATE DATABASE both_paths TEMPLATE {TEMPLATE}"))
    with both_paths(_named(servers.database_url, "both_paths"), template) as opened:
        yield opened
    asyncio.run(_administer(servers, "DROP DATABASE both_paths WITH (FORCE)"))


@pytest.fixture(params=["compiled", "resolved"])
def either(request: pytest.FixtureRequest, database: NotingDatabase, world: World) -> Graph:
    """The graph by each of its two ways to answer."""
    graph = Graph(database, world)
    return (
        graph
        if request.param == "compiled"
        else Graph(database, world, Executor(graph.executor.schema, compiles=False))
    )
