"""What strangers learn of the schema: as much as the operator wants them to, over every transport."""

from typing import Any

import pytest

from tests.app.serving import NO_DATABASE, Served, serving
from tests.world import World

SCHEMA = "{ __schema { queryType { name } } }"
TYPENAME = "{ __typename }"
MISTAKES = [
    "{ viewr { name } }",
    '{ node(idd: "x") { id } }',
    "{ projects(orderBy: CREATED_AT_DES) { totalCount } }",
    "query ($id: IDD) { node(id: $id) { id } }",
    '{ projects(filter: {serch: "x"}) { totalCount } }',
]
IN_VARIABLES = "query ($filter: SpecificationProjectFilter) { projects(filter: $filter) { totalCount } }"
HIDDEN = [
    SCHEMA,
    '{ __type(name: "User") { name } }',
    "query { ...F } fragment F on Query { __schema { queryType { name } } }",
    "{ schema: __schema { queryType { name } } __typename }",
]
AUDIENCES = {
    "everybody": {"guest", "ada", "root"},
    "users": {"ada", "root"},
    "administrators": {"root"},
    "nobody": set[str](),
}


def credential(world: World, who: str) -> dict[str, str]:
    return {} if who == "guest" else {"authorization": f"Bearer {world.tokens[who]}"}


@pytest.mark.parametrize("audience", AUDIENCES)
async def test_the_schema_is_told_to_whom_it_may_be(
    database_url: str, redis_url: str, world: World, audience: str
) -> None:
    async with serving(database_url, redis_url, introspection=audience) as served:
        told = {name: await learns(served, credential(world, name)) for name in ("root", "ada", "guest")}
    assert told == {name: [name in AUDIENCES[audience]] * 4 for name in told}


async def learns(served: Served, credential: dict[str, str]) -> list[bool]:
    """Whether somebody is told of the schema over HTTP, over a socket, by a suggestion and by the console."""
    answer = await served.post({"query": SCHEMA}, **credential)
    async with served.talk(**credential) as talk:
        await talk.ask(SCHEMA)
        message = await talk.hear()
    suggesting = await served.post({"query": MISTAKES[0]}, **credential)
    page = await served.send("GET", "/graphiql", **credential)
    return ["data" in answer.json(), message["type"] == "next", "Did you" in suggesting.text, page.status_code != 404]


@pytest.mark.parametrize("query", HIDDEN)
async def test_however_the_schema_is_asked_for_it_is_not_told(redis_url: str, query: str) -> None:
    async with serving(NO_DATABASE, redis_url, introspection="users") as served:
        answer: Any = (await served.post({"query": query})).json()
        assert "data" not in answer
        assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize("body", [*({"query": query} for query in MISTAKES), {"query": IN_VARIABLES}])
async def test_no_mistake_is_answered_with_what_is_there(redis_url: str, bare: Served, body: dict[str, Any]) -> None:
    sent = {**body, "variables": {"filter": {"serch": "x"}}}
    assert "Did you mean" in (await bare.post(sent)).text
    async with serving(NO_DATABASE, redis_url, introspection="users") as served:
        assert "Did you mean" not in (await served.post(sent)).text


async def test_the_names_of_types_are_no_secret(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, introspection="nobody") as served:
        assert (await served.post({"query": TYPENAME})).json()["data"] == {"__typename": "Query"}
