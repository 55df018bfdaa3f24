"""What people did, and what happened in a repository, as one list."""

from typing import Any

from db import tables
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change
from tests.world import NOON, World

ITEM = """
    __typename
    ... on Commit { message }
    ... on PullRequest { title }
    ... on Comment { content }
    ... on DocumentVersion { version }
    ... on Enrollment { course { title } }
"""
OF_A_PERSON = (
    f"query ($id: ID!) {{ node(id: $id) {{ ... on User {{ activity {{ totalCount nodes {{ {ITEM} }} }} }} }} }}"
)
ENGINE = '{ repository(fullName: "analytical/engine") { activity(%s) { totalCount nodes { __typename %s } } } }'


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
    assert await did(graph, "ben", world.ben) == ["Enrollment", "Comment", "Comment", "Commit"]


async def test_of_what_somebody_did_others_see_what_the_rules_of_each_table_allow(graph: Graph, world: World) -> None:
    comments, versions, engine, vault = ["Comment"] * 4, ["DocumentVersion"] * 4, ["Commit"] * 3, ["Commit"] * 3
    everything = sorted([*comments, *versions, *engine, "PullRequest", *vault, "PullRequest"])
    assert sorted(await did(graph, "ada", world.ada)) == everything
    assert sorted(await did(graph, "root", world.ada)) == everything
    assert sorted(await did(graph, "vera", world.ada)) == sorted([*comments, *versions, *engine, "PullRequest"])
    assert await did(graph, "ines", world.sam) == ["Enrollment"]


async def test_a_repository_lists_its_commits_and_pull_requests_together(graph: Graph) -> None:
    newest = [{"__typename": "Commit", "message": f"Change {n} (#1)"} for n in (3, 2, 1)]
    newest.append({"__typename": "PullRequest", "title": "Change it"})
    item = "... on Commit { message } ... on PullRequest { title }"
    assert (await graph.data("ben", ENGINE % ("first: 9", item)))["repository"]["activity"] == {
        "totalCount": 4,
        "nodes": newest,
    }
    oldest = (await graph.data("ben", ENGINE % ("orderBy: OCCURRED_AT_ASC, first: 1", item)))["repository"]["activity"]
    assert oldest["nodes"] == newest[-1:]


async def test_things_of_one_moment_are_told_apart_by_their_ids(graph: Graph, world: World) -> None:
    await change(graph.database, world.engine_pull, opened_at=NOON.replace(minute=2))
    query = ENGINE.replace("totalCount", "pageInfo { endCursor }") % ("first: 1, after: %s", "... on Node { id }")
    cursor, read = "null", list[str]()
    for _ in range(4):
        page = (await graph.data("ben", query % cursor))["repository"]["activity"]
        read += [node["id"] for node in page["nodes"]]
        cursor = f'"{page["pageInfo"]["endCursor"]}"'
    assert len(set(read)) == 4
    assert (await graph.data("ben", query % cursor))["repository"]["activity"]["nodes"] == []


async def test_a_type_that_never_happens_in_a_list_can_be_asked_for_all_the_same(graph: Graph) -> None:
    page = (await graph.data("ben", ENGINE % ("types: [ENROLLMENT]", "... on Enrollment { id }")))["repository"]
    assert page["activity"] == {"totalCount": 0, "nodes": []}
