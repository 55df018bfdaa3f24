"""The status of a project: what can follow what, for whom, what it closes and opens again, and who is told."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from db import tables
from db.tables import DocumentStatus, MembershipStatus, NotificationType, ProjectRole, ProjectStatus
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, change, done, error_code, refusal
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.specs.test_mutations import ADD_COMMENT, EDIT_DOCUMENT, edit
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
