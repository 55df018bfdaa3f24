"""All people, for those who look after them: found, counted, and shown with what others do not see."""

from typing import Any

import pytest

from db import tables
from db.tables import UserRole
from tests.conftest import Graph
from tests.graphql_schema.asking import change, error_code, listed, ordered, scatter
from tests.world import NOON, PEOPLE, World

USERS = "{ users(%s, first: 100) { nodes { name } } }"
COUNTS = "{ userCounts { role count } }"
KEPT = "email name isActive lockedUntil lastSeenAt lastLoginAt timezone"


@pytest.fixture
async def moderated(graph: Graph, world: World) -> Graph:
    """Asks as Vera, who is a moderator, beside the others."""
    await change(graph.database, world.vera, role=UserRole.MODERATOR)
    vera = tables.User(id=world.vera.id, role=UserRole.MODERATOR)
    return Graph(graph.database, World({**world.rows, "vera": vera}, world.tokens))


async def names(graph: Graph, who: str, filter_: str) -> list[str]:
    return sorted(one["name"] for one in await listed(graph, who, USERS % f"filter: {{{filter_}}}"))


@pytest.mark.parametrize("who", ["ada", "ines", None])
@pytest.mark.parametrize(
    "query",
    [
        "{ users { totalCount } }",
        '{ users(filter: {search: "ada"}) { nodes { id } } }',
        COUNTS,
        '{ user(email: "ada@example.com") { id } }',
        '{ user(email: "nobody@example.com") { id } }',
    ],
)
async def test_others_are_refused_before_anything_is_read(
    graph: Graph, resolved: Graph, who: str | None, query: str
) -> None:
    for asked in (graph, resolved):
        assert await error_code(asked, who, query) == "FORBIDDEN"
        assert asked.statements == []


async def test_what_is_refused_leaves_the_rest_of_the_answer(graph: Graph, resolved: Graph) -> None:
    for asked in (graph, resolved):
        answer = await asked("ada", "{ viewer { name } users { totalCount } userCounts { count } }")
        assert answer["data"] == {"viewer": {"name": "Ada"}, "users": None, "userCounts": None}
        assert [error["path"] for error in answer["errors"]] == [["users"], ["userCounts"]]


async def test_administrators_and_moderators_see_everybody_by_one_statement(moderated: Graph) -> None:
    for who in ("root", "vera"):
        found = await listed(moderated, who, f"{{ users(first: 100) {{ nodes {{ {KEPT} avatar {{ url }} }} }} }}")
        assert len(moderated.statements) == 1
        assert {one["name"] for one in found} == {name.capitalize() for name in PEOPLE}
        assert {one["isActive"] for one in found} == {True}
        assert all(one["lastSeenAt"] for one in found)
        assert all(one["email"] for one in found) is (who == "root")


async def test_how_it_stands_with_an_account_is_for_oneself_and_who_looks_after_people(
    moderated: Graph, world: World
) -> None:
    await change(moderated.database, world.ben, locked_until=NOON, last_login_at=NOON)
    query = "query ($id: ID!) { node(id: $id) { ... on User { isActive lockedUntil lastSeenAt lastLoginAt } } }"
    for who in ("ada", "ben", "vera", "root"):
        shown = (await moderated.data(who, query, id=world.ben.public_id))["node"]
        assert {value is None for value in shown.values()} == {who == "ada"}


# --- found ---


async def test_people_are_found_by_name_and_username_and_by_their_address_by_administrators_alone(
    moderated: Graph, world: World
) -> None:
    await change(moderated.database, world.ada, name="Ada King", username="countess-of-lovelace")
    await change(moderated.database, world.olga, email="olga@remote.example")
    for typed, of_root, of_vera in (
        ("king", ["Ada King"], ["Ada King"]),
        ("ada ki", ["Ada King"], ["Ada King"]),
        ("lovel", ["Ada King"], ["Ada King"]),
        ("olga@remote", ["Olga"], []),
        ("OLGA@REMOTE.EXAMPLE", ["Olga"], []),
        ("remote.example", ["Olga"], []),
        ("nobody", [], []),
    ):
        assert await names(moderated, "root", f'search: "{typed}"') == of_root, typed
        assert await names(moderated, "vera", f'search: "{typed}"') == of_vera, typed


async def test_people_are_filtered_and_counted(graph: Graph, world: World) -> None:
    await change(graph.database, world.ben, is_active=False)
    await change(graph.database, world.sam, last_login_at=NOON)
    assert await names(graph, "root", "role: [INSTRUCTOR, ADMIN]") == ["Ines", "Root"]
    assert await names(graph, "root", "isActive: false") == ["Ben"]
    assert await names(graph, "root", 'lastLoginAt: {since: "2026-01-01T00:00:00Z"}') == ["Sam"]
    assert await names(graph, "root", 'createdAt: {until: "2026-01-01T00:00:00Z"}') == []
    counted = {one["role"]: one["count"] for one in (await graph.data("root", COUNTS))["userCounts"]}
    assert counted == {"DEVELOPER": 6, "INSTRUCTOR": 1, "ADMIN": 1}
    active = "{ userCounts(filter: {isActive: true}) { role count } }"
    assert {"role": "DEVELOPER", "count": 5} in (await graph.data("root", active))["userCounts"]


async def test_people_are_sorted_in_both_directions(graph: Graph) -> None:
    everybody = sorted(name.capitalize() for name in PEOPLE)
    query = "{ users(%s, first: 100) { nodes { name } } }"
    assert await ordered(graph, "root", query, "NAME") == everybody
    await scatter(graph.database, tables.User, "created_at")
    assert sorted(await ordered(graph, "root", query, "CREATED_AT")) == everybody


@pytest.mark.parametrize("order", ["NAME", "CREATED_AT"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_follow_each_other_in_every_order(graph: Graph, world: World, order: str, direction: str) -> None:
    for number, who in enumerate(PEOPLE[:4]):  # the others have never signed in
        await change(graph.database, world.rows[who], last_login_at=NOON.replace(day=1 + number // 2))
    by = f"orderBy: {order}_{direction}"
    whole = [one["name"] for one in await listed(graph, "root", f"{{ users({by}) {{ nodes {{ name }} }} }}")]
    assert len(whole) == len(PEOPLE)
    read, after = list[str](), ""
    while page := await one_page(graph, f"{by}, first: 3{after}"):
        read += [one["name"] for one in page["nodes"]]
        after = f', after: "{page["pageInfo"]["endCursor"]}"'
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert read == whole


async def one_page(graph: Graph, window: str) -> Any:
    query = f"{{ users({window}) {{ nodes {{ name }} pageInfo {{ endCursor hasNextPage }} }} }}"
    return (await graph.data("root", query))["users"]


async def test_a_person_is_found_by_id_username_and_address_in_any_case(
    graph: Graph, resolved: Graph, world: World
) -> None:
    await change(graph.database, world.olga, username="Olga-1")
    for asked in (graph, resolved):
        for named in (f'id: "{world.olga.public_id}"', 'username: "oLGA-1"', 'email: "OLGA@example.COM"'):
            assert await asked.data("root", f"{{ user({named}) {{ name }} }}") == {"user": {"name": "Olga"}}
        assert await asked.data("ada", '{ user(username: "olga-1") { name } }') == {"user": None}
        assert await asked.data("ada", f'{{ user(id: "{world.ben.public_id}") {{ name }} }}') == {
            "user": {"name": "Ben"}
        }
        assert await error_code(asked, "root", "{ user { name } }") == "BAD_USER_INPUT"
        assert await error_code(asked, "root", '{ user(username: "a", email: "b") { name } }') == "BAD_USER_INPUT"
