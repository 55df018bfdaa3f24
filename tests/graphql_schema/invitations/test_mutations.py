"""Inviting people by their address: who may, how many, and that nobody learns from it who is here."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from db import tables
from db.access import GUEST
from db.actions import invitations
from db.actions.invitation_mail import token_of
from db.tables import InvitationStatus, OrganizationPlan, OrganizationRole, ProjectStatus
from tests.conftest import Graph
from tests.graphql_schema.asking import change, done, refusal, refusals
from tests.graphql_schema.invitations.asking import DECLINE, REVOKE, TO_ORGANIZATION, TO_PROJECT
from tests.world import World

PAST = datetime(2020, 1, 1, tzinfo=UTC)
WRITTEN = """
    SELECT (SELECT count(*) FROM outbox_events WHERE ids::text LIKE :text)
    + (SELECT count(*) FROM audit_logs WHERE to_jsonb(audit_logs)::text LIKE :text)
    + (SELECT count(*) FROM queue.pgqueuer WHERE convert_from(payload, 'UTF8') LIKE :text)
"""


def to_analytical(world: World, **given: Any) -> dict[str, Any]:
    return {"organizationId": world.analytical.public_id, "email": "new@example.com", **given}


def to_atlas(world: World, **given: Any) -> dict[str, Any]:
    return {"projectId": world.atlas.public_id, "email": "new@example.com", **given}


async def test_an_invitation_says_who_is_asked_by_whom_to_be_what(graph: Graph, world: World) -> None:
    invited = await done(graph, "ada", TO_ORGANIZATION, **to_analytical(world, email=" New@Example.COM ", role="ADMIN"))
    assert invited["invitation"].pop("id")
    assert invited["invitation"] == {
        "email": "new@example.com",
        "status": "PENDING",
        "organizationRole": "ADMIN",
        "projectRole": None,
        "targetName": "Analytical",
        "invitedBy": {"name": "Ada"},
    }
    invited = await done(graph, "ada", TO_PROJECT, **to_atlas(world))
    assert (invited["invitation"]["projectRole"], invited["invitation"]["targetName"]) == ("MEMBER", "Atlas")


async def test_it_holds_for_a_week(graph: Graph, world: World) -> None:
    await done(graph, "ada", TO_PROJECT, **to_atlas(world))
    async with graph.database.read() as session:
        sent = (await session.scalars(select(tables.Invitation).order_by(tables.Invitation.id.desc()))).first()
    assert sent
    assert abs(sent.expires_at - sent.created_at - timedelta(days=7)) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("who", "code"), [("ada", None), ("root", None), ("ben", None), ("vera", "FORBIDDEN"), ("olga", "NOT_FOUND")]
)
async def test_who_manages_an_organization_invites_to_it(
    graph: Graph, world: World, who: str, code: str | None
) -> None:
    await change(graph.database, world.bens_membership, role=OrganizationRole.ADMIN)
    told = await refusals(graph, who, TO_ORGANIZATION, **to_analytical(world))
    assert told == ([(code, "input.organizationId")] if code else [])


@pytest.mark.parametrize(
    ("who", "code"), [("ada", None), ("root", None), ("ben", "FORBIDDEN"), ("rob", "NOT_FOUND"), ("olga", "NOT_FOUND")]
)
async def test_who_manages_a_project_invites_to_it(graph: Graph, world: World, who: str, code: str | None) -> None:
    told = await refusals(graph, who, TO_PROJECT, **to_atlas(world))
    assert told == ([(code, "input.projectId")] if code else [])


async def test_only_owners_invite_owners(graph: Graph, world: World) -> None:
    await change(graph.database, world.bens_membership, role=OrganizationRole.ADMIN)
    given = to_analytical(world, role="OWNER")
    assert await refusal(graph, "ben", TO_ORGANIZATION, **given) == ("FORBIDDEN", "input.role")
    await done(graph, "ada", TO_ORGANIZATION, **given)


async def test_who_has_not_shown_their_own_address_invites_nobody(graph: Graph, world: World) -> None:
    await change(graph.database, world.ada, email_verified_at=None)
    assert await refusals(graph, "ada", TO_ORGANIZATION, **to_analytical(world)) == [("FORBIDDEN", "")]
    assert await refusals(graph, "ada", TO_PROJECT, **to_atlas(world)) == [("FORBIDDEN", "")]


@pytest.mark.parametrize("email", ["", "nobody", "@example.com", "somebody@"])
async def test_an_address_has_a_form(graph: Graph, world: World, email: str) -> None:
    for mutation, given in ((TO_ORGANIZATION, to_analytical(world)), (TO_PROJECT, to_atlas(world))):
        told = await refusal(graph, "ada", mutation, **given | {"email": email})
        assert told == ("BAD_USER_INPUT", "input.email")


async def test_nobody_is_invited_to_where_they_are(graph: Graph, world: World) -> None:
    given = to_analytical(world, email="BEN@example.com")
    assert await refusal(graph, "ada", TO_ORGANIZATION, **given) == ("CONFLICT", "input.email")
    assert await refusal(graph, "ada", TO_PROJECT, **to_atlas(world, email="ben@example.com")) == (
        "CONFLICT",
        "input.email",
    )
    await done(graph, "ada", TO_PROJECT, **to_atlas(world, email="rob@example.com"))  # who was removed


async def test_an_address_is_answered_alike_whoever_has_it(graph: Graph, world: World) -> None:
    """Neither what is told nor what is done says whether somebody is here, nor whether they have shown the address."""
    await change(graph.database, world.sam, email_verified_at=None)
    answers, statements = [], []
    for email in ("rob@example.com", "sam@example.com", "nobody@example.com"):
        for mutation, given in ((TO_ORGANIZATION, to_analytical(world)), (TO_PROJECT, to_atlas(world))):
            await change(graph.database, world.analytical, plan=OrganizationPlan.PRO)
            answer = await done(graph, "ada", mutation, **given | {"email": email})
            statements.append([one for one in graph.statements if "queue" not in one])
            answers.append({**answer["invitation"], "id": "", "email": ""})
    assert answers[0::2] == [answers[0]] * 3
    assert answers[1::2] == [answers[1]] * 3
    assert statements[0::2] == [statements[0]] * 3
    assert statements[1::2] == [statements[1]] * 3


async def test_neither_the_address_nor_the_token_is_in_events_jobs_and_the_audit_log(
    graph: Graph, world: World
) -> None:
    await done(graph, "ada", TO_PROJECT, **to_atlas(world))
    async with graph.database.read() as session:
        sent = (await session.scalars(select(tables.Invitation).order_by(tables.Invitation.id.desc()))).first()
        assert sent
        token = token_of(graph.database.keyring, sent.id)
        for words in ("new@example", token, token.removeprefix("tri_")):
            assert await session.scalar(text(WRITTEN), {"text": f"%{words}%"}) == 0
        assert await session.scalar(text(WRITTEN), {"text": f"%{sent.public_id}%"}) >= 2


async def test_while_an_invitation_waits_another_one_is_a_conflict_with_it(graph: Graph, world: World) -> None:
    given = to_analytical(world, email="Ines@example.com", role="ADMIN")
    payload = (await graph.data("ada", TO_ORGANIZATION, input=given))["inviteToOrganization"]
    assert [error["code"] for error in payload["errors"]] == ["CONFLICT"]
    assert payload["invitation"]["id"] == world.ines_invited.public_id
    assert payload["invitation"]["organizationRole"] == "MEMBER"


@pytest.mark.parametrize("way", ["declined", "revoked", "late"])
async def test_who_is_not_invited_any_more_can_be_invited_again(graph: Graph, world: World, way: str) -> None:
    if way == "declined":
        await done(graph, "ines", DECLINE, invitationId=world.ines_invited.public_id)
    elif way == "revoked":
        await done(graph, "ada", REVOKE, invitationId=world.ines_invited.public_id)
    else:
        await change(graph.database, world.ines_invited, expires_at=PAST)
    await done(graph, "ada", TO_ORGANIZATION, **to_analytical(world, email="ines@example.com"))


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("mutation", [TO_ORGANIZATION, TO_PROJECT])
async def test_of_many_invitations_of_one_address_at_once_there_is_one(
    graph: Graph, world: World, mutation: str
) -> None:
    given = to_analytical(world) if mutation is TO_ORGANIZATION else to_atlas(world)
    calls = (refusals(graph, who, mutation, **given) for who in ("ada", "root") * 10)
    told = sorted(await asyncio.gather(*calls))
    assert told == [[], *[[("CONFLICT", "input.email")]] * 19]


@pytest.mark.usefixtures("patient")
async def test_a_plan_has_room_for_so_many_members_and_invitations(graph: Graph, world: World) -> None:
    """Three belong to it, one is invited: of twenty more who are invited at once one finds room."""
    calls = (
        refusals(graph, "ada", TO_ORGANIZATION, **to_analytical(world, email=f"new{number}@example.com"))
        for number in range(20)
    )
    told = sorted(await asyncio.gather(*calls))
    assert told == [[], *[[("FORBIDDEN", "")]] * 19]
    await change(graph.database, world.analytical, plan=OrganizationPlan.PRO)
    await done(graph, "ada", TO_ORGANIZATION, **to_analytical(world, email="others@example.com"))


async def test_an_invitation_that_is_late_takes_no_place(graph: Graph, world: World) -> None:
    for number in range(2):
        told = await refusals(graph, "ada", TO_ORGANIZATION, **to_analytical(world, email=f"new{number}@example.com"))
        assert told == ([("FORBIDDEN", "")] if number else [])
    await change(graph.database, world.ines_invited, expires_at=PAST)
    await done(graph, "ada", TO_ORGANIZATION, **to_analytical(world, email="new1@example.com"))


async def test_nobody_sends_many_invitations_a_day(graph: Graph, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "MAX_A_DAY", 5)  # of which the world has three of Ada's
    for number in range(3):
        told = await refusals(graph, "ada", TO_PROJECT, **to_atlas(world, email=f"new{number}@example.com"))
        assert told == ([("FORBIDDEN", "")] if number == 2 else [])
    async with graph.database.work(GUEST) as work:
        await work.execute(text("UPDATE invitations SET created_at = created_at - interval '1 day'"))
    await done(graph, "ada", TO_PROJECT, **to_atlas(world))


async def test_nobody_is_invited_to_a_project_that_is_closed(graph: Graph, world: World) -> None:
    await change(graph.database, world.atlas, status=ProjectStatus.ARCHIVED)
    assert await refusal(graph, "ada", TO_PROJECT, **to_atlas(world)) == ("FORBIDDEN", "input.projectId")


@pytest.mark.parametrize(
    ("who", "mutation", "told"),
    [
        ("ines", DECLINE, "DECLINED"),
        ("ada", DECLINE, ("FORBIDDEN", "input.invitationId")),
        ("root", DECLINE, ("FORBIDDEN", "input.invitationId")),
        ("sam", DECLINE, ("NOT_FOUND", "input.invitationId")),
        ("ada", REVOKE, "REVOKED"),
        ("root", REVOKE, "REVOKED"),
        ("ines", REVOKE, ("FORBIDDEN", "input.invitationId")),
        ("ben", REVOKE, ("NOT_FOUND", "input.invitationId")),
    ],
)
async def test_who_was_invited_declines_and_who_manages_takes_back(
    graph: Graph, world: World, who: str, mutation: str, told: Any
) -> None:
    given = {"invitationId": world.ines_invited.public_id}
    if isinstance(told, str):
        assert (await done(graph, who, mutation, **given))["invitation"] == {"status": told}
        assert (await done(graph, who, mutation, **given))["invitation"] == {"status": told}
    else:
        assert await refusal(graph, who, mutation, **given) == told


@pytest.mark.parametrize(
    "status", [InvitationStatus.ACCEPTED, InvitationStatus.DECLINED, InvitationStatus.REVOKED, InvitationStatus.EXPIRED]
)
async def test_what_was_answered_stays_so(graph: Graph, world: World, status: InvitationStatus) -> None:
    await change(graph.database, world.ines_invited, status=status)
    given = {"invitationId": world.ines_invited.public_id}
    if status is not InvitationStatus.DECLINED:
        assert await refusals(graph, "ines", DECLINE, **given) == [("CONFLICT", "")]
    if status is not InvitationStatus.REVOKED:
        assert await refusals(graph, "ada", REVOKE, **given) == [("CONFLICT", "")]
