"""Repositories with what happens in them: who sees which, every edge, every filter and order."""

from datetime import UTC, date, datetime

import pytest

from db import tables
from db.tables import OrganizationRole, PullRequestState
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, change, filtered, ordered, values
from tests.world import NOON, PEOPLE, World

REPOSITORIES = "{ repositories(%s) { nodes { name } } }"
BY_NAMES = """
    query ($id: ID!, $name: String!) {
      byId: repository(id: $id) { name }
      byName: repository(fullName: $name) { name }
    }
"""
ENGINE = '{ repository(fullName: "analytical/engine") { %s } }'
COMMITS = ENGINE % "commits(%s) { nodes { additions } }"
PULL_REQUESTS = ENGINE % "pullRequests(%s) { nodes { number } }"
STATS = ENGINE % "stats(%s) { nodes { date } }"
EVENTS = ENGINE % "webhookEvents(%s) { nodes { event } }"


async def test_a_repository_is_read_by_members_by_id_or_full_name(graph: Graph, world: World) -> None:
    found, nothing = {"name": "engine"}, {"byId": None, "byName": None}
    for who in (*PEOPLE, None):
        expected = {"byId": found, "byName": found} if who in {"ada", "ben", "vera", "root"} else nothing
        assert await graph.data(who, BY_NAMES, id=world.engine.public_id, name="analytical/engine") == expected
        assert await graph.data(who, BY_NAMES, id=f"rep_{UNKNOWN}", name="unknown") == nothing


async def test_of_a_restricted_repository_nothing_is_seen_from_anywhere(graph: Graph, world: World) -> None:
    hidden = [world.vault, world.vault_commit, world.vault_pull, world.vault_event]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    ids = [row.public_id for row in hidden]
    assert (await graph.data("ada", query, ids=ids))["nodes"] == [{"id": each} for each in ids]
    for who in ("ben", "vera"):
        assert (await graph.data(who, query, ids=ids))["nodes"] == [None] * 4
        assert await values(graph, who, REPOSITORIES % "first: 9") == ["engine"]


async def test_a_repository_shows_all_of_itself(graph: Graph, world: World) -> None:
    await change(
        graph.database, world.engine, description="Steam", language="Ada", license="MIT", default_branch="trunk"
    )
    query = """
        {
          repository(fullName: "analytical/engine") {
            __typename id name fullName description language license defaultBranch sensitivity isActive
            organization { slug }
            commits { totalCount }
            pullRequests { totalCount }
            stats {
              nodes {
                date commits authors additions deletions filesChanged pullRequestsMerged releases
                repository { name }
              }
            }
            projects { nodes { name } }
          }
        }
    """
    assert (await graph.data("ben", query))["repository"] == {
        "__typename": "Repository",
        "id": world.engine.public_id,
        "name": "engine",
        "fullName": "analytical/engine",
        "description": "Steam",
        "language": "Ada",
        "license": "MIT",
        "defaultBranch": "trunk",
        "sensitivity": "NORMAL",
        "isActive": True,
        "organization": {"slug": "analytical"},
        "commits": {"totalCount": 3},
        "pullRequests": {"totalCount": 1},
        "stats": {
            "nodes": [
                {
                    "date": "2026-01-01",
                    "commits": 3,
                    "authors": 0,
                    "additions": 0,
                    "deletions": 0,
                    "filesChanged": 0,
                    "pullRequestsMerged": 0,
                    "releases": 0,
                    "repository": {"name": "engine"},
                }
            ]
        },
        "projects": {"nodes": [{"name": "Atlas"}]},
    }


