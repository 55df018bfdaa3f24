"""Reading the audit log: those who manage something read what was done to it, and all what they did themselves."""

from typing import Any

import pytest
from sqlalchemy import text

from db import tables
from db.access import GUEST
from db.tables import OrganizationRole
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, change, done, ordered, with_ids
from tests.graphql_schema.organizations.asking import CHANGE, DELETE, REMOVE, UPDATE
from tests.graphql_schema.specs.test_mutations import DELETE_COMMENT
from tests.world import World

ENTRY = """
    action resource resourceId before after details actor { name } organization { name } project { name }
"""
OF_ORGANIZATION = (
    f"query ($id: ID!, $filter: AuditLogFilter) {{ organization(id: $id) {{ auditLogs(filter: $filter) {{ "
    f"nodes {{ {ENTRY} }} totalCount }} }} }}"
)
OF_PROJECT = f"query ($id: ID!) {{ project(id: $id) {{ auditLogs {{ nodes {{ {ENTRY} }} }} }} }}"
OWN = "{ viewer { auditLogs { nodes { action actor { name } } } } }"


async def of_analytical(graph: Graph, who: str, **which: Any) -> list[Any]:
    """The entries of Analytical that somebody reads, newest first."""
    found = await graph.data(who, OF_ORGANIZATION, id=graph.world.analytical.public_id, filter=which or None)
    nodes: list[Any] = found["organization"]["auditLogs"]["nodes"]
    assert found["organization"]["auditLogs"]["totalCount"] == len(nodes)
    return nodes


async def test_an_entry_says_who_did_what_to_what(graph: Graph, world: World) -> None:
    await done(graph, "ada", CHANGE, memberId=world.bens_membership.public_id, role="ADMIN")
    (entry,) = await of_analytical(graph, "ada")
    assert entry == {
        "action": "member_changed",
        "resource": "organization_members",
        "resourceId": world.bens_membership.public_id,
        "before": {"role": "MEMBER"},
        "after": {"role": "ADMIN"},
        "details": {"fields": ["role"]},
        "actor": {"name": "Ada"},
        "organization": {"name": "Analytical"},
        "project": None,
    }


async def test_those_who_manage_an_organization_read_what_was_done_to_it(graph: Graph, world: World) -> None:
    await done(graph, "ada", CHANGE, memberId=world.bens_membership.public_id, role="ADMIN")
    await done(graph, "ben", UPDATE, organizationId=world.analytical.public_id, name="Engines")
    actions = ["organization_changed", "member_changed"]
    for who in ("ada", "ben", "root"):
        assert [entry["action"] for entry in await of_analytical(graph, who)] == actions
    assert await of_analytical(graph, "vera") == []


async def test_who_was_removed_reads_nothing_but_what_they_did_themselves(graph: Graph, world: World) -> None:
    await done(graph, "ada", CHANGE, memberId=world.bens_membership.public_id, role="ADMIN")
    await done(graph, "ben", UPDATE, organizationId=world.analytical.public_id, name="Engines")
    await done(graph, "ada", REMOVE, memberId=world.bens_membership.public_id)
    found = await graph.data("ben", OF_ORGANIZATION, id=world.analytical.public_id)
    assert found["organization"] is None
    own = (await graph.data("ben", OWN))["viewer"]["auditLogs"]["nodes"]
    assert [entry["action"] for entry in own] == ["organization_changed", "signed_in"]
    assert {entry["actor"]["name"] for entry in own} == {"Ben"}


async def test_those_who_manage_a_project_read_what_was_done_to_what_is_gone(graph: Graph, world: World) -> None:
    await done(graph, "ada", DELETE_COMMENT, commentId=world.comment.public_id)
    for who in ("ada", "root"):
        (entry,) = (await graph.data(who, OF_PROJECT, id=world.atlas.public_id))["project"]["auditLogs"]["nodes"]
        assert (entry["action"], entry["resourceId"]) == ("comment_deleted", world.comment.public_id)
    for who in ("ben", "vera"):
        assert (await graph.data(who, OF_PROJECT, id=world.atlas.public_id))["project"]["auditLogs"]["nodes"] == []


