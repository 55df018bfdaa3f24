"""The benchmark keeps to the tables and to what mutations write, which nobody would notice until figures are wanted."""

import asyncio
from uuid import UUID

import orjson
import pytest
from sqlalchemy import make_url

from db import engine
from db.access import Viewer
from graphql_schema.core.context import Context
from graphql_schema.execution import Request
from graphql_schema.schema import executor
from scripts.benchmark import operations, writes
from scripts.benchmark.dataset import SQL, Database
from scripts.benchmark.operations import WRITES, Dialect, Operation
from scripts.benchmark.peers.handwritten.app import OPERATIONS
from scripts.benchmark.workload import THREADS, workload
from tests.conftest import Heard, NotingDatabase

pytestmark = pytest.mark.usefixtures("patient")


async def test_what_it_adds_to_the_demo_data_fits_the_tables(database: NotingDatabase) -> None:
    async with database.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver
        await driver.execute((SQL / "adapt.sql").read_text())
        assert await driver.fetchval("SELECT count(*) FROM bench.projects") > 0
        assert await driver.fetch(THREADS)
        await driver.execute("UPDATE specification_documents SET status = 'ARCHIVED', approved_at = NULL")
        assert await driver.fetch(THREADS) == [], "nobody can comment on an archived document"


def test_hand_written_sql_leaves_behind_what_a_mutation_does(database_url: str) -> None:
    made = Database(make_url(database_url), redis_url="", pid=0)
    made.execute((SQL / "adapt.sql").read_text())
    made.execute(writes.TAKE_BACK)
    requests = workload(made)
    for operation in WRITES:
        request = requests[operation][0]
        by_hand, asked = (_asked(operation, request, dialect) for dialect in (Dialect.PLAIN, Dialect.TRELLIS))
        statement, arguments = OPERATIONS[str(by_hand.operation_name)]
        made.rows(statement, *arguments(dict(by_hand.variables or {}), request.viewer.id))
        expected = _left(made)
        asyncio.run(_do(database_url, request.viewer.id, asked))
        assert _left(made) == expected, operation
    assert _left(made) == []


def _asked(operation: Operation, request: operations.Request, dialect: Dialect) -> Request:
    body = orjson.loads(operations.body(operation, dialect, request))
    return Request(body["query"], variables=body["variables"], operation_name=body["operationName"])


def _left(made: Database) -> object:
    found = writes.left(made)
    made.execute(writes.TAKE_BACK)
    return found


async def _do(url: str, viewer: UUID, request: Request) -> None:
    database = engine.Database(url)
    try:
        context = Context(Viewer(viewer), database, Heard(), request_id=viewer)
        answer = await executor.execute(executor.prepare(request), context)
        assert "errors" not in answer
    finally:
        await database.close()
