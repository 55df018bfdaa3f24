"""@defer and @stream over HTTP: the parts of an answer, in the formats of both generations of clients."""

from typing import Any

import orjson
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from tests.app.serving import Served, until
from tests.app.streams.reading import reading
from tests.world import World

BOUNDARY = b"\r\n--graphql"
DEFER, INCREMENTAL = "multipart/mixed;deferSpec=20220824", "multipart/mixed;incrementalSpec=v0.2"
DEFERRED = """query ($id: ID!) { repository(id: $id) { name ...More @defer(label: "more") } }
    fragment More on Repository { name commits { totalCount } }"""
STREAMED = """query ($id: ID!) {
    repository(id: $id) { commits(first: 3) { nodes @stream(initialCount: 1, label: "rest") { sha } } } }"""


async def parts(served: Served, world: World, query: str, accept: str) -> list[Any]:
    """The bodies of all parts of an answer about the engine, for Ada."""
    async with reading(served, query, accept=accept, token=world.tokens["ada"], id=world.engine.public_id) as stream:
        said = await stream.rest()
    opening, *middle, ending = said.split(BOUNDARY)
    assert (opening, ending) == (b"", b"--\r\n")
    bodies = [part.partition(b"\r\n\r\n") for part in middle]
    assert {head for head, _, _ in bodies} == {b"\r\nContent-Type: application/json; charset=utf-8"}
    return [orjson.loads(body) for _, _, body in bodies]


async def test_the_older_generation_gets_parts_with_their_paths(served: Served, world: World) -> None:
    assert await parts(served, world, DEFERRED, DEFER) == [
        {"data": {"repository": {"name": "engine"}}, "hasNext": True},
        {
            "incremental": [
                {"data": {"name": "engine", "commits": {"totalCount": 3}}, "path": ["repository"], "label": "more"}
            ],
            "hasNext": False,
        },
    ]


async def test_the_newer_generation_gets_what_was_promised_and_is_new(served: Served, world: World) -> None:
    assert await parts(served, world, DEFERRED, INCREMENTAL) == [
        {
            "data": {"repository": {"name": "engine"}},
            "pending": [{"id": "0", "path": ["repository"], "label": "more"}],
            "hasNext": True,
        },
        {
            "incremental": [{"id": "0", "data": {"commits": {"totalCount": 3}}}],
            "completed": [{"id": "0"}],
            "hasNext": False,
        },
    ]


async def test_the_items_of_a_list_follow_those_that_came_first(served: Served, world: World) -> None:
    first, rest = await parts(served, world, STREAMED, DEFER)
    assert len(first["data"]["repository"]["commits"]["nodes"]) == 1
    [patch] = rest["incremental"]
    assert (patch["path"], patch["label"], len(patch["items"])) == (["repository", "commits", "nodes", 1], "rest", 2)
    first, rest = await parts(served, world, STREAMED, INCREMENTAL)
    assert first["pending"] == [{"id": "0", "path": ["repository", "commits", "nodes"], "label": "rest"}]
    assert [(more["id"], len(more["items"])) for more in rest["incremental"]] == [("0", 2)]


async def test_what_is_new_below_what_is_there_has_its_place(served: Served, world: World) -> None:
    query = """query ($id: ID!) { repository(id: $id) { commits(first: 1) { nodes { sha } }
        ... @defer { commits(first: 1) { nodes { sha message } } } } }"""
    _, rest = await parts(served, world, query, INCREMENTAL)
    [more] = rest["incremental"]
    assert (more["subPath"], list(more["data"])) == (["commits", "nodes", 0], ["message"])


@pytest.mark.parametrize(
    ("accept", "listed"),
    [
        (DEFER, {"incremental": [{"data": None, "path": ["repository"], "errors": ["BAD_USER_INPUT"]}]}),
        (INCREMENTAL, {"completed": [{"id": "0", "errors": ["BAD_USER_INPUT"]}]}),
    ],
)
async def test_a_part_that_fails_says_so_in_its_place(served: Served, world: World, accept: str, listed: Any) -> None:
    query = "query ($id: ID!) { repository(id: $id) { id ... @defer { commits(first: 0) { totalCount } } } }"
    _, rest = await parts(served, world, query, accept)
    for one in (*rest.get("incremental", ()), *rest.get("completed", ())):
        one["errors"] = [error["extensions"]["code"] for error in one["errors"]]
    assert rest == {**listed, "hasNext": False}


