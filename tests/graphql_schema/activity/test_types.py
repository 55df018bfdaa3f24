"""What people did, and what happened in a repository, as one list."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import update

from db import tables
from db.access import GUEST
from graphql_schema.execution import Executor
from graphql_schema.schema import executor
from tests.conftest import Graph, NotingDatabase
from tests.deadline import DEADLINE
from tests.graphql_schema.asking import add, change
from tests.world import NOON, World

ITEM = """
    __typename
    ... on Commit { message }
    ... on PullRequest { title }
    ... on Comment { content }
    ... on DocumentVersion { version }
    ... on Enrollment { course { title } }
    ... on Certificate { courseTitle }
"""
OF_A_PERSON = (
    f"query ($id: ID!) {{ node(id: $id) {{ ... on User {{ activity {{ totalCount nodes {{ {ITEM} }} }} }} }} }}"
)
OF_ANALYTICAL = """
    query ($id: ID!, $first: Int, $after: String, $since: DateTime, $until: DateTime, $types: [ActivityType!]) {
      node(id: $id) {
        ... on Organization {
          activity(first: $first, after: $after, since: $since, until: $until, types: $types) {
            totalCount
            pageInfo { endCursor hasNextPage }
            nodes { __typename ... on Node { id } }
          }
        }
      }
    }
