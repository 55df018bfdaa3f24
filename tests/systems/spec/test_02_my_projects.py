"""Row 2: a person's projects, found by words, by what was typed so far and by part of a word; by status, newest first,
page by page with how many there are.
"""

from datetime import timedelta
from typing import Any

import pytest

from db import tables
from db.tables import ProjectStatus
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change, error_code
from tests.world import NOON, World

MINE = """
    query ($typed: String, $status: [ProjectStatus!], $order: SpecificationProjectOrder, $first: Int, $after: String) {
      projects(filter: { search: $typed, status: $status }, orderBy: $order, first: $first, after: $after) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { name }
      }
    }
"""
ADAS = {
    "Ledger": ("Authentication of books", ProjectStatus.ACTIVE),
    "Authenticate": ("Who are you?", ProjectStatus.ACTIVE),
    "Résumé builder": (None, ProjectStatus.COMPLETED),
}
"""Beside Atlas, "Maps of everything", and from the oldest to the newest."""


@pytest.fixture(autouse=True)
async def projects(graph: Graph, world: World) -> None:
    await change(graph.database, world.atlas, created_at=NOON)
    for day, (name, (description, status)) in enumerate(ADAS.items(), start=1):
        at = NOON + timedelta(days=day)
        project = tables.SpecificationProject(name=name, description=description, status=status, created_at=at)
        project.owner_id = world.ada.id
        await add(graph.database, project)
    await add(graph.database, tables.SpecificationProject(name="Authenticators", owner_id=world.olga.id))


async def mine(graph: Graph, typed: str | None = None, who: str = "ada", **variables: Any) -> list[str]:
    """The names of somebody's projects, which are as many as are counted."""
    page = (await graph.data(who, MINE, typed=typed, **{"order": "CREATED_AT_DESC"} | variables))["projects"]
    names = [node["name"] for node in page["nodes"]]
    assert page["totalCount"] == len(names)
    return names


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("maps", ["Atlas"]),
        ("authentication", ["Authenticate", "Ledger"]),
        ("books of authenticating", ["Ledger"]),
        ("resume", ["Résumé builder"]),
        ("authenticate -books", ["Authenticate"]),
        ("island", []),
    ],
)
async def test_02_name_and_description_are_searched_by_words(graph: Graph, typed: str, found: list[str]) -> None:
    assert await mine(graph, typed) == found


async def test_02_what_was_typed_so_far_finds_the_word(graph: Graph) -> None:
    assert await mine(graph, "auth") == ["Authenticate", "Ledger"]
    assert await mine(graph, "builder resu") == ["Résumé builder"]


@pytest.mark.parametrize("typed", ["uthent", "UTHENT", "henticate", "ésum", "sume build"])
async def test_02_part_of_a_name_finds_it(graph: Graph, typed: str) -> None:
    assert await mine(graph, typed) == (["Authenticate"] if "hent" in typed.lower() else ["Résumé builder"])


@pytest.mark.parametrize("typed", ["ut", "%", "_____", "uthent%", "-uthent", '"uthent"', "uthent missing"])
async def test_02_a_part_is_three_letters_that_are_there_and_no_pattern(graph: Graph, typed: str) -> None:
    found = await mine(graph, typed)
    everything = ["Résumé builder", "Authenticate", "Ledger", "Atlas"]
    expected = {"%": everything, "_____": everything, "-uthent": everything, "uthent%": ["Authenticate"]}
    assert found == expected.get(typed, [])


async def test_02_a_part_comes_behind_the_word(graph: Graph, world: World) -> None:
    await add(graph.database, tables.SpecificationProject(name="Hen house", owner_id=world.ada.id))
    assert await mine(graph, "hen", order="RANK_DESC") == ["Hen house", "Authenticate"]


async def test_02_projects_are_filtered_by_status(graph: Graph) -> None:
    assert await mine(graph, status=["COMPLETED"]) == ["Résumé builder"]
    assert await mine(graph, "authenticate", status=["ACTIVE"]) == ["Authenticate", "Ledger"]
    assert await mine(graph, "authenticate", status=["COMPLETED"]) == []


async def test_02_the_newest_come_first_page_by_page_with_the_total(graph: Graph) -> None:
    read, after = list[str](), None
    while True:
        page = (await graph.data("ada", MINE, order="CREATED_AT_DESC", first=3, after=after))["projects"]
        assert page["totalCount"] == 4
        read += [node["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert read == ["Résumé builder", "Authenticate", "Ledger", "Atlas"]


async def test_02_somebody_else_finds_none_of_them(graph: Graph) -> None:
    assert await mine(graph, "uthent", who="olga") == ["Authenticators"]
    assert await mine(graph, "uthent", who="ben") == []


async def test_02_a_text_that_is_too_long_is_refused(graph: Graph) -> None:
    assert await mine(graph, "x" * 1_000) == []
    assert await error_code(graph, "ada", MINE, typed="x" * 1_001) == "BAD_USER_INPUT"
