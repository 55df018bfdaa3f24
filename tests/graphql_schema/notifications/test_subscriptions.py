"""Hearing of one's notifications: what comes, what was read elsewhere, and how many wait to be read."""

import pytest

from graphql_schema.execution import RequestError
from tests.conftest import Graph
from tests.graphql_schema.asking import done
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.notifications.test_mutations import ADD_MEMBERS, ARCHIVE, MARK_READ
from tests.world import World

EVENTS = """
    subscription {
      notificationEvents { kind notification { title isRead isArchived } user { unreadNotificationCount } }
    }
"""


async def test_who_is_told_something_hears_it_with_the_number_that_waits(
    graph: Graph, world: World, listen: Listen
) -> None:
    async with listen("rob", EVENTS) as ear:
        members = [{"userId": world.rob.public_id}]
        await done(graph, "ada", ADD_MEMBERS, projectId=world.atlas.public_id, members=members)
        assert (await ear.hear())["data"]["notificationEvents"] == {
            "kind": "NOTIFICATION_ADDED",
            "notification": {"title": "You are a member of Atlas", "isRead": False, "isArchived": False},
            "user": {"unreadNotificationCount": 1},
        }


async def test_what_is_read_on_one_device_is_read_on_the_others(graph: Graph, world: World, listen: Listen) -> None:
    ids = [world.invitation.public_id, world.welcome.public_id, world.invitation.public_id]
    async with listen("ben", EVENTS) as ear:
        await done(graph, "ben", MARK_READ, notificationIds=ids)
        read = (await ear.hear())["data"]["notificationEvents"]
        await done(graph, "ben", ARCHIVE, notificationIds=ids)
        put_away = [(await ear.hear())["data"]["notificationEvents"] for _ in range(2)]
    invitation = {"title": "Invitation", "isRead": True, "isArchived": False}
    nothing = {"unreadNotificationCount": 0}
    assert read == {"kind": "NOTIFICATION_READ", "notification": invitation, "user": nothing}
    assert {event["kind"] for event in put_away} == {"NOTIFICATION_ARCHIVED"}
    assert {event["notification"]["title"] for event in put_away} == {"Invitation", "Welcome"}


async def test_what_waits_is_counted_for_oneself_alone(graph: Graph, world: World) -> None:
    query = "query ($id: ID!) { node(id: $id) { ... on User { unreadNotificationCount } } }"
    counts = {who: (await graph.data(who, query, id=world.ben.public_id))["node"] for who in ("ben", "ada", "root")}
    assert counts == {
        "ben": {"unreadNotificationCount": 1},
        "ada": {"unreadNotificationCount": None},
        "root": {"unreadNotificationCount": None},
    }


async def test_a_guest_is_told_nothing(listen: Listen) -> None:
    with pytest.raises(RequestError) as refused:
        async with listen(None, EVENTS):
            pass
    assert [error["extensions"]["code"] for error in refused.value.errors] == ["UNAUTHENTICATED"]