"""
ENGINE = '{ repository(fullName: "analytical/engine") { activity(%s) { totalCount nodes { __typename %s } } } }'


@pytest.fixture(params=[True, False], ids=["compiled", "resolved"])
def either(request: pytest.FixtureRequest, database: NotingDatabase, world: World) -> Graph:
    """The graph by each of its two ways to answer."""
    return Graph(database, world, Executor(executor.schema, compiles=request.param, deadline=DEADLINE))


async def did(graph: Graph, who: str | None, person: Any) -> list[str]:
    """The types of what somebody did, newest first, as far as the other sees it."""
    page = (await graph.data(who, OF_A_PERSON, id=person.public_id))["node"]["activity"]
    assert page["totalCount"] == len(page["nodes"])
    return [node["__typename"] for node in page["nodes"]]


async def test_a_person_is_shown_with_all_that_they_did_newest_first(graph: Graph, world: World) -> None:
    enrollment = tables.Enrollment(user_id=world.ben.id, course_id=world.logic.id, enrolled_at=NOON.replace(year=2030))
    commit = {"sha": "f" * 40, "message": "", "author_id": world.ben.id, "author_name": "", "author_email": ""}
    times = {"authored_at": NOON, "committed_at": NOON.replace(year=2020)}
    await add(graph.database, enrollment, tables.Commit(repository_id=world.engine.id, **commit, **times))
    await change(graph.database, world.certificate, issued_at=NOON.replace(year=2029))
    assert await did(graph, "ben", world.ben) == ["Enrollment", "Certificate", "Comment", "Comment", "Commit"]


async def test_of_what_somebody_did_others_see_what_the_rules_of_each_table_allow(graph: Graph, world: World) -> None:
    comments, versions, engine, vault = ["Comment"] * 4, ["DocumentVersion"] * 4, ["Commit"] * 3, ["Commit"] * 3
    engine += ["PullRequest", "Issue"]
    everything = sorted([*comments, *versions, *engine, *vault, "PullRequest", "Issue"])
    assert sorted(await did(graph, "ada", world.ada)) == everything
    assert sorted(await did(graph, "root", world.ada)) == everything
    assert sorted(await did(graph, "vera", world.ada)) == sorted([*comments, *versions, *engine])
    assert await did(graph, "ines", world.sam) == ["Enrollment"]


async def test_a_repository_lists_its_commits_pull_requests_and_issues_together(graph: Graph) -> None:
    newest: list[Any] = [{"__typename": "Commit", "message": f"Change {n} (#1)"} for n in (3, 2, 1)]
    newest.append({"__typename": "Issue", "number": 2})
    newest.append({"__typename": "PullRequest", "title": "Change it"})
    item = "... on Commit { message } ... on PullRequest { title } ... on Issue { number }"
    assert (await graph.data("ben", ENGINE % ("first: 9", item)))["repository"]["activity"] == {
        "totalCount": 5,
        "nodes": newest,
    }
    oldest = (await graph.data("ben", ENGINE % ("orderBy: OCCURRED_AT_ASC, first: 1", item)))["repository"]["activity"]
    assert oldest["nodes"] == newest[-1:]


async def test_things_of_one_moment_are_told_apart_by_their_ids(graph: Graph, world: World) -> None:
    await change(graph.database, world.engine_pull, opened_at=NOON.replace(minute=2))
    query = ENGINE.replace("totalCount", "pageInfo { endCursor }") % ("first: 1, after: %s", "... on Node { id }")
    cursor, read = "null", list[str]()
    for _ in range(5):
        page = (await graph.data("ben", query % cursor))["repository"]["activity"]
        read += [node["id"] for node in page["nodes"]]
        cursor = f'"{page["pageInfo"]["endCursor"]}"'
    assert len(set(read)) == 5
    assert (await graph.data("ben", query % cursor))["repository"]["activity"]["nodes"] == []


async def test_a_type_that_never_happens_in_a_list_can_be_asked_for_all_the_same(graph: Graph) -> None:
    page = (await graph.data("ben", ENGINE % ("types: [ENROLLMENT]", "... on Enrollment { id }")))["repository"]
    assert page["activity"] == {"totalCount": 0, "nodes": []}


async def of_analytical(graph: Graph, who: str | None, **arguments: Any) -> tuple[int, dict[str, int]]:
    """How many things are said to have happened in the organization Analytical, and how many there are of each type."""
    asked = {"id": graph.world.analytical.public_id, "first": 100, **arguments}
    page = (await graph.data(who, OF_ANALYTICAL, **asked))["node"]["activity"]
    return page["totalCount"], Counter(node["__typename"] for node in page["nodes"])


@pytest.mark.parametrize("who", ["ada", "root"])
async def test_an_organization_is_shown_with_what_happened_in_all_systems(either: Graph, who: str) -> None:
    everything = {"Commit": 6, "PullRequest": 2, "Issue": 2, "DocumentVersion": 4, "Comment": 6}
    assert await of_analytical(either, who) == (20, everything)


@pytest.mark.parametrize("who", ["ben", "vera"])
async def test_of_what_happened_in_an_organization_each_sees_what_the_rules_allow(either: Graph, who: str) -> None:
    assert await of_analytical(either, who) == (
        15,
        {"Commit": 3, "PullRequest": 1, "Issue": 1, "DocumentVersion": 4, "Comment": 6},
    )


async def test_who_is_in_no_project_of_an_organization_sees_what_happened_in_its_repositories(
    either: Graph, world: World
) -> None:
    await change(either.database, world.bens_place, status=tables.MembershipStatus.REMOVED)
    assert await of_analytical(either, "ben") == (5, {"Commit": 3, "PullRequest": 1, "Issue": 1})


async def test_what_happened_elsewhere_is_in_no_list_of_an_organization(either: Graph, world: World) -> None:
    await change(either.database, world.atlas, organization_id=world.remote.id)
    await change(either.database, world.engine, organization_id=world.remote.id)
    assert await of_analytical(either, "ada") == (5, {"Commit": 3, "PullRequest": 1, "Issue": 1})


async def test_activity_is_limited_to_types_and_to_a_time(either: Graph) -> None:
    since, until = ("2026-01-01T12:02:00Z", "2026-01-01T12:03:00Z")
    assert await of_analytical(either, "ada", since=since, until=until) == (2, {"Commit": 2})
    assert await of_analytical(either, "ada", since=until, types=["COMMIT"]) == (2, {"Commit": 2})
    assert await of_analytical(either, "ada", until=since) == (6, {"Commit": 2, "PullRequest": 2, "Issue": 2})
    assert await of_analytical(either, "ada", since=until, until=since) == (0, {})


@pytest.mark.parametrize("size", [1, 4])
async def test_the_pages_of_an_organization_have_each_thing_of_one_moment_once(
    either: Graph, world: World, size: int
) -> None:
    await at_once(either.database)
    read, cursor = list[str](), None
    while True:
        asked = {"id": world.analytical.public_id, "first": size, "after": cursor}
        page = (await either.data("ada", OF_ANALYTICAL, **asked))["node"]["activity"]
        read += [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        cursor = page["pageInfo"]["endCursor"]
    assert len(read) == len(set(read)) == page["totalCount"] == 20
    assert read == sorted(read, key=lambda public_id: public_id.rpartition("_")[2], reverse=True)


async def test_the_activity_of_an_organization_is_read_by_one_statement(graph: Graph, world: World) -> None:
    await graph.data("ada", OF_ANALYTICAL, id=world.analytical.public_id, first=3)
    assert len(graph.statements) == 1


async def at_once(database: NotingDatabase) -> None:
    """Have everything happen at one moment."""
    times = {tables.Commit: "committed_at", tables.PullRequest: "opened_at", tables.Issue: "opened_at"}
    times |= dict.fromkeys((tables.DocumentVersion, tables.Comment), "created_at")
    async with database.work(GUEST) as work:
        for table, time in times.items():
            await work.execute(update(table).values({time: NOON}))


async def test_what_guests_ask_at_one_moment_is_one_statement_that_postgresql_takes(graph: Graph) -> None:
    """They see no organization: also then the aggregate around its activity has a row of its own."""
    query = """
        query ($until: DateTime) {
          organizations { nodes { activity(until: $until) { nodes { __typename } } } }
        }
    """
    asked = [graph.data(None, query, until=NOON.replace(minute=minute).isoformat()) for minute in range(8)]
    assert await asyncio.gather(*asked) == [{"organizations": {"nodes": []}}] * 8
    assert graph.database.malformed == []
