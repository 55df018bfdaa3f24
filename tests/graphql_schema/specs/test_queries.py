"""Reading specification projects: the root fields, the edges, and every filter and order of their lists."""

from datetime import UTC, datetime
from typing import Any

import pytest

from db import tables
from db.tables import MembershipStatus, ProjectRole, ProjectStatus, ReactionType, SpecificationPhase
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, change, filtered, listed, ordered, scatter, values
from tests.world import NOON, PEOPLE, World

PROJECTS = "{ projects(%s) { nodes { name } } }"
MEMBERS = '{ project(id: "@atlas") { members(%s) { nodes { role } } } }'
DOCUMENTS = '{ project(id: "@atlas") { documents(%s) { nodes { phase } } } }'
VERSIONS = '{ node(id: "@design") { ... on SpecificationDocument { versions(%s) { nodes { version } } } } }'
THREADS = '{ node(id: "@requirements") { ... on SpecificationDocument { threads(%s) { nodes { id } } } } }'
COMMENTS = '{ node(id: "@thread_0") { ... on CommentThread { comments(%s) { nodes { content } } } } }'
REACTIONS = '{ node(id: "@comment") { ... on Comment { reactions(%s) { nodes { type } } } } }'

BEFORE, AFTER = '{until: "2026-01-01T00:00:00Z"}', '{since: "2026-01-01T00:00:00Z"}'


async def test_a_project_is_read_by_its_owner_its_active_members_and_administrators(graph: Graph, world: World) -> None:
    query = "query ($id: ID!) { project(id: $id) { name } projects(orderBy: NAME_ASC) { totalCount nodes { name } } }"
    for who in (*PEOPLE, None):
        data = await graph.data(who, query, id=world.atlas.public_id)
        seen = [node["name"] for node in data["projects"]["nodes"]]
        assert data["projects"]["totalCount"] == len(seen)
        assert (data["project"] is not None) == ("Atlas" in seen) == (who in {"ada", "ben", "vera", "root"})
        assert ("Island" in seen) == (who in {"olga", "root"})


async def test_an_unknown_project_is_not_there(graph: Graph) -> None:
    assert await graph.data("root", "query ($id: ID!) { project(id: $id) { id } }", id=f"prj_{UNKNOWN}") == {
        "project": None
    }


@pytest.mark.parametrize("status", [MembershipStatus.INVITED, MembershipStatus.REMOVED])
async def test_only_an_active_membership_shows_a_project(graph: Graph, world: World, status: MembershipStatus) -> None:
    await add(graph.database, tables.ProjectMember(project_id=world.island.id, user_id=world.sam.id, status=status))
    assert await values(graph, "sam", PROJECTS % "first: 9") == []


async def test_a_project_shows_all_of_itself(graph: Graph, world: World) -> None:
    query = """
        query ($id: ID!) {
          project(id: $id) {
            __typename id name description status currentPhase settings createdAt updatedAt commentCount
            owner { name }
            organization { slug }
            repository { fullName }
            viewerMembership { role status project { name } user { name } }
          }
        }
    """
    project = (await graph.data("ben", query, id=world.atlas.public_id))["project"]
    assert datetime.fromisoformat(project.pop("createdAt")) == datetime.fromisoformat(project.pop("updatedAt"))
    assert project == {
        "__typename": "SpecificationProject",
        "id": world.atlas.public_id,
        "name": "Atlas",
        "description": "Maps of everything",
        "status": "ACTIVE",
        "currentPhase": "REQUIREMENTS",
        "settings": {},
        "commentCount": 6,
        "owner": {"name": "Ada"},
        "organization": {"slug": "analytical"},
        "repository": {"fullName": "analytical/engine"},
        "viewerMembership": {
            "role": "MEMBER",
            "status": "ACTIVE",
            "project": {"name": "Atlas"},
            "user": {"name": "Ben"},
        },
    }


async def test_organization_and_repository_are_null_for_a_member_from_outside(graph: Graph, world: World) -> None:
    await add(graph.database, tables.ProjectMember(project_id=world.atlas.id, user_id=world.sam.id))
    query = "{ projects { nodes { name organization { name } repository { name } } } }"
    assert await listed(graph, "sam", query) == [{"name": "Atlas", "organization": None, "repository": None}]


async def test_the_owner_has_no_membership(graph: Graph) -> None:
    assert await values(graph, "ada", "{ projects { nodes { viewerMembership { role } } } }") == [None]


