"""Calls of what people do with organizations and invitations."""

from collections.abc import Awaitable

from sqlalchemy import select

from db import tables
from db.actions import invitations, organizations
from db.tables import OrganizationRole, ProjectRole
from db.write import Work
from tests.db.calls import Call
from tests.world.invitations import token


def begun(work: Work, slug: str) -> Awaitable[tables.Organization]:
    return organizations.create_organization(work, tables.Organization(name="Begun", slug=slug))


async def handed_over(work: Work, user: tables.User) -> None:
    organization = await begun(work, "handed-over")
    await organizations.add_member(work, organization, user.id, OrganizationRole.VIEWER)
    place = tables.OrganizationMember.organization_id == organization.id, tables.OrganizationMember.user_id == user.id
    await organizations.transfer(work, (await work.scalars(select(tables.OrganizationMember).where(*place))).one())


async def ended(work: Work) -> None:
    await organizations.delete_organization(work, await begun(work, "ended"))


CALLS = (
    Call(
        organizations.create_organization,
        "sam",
        (),
        lambda work: begun(work, "begun"),
        "SELECT count(*) = 1 FROM organizations WHERE slug = 'begun'",
    ),
    Call(
        organizations.add_member,
        "ada",
        ("analytical", "rob"),
        lambda work, analytical, rob: organizations.add_member(work, analytical, rob.id, OrganizationRole.VIEWER),
        "SELECT count(*) = 1 FROM organization_members m JOIN users u ON u.id = user_id WHERE u.name = 'Rob'",
    ),
    Call(
        organizations.change_member,
        "ada",
        ("bens_membership",),
        lambda work, place: organizations.change_member(work, place, OrganizationRole.ADMIN),
        "SELECT count(*) = 1 FROM organization_members m JOIN users u ON u.id = user_id "
        "JOIN organizations o ON o.id = organization_id "
        "WHERE o.slug = 'analytical' AND u.name = 'Ben' AND m.role = 'ADMIN'",
    ),
    Call(
        organizations.remove_member,
        "ada",
        ("veras_membership",),
        organizations.remove_member,
        "SELECT count(*) = 0 FROM organization_members m JOIN users u ON u.id = user_id WHERE u.name = 'Vera'",
    ),
    Call(
        organizations.transfer,
        "ada",
        ("ben",),
        handed_over,
        "SELECT count(*) = 1 FROM organization_members m JOIN users u ON u.id = user_id "
        "JOIN organizations o ON o.id = organization_id "
        "WHERE o.slug = 'handed-over' AND u.name = 'Ben' AND m.role = 'OWNER'",
    ),
    Call(
        organizations.delete_organization,
        "sam",
        (),
        ended,
        "SELECT count(*) = 1 FROM audit_logs WHERE action = 'organization_deleted'",
    ),
    Call(
        invitations.invite_to_organization,
        "olga",
        ("remote",),
        lambda work, remote: invitations.invite_to_organization(
            work, remote, "new@example.com", OrganizationRole.ADMIN
        ),
        "SELECT count(*) = 1 FROM invitations WHERE email = 'new@example.com' AND organization_role = 'ADMIN'",
    ),
    Call(
        invitations.invite_to_project,
        "ada",
        ("atlas",),
        lambda work, atlas: invitations.invite_to_project(work, atlas, "new@example.com", ProjectRole.LEAD),
        "SELECT count(*) = 1 FROM invitations WHERE email = 'new@example.com' AND project_role = 'LEAD'",
    ),
    Call(
        invitations.accept,
        "ines",
        ("ines_invited",),
        invitations.accept,
        "SELECT count(*) = 1 FROM organization_members m JOIN users u ON u.id = user_id WHERE u.name = 'Ines'",
    ),
    Call(
        invitations.accept_by_token,
        "sam",
        (),
        lambda work: invitations.accept_by_token(work, token("sam_invited")),
        "SELECT count(*) = 1 FROM organization_members m JOIN users u ON u.id = user_id "
        "JOIN organizations o ON o.id = organization_id WHERE o.slug = 'remote' AND u.name = 'Sam'",
    ),
)
