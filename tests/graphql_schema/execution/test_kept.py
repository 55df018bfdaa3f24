"""Answers kept under idempotency keys: by the statement of the change, in one text for both ways to answer."""

from typing import Any

import orjson
import pytest

from graphql_schema.execution import Request
from tests.conftest import Graph, NotingDatabase
from tests.graphql_schema.asking import with_ids
from tests.graphql_schema.execution.conftest import COMPILING, RESOLVING
from tests.world import World

REQUESTS: dict[str, tuple[str, Any]] = {
    "an addition": (
        """mutation ($input: AddCommentInput!) { __typename said: addComment(input: $input) {
            one: comment { content } errors { code } comment { id author { name } } __typename } }""",
        {"threadId": "@thread_0", "content": 'A "word"\n\1 and \\ more'},
    ),
    "of which nothing is selected": (
        "mutation ($input: AddCommentInput!) { addComment(input: $input) { errors { code } } }",
        {"threadId": "@thread_0", "content": "Hello"},
    ),
    "a deletion": (
        "mutation ($input: DeleteCommentInput!) { deleteComment(input: $input) { deletedCommentId thread { id } } }",
        {"commentId": "@comment"},
    ),
    "a change of nothing": (
        "mutation ($input: ThreadInput!) { resolveThread(input: $input) { thread { id status } errors { code } } }",
        {"threadId": "@settled"},
    ),
}


@pytest.fixture
def runs(database: NotingDatabase) -> list[str]:
    """The changes that are run by themselves."""
    found, run = list[str](), database.changes.run

    async def noting(sql: str, *arguments: Any, **options: Any) -> Any:
        found.append(sql)
        return await run(sql, *arguments, **options)

    database.changes.run = noting
    return found


async def send(graph: Graph, name: str) -> Any:
    """The answer to one of the requests under a key, as it would be sent."""
    text, given = REQUESTS[name]
    variables = {"input": with_ids(graph.world, given)}
    graph.statements.clear()
    operation = graph.executor.prepare(Request(text, variables=variables, extensions={"idempotencyKey": "k"}))
    return orjson.dumps(await graph.executor.execute(operation, graph.context("ada")))


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_change_under_a_key_is_one_statement_and_its_answer_is_told_again_by_either_way(
    database: NotingDatabase, world: World, runs: list[str], name: str
) -> None:
    compiled, resolved = Graph(database, world, COMPILING), Graph(database, world, RESOLVING)
    first = await send(compiled, name)
    assert (len(runs), compiled.statements) == (1, [])
    assert "errors" not in orjson.loads(first)
    assert await send(compiled, name) == first
    assert await send(resolved, name) == first
    assert len(runs) == 2


@pytest.mark.parametrize("name", REQUESTS)
async def test_what_was_resolved_under_a_key_is_told_again_by_the_statement(
    database: NotingDatabase, world: World, runs: list[str], name: str
) -> None:
    first = await send(Graph(database, world, RESOLVING), name)
    assert runs == []
    assert await send(Graph(database, world, COMPILING), name) == first
    assert len(runs) == 1


async def test_an_answer_that_cannot_be_told_again_at_the_moment_says_so_and_is_told_later(
    database: NotingDatabase, world: World
) -> None:
    graph = Graph(database, world, COMPILING)
    first = await send(graph, "an addition")
    database.readers.is_silent = True
    (error, *_others) = orjson.loads(await send(graph, "an addition"))["errors"]
    assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    database.readers.is_silent = False
    assert await send(graph, "an addition") == first