async def test_a_document_shows_all_of_itself(graph: Graph, world: World) -> None:
    query = """
        query ($id: ID!) {
          node(id: $id) {
            ... on SpecificationDocument {
              phase content version status metadata wordCount
              project { name }
              versions { totalCount nodes { version content summary author { name } document { phase } } }
              threads { totalCount }
            }
          }
        }
    """
    document = (await graph.data("vera", query, id=world.design.public_id))["node"]
    versions = [
        {
            "version": number,
            "content": content,
            "summary": None,
            "author": {"name": "Ada"},
            "document": {"phase": "DESIGN"},
        }
        for number, content in ((2, world.design.content), (1, "# Draft\n"))
    ]
    assert document == {
        "phase": "DESIGN",
        "content": world.design.content,
        "version": 2,
        "status": "DRAFT",
        "metadata": {},
        "wordCount": 8,
        "project": {"name": "Atlas"},
        "versions": {"totalCount": 2, "nodes": versions},
        "threads": {"totalCount": 1},
    }


async def test_words_are_counted_between_white_space(graph: Graph, world: World) -> None:
    query = "query ($id: ID!) { node(id: $id) { ... on SpecificationDocument { wordCount } } }"
    for content, count in (("", 0), (" \n\t ", 0), ("one", 1), ("\n one  two\n\nthree\n", 3)):
        await change(graph.database, world.design, content=content)
        assert await graph.data("ada", query, id=world.design.public_id) == {"node": {"wordCount": count}}


async def test_a_thread_shows_its_place_and_what_was_said(graph: Graph, world: World) -> None:
    query = """
        query ($id: ID!) {
          node(id: $id) {
            ... on CommentThread {
              position { line character } status resolvedAt resolvedBy { name }
              document { phase }
              comments(first: 1) {
                nodes {
                  content editedAt author { name } thread { status }
                  reactions { nodes { type user { name } comment { content } } }
                }
              }
            }
          }
        }
    """
    thread = (await graph.data("vera", query, id=world.thread_0.public_id))["node"]
    assert thread == {
        "position": {"line": 2, "character": 4},
        "status": "OPEN",
        "resolvedAt": None,
        "resolvedBy": None,
        "document": {"phase": "REQUIREMENTS"},
        "comments": {
            "nodes": [
                {
                    "content": "ada on 2",
                    "editedAt": None,
                    "author": {"name": "Ada"},
                    "thread": {"status": "OPEN"},
                    "reactions": {
                        "nodes": [{"type": "LIKE", "user": {"name": "Ben"}, "comment": {"content": "ada on 2"}}]
                    },
                }
            ]
        },
    }
    settled = (await graph.data("vera", query, id=world.settled.public_id))["node"]
    assert (settled["status"], settled["resolvedBy"]) == ("RESOLVED", {"name": "Ada"})
    assert settled["resolvedAt"] == "2026-01-01T12:00:00+00:00"


async def test_projects_are_filtered(graph: Graph, world: World) -> None:
    await change(graph.database, world.island, status=ProjectStatus.ARCHIVED, current_phase=SpecificationPhase.DESIGN)
    await change(
        graph.database, world.island, description="Coasts and a harbour", created_at=datetime(2025, 1, 1, tzinfo=UTC)
    )
    expected: dict[str, list[Any]] = {
        'search: "map"': ["Atlas"],
        'search: "harbour or maps"': ["Atlas", "Island"],
        'search: "harbour maps"': [],
        'search: ""': ["Atlas", "Island"],
        "status: [ACTIVE]": ["Atlas"],
        "status: [ACTIVE, ARCHIVED]": ["Atlas", "Island"],
        "status: []": [],
        "currentPhase: [DESIGN]": ["Island"],
        'ownerId: ["@olga"]': ["Island"],
        'ownerId: ["@ada", "@olga"]': ["Atlas", "Island"],
        'ownerId: ["@logic", "nobody"]': [],
        'organizationId: ["@analytical"]': ["Atlas"],
        'organizationId: ["@remote"]': [],
        f"createdAt: {BEFORE}": ["Island"],
        f"createdAt: {AFTER}": ["Atlas"],
        'createdAt: {since: "2025-01-01T00:00:00Z", until: "2025-01-01T00:00:01Z"}': ["Island"],
        'createdAt: {since: "2024-01-01T00:00:00Z", until: "2025-01-01T00:00:00Z"}': [],
        f"updatedAt: {AFTER}": ["Atlas", "Island"],
        f"updatedAt: {BEFORE}": [],
        'search: "atlas", status: [ACTIVE]': ["Atlas"],
        'search: "atlas", status: [ARCHIVED]': [],
        "search: null, status: null, createdAt: {since: null}": ["Atlas", "Island"],
    }
    by_name = PROJECTS % "orderBy: NAME_ASC, %s"
    assert await filtered(graph, "root", by_name, expected) == expected


