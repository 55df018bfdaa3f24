"""Texts of inputs: the longest are saved, longer ones refused with the rest of what belongs to them."""

import random

import pytest
import strawberry

from db import tables
from db.errors import Refusals
from graphql_schema.core.texts import check_texts, text
from tests.conftest import Graph
from tests.graphql_schema.asking import done, listed
from tests.world import World

CREATE = """
    mutation ($input: CreateProjectInput!) {
      createProject(input: $input) { project { name description } errors { message path } }
    }
"""
EDIT = """
    mutation ($input: EditDocumentInput!) {
      editDocument(input: $input) { document { content } errors { message path } }
    }
"""
TWO = """
    mutation ($name: String!) @atomic {
      first: createProject(input: {name: "First"}) { project { name } errors { code path } }
      second: createProject(input: {name: $name}) { project { name } errors { code path } }
    }
"""
NAMES = '{ projects(filter: {search: "first"}) { nodes { name } } }'


@strawberry.input
class Part:
    """A part."""

    name: str = text(tables.User.name, "Its name.")


@strawberry.input
class Whole:
    """An input with texts of every kind."""

    first_words: list[str] = text(5, "Some words.")
    parts: list[Part]
    only: Part
    note: str | None = text(5, "A note.", default=None)
    number: int = 1


def test_every_text_at_fault_is_told_by_its_place() -> None:
    long = Part(name="x" * 201)
    with pytest.raises(Refusals) as told:
        check_texts(Whole(first_words=["good", "too long"], parts=[Part(name="good"), long], only=long, note="\0"))
    assert [refusal.at for refusal in told.value.refusals] == ["firstWords.1", "parts.1.name", "only.name", "note"]


def test_texts_that_fit_are_taken() -> None:
    check_texts(Whole(first_words=["fives", "", "🙂" * 5], parts=[], only=Part(name="é" * 200)))


@pytest.mark.parametrize("half", ["\ud800", "a\udfffb"])
def test_half_of_a_surrogate_pair_is_no_text(half: str) -> None:
    with pytest.raises(Refusals):
        check_texts(Part(name=half))


async def test_the_longest_texts_are_saved(graph: Graph) -> None:
    given = {"name": "é" * 200, "description": "\U0001f642" * 20_000}
    assert (await done(graph, "ada", CREATE, **given))["project"] == given


async def test_a_document_of_many_different_words_is_saved(graph: Graph, world: World) -> None:
    chance = random.Random(7)
    content = " ".join("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(900_000 // 7))
    given = {"documentId": world.requirements.public_id, "expectedVersion": 2, "content": content}
    assert (await done(graph, "ada", EDIT, **given))["document"]["content"] == content


async def test_a_text_that_is_refused_undoes_what_belongs_to_it(graph: Graph) -> None:
    data = await graph.data("ada", TWO, name="x" * 201)
    assert data["second"]["errors"] == [{"code": "BAD_USER_INPUT", "path": ["input", "name"]}]
    assert data["first"]["errors"] == [{"code": "ROLLED_BACK", "path": []}]
    assert await listed(graph, "ada", NAMES) == []
