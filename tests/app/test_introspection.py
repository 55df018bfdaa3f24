"""What strangers learn of the schema: as much as the operator wants them to, over every transport."""

import re
from collections.abc import AsyncIterator
from typing import Any

import orjson
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


TELLING: list[dict[str, Any]] = [
    *({"query": query} for query in MISTAKES),
    {"query": "{ courses }"},
    {"query": "{ viewer { id { x } } }"},
    {"query": "mutation { addComment { __typename } }"},
    {"query": "mutation { addComment(input: {}) { __typename } }"},
    {"query": 'mutation { addComment(input: {threadId: 1, content: "x", contend: "y"}) { __typename } }'},
    {"query": "{ courses(first: true, orderBy: X) { totalCount } }"},
    {"query": "query ($a: Int) { node(id: $a) { id } }"},
    {"query": "{ a: courses(first: 1) { totalCount } a: courses(first: 2) { totalCount } }"},
    {"query": "{ viewer { ... on Course { slug } } }"},
    {"query": "query ($i: SignInInput!) { __typename @include(if: $i) }"},
    {"query": "mutation ($i: SignInInput!) { signIn(input: $i) { __typename } }", "variables": {"i": {}}},
    {"query": "mutation ($i: SignInInput!) { signIn(input: $i) { __typename } }", "variables": {"i": {"emai": 1}}},
    {"query": "mutation ($i: SignInInput!) { signIn(input: $i) { __typename } }"},
    {"query": "query ($o: CourseOrder) { courses(orderBy: $o) { totalCount } }", "variables": {"o": "TITLE"}},
    {"query": "query ($d: Boolean = true) { viewer { id @include(if: $d) } }", "variables": {"d": None}},
    {"query": "query A { __typename }", "operationName": "B"},
    {"query": "{ course { id } }"},
]
"""What does not fit. What is said of it has words of the schema, unless they are hidden."""
OURS = re.compile(
    r"Variable '\$\w+' (has invalid value( at [\w.]+)?|has no value|must not be null)\."
    r"|(`\w+`|This) does not fit the schema\.|This value does not fit\.|The document has no operation `\w+`\."
    r"|Ask for one object by one name: give exactly one of the arguments\."
)


@pytest.fixture
async def hidden(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    """A server that tells nobody of its schema."""
    async with serving(database_url, redis_url, introspection="nobody", batch_limit=1) as running:
        yield running


@pytest.mark.parametrize("body", TELLING, ids=range(len(TELLING)))
async def test_what_does_not_fit_is_told_in_the_words_of_who_sent_it(hidden: Served, body: dict[str, Any]) -> None:
    told = [await told_by(hidden, body) for told_by in (posted, streamed, batched, talked)]
    assert told[0]
    assert told == [told[0]] * 4
    sent = re.findall(r"\w+", str(body))
    for message in told[0]:
        assert OURS.fullmatch(message), message
        assert set(re.findall(r"[`'.$](\w+)", message)) <= set(sent), message


async def posted(served: Served, body: dict[str, Any], **headers: str) -> list[str]:
    return [error["message"] for error in (await served.post(body, **headers)).json()["errors"]]


async def streamed(served: Served, body: dict[str, Any]) -> list[str]:
    answer = await served.post(body, accept="text/event-stream")
    (data,) = re.findall(r"\{.*\}", answer.text)
    return [error["message"] for error in orjson.loads(data)["errors"]]


async def batched(served: Served, body: dict[str, Any]) -> list[str]:
    (answer,) = (await served.post([body])).json()
    return [error["message"] for error in answer["errors"]]


async def talked(served: Served, body: dict[str, Any]) -> list[str]:
    async with served.talk() as talk:
        await talk.say(id="1", type="subscribe", payload=body)
        payload = (await talk.hear())["payload"]
    return [error["message"] for error in (payload if isinstance(payload, list) else payload["errors"])]
