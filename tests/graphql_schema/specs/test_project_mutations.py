"""A project gets another status, another owner, and is deleted in the end: by whom, and who is told."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from db import tables
from db.errors import AccessLost
from db.outbox import OutboxEvent, viewer_topic
from db.tables import AuditLog, DocumentStatus, MembershipStatus, NotificationType, ProjectRole, ProjectStatus
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, change, done, error_code, refusal, values
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.specs.test_mutations import ADD_COMMENT, EDIT_DOCUMENT, edit
from tests.graphql_schema.specs.test_project_members import LEAVE, REMOVE
from tests.world import NOON, World

CHANGE_STATUS = """
    mutation ($input: ChangeProjectStatusInput!) {
      changeProjectStatus(input: $input) {
        project { status isArchived documents { nodes { phase status } } }
        errors { code message path }
      }
    }
"""
EVENTS = "subscription ($id: ID!) { projectEvents(projectId: $id) { kind project { status } } }"
NOTIFIED = "subscription { notificationEvents { kind notification { type title data } } }"
PEOPLE = "project { owner { name } members { nodes { role status user { name } } } } errors { code message path }"
TRANSFER = f"mutation ($input: TransferProjectInput!) {{ transferProject(input: $input) {{ {PEOPLE} }} }}"
DELETE = """
    mutation ($input: DeleteProjectInput!) {
      deleteProject(input: $input) { deletedProjectId viewer { name } errors { code message path } }
    }
