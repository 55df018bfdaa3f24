"""Accepting an invitation: by whom, how often, and what became of it and of whoever sent it in the meantime."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text

from db import tables
from db.access import GUEST
from db.tables import InvitationStatus, MembershipStatus, OrganizationRole, ProjectStatus
from tests.conftest import Graph
from tests.db.waiting import until
from tests.graphql_schema.asking import add, change, done, refusal, refusals
from tests.graphql_schema.invitations.asking import ACCEPT, DECLINE, MINE, REVOKE, TO_ORGANIZATION, TO_PROJECT
from tests.graphql_schema.organizations.asking import CHANGE, REMOVE
from tests.world import PEOPLE, World
from tests.world.invitations import token

PAST = datetime(2020, 1, 1, tzinfo=UTC)
NAMED = "input.invitationId"


async def invited(graph: Graph, who: str, mutation: str, **given: Any) -> dict[str, str]:
    """The input with which a new invitation is accepted."""
    return {"invitationId": (await done(graph, who, mutation, **given))["invitation"]["id"]}


async def members(graph: Graph, world: World) -> dict[str, str]:
    """The roles of who belongs to Analytical."""
    query = '{ organization(slug: "analytical") { members { nodes { role user { name } } } } }'
    found = (await graph.data("root", query))["organization"]["members"]["nodes"]
    return {member["user"]["name"]: member["role"] for member in found}


async def test_nobody_else_sees_whose_an_address_is_by_what_was_sent_to_it(graph: Graph, world: World) -> None:
    """Ada sees Ben, and the invitation of his address, and does not learn that the one is the other's."""
    async with graph.database.work(GUEST) as work:
        await work.execute(delete(tables.ProjectMember).where(tables.ProjectMember.id == world.bens_place.id))
    await done(graph, "ada", TO_PROJECT, projectId=world.atlas.public_id, email="ben@example.com")
    query = "query ($id: ID!) { node(id: $id) { ... on User { name invitations { totalCount } } } }"
    for who, count in {"ada": 0, "vera": 0, "root": 0, "ben": 1}.items():
        found = await graph.data(who, query, id=world.ben.public_id)
        assert found["node"] == {"name": "Ben", "invitations": {"totalCount": count}}


async def test_who_was_invited_reads_what_it_is_to_and_who_asks(graph: Graph, world: World) -> None:
    query = """
        query ($id: ID!) { node(id: $id) { ... on Invitation {
          email status targetName organizationRole invitedBy { name } organization { name }
        } } }
    """
    asked = {"email": "ines@example.com", "status": "PENDING", "targetName": "Analytical", "organizationRole": "MEMBER"}
    found = {who: (await graph.data(who, query, id=world.ines_invited.public_id))["node"] for who in (*PEOPLE, None)}
    by = asked | {"invitedBy": {"name": "Ada"}}
    whole = by | {"organization": {"name": "Analytical"}}
    expected = dict.fromkeys((*PEOPLE, None)) | {"ines": by | {"organization": None}, "ada": whole, "root": whole}
    assert found == expected


async def test_who_accepts_belongs_to_the_organization(graph: Graph, world: World) -> None:
    accepted = await done(graph, "ines", ACCEPT, invitationId=world.ines_invited.public_id)
    place = {"name": "Analytical", "viewerMembership": {"role": "MEMBER"}}
    assert accepted["invitation"] == {"status": "ACCEPTED", "organization": place, "project": None}
    assert await members(graph, world) == {"Ada": "OWNER", "Ben": "MEMBER", "Vera": "VIEWER", "Ines": "MEMBER"}


async def test_who_accepts_works_on_the_project(graph: Graph, world: World) -> None:
    given = await invited(
        graph, "ada", TO_PROJECT, projectId=world.atlas.public_id, email="sam@example.com", role="REVIEWER"
    )
    accepted = await done(graph, "sam", ACCEPT, **given)
    assert accepted["invitation"]["project"] == {"name": "Atlas", "viewerMembership": {"role": "REVIEWER"}}


async def test_the_token_of_the_mail_names_the_invitation_too(graph: Graph) -> None:
    accepted = await done(graph, "ines", ACCEPT, token=token("ines_invited"))
    assert accepted["invitation"]["organization"]["name"] == "Analytical"


