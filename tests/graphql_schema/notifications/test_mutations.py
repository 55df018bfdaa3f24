"""Who is told of what others do; reading notifications and putting them away: one's own alone, once, with its time."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from db import tables
from db.tables import NotificationType
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, change, done, error_code, listed, refusal, refusals, with_ids
from tests.world import NOON, World

REST = "viewer { name notifications { nodes { title isRead isArchived } } } errors { code message path }"
MARK_READ = (
    f"mutation ($input: NotificationsInput!) {{ markNotificationsRead(input: $input) {{ markedCount {REST} }} }}"
)
ARCHIVE = f"mutation ($input: NotificationsInput!) {{ archiveNotifications(input: $input) {{ archivedCount {REST} }} }}"
CREATE_PROJECT = """
    mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } errors { code path } } }
"""
ADD_MEMBERS = """
    mutation ($input: AddProjectMembersInput!) { addProjectMembers(input: $input) { errors { code path } } }
"""
INVITATIONS = (
    "{ viewer { notifications(filter: {type: [COLLABORATION_INVITE]}) { nodes { title message data isRead } } } }"
)

both = pytest.mark.parametrize(
    ("mutation", "count", "column"),
    [(MARK_READ, "markedCount", "read_at"), (ARCHIVE, "archivedCount", "archived_at")],
    ids=["markNotificationsRead", "archiveNotifications"],
)


async def test_what_is_marked_is_read(graph: Graph, world: World) -> None:
    marked = await done(graph, "ben", MARK_READ, notificationIds=[world.invitation.public_id])
    assert marked["markedCount"] == 1
    assert marked["viewer"]["notifications"]["nodes"] == [
        {"title": "Invitation", "isRead": True, "isArchived": False},
        {"title": "Welcome", "isRead": True, "isArchived": False},
    ]


async def test_what_is_put_away_need_not_be_read(graph: Graph, world: World) -> None:
    archived = await done(graph, "ben", ARCHIVE, notificationIds=[world.invitation.public_id, world.welcome.public_id])
    assert archived["archivedCount"] == 2
    assert archived["viewer"]["notifications"]["nodes"] == [
        {"title": "Invitation", "isRead": False, "isArchived": True},
        {"title": "Welcome", "isRead": True, "isArchived": True},
    ]


@both
async def test_a_second_time_changes_nothing(
    graph: Graph, world: World, mutation: str, count: str, column: str
) -> None:
    await change(graph.database, world.welcome, **{column: NOON})
    ids = with_ids(world, ["@welcome", "@invitation", "@invitation"])
    assert (await done(graph, "ben", mutation, notificationIds=ids))[count] == 1
    times = await noted(graph, column)
    assert times["Welcome"] == NOON
    assert times["Invitation"] > NOON
    assert (await done(graph, "ben", mutation, notificationIds=ids))[count] == 0
    assert await noted(graph, column) == times


@both
async def test_what_others_were_told_is_not_found_like_what_nobody_was(
    graph: Graph, world: World, mutation: str, count: str, column: str
) -> None:
    before = await noted(graph, column)
    ids = with_ids(world, ["@invitation", "@alert", f"ntf_{UNKNOWN}", "@atlas", "nonsense"])
    wrong = [("NOT_FOUND", f"input.notificationIds.{place}") for place in (1, 2, 3, 4)]
    assert await refusals(graph, "ben", mutation, notificationIds=ids) == wrong
    assert await noted(graph, column) == before

    (payload,) = (await graph.data("ben", mutation, input={"notificationIds": ids, "onError": "SKIP"})).values()
    assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"] * 4
    assert len({error["message"] for error in payload["errors"]}) == 1
    assert payload[count] == 1
    after = await noted(graph, column)
    assert {title for title, time in after.items() if time != before[title]} == {"Invitation"}


@both
async def test_an_administrator_sees_what_others_were_told_and_reads_nothing_for_them(
    graph: Graph, world: World, mutation: str, count: str, column: str
) -> None:
    before = await noted(graph, column)
    given = {"notificationIds": [world.invitation.public_id]}
    assert await refusal(graph, "root", mutation, **given) == ("FORBIDDEN", "input.notificationIds.0")
    assert await noted(graph, column) == before


@both
async def test_nothing_is_named_and_nothing_done(
    graph: Graph, world: World, mutation: str, count: str, column: str
) -> None:
    nothing = await done(graph, "ada", mutation, notificationIds=[])
    assert (nothing[count], nothing["viewer"]["name"]) == (0, "Ada")


@both
async def test_a_guest_was_told_nothing(graph: Graph, world: World, mutation: str, count: str, column: str) -> None:
    given = {"notificationIds": [world.invitation.public_id]}
    assert await error_code(graph, None, mutation, input=given) == "UNAUTHENTICATED"


@both
async def test_of_the_same_at_the_same_time_one_counts(
    graph: Graph, world: World, mutation: str, count: str, column: str
) -> None:
    told = [notification(world, str(number)) for number in range(10)]
    await add(graph.database, *told)
    ids = [row.public_id for row in told]
    calls = (done(graph, "ben", mutation, notificationIds=ids[turn:] + ids[:turn]) for turn in range(6))
    assert sum(payload[count] for payload in await asyncio.gather(*calls)) == len(told)


@both
async def test_a_hundred_take_as_many_statements_as_one(
    graph: Graph, world: World, mutation: str, count: str, column: str
) -> None:
    told = [notification(world, str(number)) for number in range(101)]
    await add(graph.database, *told)
    ids = [row.public_id for row in told]
    await done(graph, "ben", mutation, notificationIds=ids[:1])
    few = len(graph.statements)
    assert (await done(graph, "ben", mutation, notificationIds=ids[1:]))[count] == 100
    assert len(graph.statements) == few
    assert await refusal(graph, "ben", mutation, notificationIds=ids) == ("BAD_USER_INPUT", "input.notificationIds")


# --- being told ------------------------------------------------------------------------------------------------------


async def test_who_is_added_to_a_project_is_told(graph: Graph, world: World) -> None:
    people = [{"userId": world.ben.public_id, "role": "LEAD"}, {"userId": world.vera.public_id}]
    project = (await done(graph, "ada", CREATE_PROJECT, name="Globe", members=people))["project"]
    for who, role in (("ben", "LEAD"), ("vera", "MEMBER")):
        assert await invitations(graph, who) == [
            {
                "title": "You are a member of Globe",
                "message": f"Your role in this project: {role.lower()}.",
                "data": {"projectId": project["id"], "role": role},
                "isRead": False,
            }
        ]
    assert await invitations(graph, "ada") == []


async def test_who_is_a_member_already_is_not_told_again(graph: Graph, world: World) -> None:
    given = with_ids(world, {"projectId": "@atlas", "members": [{"userId": "@rob"}, {"userId": "@ben"}]})
    assert await refusal(graph, "ada", ADD_MEMBERS, **given) == ("CONFLICT", "input.members.1.userId")
    assert await invitations(graph, "rob") == []
    await refusal(graph, "ada", ADD_MEMBERS, **given, onError="SKIP")
    assert [told["title"] for told in await invitations(graph, "rob")] == ["You are a member of Atlas"]
    assert await invitations(graph, "ben") == []


async def test_who_is_added_many_times_at_once_is_told_once(graph: Graph, world: World) -> None:
    given = with_ids(world, {"projectId": "@atlas", "members": [{"userId": "@rob"}]})
    await asyncio.gather(*(graph.data("ada", ADD_MEMBERS, input=given) for _ in range(4)))
    assert len(await invitations(graph, "rob")) == 1


async def test_who_adds_themself_is_not_told(graph: Graph, world: World) -> None:
    given = with_ids(world, {"projectId": "@atlas", "members": [{"userId": "@root"}, {"userId": "@rob"}]})
    await done(graph, "root", ADD_MEMBERS, **given)
    assert [len(await invitations(graph, who)) for who in ("root", "rob")] == [0, 1]


async def invitations(graph: Graph, who: str) -> list[Any]:
    """What somebody was told of projects that they were added to, but for what the world begins with."""
    return [told for told in await listed(graph, who, INVITATIONS) if told["data"]]


def notification(world: World, title: str) -> tables.Notification:
    return tables.Notification(user_id=world.ben.id, type=NotificationType.SYSTEM_UPDATE, title=title, message="")


async def noted(graph: Graph, column: str) -> dict[str, Any]:
    """When each notification was read, or put away, by its title."""
    async with graph.database.read() as session:
        return {row.title: getattr(row, column) for row in await session.scalars(select(tables.Notification))}
