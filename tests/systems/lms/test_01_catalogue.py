"""Row 1: the catalogue has published courses by difficulty, price and whether they are featured, and by words with the
best first; instructors see their drafts, and nobody else does.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from db import tables
from db.tables import Difficulty
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change, error_code
from tests.world import NOON, World

CATALOGUE = """
    query ($filter: CourseFilter, $order: CourseOrder, $first: Int, $after: String) {
      courses(filter: $filter, orderBy: $order, first: $first, after: $after) {
        totalCount pageInfo { hasNextPage endCursor } nodes { slug averageRating }
      }
    }
"""
COURSES: dict[str, dict[str, Any]] = {
    "sets": {"title": "Sets", "description": "Of sets, sets and sets.", "difficulty": Difficulty.ADVANCED, "price": 10},
    "proofs": {"title": "Proofs", "description": "One is about sets.", "difficulty": Difficulty.ADVANCED, "price": 20},
    "models": {"title": "Models", "description": "Meanings.", "difficulty": Difficulty.EXPERT, "featured": True},
}
"""Beside Logic, which is free, and Rhetoric; from the oldest to the newest."""


@pytest.fixture(autouse=True)
async def courses(graph: Graph, world: World) -> None:
    await change(graph.database, world.logic, world.rhetoric, world.draft, created_at=NOON)
    for day, (slug, values) in enumerate(COURSES.items(), start=1):
        at = NOON + timedelta(days=day)
        priced = values | {"price": Decimal(values.get("price", 0))}
        course = tables.Course(slug=slug, published=True, published_at=at, created_at=at, **priced)
        await add(graph.database, course)


async def found(graph: Graph, who: str | None = None, order: str = "TITLE_ASC", **filter_: Any) -> list[str]:
    """The courses that a filter finds, which are as many as are counted."""
    page = (await graph.data(who, CATALOGUE, filter=filter_, order=order))["courses"]
    slugs = [node["slug"] for node in page["nodes"]]
    assert page["totalCount"] == len(slugs)
    return slugs


async def test_a_guest_finds_courses_by_what_they_ask_and_cost(graph: Graph) -> None:
    assert await found(graph) == ["logic", "models", "proofs", "rhetoric", "sets"]
    assert await found(graph, difficulty=["ADVANCED", "EXPERT"]) == ["models", "proofs", "sets"]
    assert await found(graph, price={"min": "10", "max": "20"}) == ["proofs", "sets"]
    assert await found(graph, price={"max": "0"}) == ["logic", "models"]
    assert await found(graph, featured=True) == ["models"]
    assert await found(graph, difficulty=["ADVANCED"], price={"min": "15"}) == ["proofs"]


async def test_what_has_the_words_best_comes_first(graph: Graph) -> None:
    assert await found(graph, order="RANK_DESC", search="sets") == ["sets", "proofs"]
    assert await found(graph, order="RANK_DESC", search="set") == ["sets", "proofs"]
    assert await found(graph, order="RANK_DESC", search="hetor") == ["rhetoric"]
    assert await found(graph, order="RANK_DESC", search="cooking") == []


async def test_a_rank_without_words_makes_no_sense(graph: Graph) -> None:
    assert await error_code(graph, None, CATALOGUE, order="RANK_DESC") == "BAD_USER_INPUT"


async def test_pages_by_rank_go_on_where_they_ended(graph: Graph) -> None:
    slugs, after = list[str](), None
    while True:
        given = {"filter": {"search": "sets"}, "order": "RANK_DESC", "first": 1, "after": after}
        page = (await graph.data(None, CATALOGUE, **given))["courses"]
        slugs += [node["slug"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert slugs == ["sets", "proofs"]


async def test_the_best_rated_come_first_and_those_that_nobody_rated_last(graph: Graph, world: World) -> None:
    review = tables.CourseReview(course_id=world.rhetoric.id, user_id=world.ben.id, rating=5)
    await add(graph.database, review)
    assert (await found(graph, order="AVERAGE_RATING_DESC"))[:2] == ["rhetoric", "logic"]
    assert await found(graph, averageRating={"min": 4.5}) == ["rhetoric"]


@pytest.mark.parametrize("filter_", [{}, {"published": False}, {"search": "draft"}])
async def test_a_draft_is_found_by_who_teaches_it_alone(graph: Graph, world: World, filter_: dict[str, Any]) -> None:
    for who, sees in ((None, False), ("sam", False), ("ada", False), ("ines", True), ("root", True)):
        assert ("draft" in await found(graph, who, **filter_)) is sees


async def test_nobody_reads_what_hangs_on_a_draft(graph: Graph, world: World) -> None:
    query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } course(slug: "draft") { id } }'
    ids = [row.public_id for row in (world.draft, world.draft_1, world.draft_1_1, world.rows["draft_quiz"])]
    for who in (None, "sam"):
        assert await graph.data(who, query, ids=ids) == {"nodes": [None] * len(ids), "course": None}
    shown = await graph.data("ines", query, ids=ids[:3])
    assert [one["id"] for one in shown["nodes"]] == ids[:3]