@pytest.mark.parametrize("given", [{}, {"invitationId": "inv_0", "token": "tri_0"}])
async def test_an_invitation_is_named_in_one_way(graph: Graph, given: dict[str, str]) -> None:
    assert await refusal(graph, "ines", ACCEPT, **given) == ("BAD_USER_INPUT", NAMED)


@pytest.mark.parametrize("unknown", ["", "tri_", "ines_invited", token("nobody"), token("ines_invited") + "x"])
async def test_what_is_no_token_names_nothing(graph: Graph, unknown: str) -> None:
    assert await refusal(graph, "ines", ACCEPT, token=unknown) == ("NOT_FOUND", "input.token")


@pytest.mark.parametrize("who", ["sam", "ada", "root"])
async def test_a_token_serves_nobody_but_the_one_who_has_the_address(graph: Graph, world: World, who: str) -> None:
    (payload,) = (await graph.data(who, ACCEPT, input={"token": token("ines_invited")})).values()
    (error,) = payload["errors"]
    assert (error["code"], error["path"]) == ("FORBIDDEN", ["input", "token"])
    assert "i…@example.com" in error["message"]
    assert payload["invitation"] is None
    assert "Sam" not in await members(graph, world)


async def test_who_has_not_shown_that_the_address_is_theirs_finds_nothing_by_it(graph: Graph, world: World) -> None:
    await change(graph.database, world.ines, email_verified_at=None)
    assert (await graph.data("ines", MINE))["viewer"]["invitations"]["nodes"] == []
    given = {"invitationId": world.ines_invited.public_id}
    assert await refusal(graph, "ines", ACCEPT, **given) == ("NOT_FOUND", NAMED)
    assert await refusals(graph, "ines", ACCEPT, token=token("ines_invited")) == [("FORBIDDEN", "")]


async def test_the_case_of_letters_does_not_matter(graph: Graph, world: World) -> None:
    await change(graph.database, world.ines, email="INES@Example.com")
    await done(graph, "ines", ACCEPT, invitationId=world.ines_invited.public_id)


async def test_an_invitation_is_whose_the_address_is_today(graph: Graph, world: World) -> None:
    """Sam takes another address, and Rob has the one that was his."""
    await change(graph.database, world.sam, email="stranger@example.com")
    await change(graph.database, world.rob, email="sam@example.com")
    sams = {"invitationId": world.sam_invited.public_id}
    assert await refusal(graph, "sam", ACCEPT, **sams) == ("NOT_FOUND", NAMED)
    await done(graph, "rob", ACCEPT, **sams)
    await done(graph, "sam", ACCEPT, invitationId=world.stranger_invited.public_id)


@pytest.mark.parametrize(("who", "code"), [("ada", "FORBIDDEN"), ("root", "FORBIDDEN"), ("sam", "NOT_FOUND")])
async def test_nobody_accepts_for_somebody_else(graph: Graph, world: World, who: str, code: str) -> None:
    assert await refusal(graph, who, ACCEPT, invitationId=world.ines_invited.public_id) == (code, NAMED)


@pytest.mark.usefixtures("patient")
async def test_however_often_it_is_accepted_at_once_there_is_one_place(graph: Graph, world: World) -> None:
    named = [{"invitationId": world.ines_invited.public_id}, {"token": token("ines_invited")}] * 4
    accepted = await asyncio.gather(*(done(graph, "ines", ACCEPT, **given) for given in named))
    assert [one["invitation"]["status"] for one in accepted] == ["ACCEPTED"] * 8
    async with graph.database.read() as session:
        ines = tables.OrganizationMember.user_id == world.ines.id
        assert await session.scalar(select(func.count()).select_from(tables.OrganizationMember).where(ines)) == 1
        added = tables.AuditLog.action == "member_added"
        assert await session.scalar(select(func.count()).select_from(tables.AuditLog).where(added)) == 1


