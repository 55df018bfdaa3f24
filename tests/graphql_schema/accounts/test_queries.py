"""Who asks, people as others see them, and any object by its id."""

from sqlalchemy import select, text

from db import tables
from db.access import GUEST
from db.base import Base
from db.tables import MembershipStatus
from graphql_schema.core import NODES
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, change, error_code, listed, ordered, scatter, values
from tests.world import NOON, PEOPLE, World

PERSON = """
    __typename id name username avatarUrl bio role githubLogin createdAt
    email emailVerifiedAt timezone language plan lastLoginAt
"""
THEIR_OWN = ("email", "emailVerifiedAt", "timezone", "language", "plan", "lastLoginAt")
PLACES = """
    organizations { totalCount } projects { totalCount } teaching { totalCount } enrollments { totalCount }
    courseProgress { totalCount } comments { totalCount } commits { totalCount } pullRequests { totalCount }
    sessions { totalCount }
"""
SESSIONS = "{ viewer { sessions(%s) { nodes { device } } } }"


async def test_a_guest_is_nobody(graph: Graph) -> None:
    assert await graph.data(None, "{ viewer { id } }") == {"viewer": None}


async def test_the_viewer_sees_all_of_themselves(graph: Graph, world: World) -> None:
    known = {
        "username": "ada",
        "avatar_url": "https://example.com/ada.png",
        "bio": "Counts",
        "github_login": "lovelace",
        "email_verified_at": NOON,
        "timezone": "Europe/London",
        "language": "en-GB",
        "last_login_at": NOON,
    }
    await change(graph.database, world.ada, **known)
    viewer = (await graph.data("ada", f"{{ viewer {{ {PERSON} }} }}"))["viewer"]
    assert viewer.pop("createdAt")
    assert viewer == {
        "__typename": "User",
        "id": world.ada.public_id,
        "name": "Ada",
        "username": "ada",
        "avatarUrl": "https://example.com/ada.png",
        "bio": "Counts",
        "role": "DEVELOPER",
        "githubLogin": "lovelace",
        "email": "ada@example.com",
        "emailVerifiedAt": "2026-01-01T12:00:00+00:00",
        "timezone": "Europe/London",
        "language": "en-GB",
        "plan": "BASIC",
        "lastLoginAt": "2026-01-01T12:00:00+00:00",
    }


async def test_what_is_a_persons_own_is_null_for_others(graph: Graph, world: World) -> None:
    await change(graph.database, world.ada, email_verified_at=NOON, timezone="Europe/London", last_login_at=NOON)
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on User {{ {PERSON} }} }} }}"
    seen = (await graph.data("ben", query, id=world.ada.public_id))["node"]
    assert {name for name in THEIR_OWN if seen[name] is not None} == set()
    assert (seen["name"], seen["role"]) == ("Ada", "DEVELOPER")


async def test_an_administrator_sees_what_is_a_persons_own(graph: Graph, world: World) -> None:
    query = "query ($id: ID!) { node(id: $id) { ... on User { email plan } } }"
    assert (await graph.data("root", query, id=world.ada.public_id))["node"] == {
        "email": "ada@example.com",
        "plan": "BASIC",
    }


async def test_a_person_is_found_by_those_with_whom_they_share_something(graph: Graph, world: World) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on User { name } } }"
    ids = [getattr(world, name).public_id for name in PEOPLE]
    seen = {}
    for who in (*PEOPLE, None):
        nodes = (await graph.data(who, query, ids=ids))["nodes"]
        seen[who] = " ".join(node["name"] for node in nodes if node)
    assert seen == {
        "ada": "Ada Ben Vera Rob Ines",
        "ben": "Ada Ben Vera Rob Ines",
        "vera": "Ada Ben Vera Rob Ines",
        "rob": "Rob Ines",
        "ines": "Ines Sam",
        "sam": "Ines Sam",
        "olga": "Ines Olga",
        "root": "Ada Ben Vera Rob Ines Sam Olga Root",
        None: "Ines",
    }


async def test_a_person_who_shares_nothing_with_you_is_shown_beside_what_they_did_and_not_found_by_id(
    graph: Graph, world: World
) -> None:
    await change(graph.database, world.engine_commit, author_id=world.olga.id)
    history = '{ repository(fullName: "analytical/engine") { commits(first: 1) { nodes { author { name email } } } } }'
    assert await listed(graph, "ben", history) == [{"author": {"name": "Olga", "email": None}}]
    query = "query ($id: ID!) { node(id: $id) { id } }"
    assert await graph.data("ben", query, id=world.olga.public_id) == {"node": None}


async def test_a_person_leads_to_all_that_they_do(graph: Graph) -> None:
    async def counts(who: str) -> dict[str, int]:
        found = (await graph.data(who, f"{{ viewer {{ {PLACES} }} }}"))["viewer"]
        return {name: page["totalCount"] for name, page in found.items() if page["totalCount"]}

    assert await counts("ada") == {
        "organizations": 1,
        "projects": 1,
        "comments": 4,
        "commits": 6,
        "pullRequests": 2,
        "sessions": 1,
    }
    assert await counts("sam") == {"enrollments": 1, "courseProgress": 1, "sessions": 1}
    assert await counts("ines") == {"teaching": 3, "sessions": 1}


