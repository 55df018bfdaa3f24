"""Search from the root: what is found by which words, who finds what, and how it is read page by page."""

from typing import Any

import pytest

from db import tables
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change, error_code
from tests.world import PEOPLE, World

FOUND = """
    query (
      $typed: String!, $types: [SearchResultType!], $order: SearchResultOrder,
      $first: Int, $after: String, $last: Int, $before: String
    ) {
      search(
        query: $typed, types: $types, orderBy: $order, first: $first, after: $after, last: $last, before: $before
      ) {
        totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        nodes { __typename ... on Node { id } }
      }
    }
"""


async def found(graph: Graph, who: str | None, typed: str, **variables: Any) -> list[str]:
    """The ids of what a search finds, which are as many as it counts."""
    page = (await graph.data(who, FOUND, typed=typed, first=100, **variables))["search"]
    ids = [node["id"] for node in page["nodes"]]
    assert "after" in variables or page["totalCount"] == len(ids)
    return ids


async def test_objects_of_every_type_are_found_by_their_words(graph: Graph, world: World) -> None:
    await change(graph.database, world.logic, title="Zebra logic")
    await change(graph.database, world.logic_1_1, title="What a zebra is")
    await change(graph.database, world.atlas, description="Maps for zebras")
    await change(graph.database, world.design, content="# The zebra")
    await change(graph.database, world.remark, content="A zebra?")
    await change(graph.database, world.engine, description="Drives a zebra")
    rows = (world.logic, world.logic_1_1, world.atlas, world.design, world.remark, world.engine)
    ids = [row.public_id for row in sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)]
    assert await found(graph, "root", "zebra", order="CREATED_AT_DESC") == ids
    assert await found(graph, "root", "zebra", order="CREATED_AT_ASC") == ids[::-1]


async def test_what_answers_best_comes_first_whatever_its_type(graph: Graph, world: World) -> None:
    await change(graph.database, world.logic, title="Horses", description="In one of its lessons there is a zebra.")
    await change(graph.database, world.remark, content="Zebra, zebra, zebra!")
    await change(graph.database, world.atlas, name="Zebra", description="All of the zebras there are")
    rows = (world.remark, world.atlas, world.logic)
    assert await found(graph, "ada", "zebra") == [row.public_id for row in rows]


async def test_everybody_finds_what_they_see_and_counts_nothing_else(graph: Graph, world: World) -> None:
    await change(graph.database, world.atlas, world.island, description="Zebras")
    await change(graph.database, world.logic, world.draft, description="Zebras")
    await change(graph.database, world.vault, description="Zebras")
    atlas, island, logic, draft, vault = (
        row.public_id for row in (world.atlas, world.island, world.logic, world.draft, world.vault)
    )
    expected = {
        "ada": {atlas, logic, vault},
        "ben": {atlas, logic},
        "vera": {atlas, logic},
        "rob": {logic},
        "ines": {logic, draft},
        "sam": {logic},
        "olga": {island, logic},
        "root": {atlas, island, logic, draft, vault},
        None: {logic},
    }
    assert {who: set(await found(graph, who, "zebra")) for who in (*PEOPLE, None)} == expected


@pytest.mark.parametrize(("who", "reads"), [("root", True), ("ines", True), ("sam", False), (None, False)])
async def test_a_lesson_is_found_by_its_text_by_those_who_may_read_it(
    graph: Graph, world: World, who: str | None, reads: bool
) -> None:
    await change(graph.database, world.rhetoric_1_1, title="Figures", content="The zebra paradox")
    for typed in ("zebra", "figures paradox", "zeb", '"zebra paradox"'):
        assert await found(graph, who, typed) == [world.rhetoric_1_1.public_id] * reads
    for typed in ("figures", "figures -zebra"):
        assert world.rhetoric_1_1.public_id in await found(graph, who, typed)


