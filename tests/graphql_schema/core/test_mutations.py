"""Mutations: one transaction each, one after the other, with refusals told in the payload."""

from typing import Annotated, Any

import pytest
from sqlalchemy import func, select, text
from strawberry import ID
from structlog.testing import capture_logs

from db import tables
from db.access import GUEST
from db.engine import Database
from db.errors import BadInput
from db.write import Work
from graphql_schema.core.mutations import Steps, arguments_of, described, pascal
from tests.conftest import Graph
from tests.world import World


def create(name: str) -> str:
    return f'createProject(input: {{ name: "{name}" }}) {{ project {{ name }} errors {{ code path }} }}'


def save(content: str, version: int) -> str:
    given = f'documentId: $id, content: "{content}", expectedVersion: {version}'
    return f"editDocument(input: {{ {given} }}) {{ document {{ version content }} errors {{ code }} }}"


async def names(database: Database) -> set[str]:
    async with database.read() as session:
        return set(await session.scalars(select(tables.SpecificationProject.name)))


async def test_what_one_field_refuses_the_fields_around_it_do(graph: Graph, database: Database) -> None:
    answer = await graph.data("ada", f"mutation {{ a: {create('First')} b: {create(' ')} c: {create('Third')} }}")
    assert answer == {
        "a": {"project": {"name": "First"}, "errors": []},
        "b": {"project": None, "errors": [{"code": "BAD_USER_INPUT", "path": ["input", "name"]}]},
        "c": {"project": {"name": "Third"}, "errors": []},
    }
    assert {"First", "Third"} <= await names(database)


async def test_each_field_sees_what_the_one_before_it_did(graph: Graph, world: World) -> None:
    mutation = f"mutation ($id: ID!) {{ a: {save('One', 2)} b: {save('Two', 3)} c: {save('Three', 3)} }}"
    answer = await graph.data("ben", mutation, id=world.requirements.public_id)
    assert answer["a"] == {"document": {"version": 3, "content": "One"}, "errors": []}
    assert answer["b"] == {"document": {"version": 4, "content": "Two"}, "errors": []}
    # A conflict shows the object as it stands.
    assert answer["c"] == {"document": {"version": 4, "content": "Two"}, "errors": [{"code": "CONFLICT"}]}


async def test_a_refusal_undoes_what_was_written_before_it(graph: Graph, database: Database) -> None:
    async def begin(work: Work) -> None:
        await work.add(tables.SpecificationProject(name="Lost", owner_id=work.viewer_id))
        raise BadInput("Not today.", at="project.name")

    before = await names(database)
    declared = Steps("Begins nothing.", begin, returns={"project": tables.SpecificationProject}, guests=False)
    refused = {"code": "BAD_USER_INPUT", "message": "Not today.", "at": "project.name"}
    payload = await declared.resolve(None, graph.context("ada"), "begin", {})
    assert payload == {"project": None, "errors": [refused]}
    assert await names(database) == before


async def test_a_refusal_names_the_input_field_at_fault(graph: Graph, world: World) -> None:
    given = {"name": "Mine", "members": [{"userId": world.ben.public_id}, {"userId": world.olga.public_id}]}
    selection = "{ project { id } errors { code path } }"
    mutation = f"mutation ($input: CreateProjectInput!) {{ createProject(input: $input) {selection} }}"
    answer = await graph.data("ada", mutation, input=given)
    refused = [{"code": "NOT_FOUND", "path": ["input", "members", "1", "userId"]}]
    assert answer == {"createProject": {"project": None, "errors": refused}}


async def test_a_guest_is_asked_to_sign_in_before_anything_else(graph: Graph, database: Database, world: World) -> None:
    before = await names(database)
    for mutation in (f"mutation {{ done: {create('Mine')} }}", f"mutation ($id: ID!) {{ done: {save('Mine', 2)} }}"):
        answer = await graph(None, mutation, id=world.requirements.public_id)
        assert answer["data"] == {"done": None}
        (error,) = answer["errors"]
        assert (error["extensions"]["code"], error["path"]) == ("UNAUTHENTICATED", ["done"])
    assert await names(database) == before


async def test_what_nobody_expected_undoes_everything(graph: Graph, database: Database) -> None:
    async with database.work(GUEST) as work:
        await work.execute(text("ALTER TABLE specification_documents RENAME TO gone"))
    before = await names(database)
    with capture_logs():
        answer: Any = await graph("ada", f"mutation {{ {create('Lost')} }}")
    assert answer["data"] == {"createProject": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INTERNAL_SERVER_ERROR"]
    assert await names(database) == before


async def test_a_payload_shows_what_its_reader_sees(graph: Graph, database: Database, world: World) -> None:
    """Who signs in reads the payload as themselves."""
    credentials = '{ email: "ADA@example.com", password: "correct horse battery staple" }'
    mutation = f"mutation {{ signIn(input: {credentials}) {{ user {{ name email }} errors {{ code }} }} }}"
    answer = await graph.data(None, mutation)
    assert answer["signIn"] == {"user": {"name": "Ada", "email": "ada@example.com"}, "errors": []}
    async with database.read() as session:
        mine = select(func.count()).where(tables.Session.user_id == world.ada.id)
        assert await session.scalar(mine) == 2


def test_a_mutation_is_described_by_its_docstring() -> None:
    def undocumented() -> None: ...

    with pytest.raises(AssertionError, match="undocumented needs a docstring"):
        described(undocumented)


def test_the_types_of_a_mutation_are_named_after_it() -> None:
    assert pascal("add_comment") == "AddComment"


def test_an_argument_has_the_type_and_the_description_that_its_parameter_says() -> None:
    async def follow(_context: object, document_id: Annotated[ID, "The document to listen to."]) -> None: ...

    (argument,) = arguments_of(follow)
    assert (argument.python_name, argument.type, argument.description) == (
        "document_id",
        ID,
        "The document to listen to.",
    )


def test_an_argument_without_a_description_is_not_declared() -> None:
    async def follow(_context: object, document_id: ID) -> None: ...

    with pytest.raises(AssertionError, match="document_id"):
        arguments_of(follow)
