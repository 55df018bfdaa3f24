"""Members of a project: added, removed, and leaving by themselves; what they see after it, and who hears of it."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from db.engine import Database
from db.outbox import OutboxEvent, viewer_topic
from db.tables import AuditLog, MembershipStatus, ProjectRole, ProjectStatus
from tests.conftest import Graph
from tests.graphql_schema.asking import change, done, refusal
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.specs.test_mutations import ADD_MEMBERS
from tests.world import World

ERRORS = "errors { code path }"
MEMBER = "member { status user { name } } project { people { nodes { name } } }"
REMOVE = (
    f"mutation ($input: RemoveProjectMemberInput!) {{ removeProjectMember(input: $input) {{ {MEMBER} {ERRORS} }} }}"
)
LEAVE = f"""
    mutation ($input: LeaveProjectInput!) {{
      leaveProject(input: $input) {{ viewer {{ name projects {{ nodes {{ name }} }} }} {ERRORS} }}
    }}
"""
BOTH = f"""
    mutation ($ben: ID!, $vera: ID!) @atomic {{
      ben: removeProjectMember(input: {{memberId: $ben}}) {{ {MEMBER} {ERRORS} }}
      vera: removeProjectMember(input: {{memberId: $vera}}) {{ {MEMBER} {ERRORS} }}
    }}
"""
ALL = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
EVENTS = """
    subscription ($id: ID!) { projectEvents(projectId: $id) { kind member { role status user { name } } } }