async def test_who_did_it_can_be_gone(graph: Graph, world: World) -> None:
    await done(graph, "root", UPDATE, organizationId=world.analytical.public_id, name="Engines")
    (entry,) = await of_analytical(graph, "ada")
    assert entry["actor"] == {"name": "Root"}  # whom Ada finds nowhere else
    async with graph.database.work(GUEST) as work:
        await work.execute(text("UPDATE users SET role = 'ADMIN' WHERE name = 'Olga'"))  # one has to stay
        await work.execute(text("DELETE FROM users WHERE name = 'Root'"))
    (entry,) = await of_analytical(graph, "ada")
    assert (entry["actor"], entry["action"]) == (None, "organization_changed")


async def test_what_was_deleted_with_its_organization_is_read_by_who_did_it(graph: Graph, world: World) -> None:
    await done(graph, "ada", DELETE, organizationId=world.analytical.public_id, name="Analytical")
    query = "{ viewer { auditLogs(first: 1) { nodes { action resourceId organization { name } } } } }"
    (entry,) = (await graph.data("ada", query))["viewer"]["auditLogs"]["nodes"]
    assert entry == {
        "action": "organization_deleted",
        "resourceId": world.analytical.public_id,
        "organization": None,
    }


async def test_an_entry_may_be_about_no_row(graph: Graph, world: World) -> None:
    await add(
        graph.database,
        tables.AuditLog(actor_id=world.ada.id, action="sign_in_failed", resource="users"),
    )
    query = "{ viewer { auditLogs(first: 1) { nodes { action resource resourceId before after } } } }"
    (entry,) = (await graph.data("ada", query))["viewer"]["auditLogs"]["nodes"]
    assert entry == {
        "action": "sign_in_failed",
        "resource": "users",
        "resourceId": None,
        "before": None,
        "after": None,
    }


@pytest.mark.parametrize(
    ("which", "actions"),
    [
        ({"action": ["member_changed", "member_removed"]}, ["member_removed", "member_changed"]),
        ({"resource": ["organizations"]}, ["organization_changed"]),
        ({"actorId": ["@ben"]}, ["organization_changed"]),
        ({"actorId": ["@ada", "@ben"]}, ["member_removed", "organization_changed", "member_changed"]),
        ({"actorId": [f"usr_{UNKNOWN}"]}, []),
        ({"createdAt": {"until": "2020-01-01T00:00:00Z"}}, []),
        ({"createdAt": {"since": "2020-01-01T00:00:00Z"}, "resource": ["organizations"]}, ["organization_changed"]),
    ],
)
async def test_entries_are_filtered(graph: Graph, world: World, which: dict[str, Any], actions: list[str]) -> None:
    await done(graph, "ada", CHANGE, memberId=world.bens_membership.public_id, role="ADMIN")
    await done(graph, "ben", UPDATE, organizationId=world.analytical.public_id, name="Engines")
    await done(graph, "ada", REMOVE, memberId=world.veras_membership.public_id)
    assert [entry["action"] for entry in await of_analytical(graph, "ada", **with_ids(world, which))] == actions


async def test_entries_are_listed_by_their_time(graph: Graph, world: World) -> None:
    await change(graph.database, world.bens_membership, role=OrganizationRole.ADMIN)
    await done(graph, "ben", UPDATE, organizationId=world.analytical.public_id, name="Engines")
    await done(graph, "ben", UPDATE, organizationId=world.analytical.public_id, name="More engines")
    query = "{ viewer { auditLogs(%s) { nodes { action } } } }"
    assert await ordered(graph, "ben", query, "CREATED_AT") == [
        "signed_in",
        "organization_changed",
        "organization_changed",
    ]
