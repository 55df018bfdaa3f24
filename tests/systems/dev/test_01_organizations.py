"""Row 1: organizations with members and roles, whose owner always stays; nothing of one is visible to another."""

import asyncio
from typing import Any

import pytest

from db.base import Base
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, done, refusal, refusals
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.invitations.asking import TO_ORGANIZATION
from tests.graphql_schema.organizations.asking import CHANGE, CREATE, DELETE, EVENTS, LEAVE, REMOVE, TRANSFER, UPDATE
from tests.world import World

ACCEPT = "mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { errors { code path } } }"
MEMBERS = "query ($slug: String!) { organization(slug: $slug) { members { nodes { id role user { name } } } } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
BY_NAME = '{ organization(slug: "analytical") { id } repository(fullName: "analytical/engine") { id } }'
LISTS = """
    {
      organizations { nodes { slug repositories { nodes { fullName } } members { nodes { user { name } } } } }
      repositories { nodes { fullName } }
    }
"""


async def members(graph: Graph, who: str, slug: str) -> dict[str, Any]:
    found = (await graph.data(who, MEMBERS, slug=slug))["organization"]["members"]["nodes"]
    return {member["user"]["name"]: (member["role"], member["id"]) for member in found}


async def test_01_an_organization_is_begun_joined_handed_over_and_ended(graph: Graph) -> None:
    organization = (await done(graph, "sam", CREATE, name="Mill", slug="mill"))["organization"]["id"]
    given = {"organizationId": organization, "email": "ben@example.com", "role": "MEMBER"}
    invitation = (await done(graph, "sam", TO_ORGANIZATION, **given))["invitation"]["id"]
    await done(graph, "ben", ACCEPT, invitationId=invitation)
    bens = (await members(graph, "ben", "mill"))["Ben"][1]
    await done(graph, "sam", CHANGE, memberId=bens, role="ADMIN")
    await done(graph, "ben", UPDATE, organizationId=organization, description="Grinds")
    assert await refusal(graph, "ben", DELETE, organizationId=organization, name="Mill") == (
        "FORBIDDEN",
        "input.organizationId",
    )
    await done(graph, "sam", TRANSFER, memberId=bens)
    after = await members(graph, "ben", "mill")
    assert {name: role for name, (role, _) in after.items()} == {"Sam": "ADMIN", "Ben": "OWNER"}
    await done(graph, "sam", LEAVE, memberId=after["Sam"][1])
    await done(graph, "ben", DELETE, organizationId=organization, name="Mill")
    assert await graph.data("ben", MEMBERS, slug="mill") == {"organization": None}


@pytest.mark.usefixtures("patient")
async def test_01_of_two_owners_who_leave_at_once_one_stays(graph: Graph, world: World) -> None:
    await done(graph, "ada", CHANGE, memberId=world.bens_membership.public_id, role="OWNER")
    places = {"ada": world.adas_membership, "ben": world.bens_membership}
    calls = (refusals(graph, who, LEAVE, memberId=place.public_id) for who, place in places.items())
    assert sorted(map(tuple, await asyncio.gather(*calls))) == [(), (("CONFLICT", ""),)]


@pytest.mark.parametrize("who", ["olga", "sam", None])
async def test_01_no_id_of_an_organization_leads_a_stranger_to_anything(
    graph: Graph, world: World, who: str | None
) -> None:
    names = ("analytical", "adas_membership", "ines_invited", "analyticals_key")
    of = ("", "_commit", "_pull", "_review", "_issue", "_release", "_event", "_gap")
    rows: list[Base] = [world.rows[name] for name in (*names, *(f"engine{one}" for one in of))]
    ids = [row.public_id for row in rows]
    assert (await graph.data(who, NODES, ids=ids))["nodes"] == [None] * len(ids)
    assert await graph.data(who, BY_NAME) == {"organization": None, "repository": None}


async def test_01_lists_have_what_is_of_ones_own_organizations_alone(graph: Graph) -> None:
    found = await graph.data("olga", LISTS)
    shore = [{"fullName": "remote/shore"}]
    remote = {"slug": "remote", "repositories": {"nodes": shore}, "members": {"nodes": [{"user": {"name": "Olga"}}]}}
    assert found == {"organizations": {"nodes": [remote]}, "repositories": {"nodes": shore}}


@pytest.mark.parametrize("mutation", [UPDATE, DELETE, CHANGE, REMOVE, TRANSFER])
async def test_01_what_is_anothers_and_what_there_is_not_are_refused_alike(
    graph: Graph, world: World, mutation: str
) -> None:
    is_of_member = mutation in (CHANGE, REMOVE, TRANSFER)
    field, row = ("memberId", world.bens_membership) if is_of_member else ("organizationId", world.analytical)
    others = {UPDATE: {"name": "Mine"}, DELETE: {"name": "Analytical"}, CHANGE: {"role": "ADMIN"}}.get(mutation, {})
    ids = (row.public_id, f"{row.prefix}_{UNKNOWN}")
    answers = [await graph.data("olga", mutation, input={field: public_id, **others}) for public_id in ids]
    assert answers[0] == answers[1]
    assert await refusal(graph, "olga", mutation, **{field: row.public_id}, **others) == ("NOT_FOUND", f"input.{field}")


async def test_01_who_is_removed_hears_and_sees_nothing_more(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("ben", EVENTS, id=world.analytical.public_id) as ear:
        await ear.begun()
        await done(graph, "ada", REMOVE, memberId=world.bens_membership.public_id)
        with pytest.raises(Exception, match="no access to this any more"):
            await ear.hear()
    assert await graph.data("ben", BY_NAME) == {"organization": None, "repository": None}
