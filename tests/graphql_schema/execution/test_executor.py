"""Operations from their text to their answer: what is refused before anything runs, and what answers each field."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from db.errors import TooSlow
from db.outbox import Event
from db.roots import topic_of
from graphql_schema.execution import Executor, Request, RequestError
from graphql_schema.schema import executor
from tests.conftest import UNLIMITED, Graph, NotingDatabase
from tests.db.waiting import until
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.execution.both_paths import TIMEOUT
from tests.world import World

WAITING = "SELECT count(*) = :n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
TWO = "query One { viewer { id } } query Two { viewer { name } }"


def refused(query: str, **request: Any) -> list[Any]:
    """The errors with which a request is refused."""
    with pytest.raises(RequestError) as refusal:
        executor.prepare(Request(query, **request))
    assert refusal.value.errors
    assert all("data" not in error for error in refusal.value.errors)
    return refusal.value.errors


def code(errors: list[Any]) -> str:
    (found,) = {error["extensions"]["code"] for error in errors}
    return str(found)


@pytest.mark.parametrize(
    "query", ["", "{", "{ viewer { name }", "query { viewer { name } } }", "?", "{ é }", "\0", "\ud800"]
)
def test_what_is_no_graphql_is_refused(query: str) -> None:
    (error,) = refused(query)
    assert error["extensions"] == {"code": "GRAPHQL_PARSE_FAILED"}
    assert error["message"].startswith("Syntax Error")


@pytest.mark.parametrize(
    "query",
    [
        "{ nothing }",
        "{ viewer }",
        "{ viewer { name { first } } }",
        "{ course { id } ...missing }",
        "{ courses(page: 1) { nodes { id } } }",
        "{ courses(first: true) { nodes { id } } }",
        "{ nodes { id } }",
        "query ($unused: Int) { viewer { id } }",
        "{ ...a } fragment a on Query { ...a }",
        "subscription { documentEvents(documentId: 1) { kind } progressEvents(courseId: 1) { kind } }",
    ],
)
def test_what_does_not_fit_the_schema_is_refused(query: str) -> None:
    assert code(refused(query)) == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    "query",
    [
        "{ a" * 660 + "}" * 660,
        "{ a { ... " + "{ ... " * 600 + "{ b }" + "}" * 602,
        "{ courses(filter: " + "[" * 900 + "]" * 900 + ") { totalCount } }",
        "{ courses(filter: " + "{a:" * 480 + "1" + "}" * 480 + ") { totalCount } }",
        "query ($a: " + "[" * 900 + "Int" + "]" * 900 + ") { viewer { id } }",
    ],
    ids=["fields", "fragments", "lists", "objects", "types"],
)
def test_a_document_that_is_nested_too_deeply_is_refused(query: str) -> None:
    assert code(refused(query)) in {"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}


def test_an_answer_has_twenty_errors_at_most() -> None:
    assert len(refused(f"{{ viewer {{ {' '.join(f'nothing{number}' for number in range(100))} }} }}")) == 20


def test_an_error_says_where_it_is() -> None:
    (error,) = refused("{\n  viewer {\n    nothing\n  }\n}")
    assert error["locations"] == [{"line": 3, "column": 5}]


@pytest.mark.parametrize(("query", "name"), [(TWO, None), (TWO, "Three"), (TWO, ""), ("{ viewer { id } }", "One")])
def test_the_operation_to_run_must_be_clear(query: str, name: str | None) -> None:
    assert code(refused(query, operation_name=name)) == "OPERATION_RESOLUTION_FAILURE"


def test_one_of_many_operations_is_chosen_by_its_name() -> None:
    for name in ("One", "Two"):
        chosen = executor.prepare(Request(TWO, operation_name=name)).definition.node
        assert chosen.name
        assert chosen.name.value == name


@pytest.mark.parametrize(
    ("declared", "variables"),
    [
        ("$value: ID!", {}),
        ("$value: ID!", {"value": None}),
        ("$value: ID!", {"value": 1.5}),
        ("$value: ID!", {"value": {}}),
        ("$value: ID!", None),
    ],
)
def test_a_variable_that_does_not_fit_is_refused(declared: str, variables: Any) -> None:
    errors = refused(f"query ({declared}) {{ node(id: $value) {{ id }} }}", variables=variables)
    assert code(errors) == "BAD_USER_INPUT"
    assert "$value" in errors[0]["message"]


def test_an_input_that_does_not_fit_is_refused_with_the_way_to_it() -> None:
    query = "mutation ($input: OpenThreadInput!) { openThread(input: $input) { errors { code } } }"
    given = {"documentId": "doc_1", "content": "Hi", "position": {"line": "first"}}
    (error,) = refused(query, variables={"input": given})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "input.position.line"}
    assert "position.line" in error["message"]


def test_variables_that_nobody_declared_are_ignored() -> None:
    executor.prepare(Request("{ viewer { id } }", variables={"more": 1}))


async def test_a_failed_field_leaves_the_others_whole(graph: Graph) -> None:
    answer = await graph("ada", '{ viewer { name } course { title } organization(slug: "analytical") { name } }')
    assert answer["data"] == {"viewer": {"name": "Ada"}, "course": None, "organization": {"name": "Analytical"}}
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["course"], "BAD_USER_INPUT")


async def test_a_query_is_one_statement(graph: Graph, world: World) -> None:
    query = """
        query ($id: ID!) {
            viewer { name organizations { nodes { organization { name repositories { totalCount } } } } }
            project(id: $id) { documents { nodes { phase threads { nodes { comments(last: 3) { nodes { id } } } } } } }
            courses { nodes { lessonCount modules { nodes { lessons(first: 5) { nodes { content } } } } } totalCount }
        }
    """
    await graph.data("ada", query, id=world.atlas.public_id)
    assert len(graph.statements) == 1


async def test_a_query_that_is_nested_deeply_is_answered_or_told_so(graph: Graph) -> None:
    unlimited = replace(graph, executor=Executor(executor.schema, limits=UNLIMITED))
    for times in (3, 6, 12, 24):
        way = "organizations { nodes { organization { members { nodes { user { "
        with capture_logs():
            errors = await _errors(unlimited, f"{{ viewer {{ {way * times} id {'} } } } } } ' * times} }} }}")
        assert {error["extensions"]["code"] for error in errors} <= {"BAD_USER_INPUT", "GATEWAY_TIMEOUT"}, times


async def _errors(graph: Graph, query: str) -> Any:
    """What is wrong with an operation before it runs, or in its answer."""
    try:
        return (await graph("ada", query)).get("errors", [])
    except RequestError as refusal:
        return refusal.errors


async def test_introspection_needs_no_statement(graph: Graph) -> None:
    answer = await graph.data(None, '{ __schema { queryType { name } } __type(name: "Course") { name } __typename }')
    assert answer == {"__schema": {"queryType": {"name": "Query"}}, "__type": {"name": "Course"}, "__typename": "Query"}
    assert graph.statements == []


async def test_the_text_of_a_statement_has_no_value_of_a_client(graph: Graph, world: World) -> None:
    value = "Robert'); DROP TABLE students; --"
    query = """
        query ($value: String!, $id: ID!) {
            organization(slug: $value) { id }
            courses(filter: { search: $value, language: [$value] }, first: 77) { nodes { title } }
            node(id: $id) { id }
        }
    """
    await graph.data("ada", query, value=value, id=world.atlas.public_id)
    (statement,) = graph.statements
    assert value not in statement
    assert str(world.atlas.id) not in statement
    assert world.atlas.id.hex not in statement
    assert "77" not in statement


@pytest.fixture
def hurried(database: NotingDatabase, world: World) -> Graph:
    """The graph, when nothing may take longer than a moment."""
    return Graph(database, world, Executor(executor.schema, deadline=1))


@asynccontextmanager
async def held(database: NotingDatabase, table: str) -> AsyncIterator[None]:
    """Nobody else can read the table or write to it."""
    async with database.engine.connect() as connection:
        await connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield


async def test_a_read_that_takes_too_long_is_stopped_in_the_database_too(graph: Graph, hurried: Graph) -> None:
    async with held(hurried.database, "users"):
        with pytest.raises(TooSlow) as stopped:
            await hurried("ada", "{ viewer { name } }")
        await until(hurried.database, WAITING, n=0)
    assert stopped.value.code == "GATEWAY_TIMEOUT"
    assert (await graph.data("ada", "{ viewer { name } }"))["viewer"] == {"name": "Ada"}


async def test_nothing_is_kept_of_a_mutation_that_takes_too_long(graph: Graph, hurried: Graph, world: World) -> None:
    add = "mutation ($input: AddCommentInput!) { addComment(input: $input) { errors { code } } }"
    count = "query ($id: ID!) { node(id: $id) { ... on CommentThread { comments { totalCount } } } }"
    before = await graph.data("ada", count, id=world.thread_0.public_id)
    async with held(hurried.database, "comments"):
        with pytest.raises(TooSlow):
            await hurried("ada", add, input={"threadId": world.thread_0.public_id, "content": "Late"})
        await until(hurried.database, WAITING, n=0)
    assert await graph.data("ada", count, id=world.thread_0.public_id) == before


async def test_a_subscription_goes_on_after_an_event_that_takes_too_long(
    graph: Graph, hurried: Graph, world: World, listen: Listen
) -> None:
    graph.executor = hurried.executor
    query = "subscription ($document: ID!) { documentEvents(documentId: $document) { comment { content } } }"
    document = world.requirements
    ids = {"document": document.public_id, "comment": world.comment.public_id}
    event = Event(topic_of(world.atlas), "COMMENT_EDITED", ids)
    async with listen("vera", query, document=document.public_id) as ear:
        async with held(graph.database, "comments"):
            await graph.database.publish(event)
            late = await ear.hear()
        hurried.executor.deadline.seconds = TIMEOUT
        await graph.database.publish(event)
        heard = await ear.hear()
    assert (late["data"], late["errors"][0]["extensions"]["code"]) == (None, "GATEWAY_TIMEOUT")
    assert heard["data"]["documentEvents"]["comment"]
