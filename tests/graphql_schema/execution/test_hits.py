"""Lists that find so many rows of a table at most: by both ways the same, however PostgreSQL finds them."""

from typing import Any

import pytest
from sqlalchemy import text

from db import tables
from db.access import GUEST
from db.engine import Database
from graphql_schema.core.unions import MOST
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change
from tests.world import World

ALL = """
    query ($order: SearchResultOrder, $first: Int, $last: Int, $after: String, $types: [SearchResultType!]) {
      search(query: "zebra", orderBy: $order, first: $first, last: $last, after: $after, types: $types) {
        totalCount
        isTotalExact
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        edges { cursor best: rank snippet { highlights { length from: start } text } node { ... on Node { id } } }
      }
    }
"""
GIVEN: list[dict[str, Any]] = [
    {"first": 7},
    {"last": 7},
    {"first": 100, "order": "CREATED_AT_ASC"},
    {"last": 3, "order": "CREATED_AT_DESC"},
    {"first": 2, "types": ["COURSE"]},
    {"first": 2, "types": []},
]
"""Arguments of the list. To make all that it finds takes longer than to ask for it: a test asks for each of them."""
TOTALS = 'query { search(query: "zebra") { isTotalExact totalCount } }'


@pytest.fixture
async def zebras(database: Database, world: World) -> None:
    """More comments than are found, which Ada has made."""
    rows = (
        tables.Comment(thread_id=world.thread_0.id, author_id=world.ada.id, content="zebra " * (1 + number % 7))
        for number in range(MOST + 5)
    )
    await add(database, *rows)


async def believed(database: Database, size: int, table: str = "comments") -> None:
    """Have PostgreSQL believe that a table has so many rows."""
    given = {"size": size, "table": table}
    async with database.work(GUEST) as work:
        await work.execute(text("UPDATE pg_class SET reltuples = :size WHERE relname = :table"), given)


@pytest.mark.usefixtures("patient", "zebras")
@pytest.mark.parametrize("who", ["ada", "root", "olga", None])
async def test_both_ways_find_count_and_show_the_same(graph: Graph, resolved: Graph, who: str | None) -> None:
    for given in GIVEN:
        compiled = await graph.data(who, ALL, **given)
        assert len(graph.statements) == 1, given
        assert await resolved.data(who, ALL, **given) == compiled, given
        if compiled["search"]["pageInfo"]["hasNextPage"] and "first" in given:
            behind = {"after": compiled["search"]["pageInfo"]["endCursor"], **given}
            assert await graph.data(who, ALL, **behind) == await resolved.data(who, ALL, **behind), behind
    assert await graph.data(who, TOTALS) == await resolved.data(who, TOTALS)


@pytest.mark.usefixtures("patient", "zebras")
async def test_a_table_that_is_believed_large_is_read_from_its_newest_row_on(graph: Graph, database: Database) -> None:
    await believed(database, 0)  # so that an index is read
    by_index = {who: await graph.data(who, ALL, first=100) for who in ("root", "ada")}
    await believed(database, 10_000_000)
    assert {who: await graph.data(who, ALL, first=100) for who in ("root", "ada")} == by_index
    assert any("ORDER BY id DESC" in statement for statement in graph.statements)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("size", [0, 10_000_000])
async def test_what_a_viewer_does_not_see_takes_no_place(
    graph: Graph, database: Database, world: World, size: int
) -> None:
    await change(database, world.logic_1_1, title="A zebra")
    await change(database, world.logic_1_2, content="A zebra in the text")
    for module, words in ((world.draft_1, {"title": "Zebra"}), (world.rhetoric_1, {"content": "Zebra"})):
        rows = ({"title": "New", "content": ""} | words | {"order": number} for number in range(3, MOST + 5))
        await add(database, *(tables.Lesson(module_id=module.id, **row) for row in rows))
    await believed(database, size, "lessons")
    query = 'query { search(query: "zebra", types: [LESSON], orderBy: CREATED_AT_ASC) { totalCount nodes { ...Key } } }'
    query += " fragment Key on Lesson { id }"
    seen = [{"id": lesson.public_id} for lesson in (world.logic_1_1, world.logic_1_2)]
    assert (await graph.data("sam", query))["search"] == {"totalCount": 2, "nodes": seen}
    assert (await graph.data("ines", query))["search"]["totalCount"] == MOST


async def test_what_a_viewer_has_is_read_along_no_index_of_words(graph: Graph) -> None:
    query = 'query { search(query: "zebra", types: [COMMENT]) { totalCount } }'
    await graph.data("ada", query)
    (statement,) = graph.statements
    assert "FROM comments ORDER BY id DESC" not in statement
    await graph.data("root", query)
    (statement,) = graph.statements
    assert "FROM comments ORDER BY id DESC" in statement
