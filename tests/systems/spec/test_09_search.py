"""Row 9: one search over everything with text, best first, with what to show of each hit."""

from typing import Any

import pytest
from sqlalchemy import select, text

from db import tables
from graphql_schema.core.unions import MOST
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change
from tests.world import World

FOUND = """
    query ($typed: String!, $types: [SearchResultType!], $first: Int, $after: String, $order: SearchResultOrder) {
      search(query: $typed, types: $types, first: $first, after: $after, orderBy: $order) {
        totalCount
        isTotalExact
        pageInfo { hasNextPage endCursor }
        edges { rank snippet { text highlights { start length } } node { __typename ... on Node { id } } }
      }
    }
"""


async def search(graph: Graph, who: str | None, typed: str, **variables: Any) -> Any:
    return (await graph.data(who, FOUND, typed=typed, **{"first": 100} | variables))["search"]


async def shown(graph: Graph, who: str | None, typed: str) -> list[tuple[str, list[str]]]:
    """The text of each hit with what is highlighted in it."""
    found = list[tuple[str, list[str]]]()
    for edge in (await search(graph, who, typed))["edges"]:
        written = edge["snippet"]["text"]
        ranges = [(one["start"], one["start"] + one["length"]) for one in edge["snippet"]["highlights"]]
        found.append((written, [written[start:stop] for start, stop in ranges]))
    return found


async def remark(graph: Graph, world: World, content: str) -> None:
    """Say this in a comment that Ada sees."""
    await change(graph.database, world.remark, content=content)


# --- rank -------------------------------------------------------------------------------------------------------------


async def test_09_ranks_fall_from_the_first_hit_to_the_last(graph: Graph, world: World) -> None:
    await remark(graph, world, "Zebra, zebra, zebra!")
    await change(graph.database, world.atlas, name="Zebra", description="All of the zebras there are")
    await change(graph.database, world.logic, title="Horses", description="In one of its lessons there is a zebra.")
    edges = (await search(graph, "ada", "zebra"))["edges"]
    ranks = [edge["rank"] for edge in edges]
    assert [edge["node"]["id"] for edge in edges] == [row.public_id for row in (world.remark, world.atlas, world.logic)]
    assert ranks == sorted(ranks, reverse=True)
    assert all(0 < rank < 1 for rank in ranks)


async def test_09_part_of_a_name_ranks_behind_every_word(graph: Graph, world: World) -> None:
    await change(graph.database, world.atlas, name="Tabebrad")
    await remark(graph, world, "An ebra")
    edges = (await search(graph, "ada", "ebra"))["edges"]
    assert [edge["node"]["__typename"] for edge in edges] == ["Comment", "SpecificationProject"]
    assert edges[1]["rank"] == 0
    assert (await shown(graph, "ada", "ebra"))[1] == ("Tabebrad", ["ebra"])


# --- snippets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "typed", "highlighted"),
    [
        ("Two ZEBRAS run", "zebra running", ["ZEBRAS", "run"]),
        ("Le Résumé", "resume", ["Résumé"]),
        ("Le Re\u0301sume\u0301", "résumé", ["Re\u0301sume\u0301"]),
        ("Ṁỹḿ of rare letters", "mym", ["Ṁỹḿ"]),
        ("Die Straße", "strasse", ["Straße"]),
        ("Die Strasse", "straße", ["Strasse"]),
        ("東京都の地図", "京都", ["京都"]),
        ("서울에서", "서울", ["서울"]),
        ("ﬁne print", "fine", ["ﬁne"]),
        ("🦓🦓 zebra 🦓", "zebra", ["zebra"]),
        ("node.js and Node", "node", ["node", "Node"]),
        ("Modify it", "modifies", ["Modify"]),
        ("Authenticate", "auth", ["Authenticate"]),
        ("maps of everything", '"maps of ev', ["maps of everything"]),
        ("zebra but no horse", "zebra -lion", ["zebra"]),
    ],
)
async def test_09_what_was_found_is_highlighted_as_it_is_written(
    graph: Graph, world: World, content: str, typed: str, highlighted: list[str]
) -> None:
    await remark(graph, world, content)
    assert (await shown(graph, "ada", typed))[0] == (content, highlighted)


async def test_09_the_field_that_answers_best_is_shown(graph: Graph, world: World) -> None:
    await change(graph.database, world.atlas, name="A zebra", description="A herd of a zebra and a lion, and a zebra")
    assert await shown(graph, "ada", "herd") == [("A herd of a zebra and a lion, and a zebra", ["herd"])]
    assert await shown(graph, "ada", "zebra") == [("A zebra", ["zebra"])]


async def test_09_a_long_text_is_shown_around_the_first_hit(graph: Graph, world: World) -> None:
    content = "zebrafish " * 5 + "word " * 20_000 + "a zebra runs. " + "end " * 1_000
    await change(graph.database, world.design, content=content)
    ((written, highlighted),) = await shown(graph, "ada", "zebra runs")
    assert highlighted == ["zebra", "runs"]
    assert len(written) == 240
    assert written.startswith("word")


async def test_09_the_largest_text_is_shown_within_the_time_of_a_statement(graph: Graph, world: World) -> None:
    await change(graph.database, world.design, content=("zebrafish " * 100_000)[:999_990] + " zebra")
    assert len(await shown(graph, "ada", "zebrafish")) == 1


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert('zebra')</script>",
        "</b><b>zebra</b> &lt;b&gt; &amp;",
        "\x01zebra\x02 \u0001StartSel zebra StopSel ,FragmentDelimiter=",
        "\u202ezebra\u202c zebra\u200b",
        "'; DROP TABLE comments; -- zebra \\m[[:alpha:]]+(zebra",
    ],
)
async def test_09_a_hostile_text_stays_the_text_that_it_is(graph: Graph, world: World, hostile: str) -> None:
    await remark(graph, world, hostile)
    ((written, highlighted),) = await shown(graph, "ada", "zebra")
    assert written == hostile
    assert highlighted == ["zebra"] * hostile.count("zebra")


