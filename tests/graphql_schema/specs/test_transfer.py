"""Members get other roles, a project gets another owner, and in the end it is deleted."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from db import tables
from db.errors import AccessLost
from db.outbox import OutboxEvent, viewer_topic
from db.tables import AuditLog, MembershipStatus, ProjectRole, ProjectStatus
from tests.conftest import Graph
from tests.graphql_schema.asking import change, done, refusal, values
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.specs.test_project_members import LEAVE, REMOVE
from tests.world import World

ERRORS = "errors { code message path }"
MEMBER = "member { role status user { name } } project { name }"
CHANGE_MEMBER = f"""
    mutation ($input: ChangeProjectMemberInput!) {{ changeProjectMember(input: $input) {{ {MEMBER} {ERRORS} }} }}
"""
PEOPLE = "project { owner { name } members { nodes { role status user { name } } } }"
TRANSFER = f"mutation ($input: TransferProjectInput!) {{ transferProject(input: $input) {{ {PEOPLE} {ERRORS} }} }}"
DELETE = f"""
    mutation ($input: DeleteProjectInput!) {{
      deleteProject(input: $input) {{ deletedProjectId viewer {{ name }} {ERRORS} }}
    }}
"""
EVENTS = "subscription ($id: ID!) { projectEvents(projectId: $id) { kind member { role user { name } } } }"
CLOSED = [ProjectStatus.ARCHIVED, ProjectStatus.SUSPENDED]


# --- roles -----------------------------------------------------------------------------------------------------------


async def test_a_member_gets_another_role_and_may_do_at_once_what_that_may(
    graph: Graph, world: World, listen: Listen
) -> None:
    async with listen("vera", EVENTS, id=world.atlas.public_id) as ear:
        given = {"memberId": world.bens_place.public_id, "role": "LEAD"}
        payload = await done(graph, "ada", CHANGE_MEMBER, **given)
        heard = (await ear.hear())["data"]["projectEvents"]
    assert payload["member"] == {"role": "LEAD", "status": "ACTIVE", "user": {"name": "Ben"}}
    assert heard == {"kind": "MEMBER_CHANGED", "member": {"role": "LEAD", "user": {"name": "Ben"}}}
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


@pytest.mark.parametrize("status", CLOSED)
async def test_roles_can_be_changed_in_a_closed_project(graph: Graph, world: World, status: ProjectStatus) -> None:
    await change(graph.database, world.atlas, status=status)
    await done(graph, "ada", CHANGE_MEMBER, memberId=world.bens_place.public_id, role="VIEWER")


# --- owners ----------------------------------------------------------------------------------------------------------


async def test_a_project_gets_an_owner_who_was_a_member_and_a_member_who_was_its_owner(
    graph: Graph, world: World, told: Any
) -> None:
    payload = await done(graph, "ada", TRANSFER, memberId=world.bens_place.public_id)
    assert payload["project"]["owner"] == {"name": "Ben"}
    members = payload["project"]["members"]["nodes"]
    assert {"role": "LEAD", "status": "ACTIVE", "user": {"name": "Ada"}} in members
    assert "Ben" not in {member["user"]["name"] for member in members}
    assert [kind for kind, _ in told] == ["PROJECT_CHANGED", "MEMBER_ADDED"]
    async with graph.database.read() as session:
        topics = set(await session.scalars(select(OutboxEvent.topic)))
        entry = (await session.scalars(select(AuditLog).where(AuditLog.action == "project_transferred"))).one()
    assert {viewer_topic(world.ada.id), viewer_topic(world.ben.id)} <= topics
    assert entry.before == {"owner_id": str(world.ada.id)}
    assert entry.after == {"owner_id": str(world.ben.id)}


async def test_who_handed_a_project_over_is_removed_like_others_and_sees_nothing_of_it(
    graph: Graph, world: World
) -> None:
    await done(graph, "ada", TRANSFER, memberId=world.bens_place.public_id)
    place = await place_of(graph, world.ada)
    await done(graph, "ben", REMOVE, memberId=place.public_id)
    assert await values(graph, "ada", "{ projects { nodes { name } } }") == []
    assert await values(graph, "ben", "{ projects { nodes { name } } }") == ["Atlas"]


async def test_the_last_who_leads_may_leave_and_the_owner_stays(graph: Graph, world: World) -> None:
    await done(graph, "ada", TRANSFER, memberId=world.bens_place.public_id)
    await done(graph, "ada", LEAVE, memberId=(await place_of(graph, world.ada)).public_id)
    await done(graph, "ben", REMOVE, memberId=world.veras_place.public_id)


async def test_only_who_is_active_becomes_the_owner(graph: Graph, world: World) -> None:
    given = {"memberId": world.robs_place.public_id}
    assert await refusal(graph, "ada", TRANSFER, **given) == ("CONFLICT", "input.memberId")
    await change(graph.database, world.veras_place, status=MembershipStatus.INVITED)
    given = {"memberId": world.veras_place.public_id}
    assert await refusal(graph, "ada", TRANSFER, **given) == ("CONFLICT", "input.memberId")


@pytest.mark.parametrize(("who", "code"), [("ben", "FORBIDDEN"), ("vera", "FORBIDDEN"), ("olga", "NOT_FOUND")])
@pytest.mark.parametrize("role", [ProjectRole.LEAD, ProjectRole.MEMBER])
async def test_nobody_but_its_owner_hands_a_project_over(
    graph: Graph, world: World, who: str, code: str, role: ProjectRole
) -> None:
    await change(graph.database, world.bens_place, role=role)
    given = {"memberId": world.bens_place.public_id}
    assert await refusal(graph, who, TRANSFER, **given) == (code, "input.memberId")


async def test_an_administrator_hands_over_what_nobody_looks_after(graph: Graph, world: World) -> None:
    payload = await done(graph, "root", TRANSFER, memberId=world.bens_place.public_id)
    assert payload["project"]["owner"] == {"name": "Ben"}


@pytest.mark.parametrize("status", CLOSED)
async def test_a_closed_project_can_be_handed_over(graph: Graph, world: World, status: ProjectStatus) -> None:
    await change(graph.database, world.atlas, status=status)
    await done(graph, "ada", TRANSFER, memberId=world.bens_place.public_id)


async def test_of_two_hand_overs_at_the_same_time_one_is_done(graph: Graph, world: World) -> None:
    places = (world.bens_place, world.veras_place)
    both = (graph.data("ada", TRANSFER, input={"memberId": place.public_id}) for place in places)
    codes = [[e["code"] for e in payload["transferProject"]["errors"]] for payload in await asyncio.gather(*both)]
    assert sorted(codes) == [[], ["FORBIDDEN"]]
    project, member = tables.SpecificationProject, tables.ProjectMember
    async with graph.database.read() as session:
        owner = await session.scalar(select(project.owner_id).where(project.id == world.atlas.id))
        leads = await session.scalars(select(member.user_id).where(member.role == ProjectRole.LEAD))
        assert (owner in (world.ben.id, world.vera.id), list(leads)) == (True, [world.ada.id])


# --- the end ---------------------------------------------------------------------------------------------------------


async def test_a_project_goes_with_all_that_was_in_it_and_its_entries_stay(graph: Graph, world: World) -> None:
    rows = (world.atlas, world.requirements, world.thread_0, world.comment, world.bens_place)
    given = {"projectId": world.atlas.public_id, "name": "Atlas"}
    payload = await done(graph, "ada", DELETE, **given)
    assert (payload["deletedProjectId"], payload["viewer"]) == (world.atlas.public_id, {"name": "Ada"})
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    for who in ("ada", "ben", "root"):
        found = (await graph.data(who, query, ids=[row.public_id for row in rows]))["nodes"]
        assert found == [None] * len(rows)
    async with graph.database.read() as session:
        entry = (await session.scalars(select(AuditLog).where(AuditLog.action == "project_deleted"))).one()
        documents = select(func.count()).where(tables.SpecificationDocument.project_id == world.atlas.id)
        assert (entry.resource_id, await session.scalar(documents)) == (world.atlas.id, 0)


async def test_a_project_is_named_twice_to_be_deleted(graph: Graph, world: World) -> None:
    for name in ("", "atlas", "Island"):
        given = {"projectId": world.atlas.public_id, "name": name}
        assert await refusal(graph, "ada", DELETE, **given) == ("BAD_USER_INPUT", "input.name")
    assert await values(graph, "ada", "{ projects { nodes { name } } }") == ["Atlas"]


async def test_only_its_owner_deletes_a_project(graph: Graph, world: World) -> None:
    await change(graph.database, world.bens_place, role=ProjectRole.LEAD)
    given = {"projectId": world.atlas.public_id, "name": "Atlas"}
    for who, code in {"ben": "FORBIDDEN", "vera": "FORBIDDEN", "rob": "NOT_FOUND", "olga": "NOT_FOUND"}.items():
        assert await refusal(graph, who, DELETE, **given) == (code, "input.projectId")
    await done(graph, "root", DELETE, **given)


@pytest.mark.parametrize("status", CLOSED)
async def test_a_closed_project_can_be_deleted(graph: Graph, world: World, status: ProjectStatus) -> None:
    await change(graph.database, world.atlas, status=status)
    await done(graph, "ada", DELETE, projectId=world.atlas.public_id, name="Atlas")


async def test_whoever_listens_to_a_project_that_goes_is_told_that_it_is_gone(
    graph: Graph, world: World, listen: Listen
) -> None:
    async with listen("ben", EVENTS, id=world.atlas.public_id) as ear:
        await done(graph, "ada", DELETE, projectId=world.atlas.public_id, name="Atlas")
        with pytest.raises(AccessLost) as lost:
            await ear.hear()
    assert lost.value.details == {"ids": [world.atlas.public_id]}


async def test_of_two_who_delete_a_project_at_the_same_time_one_finds_nothing(graph: Graph, world: World) -> None:
    given = {"projectId": world.atlas.public_id, "name": "Atlas"}
    both = await asyncio.gather(*(graph.data(who, DELETE, input=given) for who in ("ada", "root")))
    codes = [[error["code"] for error in payload["deleteProject"]["errors"]] for payload in both]
    assert sorted(codes) == [[], ["NOT_FOUND"]]


async def place_of(graph: Graph, user: tables.User) -> tables.ProjectMember:
    """The one place that somebody has."""
    member = tables.ProjectMember
    async with graph.database.read() as session:
        return (await session.scalars(select(member).where(member.user_id == user.id))).one()
