"""What people did and what happened in an organization, as one list over all systems: whole and in order.

The list has as many things as it says, on however many pages, also where all of it happened at one moment.
"""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import insert, text, update

from db import tables
from db.access import GUEST
from db.base import new_id
from tests.conftest import Graph
from tests.world import NOON, World

LIST = """
    activity(first: $first, after: $after, types: $types, since: $since, until: $until) {
      totalCount
      pageInfo { endCursor hasNextPage }
      nodes { __typename ... on Node { id } }
    }
"""
ACTIVITY = f"""
    query ($id: ID!, $first: Int, $after: String, $types: [ActivityType!], $since: DateTime, $until: DateTime) {{
      node(id: $id) {{ ... on Organization {{ {LIST} }} ... on User {{ {LIST} }} }}
    }}
"""
MINE = "{ viewer { id activity(first: 100) { totalCount nodes { __typename ... on Node { id } } } } }"
TIMES = {
    tables.Commit: "committed_at",
    tables.PullRequest: "opened_at",
    tables.Issue: "opened_at",
    tables.DocumentVersion: "created_at",
    tables.Comment: "created_at",
    tables.Enrollment: "enrolled_at",
}
HIDDEN = 3_000


async def pages(graph: Graph, who: str, of: Any, *, size: int = 100, **limits: Any) -> list[str]:
    """The ids of all that a list has, page by page: as many as it says."""
    found, cursor = list[str](), None
    while True:
        asked = {"id": of.public_id, "first": size, "after": cursor, **limits}
        page = (await graph.data(who, ACTIVITY, **asked))["node"]["activity"]
        found += [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            assert len(found) == page["totalCount"]
            return found
        cursor = page["pageInfo"]["endCursor"]


def kinds(found: list[str]) -> Counter[str]:
    """How many there are of each prefix."""
    return Counter(public_id.partition("_")[0] for public_id in found)


async def all_at_once(graph: Graph) -> None:
    """Have everything happen at one moment."""
    async with graph.database.work(GUEST) as work:
        for table, time in TIMES.items():
            await work.execute(update(table).values({time: NOON}))


async def test_an_organization_has_what_happened_in_all_systems(graph: Graph, world: World) -> None:
    assert kinds(await pages(graph, "ada", world.analytical)) == {"com": 6, "pul": 2, "iss": 2, "ver": 4, "cmt": 6}


async def test_the_viewer_has_what_they_did_themselves(graph: Graph, world: World) -> None:
    mine = (await graph.data("ada", MINE))["viewer"]
    assert [node["id"] for node in mine["activity"]["nodes"]] == await pages(graph, "ada", world.ada)
    assert mine["activity"]["totalCount"] == 6 + 2 + 2 + 4 + 4


@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("of", ["analytical", "ada"])
async def test_things_of_one_moment_are_listed_once_each_on_pages_of_any_size(
    graph: Graph, world: World, of: str, size: int
) -> None:
    await all_at_once(graph)
    whole = await pages(graph, "ada", getattr(world, of))
    assert len(kinds(whole)) == 5
    assert await pages(graph, "ada", getattr(world, of), size=size) == whole
    assert len(set(whole)) == len(whole)


async def test_what_happens_meanwhile_moves_nothing_that_was_read(graph: Graph, world: World) -> None:
    await all_at_once(graph)
    whole = await pages(graph, "ada", world.analytical)
    first = (await graph.data("ada", ACTIVITY, id=world.analytical.public_id, first=5))["node"]["activity"]
    async with graph.database.work(GUEST) as work:
        await work.add(tables.Comment(thread_id=world.thread_0.id, author_id=world.ben.id, content="Meanwhile"))
    cursor = first["pageInfo"]["endCursor"]
    left = (await graph.data("ada", ACTIVITY, id=world.analytical.public_id, first=50, after=cursor))["node"]
    assert [node["id"] for node in [*first["nodes"], *left["activity"]["nodes"]]] == whole


async def test_what_others_may_not_see_is_neither_listed_nor_counted(graph: Graph, world: World) -> None:
    for who in ("ben", "vera"):
        assert kinds(await pages(graph, who, world.analytical)) == {"com": 3, "pul": 1, "iss": 1, "ver": 4, "cmt": 6}
    assert (await graph.data("olga", ACTIVITY, id=world.analytical.public_id))["node"] is None
    assert kinds(await pages(graph, "olga", world.remote)) == {"com": 3, "pul": 1, "iss": 1}
    assert kinds(await pages(graph, "vera", world.ada)) == {"com": 3, "pul": 1, "iss": 1, "ver": 4, "cmt": 4}


async def test_a_list_is_limited_to_types_and_to_a_time(graph: Graph, world: World) -> None:
    since, until = "2026-01-01T12:01:00Z", "2026-01-01T12:03:00Z"
    assert kinds(await pages(graph, "ada", world.analytical, since=since, until=until)) == {"com": 4}
    assert kinds(await pages(graph, "ada", world.ada, until=since, types=["PULL_REQUEST"])) == {"pul": 2}
    assert await pages(graph, "ada", world.analytical, since=until, until=since) == []


async def test_a_few_things_are_found_among_thousands_that_are_hidden(
    graph: Graph, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few commits are looked at, however many there are."""
    await hide_commits(graph, world)
    asked = list[Any]()
    fetch = graph.database.fetch

    async def noting(statement: Any, arguments: Any, *, weight: int = 0) -> Any:
        asked.append((statement, arguments))
        return await fetch(statement, arguments, weight=weight)

    monkeypatch.setattr(graph.database, "fetch", noting)
    page = await graph.data("vera", ACTIVITY.replace("totalCount", ""), id=world.ada.public_id, first=20)
    assert len(page["node"]["activity"]["nodes"]) == 3 + 1 + 1 + 4 + 4
    [(statement, arguments)] = asked
    async with graph.database.read() as session:
        connection = await session.connection()
        explained = await connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", tuple(arguments)
        )
        assert looked_at(explained.scalar_one()[0]["Plan"], "commits") < 50


async def hide_commits(graph: Graph, world: World) -> None:
    """Thousands of commits of Ada's in a repository that few see."""
    shared = {"author_id": world.ada.id, "author_name": "", "author_email": "", "message": "", "authored_at": NOON}
    rows = [
        {
            "id": new_id(),
            "repository_id": world.vault.id,
            "sha": f"{number:040x}",
            "committed_at": NOON.replace(year=2027),
            **shared,
        }
        for number in range(100, 100 + HIDDEN)
    ]
    async with graph.database.work(GUEST) as work:
        await work.execute(insert(tables.Commit), rows)
        await work.execute(text("ANALYZE commits"))


def looked_at(plan: dict[str, Any], table: str) -> float:
    """How many rows of a table a plan reads, those that it does not keep included."""
    own = 0.0
    if plan.get("Relation Name") == table:
        own = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    return own + sum(looked_at(below, table) for below in plan.get("Plans", ()))
