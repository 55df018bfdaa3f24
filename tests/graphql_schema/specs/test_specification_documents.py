"""Excerpts of documents: a computed field with an argument."""

import pytest

from tests.conftest import Graph
from tests.graphql_schema.asking import change
from tests.world import World

TEXT = "The user shall find every place."
EXCERPT = "query ($id: ID!, $n: Int) { node(id: $id) { ... on SpecificationDocument { excerpt(length: $n) } } }"


@pytest.fixture(params=["graph", "resolved"])
def either(request: pytest.FixtureRequest) -> Graph:
    """The graph by each of its ways."""
    found: Graph = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize(
    ("text", "length", "excerpt"),
    [
        (TEXT, None, TEXT),
        (TEXT, len(TEXT), TEXT),
        (TEXT, len(TEXT) - 1, "The user shall find every…"),
        (TEXT, 10, "The user…"),
        (TEXT, 9, "The user…"),
        (TEXT, 8, "The…"),
        (TEXT, 3, "Th…"),
        (TEXT, 1, "…"),
        ("one\n\ntwo  three", 9, "one\n\ntwo…"),
        ("漢字漢字 漢字", 3, "漢字…"),
        ("", 5, ""),
    ],
)
async def test_an_excerpt_is_the_whole_words_that_fit(
    either: Graph, world: World, text: str, length: int | None, excerpt: str
) -> None:
    await change(either.database, world.design, content=text)
    data = await either.data("ada", EXCERPT, id=world.design.public_id, n=length)
    assert data["node"] == {"excerpt": excerpt}
    assert length is None or len(excerpt) <= length


async def test_an_alias_has_arguments_of_its_own_and_equal_ones_are_read_together(either: Graph, world: World) -> None:
    query = """
        query ($ids: [ID!]!, $n: Int!) {
          nodes(ids: $ids) { ... on SpecificationDocument {
            a: excerpt(length: 9) b: excerpt(length: $n) c: excerpt(length: 1)
          } }
        }
    """
    ids = [world.requirements.public_id, world.design.public_id]
    found = (await either.data("ada", query, ids=ids, n=9))["nodes"]
    assert found == [{"a": "#…", "b": "#…", "c": "…"}, {"a": "# Design…", "b": "# Design…", "c": "…"}]
    assert len(either.statements) == (1 if either.executor.compiles else 3)


@pytest.mark.parametrize("length", [0, -1, 1_001])
async def test_a_length_that_makes_no_sense_fails_its_field_alone(either: Graph, world: World, length: int) -> None:
    query = """
        query ($id: ID!, $n: Int!) {
          viewer { name }
          node(id: $id) { ... on SpecificationDocument { whole: excerpt(length: 1000) excerpt(length: $n) } }
        }
    """
    answer = await either("ada", query, id=world.design.public_id, n=length)
    (error,) = answer["errors"]
    assert answer["data"] == {"viewer": {"name": "Ada"}, "node": None}
    assert (error["path"], error["extensions"]["code"]) == (["node", "excerpt"], "BAD_USER_INPUT")
    assert str(length) not in error["message"].split()