async def test_who_was_removed_does_not_come_back_by_what_they_have_accepted(graph: Graph, world: World) -> None:
    given = {"invitationId": world.ines_invited.public_id}
    await done(graph, "ines", ACCEPT, **given)
    async with graph.database.read() as session:
        ines = tables.OrganizationMember.user_id == world.ines.id
        place = (await session.scalars(select(tables.OrganizationMember).where(ines))).one()
    await done(graph, "ada", REMOVE, memberId=place.public_id)
    assert (await done(graph, "ines", ACCEPT, **given))["invitation"]["organization"] is None
    assert "Ines" not in await members(graph, world)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"status": InvitationStatus.REVOKED}, "taken back"),
        ({"status": InvitationStatus.DECLINED}, "declined"),
        ({"status": InvitationStatus.EXPIRED}, "expired"),
        ({"expires_at": PAST}, "expired"),
    ],
)
async def test_what_does_not_hold_any_more_is_a_conflict_that_says_why(
    graph: Graph, world: World, values: dict[str, Any], message: str
) -> None:
    await change(graph.database, world.ines_invited, **values)
    for given in ({"invitationId": world.ines_invited.public_id}, {"token": token("ines_invited")}):
        (payload,) = (await graph.data("ines", ACCEPT, input=given)).values()
        (error,) = payload["errors"]
        assert (error["code"], error["path"]) == ("CONFLICT", ["input", *given])
        assert message in error["message"]
        assert payload["invitation"]["organization"] is None
    assert "Ines" not in await members(graph, world)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("other", [REVOKE, DECLINE])
async def test_of_an_end_and_an_acceptance_at_once_one_is_done(graph: Graph, world: World, other: str) -> None:
    given = {"invitationId": world.ines_invited.public_id}
    async with graph.database.work(GUEST) as work:  # until both have begun
        await work.execute(text("SELECT FROM invitations FOR UPDATE"))
        ending = asyncio.create_task(refusals(graph, "ada" if other is REVOKE else "ines", other, **given))
        accepting = asyncio.create_task(refusals(graph, "ines", ACCEPT, **given))
        await until(graph.database, "SELECT count(*) = 2 FROM pg_locks WHERE NOT granted")
    told = await asyncio.gather(ending, accepting)
    assert sorted(map(len, told)) == [0, 1]
    assert [code for errors in told for code, _ in errors] == ["CONFLICT"]
    assert ("Ines" in await members(graph, world)) == (told[1] == [])


async def demoted(graph: Graph, world: World) -> None:
    await change(graph.database, world.bens_membership, role=OrganizationRole.MEMBER)


async def removed(graph: Graph, world: World) -> None:
    await done(graph, "ada", REMOVE, memberId=world.bens_membership.public_id)


async def deactivated(graph: Graph, world: World) -> None:
    await change(graph.database, world.ben, is_active=False)


async def forgotten(graph: Graph, world: World) -> None:
    async with graph.database.work(GUEST) as work:
        await work.execute(text("UPDATE invitations SET invited_by_id = NULL"))


@pytest.mark.parametrize("end", [demoted, removed, deactivated, forgotten])
async def test_an_invitation_holds_as_long_as_whoever_sent_it_could_send_it(
    graph: Graph, world: World, end: Any
) -> None:
    await change(graph.database, world.bens_membership, role=OrganizationRole.ADMIN)
    given = await invited(
        graph, "ben", TO_ORGANIZATION, organizationId=world.analytical.public_id, email="sam@example.com"
    )
    await end(graph, world)
    assert await refusal(graph, "sam", ACCEPT, **given) == ("CONFLICT", NAMED)
    assert "Sam" not in await members(graph, world)


async def test_who_owns_an_organization_no_more_makes_no_owner_of_it(graph: Graph, world: World) -> None:
    await change(graph.database, world.bens_membership, role=OrganizationRole.OWNER)
    to = {"organizationId": world.analytical.public_id}
    given = await invited(graph, "ben", TO_ORGANIZATION, **to, email="sam@example.com", role="OWNER")
    await done(graph, "ada", CHANGE, memberId=world.bens_membership.public_id, role="ADMIN")
    assert await refusal(graph, "sam", ACCEPT, **given) == ("CONFLICT", NAMED)
    await done(graph, "ada", CHANGE, memberId=world.bens_membership.public_id, role="OWNER")
    await done(graph, "sam", ACCEPT, **given)
    assert (await members(graph, world))["Sam"] == "OWNER"