async def test_projects_are_ordered(graph: Graph, world: World) -> None:
    await change(graph.database, world.island, created_at=NOON)
    assert await ordered(graph, "root", PROJECTS, "NAME") == ["Atlas", "Island"]
    assert await ordered(graph, "root", PROJECTS, "CREATED_AT") == ["Island", "Atlas"]
    assert await ordered(graph, "root", PROJECTS, "UPDATED_AT") == ["Atlas", "Island"]
    assert await values(graph, "root", "{ projects { nodes { name } } }") == ["Island", "Atlas"]


async def test_members_are_filtered_and_ordered(graph: Graph) -> None:
    await scatter(graph.database, tables.ProjectMember, "created_at")
    expected = {
        "role: [VIEWER]": ["VIEWER"],
        "role: [LEAD]": [],
        "status: [REMOVED]": ["MEMBER"],
        "status: [INVITED]": [],
    }
    assert await filtered(graph, "ada", MEMBERS, expected) == expected
    assert await ordered(graph, "ada", MEMBERS, "CREATED_AT") == ["MEMBER", "VIEWER", "MEMBER"]


async def test_documents_are_filtered_and_ordered(graph: Graph) -> None:
    await scatter(graph.database, tables.SpecificationDocument, "updated_at")
    both = ["REQUIREMENTS", "DESIGN"]
    expected: dict[str, list[str]] = {
        'search: "places"': both,
        'search: "design"': ["DESIGN"],
        "phase: [REQUIREMENTS]": ["REQUIREMENTS"],
        "phase: [TASKS]": [],
        "status: [DRAFT]": both,
        "status: [APPROVED]": [],
        f"updatedAt: {BEFORE}": both,
        f"updatedAt: {AFTER}": [],
    }
    assert await filtered(graph, "ada", DOCUMENTS, expected) == expected
    assert await ordered(graph, "ada", DOCUMENTS, "PHASE") == both
    assert await ordered(graph, "ada", DOCUMENTS, "UPDATED_AT") == both[::-1]


async def test_versions_are_filtered_and_ordered(graph: Graph, world: World) -> None:
    await add(graph.database, tables.DocumentVersion(document_id=world.design.id, version=3, created_at=NOON))
    expected = {
        f"createdAt: {AFTER}": [3, 2, 1],
        'createdAt: {until: "2026-01-02T00:00:00Z"}': [3],
        f"createdAt: {BEFORE}": [],
    }
    assert await filtered(graph, "ada", VERSIONS, expected) == expected
    assert await ordered(graph, "ada", VERSIONS, "VERSION") == [1, 2, 3]


async def test_threads_are_filtered_and_ordered(graph: Graph, world: World) -> None:
    await scatter(graph.database, tables.CommentThread, "created_at")
    await scatter(graph.database, tables.CommentThread, "updated_at")
    line_0, line_2 = world.thread_1.public_id, world.thread_0.public_id
    expected: dict[str, list[str]] = {"status: [OPEN]": [line_0, line_2], "status: [RESOLVED]": []}
    assert await filtered(graph, "ada", THREADS, expected) == expected
    assert await ordered(graph, "ada", THREADS, "LINE") == [line_0, line_2]
    assert await ordered(graph, "ada", THREADS, "CREATED_AT") == [line_0, line_2]
    assert await ordered(graph, "ada", THREADS, "UPDATED_AT") == [line_0, line_2]


async def test_comments_are_filtered_and_ordered(graph: Graph) -> None:
    await scatter(graph.database, tables.Comment, "created_at")
    expected = {
        'authorId: ["@ben"]': ["ben on 2"],
        'authorId: ["@vera"]': [],
        f"createdAt: {BEFORE}": ["ada on 2", "ben on 2", "ada on 2"],
        f"createdAt: {AFTER}": [],
    }
    assert await filtered(graph, "vera", COMMENTS, expected) == expected
    ids = await ordered(graph, "vera", COMMENTS.replace("content", "id"), "CREATED_AT")
    assert ids == sorted(ids, reverse=True)


async def test_reactions_are_filtered_and_ordered(graph: Graph, world: World) -> None:
    await add(
        graph.database, tables.Reaction(comment_id=world.comment.id, user_id=world.ada.id, type=ReactionType.HELPFUL)
    )
    expected: dict[str, list[str]] = {
        "type: [HELPFUL]": ["HELPFUL"],
        "type: [LIKE, HELPFUL]": ["LIKE", "HELPFUL"],
        "type: [CONFUSED]": [],
    }
    assert await filtered(graph, "vera", REACTIONS, expected) == expected
    assert await ordered(graph, "vera", REACTIONS, "CREATED_AT") == ["LIKE", "HELPFUL"]


async def test_a_reviewer_sees_what_every_member_sees(graph: Graph, world: World) -> None:
    reviewer = tables.ProjectMember(project_id=world.island.id, user_id=world.sam.id, role=ProjectRole.REVIEWER)
    await add(graph.database, reviewer)
    assert await values(graph, "sam", PROJECTS % "first: 9") == ["Island"]
