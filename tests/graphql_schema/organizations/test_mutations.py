"""Organizations: who begins, changes, hands over and ends them, and that one of their owners always stays."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from db.access import GUEST
from db.tables import OrganizationRole
from tests.conftest import Graph
from tests.db.waiting import until
from tests.graphql_schema.asking import change, done, refusal, refusals
from tests.graphql_schema.organizations.asking import CHANGE, CREATE, DELETE, LEAVE, REMOVE, TRANSFER, UPDATE
from tests.world import World

ALL = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
ROLES = '{ organization(slug: "analytical") { members { nodes { role user { name } } } } }'


async def roles(graph: Graph) -> dict[str, str]:
    """What everybody is in Analytical."""
    found = (await graph.data("root", ROLES))["organization"]["members"]["nodes"]
    return {member["user"]["name"]: member["role"] for member in found}


async def test_who_begins_an_organization_owns_it(graph: Graph) -> None:
    given = {"name": "Difference", "slug": "difference-2", "description": "Tables of numbers"}
    organization = (await done(graph, "sam", CREATE, **given))["organization"]
    assert organization.pop("id")
    assert organization == given | {"plan": "FREE", "viewerMembership": {"role": "OWNER"}, "members": {"totalCount": 1}}


async def test_who_has_not_shown_their_address_begins_nothing(graph: Graph, world: World) -> None:
    await change(graph.database, world.sam, email_verified_at=None)
    assert await refusals(graph, "sam", CREATE, name="Difference", slug="difference") == [("FORBIDDEN", "")]


@pytest.mark.parametrize(
    "slug", ["", "Big", "two words", "two--hyphens", "-front", "back-", "ünder", "a_b", "a.b", "a\nb", "analytical\n"]
)
async def test_a_name_in_addresses_has_a_form(graph: Graph, world: World, slug: str) -> None:
    assert await refusal(graph, "sam", CREATE, name="Difference", slug=slug) == ("BAD_USER_INPUT", "input.slug")
    given = {"organizationId": world.analytical.public_id, "slug": slug}
    assert await refusal(graph, "ada", UPDATE, **given) == ("BAD_USER_INPUT", "input.slug")


async def test_a_name_in_addresses_is_taken_once(graph: Graph, world: World) -> None:
    assert await refusal(graph, "sam", CREATE, name="Other", slug="analytical") == ("CONFLICT", "input.slug")
    taken = {"organizationId": world.analytical.public_id, "slug": "remote"}
    assert await refusal(graph, "ada", UPDATE, **taken) == ("CONFLICT", "input.slug")
    calls = (refusals(graph, who, CREATE, name="Same", slug="same") for who in ("sam", "rob", "ines", "olga") * 5)
    told = await asyncio.gather(*calls)
    assert sorted(map(tuple, told)) == [(), *[(("CONFLICT", "input.slug"),)] * 19]


async def test_an_organization_has_a_name(graph: Graph) -> None:
    assert await refusal(graph, "sam", CREATE, name=" ", slug="blank") == ("BAD_USER_INPUT", "input.name")


async def test_who_manages_an_organization_changes_what_it_says_of_itself(graph: Graph, world: World) -> None:
    given = {"organizationId": world.analytical.public_id}
    await change(graph.database, world.bens_membership, role=OrganizationRole.ADMIN)
    changed = await done(graph, "ben", UPDATE, **given, name="Engines", slug="engines", description="Analytical ones")
    assert changed["organization"] == {"name": "Engines", "slug": "engines", "description": "Analytical ones"}
    assert (await done(graph, "ada", UPDATE, **given, description=None))["organization"]["description"] is None
    assert await refusal(graph, "vera", UPDATE, **given, name="Mine") == ("FORBIDDEN", "input.organizationId")
    assert await refusal(graph, "olga", UPDATE, **given, name="Mine") == ("NOT_FOUND", "input.organizationId")


@pytest.mark.parametrize(
    ("who", "whom", "role", "told"),
    [
        ("ada", "vera", "ADMIN", None),
        ("ada", "vera", "OWNER", None),
        ("root", "vera", "OWNER", None),
        ("ben", "vera", "ADMIN", None),
        ("ben", "ben", "MEMBER", None),
        ("ben", "vera", "OWNER", ("FORBIDDEN", "input.role")),
        ("ben", "ben", "OWNER", ("FORBIDDEN", "input.role")),
        ("ben", "ada", "MEMBER", ("FORBIDDEN", "input.memberId")),
        ("ben", "ada", "OWNER", ("FORBIDDEN", "input.role")),
        ("vera", "vera", "MEMBER", ("FORBIDDEN", "input.memberId")),
        ("olga", "vera", "MEMBER", ("NOT_FOUND", "input.memberId")),
    ],
)
async def test_administrators_change_members_and_owners_everybody(
    graph: Graph, world: World, who: str, whom: str, role: str, told: Any
) -> None:
    await change(graph.database, world.bens_membership, role=OrganizationRole.ADMIN)
    given = {"memberId": world.rows[f"{whom}s_membership"].public_id, "role": role}
    if told:
        assert await refusal(graph, who, CHANGE, **given) == told
    else:
        member = (await done(graph, who, CHANGE, **given))["member"]
        assert member == {"role": role, "user": {"name": whom.capitalize()}}


async def test_administrators_remove_members_and_owners_everybody(graph: Graph, world: World) -> None:
    for place in (world.bens_membership, world.veras_membership):
        await change(graph.database, place, role=OrganizationRole.ADMIN)
    adas, bens, veras = ({"memberId": world.rows[f"{name}s_membership"].public_id} for name in ("ada", "ben", "vera"))
    assert await refusal(graph, "ben", REMOVE, **adas) == ("FORBIDDEN", "input.memberId")
    left = await done(graph, "ben", REMOVE, **veras)
    assert left["organization"]["members"]["nodes"] == [{"user": {"name": "Ada"}}, {"user": {"name": "Ben"}}]
    assert left["deletedMemberId"] == veras["memberId"]
    await change(graph.database, world.bens_membership, role=OrganizationRole.OWNER)
    await done(graph, "ada", REMOVE, **bens)
    assert await roles(graph) == {"Ada": "OWNER"}


async def test_who_is_removed_or_leaves_sees_nothing_of_the_organization(graph: Graph, world: World) -> None:
    ids = [row.public_id for row in (world.analytical, world.engine, world.adas_membership)]
    for who in ("ben", "vera"):
        assert None not in (await graph.data(who, ALL, ids=ids))["nodes"]
    await done(graph, "ada", REMOVE, memberId=world.veras_membership.public_id)
    left = await done(graph, "ben", LEAVE, memberId=world.bens_membership.public_id)
    assert left["viewer"] == {"organizations": {"nodes": []}}
    for who in ("ben", "vera"):
        assert (await graph.data(who, ALL, ids=ids))["nodes"] == [None, None, None]


@pytest.mark.parametrize("who", ["ada", "root", "vera"])
async def test_nobody_leaves_for_somebody_else(graph: Graph, world: World, who: str) -> None:
    given = {"memberId": world.bens_membership.public_id}
    assert await refusal(graph, who, LEAVE, **given) == ("FORBIDDEN", "input.memberId")


@pytest.mark.parametrize(
    ("who", "mutation", "given"),
    [("ada", CHANGE, {"role": "ADMIN"}), ("ada", LEAVE, {}), ("ada", REMOVE, {}), ("root", REMOVE, {})],
)
async def test_the_last_owner_stays(graph: Graph, world: World, who: str, mutation: str, given: Any) -> None:
    given = {"memberId": world.adas_membership.public_id, **given}
    assert await refusals(graph, who, mutation, **given) == [("CONFLICT", "")]
    assert (await roles(graph))["Ada"] == "OWNER"


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("mutation", "given", "waiting"),
    [(CHANGE, {"role": "MEMBER"}, 2), (LEAVE, {}, 1), (REMOVE, {}, 2)],  # who leaves is one statement, sent with others
)
async def test_of_two_owners_who_go_at_the_same_time_one_stays(
    graph: Graph, world: World, mutation: str, given: Any, waiting: int
) -> None:
    await change(graph.database, world.bens_membership, role=OrganizationRole.OWNER)
    async with graph.database.work(GUEST) as work:  # until both have begun
        await work.execute(text("SELECT FROM organizations FOR UPDATE"))
        both = [
            asyncio.create_task(refusals(graph, who, mutation, memberId=place.public_id, **given))
            for who, place in (("ada", world.adas_membership), ("ben", world.bens_membership))
        ]
        await until(graph.database, "SELECT count(*) = :waiting FROM pg_locks WHERE NOT granted", waiting=waiting)
    assert sorted(await asyncio.gather(*both)) == [[], [("CONFLICT", "")]]
    assert [role for role in (await roles(graph)).values() if role == "OWNER"] == ["OWNER"]


async def test_of_two_owners_who_leave_by_one_statement_one_stays(graph: Graph, world: World) -> None:
    await change(graph.database, world.bens_membership, role=OrganizationRole.OWNER)
    both = (refusals(graph, who, LEAVE, memberId=world.rows[f"{who}s_membership"].public_id) for who in ("ada", "ben"))
    assert sorted(await asyncio.gather(*both)) == [[], [("CONFLICT", "")]]


@pytest.mark.usefixtures("patient")
async def test_of_two_owners_who_demote_each_other_one_stays(graph: Graph, world: World) -> None:
    await change(graph.database, world.bens_membership, role=OrganizationRole.OWNER)
    async with graph.database.work(GUEST) as work:
        await work.execute(text("SELECT FROM organizations FOR UPDATE"))
        both = [
            asyncio.create_task(refusals(graph, who, CHANGE, memberId=place.public_id, role="VIEWER"))
            for who, place in (("ada", world.bens_membership), ("ben", world.adas_membership))
        ]
        await until(graph.database, "SELECT count(*) = 2 FROM pg_locks WHERE NOT granted")
    assert sorted(await asyncio.gather(*both)) == [[], [("CONFLICT", "")]]
    assert [role for role in (await roles(graph)).values() if role == "OWNER"] == ["OWNER"]


async def test_an_owner_hands_the_organization_over_and_administers_it(graph: Graph, world: World) -> None:
    given = {"memberId": world.bens_membership.public_id}
    handed = (await done(graph, "ada", TRANSFER, **given))["organization"]
    assert handed["viewerMembership"] == {"role": "ADMIN"}
    assert await roles(graph) == {"Ada": "ADMIN", "Ben": "OWNER", "Vera": "VIEWER"}
    assert await refusal(graph, "ada", TRANSFER, **given) == ("FORBIDDEN", "input.memberId")


async def test_only_an_owner_has_an_organization_to_hand_over(graph: Graph, world: World) -> None:
    await change(graph.database, world.bens_membership, role=OrganizationRole.ADMIN)
    given = {"memberId": world.veras_membership.public_id}
    for who in ("ben", "root"):
        assert await refusal(graph, who, TRANSFER, **given) == ("FORBIDDEN", "input.memberId")
    itself = {"memberId": world.adas_membership.public_id}
    assert await refusal(graph, "ada", TRANSFER, **itself) == ("BAD_USER_INPUT", "input.memberId")


async def test_an_owner_deletes_an_organization_and_names_it(graph: Graph, world: World) -> None:
    await change(graph.database, world.bens_membership, role=OrganizationRole.ADMIN)
    given = {"organizationId": world.analytical.public_id}
    assert await refusal(graph, "ben", DELETE, **given, name="Analytical") == ("FORBIDDEN", "input.organizationId")
    assert await refusal(graph, "ada", DELETE, **given, name="analytical") == ("BAD_USER_INPUT", "input.name")
    ended = await done(graph, "ada", DELETE, **given, name="Analytical")
    assert ended == {
        "deletedOrganizationId": world.analytical.public_id,
        "viewer": {"organizations": {"totalCount": 0}},
        "errors": [],
    }
    ids = [row.public_id for row in (world.analytical, world.engine, world.ines_invited, world.report)]
    assert (await graph.data("root", ALL, ids=ids))["nodes"] == [None] * 4


async def test_a_project_stays_when_its_organization_goes(graph: Graph, world: World) -> None:
    await done(graph, "ada", DELETE, organizationId=world.analytical.public_id, name="Analytical")
    query = "query ($id: ID!) { project(id: $id) { name organization { name } repository { name } } }"
    found = await graph.data("ada", query, id=world.atlas.public_id)
    assert found["project"] == {"name": "Atlas", "organization": None, "repository": None}


async def test_a_name_in_addresses_is_free_when_its_organization_is_gone(graph: Graph, world: World) -> None:
    await done(graph, "olga", DELETE, organizationId=world.remote.public_id, name="Remote")
    await done(graph, "sam", CREATE, name="Remote", slug="remote")


async def test_an_address_is_shown_to_those_who_manage_the_organization(graph: Graph, world: World) -> None:
    query = '{ organization(slug: "analytical") { members { nodes { email user { email } } } } }'
    await change(graph.database, world.bens_membership, role=OrganizationRole.ADMIN)
    everybody = [f"{name}@example.com" for name in ("ada", "ben", "vera")]
    for who, expected in {"ada": everybody, "ben": everybody, "vera": [None] * 3}.items():
        members = (await graph.data(who, query))["organization"]["members"]["nodes"]
        assert [member["email"] for member in members] == expected
        # Their profile shows it to themselves alone.
        assert [member["user"]["email"] for member in members if member["user"]["email"]] == [f"{who}@example.com"]