async def test_09_what_is_found_by_what_it_lacks_is_shown_from_its_start(graph: Graph) -> None:
    for written, highlighted in await shown(graph, "ada", "-zebra"):
        assert written
        assert highlighted == []


# --- who finds what ---------------------------------------------------------------------------------------------------


async def test_09_the_texts_of_others_change_neither_count_nor_rank_nor_snippet(graph: Graph, world: World) -> None:
    await change(graph.database, world.atlas, description="A zebra crossing")
    before = await search(graph, "ada", "zebra")
    assert before["totalCount"] == 1
    await change(graph.database, world.island, description="Zebra, zebra, zebra")
    await add(
        graph.database,
        *(tables.SpecificationProject(name=f"Zebra {n}", owner_id=world.olga.id) for n in range(MOST + 10)),
    )
    assert await search(graph, "ada", "zebra") == before


@pytest.mark.parametrize("size", [0, 10_000_000])
async def test_09_a_draft_is_found_by_its_teacher_alone_however_it_is_looked_for(
    graph: Graph, world: World, size: int
) -> None:
    await change(graph.database, world.logic, world.draft, title="Zebra")
    await believed(graph, size, "courses")
    for who, number in (("ines", 2), ("sam", 1), (None, 1)):
        assert (await search(graph, who, "zebra", types=["COURSE"]))["totalCount"] == number


LEARNERS: tuple[str | None, ...] = ("root", "ines")
OTHERS: tuple[str | None, ...] = ("sam", "olga", None)


async def test_09_the_text_of_a_lesson_is_found_and_shown_to_those_alone_who_may_read_it(
    graph: Graph, world: World
) -> None:
    await change(graph.database, world.rhetoric_1_1, title="Figures", content="The zebra paradox")
    for who in LEARNERS:
        assert await shown(graph, who, "zebra") == [("The zebra paradox", ["zebra"])]
    for who in OTHERS:
        found = await search(graph, who, "zebra")
        assert (found["totalCount"], found["edges"]) == (0, [])
    for who in (*LEARNERS, *OTHERS):
        assert await shown(graph, who, "figures") == [("Figures", ["Figures"])]


# --- bounds -----------------------------------------------------------------------------------------------------------


async def many(graph: Graph, world: World, number: int, content: str = "zebra ") -> None:
    rows = (
        tables.Comment(thread_id=world.thread_0.id, author_id=world.ada.id, content=f"{content}{n}")
        for n in range(number)
    )
    await add(graph.database, *rows)


ALL_WAYS = pytest.mark.parametrize(("who", "size"), [("ada", 0), ("root", 0), ("root", 10_000_000)])
"""What the viewer has is looked at, or an index is, or one row after the other of a table that is believed large."""


@ALL_WAYS
async def test_09_of_each_type_the_newest_are_found_and_the_answer_says_so(
    graph: Graph, world: World, who: str, size: int
) -> None:
    await many(graph, world, MOST + 20)
    await change(graph.database, world.atlas, description="A zebra")
    await believed(graph, size)
    read, after = list[str](), None
    while True:
        page = await search(graph, who, "zebra", after=after)
        assert (page["totalCount"], page["isTotalExact"]) == (MOST + 1, False)
        read += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    async with graph.database.read() as session:
        comments = select(tables.Comment.id).where(tables.Comment.content.startswith("zebra "))
        newest = await session.scalars(comments.order_by(tables.Comment.id.desc()).limit(MOST))
        assert set(read) == {f"cmt_{id_.hex}" for id_ in newest} | {world.atlas.public_id}
    assert len(read) == MOST + 1


@ALL_WAYS
async def test_09_all_that_are_found_are_counted_exactly_below_the_bound(
    graph: Graph, world: World, who: str, size: int
) -> None:
    await many(graph, world, 30)
    await believed(graph, size)
    page = await search(graph, who, "zebra", first=10)
    assert (page["totalCount"], page["isTotalExact"], len(page["edges"])) == (30, True, 10)


async def test_09_pages_lose_and_repeat_nothing_while_rows_are_added(graph: Graph, world: World) -> None:
    await many(graph, world, 20)
    before = [edge["node"]["id"] for edge in (await search(graph, "ada", "zebra"))["edges"]]
    read, after = list[str](), None
    while True:
        page = await search(graph, "ada", "zebra", first=3, after=after)
        read += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        await many(graph, world, 2, "zebra zebra zebra ")
        await many(graph, world, 1)
    assert len(read) == len(set(read))
    assert [id_ for id_ in read if id_ in before] == before


@pytest.mark.parametrize(
    "typed", ["z " * 500, "zebra " * 166, "-" * 33 + "a", '"' * 1_000, "a|b&c!(" * 140, "東" * 1_000]
)
async def test_09_the_longest_and_strangest_queries_are_answered(graph: Graph, world: World, typed: str) -> None:
    await remark(graph, world, f"zebra {typed}")
    await search(graph, "ada", typed[:1_000])


async def believed(graph: Graph, size: int, table: str = "comments") -> None:
    """Have PostgreSQL believe that a table has so many rows."""
    async with graph.database.work(graph.world.viewer("root")) as work:
        await work.execute(
            text("UPDATE pg_class SET reltuples = :size WHERE relname = :name"), {"size": size, "name": table}
        )