async def test_of_what_others_do_only_what_is_seen_anyway_shows(graph: Graph, world: World) -> None:
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on User {{ {PLACES} }} }} }}"

    async def counts(who: str | None, of: Base) -> dict[str, int]:
        found = (await graph.data(who, query, id=of.public_id))["node"]
        return {name: page["totalCount"] for name, page in found.items() if page["totalCount"]}

    assert await counts("ben", world.ada) == {
        "organizations": 1,
        "projects": 1,
        "comments": 4,
        "commits": 3,
        "pullRequests": 1,
    }
    assert await counts("ines", world.sam) == {"enrollments": 1, "courseProgress": 1}
    assert await counts(None, world.ines) == {"teaching": 2}


async def test_projects_of_a_person_are_those_they_own_or_work_on(graph: Graph, world: World) -> None:
    await add(graph.database, tables.ProjectMember(project_id=world.island.id, user_id=world.ben.id))
    await add(
        graph.database,
        tables.ProjectMember(project_id=world.island.id, user_id=world.ada.id, status=MembershipStatus.INVITED),
    )
    projects = "{ viewer { projects(orderBy: NAME_ASC) { nodes { name } } } }"
    assert await values(graph, "ben", projects) == ["Atlas", "Island"]
    assert await values(graph, "ada", projects) == ["Atlas"]
    assert await values(graph, "rob", projects) == []


async def test_a_person_who_owns_and_works_on_a_project_has_it_once(graph: Graph, world: World) -> None:
    """The database refuses it, and the list would not show it twice if it did not."""
    async with graph.database.work(GUEST) as work:
        await work.execute(text("SET LOCAL session_replication_role = replica"))
        await work.add(tables.ProjectMember(project_id=world.atlas.id, user_id=world.ada.id))
    data = await graph.data("ada", "{ viewer { projects { totalCount nodes { name } } } }")
    assert data["viewer"]["projects"] == {"totalCount": 1, "nodes": [{"name": "Atlas"}]}


async def test_sessions_are_ordered(graph: Graph, world: World) -> None:
    await add(graph.database, *(session(world, device, digit) for digit, device in enumerate(("Phone", "Tablet"))))
    await scatter(graph.database, tables.Session, "created_at")
    assert await ordered(graph, "ada", SESSIONS, "CREATED_AT") == ["Tablet", "Phone", None]
    await scatter(graph.database, tables.Session, "expires_at")
    assert await ordered(graph, "ada", SESSIONS, "EXPIRES_AT") == ["Tablet", "Phone", None]


async def test_a_session_is_its_users_own(graph: Graph) -> None:
    sessions = await graph.data(
        "ada", "{ viewer { sessions { nodes { id device createdAt expiresAt user { name } } } } }"
    )
    (mine,) = sessions["viewer"]["sessions"]["nodes"]
    assert mine["user"] == {"name": "Ada"}
    assert mine["createdAt"] < mine["expiresAt"]
    query = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await graph.data("ada", query, id=mine["id"]))["node"] == {"id": mine["id"]}
    assert (await graph.data("ben", query, id=mine["id"]))["node"] is None


async def test_every_kind_of_object_is_found_by_its_id(graph: Graph) -> None:
    async with graph.database.read() as reading:
        rows = [(await reading.scalars(select(table).limit(1))).one() for table in NODES]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    nodes = (await graph.data("root", query, ids=[row.public_id for row in rows]))["nodes"]
    assert nodes == [{"__typename": type(row).__name__, "id": row.public_id} for row in rows]


async def test_a_password_is_no_object_of_the_graph(graph: Graph) -> None:
    async with graph.database.read() as reading:
        password = (await reading.scalars(select(tables.Password))).one()
    data = await graph.data("root", "query ($id: ID!) { node(id: $id) { id } }", id=password.public_id)
    assert data == {"node": None}


async def test_nodes_keep_order_repetitions_and_holes(graph: Graph, world: World) -> None:
    ids = [
        world.logic.public_id,
        f"crs_{UNKNOWN}",
        "",
        world.atlas.public_id,
        world.ada.public_id,
        world.logic.public_id,
    ]
    nodes = (await graph.data("olga", "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids))["nodes"]
    assert nodes == [{"id": ids[0]}, None, None, None, None, {"id": ids[0]}]
    assert await graph.data("ada", "{ nodes(ids: []) { id } }") == {"nodes": []}


async def test_at_most_100_nodes_are_asked_for_at_a_time(graph: Graph, world: World) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert len((await graph.data("ada", query, ids=[world.logic.public_id] * 100))["nodes"]) == 100
    assert await error_code(graph, "ada", query, ids=[world.logic.public_id] * 101) == "BAD_USER_INPUT"


def session(world: World, device: str, digit: int) -> tables.Session:
    return tables.Session(user_id=world.ada.id, token_hash=bytes([digit] * 32), device=device, expires_at=NOON)
