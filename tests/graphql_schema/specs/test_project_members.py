"""Members of a project: added, with other roles, removed, and leaving; what they see after it, and who hears of it."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from db import tables
from db.engine import Database
from db.outbox import OutboxEvent, viewer_topic
from db.tables import AuditLog, MembershipStatus, ProjectRole, ProjectStatus
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change, done, refusal, refusals, values, with_ids
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.specs.test_mutations import ADD_MEMBERS, CREATE_PROJECT
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
CHANGE_MEMBER = f"""
    mutation ($input: ChangeProjectMemberInput!) {{
      changeProjectMember(input: $input) {{ member {{ role status user {{ name }} }} project {{ name }} {ERRORS} }}
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


async def test_members_are_added_with_their_roles(graph: Graph, world: World) -> None:
    people = [{"userId": world.ben.public_id, "role": "REVIEWER"}, {"userId": world.sam.public_id}]
    project = (await done(graph, "root", ADD_MEMBERS, projectId=world.island.public_id, members=people))["project"]
    assert project["members"]["nodes"] == [
        {"role": "REVIEWER", "status": "ACTIVE", "user": {"name": "Ben"}},
        {"role": "MEMBER", "status": "ACTIVE", "user": {"name": "Sam"}},
    ]
    assert await values(graph, "sam", "{ projects { nodes { name } } }") == ["Island"]


async def test_who_was_removed_is_let_in_again(graph: Graph, world: World) -> None:
    given = {"projectId": world.atlas.public_id, "members": [{"userId": world.rob.public_id, "role": "VIEWER"}]}
    project = (await done(graph, "ada", ADD_MEMBERS, **given))["project"]
    assert {"role": "VIEWER", "status": "ACTIVE", "user": {"name": "Rob"}} in project["members"]["nodes"]
    assert await values(graph, "rob", "{ projects { nodes { name } } }") == ["Atlas"]


WRONG = {"projectId": "@atlas", "members": [{"userId": name} for name in ("@rob", "@olga", "@rob", "@ada", "nobody")]}
FOUND_WRONG = [
    ("NOT_FOUND", "input.members.1.userId"),
    ("BAD_USER_INPUT", "input.members.2.userId"),
    ("BAD_USER_INPUT", "input.members.3.userId"),
    ("NOT_FOUND", "input.members.4.userId"),
]


async def test_with_one_who_cannot_be_added_nobody_is(graph: Graph, world: World) -> None:
    assert await refusals(graph, "ada", ADD_MEMBERS, **with_ids(world, WRONG)) == FOUND_WRONG
    again = {"projectId": "@atlas", "members": [{"userId": "@rob"}, {"userId": "@ben"}]}
    refused = await refusals(graph, "ada", ADD_MEMBERS, **with_ids(world, again))
    assert refused == [("CONFLICT", "input.members.1.userId")]
    assert await values(graph, "rob", "{ projects { nodes { name } } }") == []


async def test_who_cannot_be_added_may_be_skipped(graph: Graph, world: World) -> None:
    wrong = with_ids(world, {**WRONG, "members": [*WRONG["members"], {"userId": "@ben", "role": "LEAD"}]})
    skipped = await refusals(graph, "ada", ADD_MEMBERS, **wrong, onError="SKIP")
    assert skipped == [*FOUND_WRONG, ("CONFLICT", "input.members.5.userId")]
    query = '{ node(id: "@atlas") { ... on SpecificationProject { members { nodes { role } } } } }'
    roles = await values(graph, "ada", query)
    assert sorted(roles) == ["MEMBER", "MEMBER", "VIEWER"]
    assert await values(graph, "rob", "{ projects { nodes { name } } }") == ["Atlas"]


async def test_of_the_same_member_added_many_times_at_once_one_counts(graph: Graph, world: World) -> None:
    people = [{"userId": world.rob.public_id}]
    given = {"projectId": world.atlas.public_id, "members": people}
    calls = (graph.data("ada", ADD_MEMBERS, input=given) for _ in range(4))
    payloads = [answer["addProjectMembers"] for answer in await asyncio.gather(*calls)]
    assert sorted(error["code"] for payload in payloads for error in payload["errors"]) == ["CONFLICT"] * 3


@pytest.mark.parametrize("name", ["createProject", "addProjectMembers"])
async def test_a_hundred_members_take_as_many_statements_as_two(graph: Graph, world: World, name: str) -> None:
    people = [tables.User(email=f"{number}@example.com", name=str(number)) for number in range(103)]
    await add(graph.database, *people)
    given = [{"userId": person.public_id} for person in people]
    mutation = CREATE_PROJECT if name == "createProject" else ADD_MEMBERS
    rest = {"name": "Globe"} if name == "createProject" else {"projectId": world.atlas.public_id}
    await done(graph, "root", mutation, **rest, members=given[:2])
    few = len(graph.statements)
    await done(graph, "root", mutation, **rest, members=given[2:102])
    assert len(graph.statements) == few
    assert await refusal(graph, "root", mutation, **rest, members=given[2:]) == ("BAD_USER_INPUT", "input.members")


async def test_a_member_gets_another_role_and_may_do_at_once_what_that_may(
    graph: Graph, world: World, listen: Listen
) -> None:
    async with listen("vera", EVENTS, id=world.atlas.public_id) as ear:
        given = {"memberId": world.bens_place.public_id, "role": "LEAD"}
        payload = await done(graph, "ada", CHANGE_MEMBER, **given)
        heard = (await ear.hear())["data"]["projectEvents"]
    assert payload["member"] == {"role": "LEAD", "status": "ACTIVE", "user": {"name": "Ben"}}
    member = {"role": "LEAD", "status": "ACTIVE", "user": {"name": "Ben"}}
    assert heard == {"kind": "MEMBER_CHANGED", "member": member}
    await done(graph, "ben", CHANGE_MEMBER, memberId=world.veras_place.public_id, role="REVIEWER")


async def test_the_same_role_again_changes_nothing(graph: Graph, world: World, told: Any) -> None:
    await done(graph, "ada", CHANGE_MEMBER, memberId=world.bens_place.public_id, role="MEMBER")
    assert told == []


async def test_who_was_removed_has_no_role_to_change(graph: Graph, world: World, told: Any) -> None:
    for role in ("LEAD", "MEMBER"):  # their last role, too
        given = {"memberId": world.robs_place.public_id, "role": role}
        assert await refusal(graph, "ada", CHANGE_MEMBER, **given) == ("CONFLICT", "input.memberId")
    assert told == []


@pytest.mark.parametrize("who", ["ben", "vera"])
async def test_nobody_gives_themselves_a_role(graph: Graph, world: World, who: str) -> None:
    given = {"memberId": world.rows[f"{who}s_place"].public_id, "role": "LEAD"}
    assert await refusal(graph, who, CHANGE_MEMBER, **given) == ("FORBIDDEN", "input.memberId")


async def test_a_member_of_others_is_not_found(graph: Graph, world: World) -> None:
    given = {"memberId": world.bens_place.public_id, "role": "LEAD"}
    assert await refusal(graph, "olga", CHANGE_MEMBER, **given) == ("NOT_FOUND", "input.memberId")


@pytest.mark.parametrize("status", [ProjectStatus.ARCHIVED, ProjectStatus.SUSPENDED])
async def test_roles_can_be_changed_in_a_closed_project(graph: Graph, world: World, status: ProjectStatus) -> None:
    await change(graph.database, world.atlas, status=status)
    await done(graph, "ada", CHANGE_MEMBER, memberId=world.bens_place.public_id, role="VIEWER")


async def people(graph: Graph, world: World) -> list[str]:
    """The names of the active members of Atlas."""
    query = "query ($id: ID!) { project(id: $id) { people { nodes { name } } } }"
    found = await graph.data("ada", query, id=world.atlas.public_id)
    return [node["name"] for node in found["project"]["people"]["nodes"]]


async def moved(database: Database) -> set[str]:
    """The topics that have events."""
    async with database.read() as session:
        return set(await session.scalars(select(OutboxEvent.topic)))
