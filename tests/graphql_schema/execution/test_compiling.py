"""Statements are compiled once for each shape of each field, ahead of what others wait for, and paid for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import product
from typing import Any

import orjson
import pytest

from db.errors import Overloaded
from db.statements import Statement
from graphql_schema.execution import Executor, Request, compiler, plan
from graphql_schema.schema import executor
from tests.conftest import Graph
from tests.graphql_schema.execution.test_deferring import OPERATIONS
from tests.world import World

ORDERS = ("TITLE_ASC", "TITLE_DESC", "CREATED_AT_ASC")
FIELDS = "".join(f" p{n}: courses(first: 1, orderBy: $o{n}) {{ nodes {{ title }} }}" for n in range(3))
ORDERED = f"query ({', '.join(f'$o{n}: CourseOrder' for n in range(3))}) {{{FIELDS} }}"
DEFERRED = OPERATIONS["in every item"]
COMMENT = """mutation ($thread: ID!) %s { addComment(input: {threadId: $thread, content: "New"}) {
    comment { content author { name } thread { id } } errors { code } } }"""


@pytest.fixture
def cold(graph: Graph) -> Graph:
    """The graph as a process has it that was just started."""
    return replace(graph, executor=Executor(executor.schema))


class Spent(Overloaded):
    """Nothing more may be compiled."""


async def asked(graph: Graph, query: str, taken: list[int], **variables: Any) -> Any:
    """Ada's answer, with the characters that were taken for it; a negative number in the list is a refusal."""

    def take(characters: int) -> None:
        if taken[-1:] == [-1]:
            raise Spent
        taken.append(characters)

    context = replace(graph.context("ada"), take_text=take)
    operation = graph.executor.prepare(Request(query, variables=variables))
    return orjson.loads(orjson.dumps(await graph.executor.execute(operation, context)))


async def test_shapes_of_several_fields_add_up_and_do_not_multiply(
    cold: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = list[Any]()

    def counted(*given: Any) -> Statement:
        compiled.append(given)
        return compiler.statement(*given)

    monkeypatch.setattr(plan, "statement", counted)
    answers = set()
    for orders in product(ORDERS, repeat=3):
        variables = {f"o{place}": order for place, order in enumerate(orders)}
        answer = await cold.data("ada", ORDERED, **variables)
        answers.add(orjson.dumps(answer))
    assert len(compiled) == 3 * len(ORDERS)
    assert len(answers) >= 2**3


async def test_a_new_statement_is_taken_from_who_asks_and_a_known_one_is_not(cold: Graph) -> None:
    taken: list[int] = []
    for _ in range(2):
        await asked(cold, ORDERED, taken, o0="TITLE_ASC", o1="TITLE_ASC", o2="TITLE_DESC")
    assert taken == [0, len(cold.statements[0])]
    await asked(cold, ORDERED, taken, o0="TITLE_DESC", o1="TITLE_DESC", o2="TITLE_DESC")
    assert taken[2:] == [0, len(cold.statements[-1])]


@pytest.mark.parametrize("directive", ["", "@atomic"])
async def test_who_has_nothing_left_to_compile_with_is_refused_before_anything_is_done(
    cold: Graph, world: World, directive: str
) -> None:
    with pytest.raises(Spent):
        await asked(cold, COMMENT % directive, [-1], thread=world.thread_0.public_id)
    query = "query ($id: ID!) { node(id: $id) { ... on CommentThread { comments { nodes { content } } } } }"
    found = await cold.data("ada", query, id=world.thread_0.public_id)
    assert "New" not in [node["content"] for node in found["node"]["comments"]["nodes"]]


@pytest.mark.parametrize("query", ["{ projects { nodes { name } } }", COMMENT % "", COMMENT % "@atomic"])
async def test_what_is_new_is_compiled_before_a_connection_is_taken(cold: Graph, world: World, query: str) -> None:
    """The fixture that watches all tests fails if not."""
    taken: list[int] = []
    await asked(cold, query, taken, **({"thread": world.thread_0.public_id} if "thread" in query else {}))
    assert taken


async def test_the_parts_of_an_answer_are_compiled_before_a_connection_is_taken(cold: Graph, world: World) -> None:
    await in_parts(cold, "ada", world.engine.public_id)


async def test_each_payer_is_answered_in_parts_one_operation_after_the_other(cold: Graph, world: World) -> None:
    """Each holds a connection until its last part is read: three of Ada's and one of Ben's hold two."""
    most = 0
    snapshot = cold.database.snapshot

    @asynccontextmanager
    async def counted(**options: Any) -> AsyncIterator[Any]:
        nonlocal most
        async with snapshot(**options) as found:
            holding.append(1)
            most = max(most, len(holding))
            try:
                yield found
            finally:
                holding.pop()

    holding: list[int] = []
    cold.database.snapshot = counted  # type: ignore[method-assign]
    await asyncio.gather(*(in_parts(cold, who, world.engine.public_id) for who in ("ada", "ada", "ada", "ben")))
    assert most <= 2


async def in_parts(graph: Graph, payer: str, key: str) -> None:
    operation = graph.executor.prepare(Request(DEFERRED, variables={"id": key}))
    context = replace(graph.context("ada"), payer=payer)
    assert len([one async for one in graph.executor.execute_in_parts(operation, context)]) > 1