async def test_what_names_the_format_names_it_back(served: Served, world: World) -> None:
    for accept, spec in [(DEFER, "deferSpec=20220824"), (INCREMENTAL, "incrementalSpec=v0.2")]:
        async with reading(served, DEFERRED, accept=accept, token=world.tokens["ada"], id="rep_1") as stream:
            expected = f'multipart/mixed; boundary="graphql"; {spec}'
            names = ("content-type", "cache-control", "x-trellis-plan")
            assert [stream.response.headers[name] for name in names] == [expected, "private, no-cache", "compiled"]
            assert stream.response.headers["x-ratelimit-remaining"]


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/event-stream", "multipart/mixed;deferSpec=1, */*"])
@pytest.mark.parametrize("query", [DEFERRED, STREAMED])
async def test_nothing_is_deferred_for_who_does_not_ask(served: Served, world: World, query: str, accept: str) -> None:
    variables = {"accept": accept, "token": world.tokens["ada"], "id": world.engine.public_id}
    async with reading(served, query, **variables) as stream:
        said = await stream.rest()
    assert said.count(b'"data":') == 1
    assert said.count(b'"sha":') == 3 or b'"totalCount":3' in said
    assert b"hasNext" not in said


async def test_introspection_and_mutations_are_answered_as_a_whole(served: Served, world: World) -> None:
    introspection = "query ($id: ID!) { __type(name: $id) { ... @defer { name } } }".replace("ID!", "String!")
    signing_out = "mutation { signOut { ... @defer { signedOut } } }"
    assert await parts(served, world, introspection, DEFER) == [{"data": {"__type": None}}]
    async with reading(served, signing_out, accept=DEFER, token=world.tokens["ada"]) as stream:
        assert b'{"data":{"signOut":{"signedOut":true}}}' in await stream.rest()


async def test_what_is_refused_before_the_first_part_has_its_status(served: Served, world: World) -> None:
    for query, status in [("{", 400), ("query ($id: ID!) { nothing ...@defer { __typename } }", 400)]:
        answer = await served.post({"query": query}, accept=f"{DEFER}, application/graphql-response+json")
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("application/graphql-response+json")


async def test_without_a_database_the_first_part_is_the_only_one(bare: Served) -> None:
    answer = await bare.post({"query": "{ viewer { name ... @defer { id } } }"}, accept=DEFER)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (503, "SERVICE_UNAVAILABLE")


async def test_the_parts_are_paid_for_and_counted_once(served: Served, world: World) -> None:
    seconds = {"name": "trellis_operation_seconds_count", "labels": {"kind": "query", "answered": "compiled"}}
    before = REGISTRY.get_sample_value(**seconds) or 0  # type: ignore[arg-type]
    variables = {"accept": DEFER, "token": world.tokens["ada"], "id": world.engine.public_id}
    async with reading(served, DEFERRED, **variables) as stream:
        first, last = (await stream.whole()).split(BOUNDARY)[1:-1]
    assert b"extensions" not in first
    assert b'"actualQueryCost":1' in last
    assert REGISTRY.get_sample_value(**seconds) == before + 1  # type: ignore[arg-type]


async def test_a_connection_goes_back_when_the_client_leaves(served: Served, world: World) -> None:
    variables = {"accept": DEFER, "token": world.tokens["ada"], "id": world.engine.public_id}
    async with served.app.database.engine.connect() as connection:
        await connection.execute(text("LOCK TABLE commits IN ACCESS EXCLUSIVE MODE"))
        async with reading(served, DEFERRED, **variables) as stream:
            await anext(stream.pieces)
            assert served.app.database.readers._busy
        await until(lambda: not served.app.database.readers._busy)