"""
CLOSED = [ProjectStatus.ARCHIVED, ProjectStatus.SUSPENDED]
S = ProjectStatus
FOLLOW = {
    (S.ACTIVE, S.SUSPENDED),
    (S.SUSPENDED, S.ACTIVE),
    (S.ACTIVE, S.COMPLETED),
    (S.COMPLETED, S.ACTIVE),
    (S.ACTIVE, S.ARCHIVED),
    (S.SUSPENDED, S.ARCHIVED),
    (S.COMPLETED, S.ARCHIVED),
    (S.ARCHIVED, S.ACTIVE),
}


async def bring(graph: Graph, who: str, world: World, status: ProjectStatus) -> Any:
    """The payload of Atlas being brought to a status."""
    given = {"projectId": world.atlas.public_id, "status": status.value}
    return (await graph.data(who, CHANGE_STATUS, input=given))["changeProjectStatus"]


@pytest.mark.parametrize("to", list(S))
@pytest.mark.parametrize("now", list(S))
async def test_only_what_may_follow_a_status_does(
    graph: Graph, world: World, told: Any, now: ProjectStatus, to: ProjectStatus
) -> None:
    await change(graph.database, world.atlas, status=now)
    payload = await bring(graph, "ada", world, to)
    if now is to or (now, to) in FOLLOW:
        assert (payload["project"]["status"], payload["errors"]) == (to.value, [])
    else:
        (error,) = payload["errors"]
        assert (error["code"], error["path"]) == ("CONFLICT", ["input", "status"])
        assert error["message"] == f"This is {now} and cannot become {to}."
        assert payload["project"]["status"] == now.value
    changed = [kind for kind, _ in told if kind == "PROJECT_CHANGED"]
    assert len(changed) == ((now, to) in FOLLOW)


@pytest.mark.parametrize(("now", "to"), sorted(FOLLOW))
async def test_who_leads_changes_the_status_and_the_owner_alone_archives(
    graph: Graph, world: World, now: ProjectStatus, to: ProjectStatus
) -> None:
    await change(graph.database, world.atlas, status=now)
    await change(graph.database, world.bens_place, role=ProjectRole.LEAD)
    payload = await bring(graph, "ben", world, to)
    if S.ARCHIVED in (now, to):
        (error,) = payload["errors"]
        assert (error["code"], error["path"]) == ("FORBIDDEN", ["input", "projectId"])
        assert error["message"] == "Only the owner of the project may do this."
    else:
        assert payload["project"]["status"] == to.value


async def test_others_do_not_change_the_status(graph: Graph, world: World) -> None:
    given = {"projectId": world.atlas.public_id, "status": "SUSPENDED"}
    for who, code in {"ben": "FORBIDDEN", "vera": "FORBIDDEN", "rob": "NOT_FOUND", "olga": "NOT_FOUND"}.items():
        assert await refusal(graph, who, CHANGE_STATUS, **given) == (code, "input.projectId")
    nothing = {**given, "projectId": f"prj_{UNKNOWN}"}
    assert await refusal(graph, "ada", CHANGE_STATUS, **nothing) == ("NOT_FOUND", "input.projectId")
    assert await error_code(graph, None, CHANGE_STATUS, input=given) == "UNAUTHENTICATED"


async def test_an_administrator_archives_what_nobody_looks_after(graph: Graph, world: World) -> None:
    assert (await bring(graph, "root", world, S.ARCHIVED))["project"]["isArchived"] is True


async def test_what_was_archived_is_again_as_it_was(graph: Graph, world: World) -> None:
    approved = {"status": DocumentStatus.APPROVED, "approved_at": NOON, "approved_by_id": world.ada.id}
    await change(graph.database, world.requirements, **approved)
    await change(graph.database, world.design, status=DocumentStatus.REVIEW)
    before = (await bring(graph, "ada", world, S.ACTIVE))["project"]
    archived = (await bring(graph, "ada", world, S.ARCHIVED))["project"]
    assert (archived["status"], archived["isArchived"]) == ("ARCHIVED", True)
    refused = await refusal(graph, "ada", EDIT_DOCUMENT, **edit(world, "New", expected=2))
    assert refused == ("FORBIDDEN", "input.documentId")
    assert (await bring(graph, "ada", world, S.ACTIVE))["project"] == before
    await done(graph, "ada", EDIT_DOCUMENT, **edit(world, "New", expected=2))


async def test_whoever_works_on_a_project_that_is_completed_is_notified_by_one_statement(
    graph: Graph, world: World, listen: Listen
) -> None:
    place = tables.ProjectMember(
        project_id=world.atlas.id, user_id=world.sam.id, role=ProjectRole.VIEWER, status=MembershipStatus.INVITED
    )
    await add(graph.database, place)
    await change(graph.database, world.bens_place, role=ProjectRole.LEAD)
    async with listen("vera", NOTIFIED) as ear:
        await bring(graph, "ben", world, S.COMPLETED)
        written = [one for one in graph.statements if "INSERT INTO notifications" in one]
        heard = (await ear.hear())["data"]["notificationEvents"]
    assert len(written) == 1
    assert heard == {
        "kind": "NOTIFICATION_ADDED",
        "notification": {
            "type": "PROJECT_COMPLETED",
            "title": "Atlas is done",
            "data": {"projectId": world.atlas.public_id},
        },
    }
    row = tables.Notification
    async with graph.database.read() as session:
        found = await session.scalars(select(row.user_id).where(row.type == NotificationType.PROJECT_COMPLETED))
        assert set(found) == {world.ada.id, world.vera.id}


async def test_of_two_who_complete_a_project_at_the_same_time_one_tells_the_others(
    graph: Graph, world: World, told: Any
) -> None:
    await asyncio.gather(bring(graph, "ada", world, S.COMPLETED), bring(graph, "root", world, S.COMPLETED))
    assert [kind for kind, _ in told].count("PROJECT_CHANGED") == 1
    row = tables.Notification
    async with graph.database.read() as session:
        found = await session.scalars(select(row.user_id).where(row.type == NotificationType.PROJECT_COMPLETED))
        assert sorted(found).count(world.ben.id) == 1


async def test_another_status_is_heard_of(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("vera", EVENTS, id=world.atlas.public_id) as ear:
        await ear.begun()
        await bring(graph, "ada", world, S.SUSPENDED)
        event = (await ear.hear())["data"]["projectEvents"]
    assert event == {"kind": "PROJECT_CHANGED", "project": {"status": "SUSPENDED"}}


@pytest.mark.usefixtures("patient")
async def test_of_edits_while_a_project_is_suspended_each_is_done_or_refused_and_none_afterwards(
    graph: Graph, world: World
) -> None:
    given = {"threadId": world.thread_0.public_id, "content": "Still"}

    async def say() -> list[str]:
        payload = (await graph.data("ben", ADD_COMMENT, input=given))["addComment"]
        return [error["code"] for error in payload["errors"]]

    edits = [say() for _ in range(20)]
    everything = [*edits[:10], bring(graph, "ada", world, S.SUSPENDED), *edits[10:]]
    said = [codes for codes in await asyncio.gather(*everything) if isinstance(codes, list)]
    assert all(codes in ([], ["FORBIDDEN"]) for codes in said)
    assert await say() == ["FORBIDDEN"]
    comment = tables.Comment
    async with graph.database.read() as session:
        kept = list(await session.scalars(select(comment.id).where(comment.content == "Still")))
    assert len(kept) == said.count([])


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
        await ear.begun()
        await done(graph, "ada", DELETE, projectId=world.atlas.public_id, name="Atlas")
        with pytest.raises(AccessLost) as lost:
            await ear.hear()
    assert lost.value.details == {"ids": [world.atlas.public_id]}


async def test_nothing_of_other_projects_goes(graph: Graph, world: World) -> None:
    await done(graph, "ada", DELETE, projectId=world.atlas.public_id, name="Atlas")
    found = await graph.data("olga", "{ projects { nodes { name documents { totalCount } } } }")
    assert found["projects"]["nodes"] == [{"name": "Island", "documents": {"totalCount": 2}}]


async def test_of_two_who_delete_a_project_at_the_same_time_one_finds_nothing(graph: Graph, world: World) -> None:
    given = {"projectId": world.atlas.public_id, "name": "Atlas"}
    both = await asyncio.gather(*(graph.data(who, DELETE, input=given) for who in ("ada", "root")))
    codes = [[error["code"] for error in payload["deleteProject"]["errors"]] for payload in both]
    assert sorted(codes) == [[], ["NOT_FOUND"]]


async def place_of(graph: Graph, user: tables.User) -> tables.ProjectMember:
    """The one place that somebody has."""
    member = tables.ProjectMember
    async with graph.database.read() as session:
        found: tables.ProjectMember = (await session.scalars(select(member).where(member.user_id == user.id))).one()
        return found
