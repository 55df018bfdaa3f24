"""Answers in parts: put together they are the whole answer, whatever is deferred, and a part that fails is alone."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from db.errors import TooSlow
from graphql_schema.core.errors import RequestError
from graphql_schema.execution import Executor, Request
from graphql_schema.execution.deferring import MAX_PARTS
from graphql_schema.execution.increments import Delivered, Increment
from graphql_schema.schema import executor
from tests.conftest import Graph
from tests.world import World

NAME = "repository(id: $id) { name }"
MORE = "fragment More on Repository { name commits { totalCount nodes { sha } } }"
LIST = "query ($id: ID!) {{ repository(id: $id) {{ commits({page}) {{ {asked} pageInfo {{ endCursor }} }} }} }}"

OPERATIONS = {
    "a fragment": "query ($id: ID!) { repository(id: $id) { name ... @defer { commits { totalCount } } } }",
    "a named fragment": f"query ($id: ID!) {{ repository(id: $id) {{ id ...More @defer }} }} {MORE}",
    "one at the root": f"query ($id: ID!) {{ ... @defer {{ viewer {{ name }} }} {NAME} }}",
    "everything": f"query ($id: ID!) {{ ... @defer {{ {NAME} }} }}",
    "all of an object": "query ($id: ID!) { repository(id: $id) { ... @defer { name } } }",
    "one within another": """query ($id: ID!) { repository(id: $id) { ...More @defer(label: "outer") } }
        fragment More on Repository { name ... @defer(label: "inner") { commits { nodes { sha } } } }""",
    "in every item": "query ($id: ID!) { repository(id: $id) { commits { nodes { sha ... @defer { message } } } } }",
    "in every edge": "query ($id: ID!) { repository(id: $id) { commits { edges { cursor ...@defer { node {id} }}}}}",
    "below what is there": """query ($id: ID!) { repository(id: $id) { commits { nodes { sha } }
        ... @defer { commits { totalCount nodes { message } } } } }""",
    "the same twice": """query ($id: ID!) { repository(id: $id) {
        ... @defer(label: "a") { name commits { totalCount } } ... @defer(label: "b") { name id } } }""",
    "of the type": "query ($id: ID!) { node(id: $id) { id ... on Repository @defer { name } } }",
    "of another type": "query ($id: ID!) { node(id: $id) { id ... on Course @defer { title } } }",
    "of nothing": 'query ($id: ID!) { viewer { id } node(id: "x") { ... @defer { id } } other: node(id: $id) { id } }',
    "left out": "query ($id: ID!) { repository(id: $id) { id ... @defer @skip(if: true) { name } } }",
    "under an alias": "query ($id: ID!) { one: repository(id: $id) { ... @defer { all: commits { n: totalCount } } } }",
    "nodes": LIST.format(page="first: 3", asked="nodes @stream(initialCount: 1) { sha }"),
    "edges": LIST.format(page="first: 3", asked="edges @stream(initialCount: 2) { cursor node { sha } }"),
    "none at first": LIST.format(page="first: 2", asked="nodes @stream { sha }"),
    "all at first": LIST.format(page="first: 2", asked="nodes @stream(initialCount: 9) { sha }"),
    "just all at first": LIST.format(page="first: 2", asked="nodes @stream(initialCount: 2) { sha }"),
    "backward": LIST.format(page="last: 3", asked="nodes @stream(initialCount: 1) { sha }"),
    "the last but one": LIST.format(page="last: 2", asked="edges @stream(initialCount: 1) { node { sha } }"),
    "one list of two": LIST.format(page="first: 3", asked="nodes @stream(initialCount: 1) { sha } edges { cursor }"),
    "in what is streamed": LIST.format(
        page="first: 3", asked="nodes @stream(initialCount: 1) { id ... @defer { sha author { name } } }"
    ),
    "streamed in what is deferred": """query ($id: ID!) { repository(id: $id) { id
        ... @defer { commits { nodes @stream(initialCount: 1) { sha } } } } }""",
    "in every group": """query ($id: ID!) { repository(id: $id) { id
        commitAuthors { commits ... @defer { additions author { name } } } } }""",
    "all groups": """query ($id: ID!) { repository(id: $id) { id ... @defer { commitAuthors { commits }
        commitActivity(since: "2026-01-01T00:00:00Z", until: "2026-03-01T00:00:00Z") { commits } } } }""",
    "groups streamed": """query ($id: ID!) { repository(id: $id) { id
        commitAuthors @stream(initialCount: 0) { commits } } }""",
    "in items of several types": """query ($id: ID!) { repository(id: $id) { activity(first: 4) { nodes { __typename
        ... on Commit @defer { sha author { name } } ... on PullRequest { title ... @defer { number } } } } } }""",
    "around items of several types": """query ($id: ID!) { repository(id: $id) { activity(first: 4) {
        edges { cursor ... @defer { node { ... on Commit { sha } ... on PullRequest { number } } } } } } }""",
    "several types": """query ($id: ID!) { repository(id: $id) { activity(first: 4) {
        nodes @stream(initialCount: 1) { ... on Commit { sha } ... on PullRequest { number } } totalCount } } }""",
    "too many": "query ($id: ID!) { repository(id: $id) { "
    + " ".join(f'... @defer(label: "{n}") {{ n{n}: name }}' for n in range(MAX_PARTS + 4))
    + " } }",
}
AT_ONCE = {"left out", "of another type", "of nothing", "all at first", "groups streamed"}
"""What has nothing to come later."""


async def increments(graph: Graph, query: str, **variables: Any) -> list[Increment]:
    """All parts of Ada's answer."""
    operation = graph.executor.prepare(Request(query, variables=variables))
    return [one async for one in graph.executor.execute_in_parts(operation, graph.context("ada"))]