async def test_a_commit_and_the_pull_request_that_it_names_lead_to_each_other(graph: Graph, world: World) -> None:
    query = """
        query ($commit: ID!, $pull: ID!) {
          commit: node(id: $commit) {
            ... on Commit {
              sha message authorName authoredAt committedAt parentCount pullRequestNumber
              additions deletions filesChanged
              author { name }
              repository { name }
              pullRequest { number repository { name } }
            }
          }
          pull: node(id: $pull) {
            ... on PullRequest {
              number title state authorName headSha mergeSha openedAt mergedAt closedAt additions deletions filesChanged
              author { name }
              repository { name }
              commits { totalCount nodes { additions } }
            }
          }
        }
    """
    data = await graph.data("vera", query, commit=world.engine_commit.public_id, pull=world.engine_pull.public_id)
    assert data["commit"] == {
        "sha": f"{3:040x}",
        "message": "Change 3 (#1)",
        "authorName": "Ada",
        "authoredAt": "2026-01-01T12:03:00+00:00",
        "committedAt": "2026-01-01T12:03:00+00:00",
        "parentCount": 1,
        "pullRequestNumber": 1,
        "additions": 3,
        "deletions": 0,
        "filesChanged": 0,
        "author": {"name": "Ada"},
        "repository": {"name": "engine"},
        "pullRequest": {"number": 1, "repository": {"name": "engine"}},
    }
    assert data["pull"] == {
        "number": 1,
        "title": "Change it",
        "state": "MERGED",
        "authorName": "Ada",
        "headSha": f"{3:040x}",
        "mergeSha": None,
        "openedAt": "2026-01-01T12:00:00+00:00",
        "mergedAt": "2026-01-01T12:00:00+00:00",
        "closedAt": None,
        "additions": None,
        "deletions": None,
        "filesChanged": None,
        "author": {"name": "Ada"},
        "repository": {"name": "engine"},
        "commits": {"totalCount": 3, "nodes": [{"additions": 3}, {"additions": 2}, {"additions": 1}]},
    }


async def test_a_commit_that_names_nothing_and_nobody_leads_nowhere(graph: Graph, world: World) -> None:
    await change(graph.database, world.engine_commit, author_id=None, pull_request_number=None)
    query = "query ($id: ID!) { node(id: $id) { ... on Commit { authorName author { name } pullRequest { number } } } }"
    data = await graph.data("ben", query, id=world.engine_commit.public_id)
    assert data == {"node": {"authorName": "Ada", "author": None, "pullRequest": None}}


async def test_the_same_number_in_another_repository_is_another_pull_request(graph: Graph) -> None:
    query = """
        {
          repositories {
            nodes { fullName commits(first: 1) { nodes { pullRequest { repository { fullName } } } } }
          }
        }
    """
    for repository in (await graph.data("root", query))["repositories"]["nodes"]:
        (commit,) = repository["commits"]["nodes"]
        assert commit["pullRequest"]["repository"]["fullName"] == repository["fullName"]


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (OrganizationRole.OWNER, True),
        (OrganizationRole.ADMIN, True),
        (OrganizationRole.MEMBER, False),
        (OrganizationRole.VIEWER, False),
    ],
)
async def test_raw_messages_are_for_those_who_manage(
    graph: Graph, world: World, role: OrganizationRole, *, sees: bool
) -> None:
    await add(
        graph.database, tables.OrganizationMember(organization_id=world.analytical.id, user_id=world.sam.id, role=role)
    )
    query = """
        query ($id: ID!) {
          node(id: $id) { ... on WebhookEvent { deliveryId payload repository { name } organization { slug } } }
        }
    """
    event = {
        "deliveryId": "delivery-engine",
        "payload": {"ref": "refs/heads/main", "forced": False},
        "repository": {"name": "engine"},
        "organization": {"slug": "analytical"},
    }
    assert (await graph.data("sam", query, id=world.engine_event.public_id))["node"] == (event if sees else None)
    assert await values(graph, "sam", EVENTS % "first: 9") == (["push"] if sees else [])


async def test_projects_of_a_repository_are_seen_by_their_members_alone(graph: Graph, world: World) -> None:
    await add(graph.database, tables.OrganizationMember(organization_id=world.analytical.id, user_id=world.sam.id))
    query = ENGINE % "projects { totalCount nodes { name } }"
    assert (await graph.data("sam", query))["repository"]["projects"] == {"totalCount": 0, "nodes": []}


async def test_repositories_are_filtered_and_ordered(graph: Graph, world: World) -> None:
    await change(graph.database, world.shore, language="Rust", is_active=False, created_at=NOON)
    await change(graph.database, world.engine, language="Ada")
    expected: dict[str, list[str]] = {
        'language: ["Rust", "Ada"]': ["engine", "shore"],
        'language: ["Cobol"]': [],
        "sensitivity: [RESTRICTED]": ["vault"],
        "sensitivity: [SENSITIVE]": [],
        "isActive: false": ["shore"],
        "isActive: true": ["engine", "vault"],
        'organizationId: ["@remote"]': ["shore"],
        'organizationId: ["@ada"]': [],
    }
    assert await filtered(graph, "root", REPOSITORIES, expected) == expected
    assert await ordered(graph, "root", REPOSITORIES, "FULL_NAME") == ["engine", "vault", "shore"]
    assert await ordered(graph, "root", REPOSITORIES, "CREATED_AT") == ["shore", "engine", "vault"]


