"""What is not yours is answered exactly like what does not exist, wherever an id or a unique name can be sent."""

import asyncio
from typing import Any

import pytest
from graphql import get_named_type
from strawberry.utils.str_converters import to_snake_case

from db.base import Base, new_id
from graphql_schema.execution import Request, RequestError
from tests.conftest import Graph
from tests.deadline import DEADLINE
from tests.invariants.asking import Question, questions, shown
from tests.invariants.conftest import as_served
from tests.invariants.oracle import Oracle
from tests.invariants.schema import TABLES, object_type
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

outsiders = pytest.mark.parametrize("who", ["olga", None])
NAMED = [
    (name, argument)
    for name, field in object_type("Query").fields.items()
    for argument, input_ in field.args.items()
    if get_named_type(field.type).name in TABLES and get_named_type(input_.type).name == "String"
]
"""The fields that find an object by a unique name."""


@outsiders
@pytest.mark.parametrize("question", questions("Query"), ids=str)
async def test_a_foreign_id_is_answered_like_an_unknown_one(
    graph: Graph, world: World, oracle: Oracle, question: Question, who: str | None
) -> None:
    await compare(graph, world, oracle, question, who)


@as_served
@outsiders
@pytest.mark.parametrize("question", questions("Mutation"), ids=str)
async def test_a_foreign_id_cannot_be_worked_on_like_an_unknown_one(
    graph: Graph, world: World, oracle: Oracle, question: Question, who: str | None
) -> None:
    await compare(graph, world, oracle, question, who)


@as_served
@outsiders
@pytest.mark.parametrize("question", questions("Subscription"), ids=str)
async def test_a_foreign_id_cannot_be_listened_to_like_an_unknown_one(
    graph: Graph, world: World, oracle: Oracle, question: Question, who: str | None
) -> None:
    for table in TABLES.values():
        foreign, unknown = hidden(oracle, world, who, table), f"{table.prefix}_{new_id().hex}"
        errors = await refused(graph, who, question, foreign)
        assert errors == await refused(graph, who, question, unknown), table


@outsiders
@pytest.mark.parametrize(("field", "argument"), NAMED)
async def test_a_foreign_name_is_answered_like_an_unknown_one(
    graph: Graph, world: World, oracle: Oracle, field: str, argument: str, who: str | None
) -> None:
    type_ = object_type("Query").fields[field].type
    table = TABLES[get_named_type(type_).name].__tablename__
    seen = oracle.visible(world.viewer(who).id, table)
    query = f"query ($name: String!) {{ {field}({argument}: $name) {shown(type_)} }}"
    unknown = await graph(who, query, name="unknown")
    names = [getattr(row, to_snake_case(argument)) for row in oracle.rows[table] if row.id not in seen]
    assert any(names)
    for name in filter(None, names):
        assert await graph(who, query, name=name) == unknown


@pytest.mark.parametrize(
    "garbage", ["", "_", "usr_", "usr_0", "prj_" + "0" * 32, "cmt_" + "é" * 32, "\0", "pwd_" + "0" * 32]
)
async def test_what_is_no_id_is_answered_like_an_unknown_one(graph: Graph, garbage: str) -> None:
    query = "query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } project(id: $id) { id } }"
    assert await graph("root", query, id=garbage) == {"data": {"node": None, "nodes": [None], "project": None}}


async def compare(graph: Graph, world: World, oracle: Oracle, question: Question, who: str | None) -> None:
    """An id of each kind, of what somebody does not see and of what does not exist."""
    for table in TABLES.values():
        answer = await graph(who, question.text, id=hidden(oracle, world, who, table))
        assert answer == await graph(who, question.text, id=f"{table.prefix}_{new_id().hex}"), table


def hidden(oracle: Oracle, world: World, who: str | None, table: type[Base]) -> str:
    """The public id of a row of the small world that somebody does not see."""
    seen = oracle.visible(world.viewer(who).id, table.__tablename__)
    row = next(row for row in oracle.rows[table.__tablename__] if row.id not in seen)
    return f"{table.prefix}_{row.id.hex}"


async def refused(graph: Graph, who: str | None, question: Question, public_id: str) -> Any:
    """The errors with which a subscription is refused."""
    operation = graph.executor.prepare(Request(question.text, variables={"id": public_id}))
    with pytest.raises(RequestError) as refusal:
        async with asyncio.timeout(DEADLINE):
            await anext(graph.executor.subscribe(operation, graph.context(who)))
    return refusal.value.errors