def together(found: Sequence[Increment]) -> Any:
    """The data of an answer from its parts, as a client puts it together that gets only what is new."""
    data = orjson.loads(orjson.dumps(found[0].answer["data"]))
    for kept in (one for increment in found for one in increment.kept):
        if kept.pending.start is not None:
            assert len(at(data, kept.pending.path)) == kept.pending.start
            at(data, kept.pending.path).extend(orjson.loads(orjson.dumps(kept.value)))
        for path, more in kept.added:
            assert not at(data, (*kept.pending.path, *path)).keys() & more.keys()
            at(data, (*kept.pending.path, *path)).update(orjson.loads(orjson.dumps(more)))
    return data


def at(data: Any, path: Sequence[str | int]) -> Any:
    for key in path:
        data = data[key]
    return data


def promises(found: Sequence[Increment]) -> list[str]:
    return [one.id for increment in found for one in increment.promised]


def codes(kept: Delivered) -> list[str]:
    return [error["extensions"]["code"] for error in kept.errors]


def kept_by(found: Sequence[Increment]) -> list[Delivered]:
    return [one for increment in found for one in increment.kept]


@pytest.mark.parametrize("query", OPERATIONS.values(), ids=OPERATIONS)
async def test_the_parts_are_the_whole(graph: Graph, world: World, query: str) -> None:
    found = await increments(graph, query, id=world.engine.public_id)
    assert together(found) == await graph.data("ada", query, id=world.engine.public_id)


@pytest.mark.parametrize("query", OPERATIONS.values(), ids=OPERATIONS)
async def test_every_promise_is_kept_once_and_the_last_part_says_so(graph: Graph, world: World, query: str) -> None:
    found = await increments(graph, query, id=world.engine.public_id)
    assert sorted(promises(found)) == sorted(kept.pending.id for kept in kept_by(found))
    assert [increment.has_next for increment in found] == [True] * (len(found) - 1) + [False]


@pytest.mark.parametrize("name", OPERATIONS)
async def test_what_is_deferred_is_not_in_the_first_part(graph: Graph, world: World, name: str) -> None:
    first, *later = await increments(graph, OPERATIONS[name], id=world.engine.public_id)
    whole = await graph.data("ada", OPERATIONS[name], id=world.engine.public_id)
    data = orjson.loads(orjson.dumps(first.answer["data"]))
    assert (data == whole) == (name in AT_ONCE | {"just all at first"})
    assert bool(later) == (name not in AT_ONCE)


@pytest.mark.parametrize("query", OPERATIONS.values(), ids=OPERATIONS)
async def test_who_resolves_in_python_defers_nothing(resolved: Graph, world: World, query: str) -> None:
    (only,) = await increments(resolved, query, id=world.engine.public_id)
    assert not only.has_next
    assert only.answer["data"] == await resolved.data("ada", query, id=world.engine.public_id)


async def test_each_part_is_one_statement(graph: Graph, world: World) -> None:
    fetched: list[str] = []
    query = OPERATIONS["in every item"]
    operation = graph.executor.prepare(Request(query, variables={"id": world.engine.public_id}))
    assert operation.plan.parts
    for plan in operation.plan.parts.values():
        fetched += [member.key for member in plan.compiled]
    assert fetched == ["repository", "repository"]


async def test_variables_decide_what_is_deferred(graph: Graph, world: World) -> None:
    query = """query ($id: ID!, $later: Boolean!, $n: Int!) { repository(id: $id) { id
        ... @defer(if: $later) { name } commits { nodes @stream(if: $later, initialCount: $n) { sha } } } }"""
    for later, n, length in [(False, 1, 3), (True, 1, 1), (True, 2, 2)]:
        found = await increments(graph, query, id=world.engine.public_id, later=later, n=n)
        first = orjson.loads(orjson.dumps(found[0].answer["data"]))
        assert len(first["repository"]["commits"]["nodes"]) == length
        assert len(promises(found)) == 2 * later


