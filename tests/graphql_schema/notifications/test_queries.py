"""What people were told: to whom it is shown, how it is ordered, and how much of it waits to be read."""

from typing import Any

from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, change, filtered, ordered, scatter, values
from tests.world import NOON, World

NOTIFICATIONS = "{ notifications(%s) { nodes { title } } }"
OWN = "{ viewer { notifications(%s) { nodes { title } } } }"
UNREAD = "{ notifications(filter: {isRead: false}) { totalCount } }"


async def test_a_notification_shows_all_of_itself(graph: Graph, world: World) -> None:
    query = """
        query ($id: ID!) {
          node(id: $id) {
            ... on Notification {
              id type title message data isRead readAt isArchived archivedAt createdAt user { name }
            }
          }
        }
    """
    shown = (await graph.data("ben", query, id=world.welcome.public_id))["node"]
    assert shown.pop("createdAt")
    assert shown == {
        "id": world.welcome.public_id,
        "type": "SYSTEM_UPDATE",
        "title": "Welcome",
        "message": "Look",
        "data": {},
        "isRead": True,
        "readAt": "2026-01-01T12:00:00+00:00",
        "isArchived": False,
        "archivedAt": None,
        "user": {"name": "Ben"},
    }


async def test_what_somebody_was_told_is_theirs_alone(graph: Graph, world: World) -> None:
    query = "query ($id: ID!) { node(id: $id) { id } }"
    for who, told in (("ben", ["Invitation", "Welcome"]), ("vera", ["Alert"]), ("ada", []), (None, [])):
        assert await values(graph, who, NOTIFICATIONS % "first: 9") == told
        seen = await graph.data(who, query, id=world.invitation.public_id)
        assert seen == {"node": {"id": world.invitation.public_id} if who == "ben" else None}
    assert await graph.data("ben", query, id=f"ntf_{UNKNOWN}") == {"node": None}


async def test_of_somebody_else_there_is_nothing_to_see(graph: Graph, world: World) -> None:
    query = '{ node(id: "@ben") { ... on User { notifications(first: 9) { nodes { title } } } } }'
    assert await values(graph, "ada", query) == []
    assert await values(graph, "ben", query) == ["Invitation", "Welcome"]


async def test_an_administrator_sees_what_everybody_was_told_beside_their_own(graph: Graph) -> None:
    assert await values(graph, "root", NOTIFICATIONS % "first: 9") == ["Alert", "Invitation", "Welcome"]
    assert await values(graph, "root", OWN % "first: 9") == []


async def test_what_waits_to_be_read_is_counted(graph: Graph, world: World) -> None:
    async def unread(who: str | None) -> Any:
        return (await graph.data(who, UNREAD))["notifications"]["totalCount"]

    assert [await unread(who) for who in ("ben", "vera", "ada", None)] == [1, 1, 0, 0]
    await change(graph.database, world.invitation, read_at=NOON)
    assert [await unread(who) for who in ("ben", "vera")] == [0, 1]


async def test_notifications_are_filtered(graph: Graph, world: World) -> None:
    await change(graph.database, world.welcome, archived_at=NOON, created_at=NOON)
    assert await filtered(
        graph,
        "ben",
        NOTIFICATIONS,
        [
            "isRead: true",
            "isRead: false",
            "isArchived: true",
            "isArchived: false",
            "type: [COLLABORATION_INVITE, SECURITY_ALERT]",
            "type: []",
            'createdAt: {until: "2026-01-02T00:00:00Z"}',
            "isRead: true, isArchived: false",
        ],
    ) == {
        "isRead: true": ["Welcome"],
        "isRead: false": ["Invitation"],
        "isArchived: true": ["Welcome"],
        "isArchived: false": ["Invitation"],
        "type: [COLLABORATION_INVITE, SECURITY_ALERT]": ["Invitation"],
        "type: []": [],
        'createdAt: {until: "2026-01-02T00:00:00Z"}': ["Welcome"],
        "isRead: true, isArchived: false": [],
    }


async def test_the_newest_comes_first(graph: Graph, world: World) -> None:
    await scatter(graph.database, type(world.welcome), "created_at")
    for query in (NOTIFICATIONS, OWN):
        assert await values(graph, "ben", query % "first: 9") == ["Welcome", "Invitation"]
        assert await ordered(graph, "ben", query, "CREATED_AT") == ["Invitation", "Welcome"]