"""


async def test_who_was_removed_sees_nothing_of_the_project_from_then_on(graph: Graph, world: World) -> None:
    rows = (world.atlas, world.requirements, world.thread_0, world.comment, world.veras_place)
    ids = [row.public_id for row in rows]
    assert None not in (await graph.data("vera", ALL, ids=ids))["nodes"]
    payload = await done(graph, "ada", REMOVE, memberId=world.veras_place.public_id)
    assert payload["member"] == {"status": "REMOVED", "user": {"name": "Vera"}}
    assert payload["project"]["people"]["nodes"] == [{"name": "Ben"}]
    assert (await graph.data("vera", ALL, ids=ids))["nodes"] == [None] * len(ids)


async def test_who_has_left_sees_nothing_of_the_project_from_then_on(graph: Graph, world: World) -> None:
    payload = await done(graph, "ben", LEAVE, memberId=world.bens_place.public_id)
    assert payload["viewer"] == {"name": "Ben", "projects": {"nodes": []}}
    assert (await graph.data("ben", ALL, ids=[world.atlas.public_id]))["nodes"] == [None]


async def test_who_was_removed_can_be_added_again(graph: Graph, world: World) -> None:
    await done(graph, "ada", REMOVE, memberId=world.veras_place.public_id)
    members = [{"userId": world.vera.public_id, "role": "LEAD"}]
    await done(graph, "ada", ADD_MEMBERS, projectId=world.atlas.public_id, members=members)
    assert (await graph.data("vera", ALL, ids=[world.atlas.public_id]))["nodes"] != [None]


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("ada", None),
        ("root", None),
        ("ben", "FORBIDDEN"),
        ("vera", "FORBIDDEN"),
        ("rob", "NOT_FOUND"),
        ("olga", "NOT_FOUND"),
    ],
)
async def test_members_are_removed_by_the_owner_and_who_leads(
    graph: Graph, world: World, who: str, code: str | None
) -> None:
    given = {"memberId": world.veras_place.public_id}
    if code:
        assert await refusal(graph, who, REMOVE, **given) == (code, "input.memberId")
    else:
        await done(graph, who, REMOVE, **given)


async def test_who_leads_removes_the_others_and_then_leaves_the_owner_alone(graph: Graph, world: World) -> None:
    await change(graph.database, world.bens_place, role=ProjectRole.LEAD)
    await done(graph, "ben", REMOVE, memberId=world.veras_place.public_id)
    await done(graph, "ben", LEAVE, memberId=world.bens_place.public_id)
    assert await people(graph, world) == []


@pytest.mark.parametrize("who", ["ada", "root", "ben"])
async def test_nobody_leaves_for_somebody_else(graph: Graph, world: World, who: str) -> None:
    given = {"memberId": world.veras_place.public_id}
    assert await refusal(graph, who, LEAVE, **given) == ("FORBIDDEN", "input.memberId")


async def test_who_was_removed_has_nothing_to_leave(graph: Graph, world: World) -> None:
    assert await refusal(graph, "rob", LEAVE, memberId=world.robs_place.public_id) == ("NOT_FOUND", "input.memberId")


@pytest.mark.parametrize("status", [ProjectStatus.ARCHIVED, ProjectStatus.SUSPENDED])
async def test_access_is_taken_away_in_a_closed_project_too(graph: Graph, world: World, status: ProjectStatus) -> None:
    await change(graph.database, world.atlas, status=status)
    await done(graph, "ada", REMOVE, memberId=world.veras_place.public_id)
    await done(graph, "ben", LEAVE, memberId=world.bens_place.public_id)
    assert await people(graph, world) == []


async def test_of_two_who_remove_a_member_at_the_same_time_one_changes_something(
    graph: Graph, world: World, told: Any
) -> None:
    given = {"memberId": world.veras_place.public_id}
    await asyncio.gather(done(graph, "ada", REMOVE, **given), done(graph, "root", REMOVE, **given))
    await done(graph, "ada", REMOVE, **given)
    ids = {"member": world.veras_place.public_id, "project": world.atlas.public_id}
    assert told == [("MEMBER_REMOVED", ids)]


async def test_who_was_only_asked_can_be_removed_too(graph: Graph, world: World) -> None:
    await change(graph.database, world.veras_place, status=MembershipStatus.INVITED)
    payload = await done(graph, "ada", REMOVE, memberId=world.veras_place.public_id)
    assert payload["member"]["status"] == "REMOVED"


async def test_members_who_come_and_go_are_heard_of(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("ben", EVENTS, id=world.atlas.public_id) as ear:
        members = [{"userId": world.rob.public_id, "role": "REVIEWER"}]
        await done(graph, "ada", ADD_MEMBERS, projectId=world.atlas.public_id, members=members)
        await done(graph, "ada", REMOVE, memberId=world.veras_place.public_id)
        heard = [(await ear.hear())["data"]["projectEvents"] for _ in range(2)]
    assert heard == [
        {"kind": "MEMBER_ADDED", "member": {"role": "REVIEWER", "status": "ACTIVE", "user": {"name": "Rob"}}},
        {"kind": "MEMBER_REMOVED", "member": {"role": "VIEWER", "status": "REMOVED", "user": {"name": "Vera"}}},
    ]


async def test_in_one_transaction_the_access_of_each_moves_too(graph: Graph, world: World) -> None:
    await graph.data("ada", BOTH, ben=world.bens_place.public_id, vera=world.veras_place.public_id)
    assert {viewer_topic(world.ben.id), viewer_topic(world.vera.id)} <= await moved(graph.database)
    assert await people(graph, world) == []


async def test_the_audit_log_says_who_removed_whom(graph: Graph, world: World) -> None:
    await done(graph, "ada", REMOVE, memberId=world.veras_place.public_id)
    async with graph.database.read() as session:
        entry = (await session.scalars(select(AuditLog).order_by(AuditLog.sequence.desc()).limit(1))).one()
    assert (entry.action, entry.actor_id, entry.resource_id) == ("member_removed", world.ada.id, world.veras_place.id)
    assert (entry.project_id, entry.before, entry.after) == (
        world.atlas.id,
        {"status": "ACTIVE"},
        {"status": "REMOVED"},
    )


async def test_an_address_is_shown_to_those_who_manage_the_project_while_its_owner_is_a_member(
    graph: Graph, world: World
) -> None:
    query = "query ($id: ID!) { project(id: $id) { members { nodes { email user { name email } } } } }"
    addresses = {"Ben": "ben@example.com", "Vera": "vera@example.com", "Rob": None}
    for who, expected in {"ada": addresses, "root": addresses, "ben": dict.fromkeys(addresses)}.items():
        members = (await graph.data(who, query, id=world.atlas.public_id))["project"]["members"]["nodes"]
        assert {member["user"]["name"]: member["email"] for member in members} == expected


async def people(graph: Graph, world: World) -> list[str]:
    """The names of the active members of Atlas."""
    query = "query ($id: ID!) { project(id: $id) { people { nodes { name } } } }"
    found = await graph.data("ada", query, id=world.atlas.public_id)
    return [node["name"] for node in found["project"]["people"]["nodes"]]


async def moved(database: Database) -> set[str]:
    """The topics that have events."""
    async with database.read() as session:
        return set(await session.scalars(select(OutboxEvent.topic)))