async def test_commits_are_filtered_and_ordered(graph: Graph, world: World) -> None:
    last = {"author_id": world.ben.id, "authored_at": NOON, "pull_request_number": None}
    await change(graph.database, world.engine_commit, **last)
    expected: dict[str, list[int]] = {
        'authorId: ["@ben"]': [3],
        'authorId: ["@ada", "@ben"]': [3, 2, 1],
        'authorId: ["@olga"]': [],
        'committedAt: {since: "2026-01-01T12:02:00Z"}': [3, 2],
        'committedAt: {since: "2026-01-01T14:02:00+02:00", until: "2026-01-01T12:03:00Z"}': [2],
        f'sha: ["{1:040x}", "{2:040x}"]': [2, 1],
        'sha: ["unknown"]': [],
        "pullRequestNumber: {min: 1, max: 1}": [2, 1],
        "pullRequestNumber: {min: 2}": [],
    }
    assert await filtered(graph, "vera", COMMITS, expected) == expected
    assert await ordered(graph, "vera", COMMITS, "COMMITTED_AT") == [1, 2, 3]
    assert await ordered(graph, "vera", COMMITS, "AUTHORED_AT") == [3, 1, 2]
    assert await values(graph, "vera", COMMITS % "first: 9") == [3, 2, 1]


async def test_pull_requests_are_filtered_and_ordered(graph: Graph, world: World) -> None:
    await add(graph.database, pull(world, 2, PullRequestState.OPEN), pull(world, 3, None))
    expected: dict[str, list[int]] = {
        "state: [OPEN]": [2],
        "state: [OPEN, MERGED]": [1, 2],
        "state: [CLOSED]": [],
        'authorId: ["@ada"]': [1],
        'authorId: ["@ben"]': [2, 3],
        'openedAt: {since: "2026-01-01T00:00:00Z"}': [1],
        'openedAt: {until: "2025-01-03T00:00:00Z"}': [],
        "number: {min: 2}": [2, 3],
        "number: {min: 1, max: 2}": [1, 2],
    }
    assert {
        name: sorted(found) for name, found in (await filtered(graph, "vera", PULL_REQUESTS, expected)).items()
    } == expected
    assert await ordered(graph, "vera", PULL_REQUESTS, "NUMBER") == [1, 2, 3]
    assert await ordered(graph, "vera", PULL_REQUESTS, "OPENED_AT") == [2, 3, 1]


async def test_statistics_are_filtered_and_ordered(graph: Graph, world: World) -> None:
    await add(graph.database, tables.RepositoryStats(repository_id=world.engine.id, date=date(2025, 12, 31)))
    both = ["2026-01-01", "2025-12-31"]
    expected: dict[str, list[str]] = {
        'date: {since: "2025-12-31"}': both,
        'date: {since: "2026-01-01"}': both[:1],
        'date: {until: "2026-01-01"}': both[1:],
        'date: {since: "2026-01-02"}': [],
    }
    assert await filtered(graph, "vera", STATS, expected) == expected
    assert await ordered(graph, "vera", STATS, "DATE") == both[::-1]


async def test_raw_messages_are_filtered_and_ordered(graph: Graph, world: World) -> None:
    release = tables.WebhookEvent(
        delivery_id="another",
        repository_id=world.engine.id,
        event="release",
        action="published",
        payload={},
        received_at=datetime(2025, 1, 1, tzinfo=UTC),
    )
    await add(graph.database, release)
    expected = {
        'event: ["push"]': ["push"],
        'event: ["release", "issues"]': ["release"],
        'receivedAt: {since: "2026-01-01T00:00:00Z"}': ["push"],
        'receivedAt: {until: "2026-01-01T00:00:00Z"}': ["release"],
    }
    assert await filtered(graph, "ada", EVENTS, expected) == expected
    assert await ordered(graph, "ada", EVENTS, "RECEIVED_AT") == ["release", "push"]


def pull(world: World, number: int, state: PullRequestState | None) -> tables.PullRequest:
    return tables.PullRequest(
        repository_id=world.engine.id,
        number=number,
        title="Another",
        state=state,
        author_id=world.ben.id,
        author_name="Ben",
        head_sha=f"{number:040x}",
        opened_at=datetime(2025, 1, 1 + number, tzinfo=UTC),
    )