async def test_no_more_is_deferred_than_can_be_read_apart(graph: Graph, world: World) -> None:
    found = await increments(graph, OPERATIONS["too many"], id=world.engine.public_id)
    assert len(promises(found)) == MAX_PARTS


async def test_a_part_that_fails_leaves_the_others_as_they_are(graph: Graph, world: World) -> None:
    query = """query ($id: ID!) { repository(id: $id) { name
        ... @defer(label: "wrong") { none: commits(first: 0) { totalCount } } ... @defer(label: "right") { id } } }"""
    found = await increments(graph, query, id=world.engine.public_id)
    kept = {one.pending.label: (one.value, codes(one)) for one in kept_by(found)}
    assert "errors" not in found[0].answer
    assert kept == {"wrong": (None, ["BAD_USER_INPUT"]), "right": ({"id": world.engine.public_id}, [])}


async def test_a_wrong_argument_in_the_rest_of_a_list_has_its_place_in_the_whole_list(
    graph: Graph, world: World
) -> None:
    query = """query ($id: ID!) { repository(id: $id) { commits(first: 3) {
        nodes @stream(initialCount: 1) { sha ... @defer { pullRequest { commits(first: 0) { totalCount } } } } } } }"""
    failed = kept_by(await increments(graph, query, id=world.engine.public_id))
    paths = [error["path"] for kept in failed for error in kept.errors]
    assert paths == [["repository", "commits", "nodes", place, "pullRequest", "commits"] for place in range(3)]


async def test_a_first_part_that_fails_is_the_only_one(graph: Graph, world: World) -> None:
    query = "query ($id: ID!) { repository(id: $id) { commits(first: 0) { totalCount } ... @defer { name } } }"
    (only,) = await increments(graph, query, id=world.engine.public_id)
    assert only.answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert not only.has_next


@pytest.mark.usefixtures("patient")
async def test_what_does_not_come_in_time_fails_and_ends_the_answer(graph: Graph, world: World) -> None:
    """A busy machine may not have the first part in a short time: a longer one is tried."""
    async with graph.database.engine.connect() as connection:
        await connection.execute(text("LOCK TABLE commits IN ACCESS EXCLUSIVE MODE"))
        for seconds in (0.3, 1.2, 4.8, 19.2):
            hasty = replace(graph, executor=Executor(executor.schema, deadline=seconds))
            with suppress(TooSlow):
                found = await increments(hasty, OPERATIONS["a fragment"], id=world.engine.public_id)
                break
    assert found[0].answer["data"] == {"repository": {"name": "engine"}}
    assert [(kept.value, codes(kept)) for kept in kept_by(found)] == [(None, ["GATEWAY_TIMEOUT"])]
    assert not found[-1].has_next


@pytest.mark.parametrize(
    "query",
    [
        'query ($id: ID!) { repository(id: $id) { ... @defer(label: "a") { id } ... @defer(label: "a") { name } } }',
        "query ($id: ID!, $l: String) { repository(id: $id) { ... @defer(label: $l) { id } } }",
        "query ($id: ID!) { repository(id: $id) { name @stream } }",
        "mutation { ... @defer { signOut { signedOut } } }",
        "subscription ($id: ID!) { documentEvents(documentId: $id) { ... @defer { kind } } }",
    ],
)
def test_what_the_specification_forbids_is_refused(query: str) -> None:
    with pytest.raises(RequestError) as refused:
        executor.prepare(Request(query, variables={"id": "x"}))
    assert refused.value.errors[0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(("count", "given"), [("-1", {}), ("null", {}), ("$n", {"n": -1}), ("$n", {"n": None})])
@pytest.mark.parametrize(
    "where", ["nodes{}{{sha}}", "...F }}}} }} fragment F on CommitConnection {{ edges{}{{cursor}}"]
)
def test_a_list_begins_with_no_item_or_more(where: str, count: str, given: dict[str, Any]) -> None:
    declared = "($n: Int)" if "$" in count else ""
    asked = where.format(f"@stream(initialCount: {count})")
    tail = "" if "fragment" in where else " } }"
    query = f'query {declared} {{ repository(id: "rep_1") {{ commits {{ {asked} }}{tail}'
    with pytest.raises(RequestError) as refused:
        executor.prepare(Request(query, variables=given))
    assert refused.value.errors[0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_what_is_deferred_costs_as_much_as_what_is_not() -> None:
    query = "query ($id: ID!) {{ repository(id: $id) {{ {} {{ commits(first: 100) {{ nodes {{ sha }} }} }} }} }}"
    estimates = [
        executor.prepare(Request(query.format(fragment), variables={"id": "x"})).estimate
        for fragment in ("...", "... @defer")
    ]
    assert estimates[0] == estimates[1]
    assert estimates[0].nodes == 100
