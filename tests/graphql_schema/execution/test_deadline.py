"""An operation ends in time, whatever keeps it: here another transaction that holds a table."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from db.errors import TooSlow
from db.outbox import Event, document_topic
from graphql_schema.execution import Executor
from graphql_schema.schema import executor
from tests.conftest import Graph, NotingDatabase
from tests.db.waiting import until
from tests.graphql_schema.conftest import Listen
from tests.world import World

WAITING = "SELECT count(*) = :n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.fixture
def hurried(database: NotingDatabase, world: World) -> Graph:
    """The graph, when nothing may take longer than a moment."""
    return Graph(database, world, Executor(executor.schema, deadline=0.2))


@asynccontextmanager
async def held(database: NotingDatabase, table: str) -> AsyncIterator[None]:
    """Nobody else can read the table or write to it."""
    async with database.engine.connect() as connection:
        await connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield


async def test_a_read_that_takes_too_long_is_stopped_in_the_database_too(hurried: Graph) -> None:
    async with held(hurried.database, "users"):
        with pytest.raises(TooSlow) as stopped:
            await hurried("ada", "{ viewer { name } }")
        await until(hurried.database, WAITING, n=0)
    assert stopped.value.code == "GATEWAY_TIMEOUT"
    assert (await hurried.data("ada", "{ viewer { name } }"))["viewer"] == {"name": "Ada"}


async def test_nothing_is_kept_of_a_mutation_that_takes_too_long(hurried: Graph, world: World) -> None:
    add = "mutation ($input: AddCommentInput!) { addComment(input: $input) { errors { code } } }"
    count = "query ($id: ID!) { node(id: $id) { ... on CommentThread { comments { totalCount } } } }"
    before = await hurried.data("ada", count, id=world.thread_0.public_id)
    async with held(hurried.database, "comments"):
        with pytest.raises(TooSlow):
            await hurried("ada", add, input={"threadId": world.thread_0.public_id, "content": "Late"})
        await until(hurried.database, WAITING, n=0)
    assert await hurried.data("ada", count, id=world.thread_0.public_id) == before


async def test_a_subscription_goes_on_after_an_event_that_takes_too_long(
    graph: Graph, hurried: Graph, world: World, listen: Listen
) -> None:
    graph.executor = hurried.executor
    query = "subscription ($document: ID!) { documentEvents(documentId: $document) { comment { content } } }"
    document = world.requirements
    event = Event(document_topic(document.id), "COMMENT_EDITED", {"comment": world.comment.public_id})
    async with listen("vera", query, document=document.public_id) as ear:
        async with held(graph.database, "comments"):
            await graph.database.publish(event)
            late = await ear.hear()
        await graph.database.publish(event)
        heard = await ear.hear()
    assert (late["data"], late["errors"][0]["extensions"]["code"]) == (None, "GATEWAY_TIMEOUT")
    assert heard["data"]["documentEvents"]["comment"]
