"""Whatever the kernel promises holds for both ways to answer: one statement, or every field resolved in Python."""

import pytest

from graphql_schema.execution import Executor
from graphql_schema.schema import executor
from tests.conftest import Graph, NotingDatabase
from tests.world import World


@pytest.fixture(params=["compiled", "resolved"])
def graph(request: pytest.FixtureRequest, database: NotingDatabase, world: World) -> Graph:
    return Graph(database, world, Executor(executor.schema, compiles=request.param == "compiled"))