@pytest.mark.parametrize("role", ["OWNER", "VIEWER"])
async def test_administrators_of_the_platform_invite_to_what_they_do_not_belong_to(
    graph: Graph, world: World, role: str
) -> None:
    to = {"organizationId": world.analytical.public_id}
    given = await invited(graph, "root", TO_ORGANIZATION, **to, email="sam@example.com", role=role)
    await done(graph, "sam", ACCEPT, **given)
    assert (await members(graph, world))["Sam"] == role


async def test_who_leads_a_project_no_more_has_invited_nobody(graph: Graph, world: World) -> None:
    await change(graph.database, world.bens_place, role="LEAD")
    given = await invited(graph, "ben", TO_PROJECT, projectId=world.atlas.public_id, email="sam@example.com")
    await change(graph.database, world.bens_place, status=MembershipStatus.REMOVED)
    assert await refusal(graph, "sam", ACCEPT, **given) == ("CONFLICT", NAMED)


@pytest.mark.usefixtures("patient")
async def test_a_plan_that_has_no_room_by_now_takes_nobody_in(graph: Graph, world: World) -> None:
    """Four belong to it, and two are invited who accept at once: the plan has five places."""
    given = await invited(
        graph, "ada", TO_ORGANIZATION, organizationId=world.analytical.public_id, email="sam@example.com"
    )
    await add(graph.database, tables.OrganizationMember(organization_id=world.analytical.id, user_id=world.rob.id))
    both = refusals(graph, "ines", ACCEPT, token=token("ines_invited")), refusals(graph, "sam", ACCEPT, **given)
    assert sorted(await asyncio.gather(*both)) == [[], [("FORBIDDEN", "")]]
    assert len(await members(graph, world)) == 5


async def test_who_belongs_to_it_by_now_keeps_their_role(graph: Graph, world: World) -> None:
    place = tables.OrganizationMember(
        organization_id=world.analytical.id, user_id=world.ines.id, role=OrganizationRole.ADMIN
    )
    await add(graph.database, place)
    await done(graph, "ines", ACCEPT, invitationId=world.ines_invited.public_id)
    assert (await members(graph, world))["Ines"] == "ADMIN"


async def test_who_was_removed_from_a_project_is_invited_back(graph: Graph, world: World) -> None:
    given = await invited(
        graph, "ada", TO_PROJECT, projectId=world.atlas.public_id, email="rob@example.com", role="LEAD"
    )
    accepted = await done(graph, "rob", ACCEPT, **given)
    assert accepted["invitation"]["project"]["viewerMembership"] == {"role": "LEAD"}


async def test_the_owner_of_a_project_becomes_no_member_of_it(graph: Graph, world: World) -> None:
    """Whoever leads it does not learn from the invitation whose the address is."""
    await change(graph.database, world.bens_place, role="LEAD")
    given = await invited(graph, "ben", TO_PROJECT, projectId=world.atlas.public_id, email="ada@example.com")
    assert [code for code, _ in await refusals(graph, "ada", ACCEPT, **given)] == ["CONFLICT"]


async def test_nobody_joins_a_project_that_is_closed(graph: Graph, world: World) -> None:
    given = await invited(graph, "ada", TO_PROJECT, projectId=world.atlas.public_id, email="sam@example.com")
    await change(graph.database, world.atlas, status=ProjectStatus.SUSPENDED)
    assert await refusal(graph, "sam", ACCEPT, **given) == ("FORBIDDEN", NAMED)
    await change(graph.database, world.atlas, status=ProjectStatus.ACTIVE)
    await done(graph, "sam", ACCEPT, **given)


async def test_what_an_invitation_was_to_can_be_gone(graph: Graph, world: World) -> None:
    async with graph.database.work(GUEST) as work:
        await work.execute(delete(tables.Organization).where(tables.Organization.id == world.analytical.id))
    assert await refusal(graph, "ines", ACCEPT, token=token("ines_invited")) == ("NOT_FOUND", "input.token")