async def test_a_lesson_is_ranked_by_its_text_where_its_title_has_not_the_words(graph: Graph, world: World) -> None:
    ranked = 'query { search(query: "zebra", types: [LESSON]) { edges { rank node { ... on Lesson { id } } } } }'

    async def ranks() -> dict[str, float]:
        edges = (await graph.data("root", ranked))["search"]["edges"]
        assert [edge["rank"] for edge in edges] == sorted((edge["rank"] for edge in edges), reverse=True)
        return {edge["node"]["id"]: edge["rank"] for edge in edges}

    often, once = world.logic_1_1.public_id, world.logic_1_2.public_id
    await change(graph.database, world.logic_1_1, title="Horses", content="A zebra, a zebra and another zebra.")
    await change(graph.database, world.logic_1_2, title="Cows", content="A zebra, a cow and another horse.")
    found = await ranks()
    assert found[often] > found[once] > 0
    await change(graph.database, world.logic_1_2, title="Zebras")
    by_title = (await ranks())[once]
    await change(graph.database, world.logic_1_2, content="Zebra " * 20)
    assert (await ranks())[once] == by_title


async def test_only_the_types_that_are_asked_for_are_found(graph: Graph, world: World) -> None:
    everything = {"COURSE", "LESSON", "REPOSITORY", "COMMENT", "SPECIFICATION_PROJECT", "SPECIFICATION_DOCUMENT"}
    everything |= {"LEARNING_MODULE", "ISSUE"}
    all_ = await found(graph, "ada", "-zebra")
    by_type = {type_: await found(graph, "ada", "-zebra", types=[type_]) for type_ in everything}
    assert all(by_type.values())
    assert sorted(id_ for ids in by_type.values() for id_ in ids) == sorted(all_)
    assert await found(graph, "ada", "-zebra", types=[]) == []
    assert await found(graph, "ada", "-zebra", types=None) == all_


@pytest.mark.parametrize("typed", ["", "  ", "-", '"', "🚀", "(&|!)"])
async def test_a_text_without_words_finds_nothing(graph: Graph, typed: str) -> None:
    assert await found(graph, "root", typed) == []


@pytest.mark.parametrize("typed", ["x" * 1_001, "a\0b"])
async def test_what_cannot_be_searched_for_is_refused_at_the_argument(graph: Graph, typed: str) -> None:
    answer = await graph("root", FOUND, typed=typed)
    assert [error["extensions"] for error in answer["errors"]] == [{"code": "BAD_USER_INPUT", "argument": "query"}]


async def test_a_search_is_read_page_by_page_in_both_directions(graph: Graph) -> None:
    all_ = await found(graph, "ada", "-zebra")
    assert len(all_) > 10
    for size, cursor, border, more, order in (
        ("first", "after", "endCursor", "hasNextPage", all_),
        ("last", "before", "startCursor", "hasPreviousPage", all_[::-1]),
    ):
        read, paging, pages = list[str](), {size: 3}, 0
        while True:
            page = (await graph.data("ada", FOUND, typed="-zebra", **paging))["search"]
            ids = [node["id"] for node in page["nodes"]]
            read += ids if size == "first" else ids[::-1]
            pages += 1
            if not page["pageInfo"][more]:
                break
            paging[cursor] = page["pageInfo"][border]
        assert read == order
        assert pages == -(-len(all_) // 3)


async def test_a_page_holds_its_place_while_things_are_added(graph: Graph, world: World) -> None:
    first = (await graph.data("ada", FOUND, typed="-zebra", first=3))["search"]
    rest = await found(graph, "ada", "-zebra", after=first["pageInfo"]["endCursor"])
    await add(graph.database, tables.Comment(thread_id=world.thread_0.id, author_id=world.ada.id, content="New"))
    assert await found(graph, "ada", "-zebra", after=first["pageInfo"]["endCursor"]) == rest


async def test_a_cursor_of_another_list_is_refused(graph: Graph) -> None:
    page = (await graph.data(None, "{ courses(first: 1) { pageInfo { endCursor } } }"))["courses"]
    assert await error_code(graph, "ada", FOUND, typed="logic", after=page["pageInfo"]["endCursor"]) == "BAD_CURSOR"


async def test_what_is_found_is_escaped_as_the_text_that_it_is(graph: Graph, world: World) -> None:
    content = "<script>alert('zebra')</script>"
    await change(graph.database, world.remark, content=content)
    query = '{ search(query: "zebra") { nodes { ... on Comment { content } } } }'
    assert (await graph.data("ada", query))["search"]["nodes"] == [{"content": content}]
