"""Organizations, and who belongs to them as what."""

import strawberry

from db import tables
from db.actions import organizations
from db.errors import BadInput
from db.permissions import MANAGE, OWN
from db.tables import OrganizationEventKind, OrganizationRole
from db.write import Work
from graphql_schema.core import delete, mutation, update
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import text
from graphql_schema.core.updates import change

enumeration(OrganizationRole)
SLUG = "The name in addresses: small letters from a to z and digits, with single hyphens between them."
MEMBER = "Their place in the organization, one of its `members`."


@strawberry.input(description="An organization to begin.")
class CreateOrganizationInput:
    """A new organization."""

    name: str = text(tables.Organization.name, "The name to show; not empty.")
    slug: str = text(tables.Organization.slug, f"{SLUG} Unique.")
    description: str | None = text(tables.Organization.description, "What it is about.", default=None)


@strawberry.input(description="What to change of an organization.")
class UpdateOrganizationInput:
    """Changes of an organization."""

    organization_id: strawberry.ID = strawberry.field(description="The organization.")
    name: str | None = change(tables.Organization.name, "The name to show; not empty.")
    slug: str | None = change(tables.Organization.slug, f"{SLUG} Unique.")
    description: str | None = change(tables.Organization.description, "What it is about.")


@strawberry.input(description="A role for a member of an organization.")
class ChangeOrganizationMemberInput:
    """Another role."""

    member_id: strawberry.ID = strawberry.field(description=MEMBER)
    role: OrganizationRole = strawberry.field(description="What they are from now on.")


@strawberry.input(description="A member to remove from an organization.")
class RemoveOrganizationMemberInput:
    """Somebody else's place."""

    member_id: strawberry.ID = strawberry.field(description=MEMBER)


@strawberry.input(description="An organization to leave.")
class LeaveOrganizationInput:
    """A place of the viewer."""

    member_id: strawberry.ID = strawberry.field(description="Your place in it: its `viewerMembership`.")


@strawberry.input(description="An organization to hand over.")
class TransferOrganizationInput:
    """A member who becomes the owner."""

    member_id: strawberry.ID = strawberry.field(description=f"The member who is to own it. {MEMBER}")


@strawberry.input(description="An organization to delete.")
class DeleteOrganizationInput:
    """An organization, named twice."""

    organization_id: strawberry.ID = strawberry.field(description="The organization.")
    name: str = text(tables.Organization.name, "Its name, repeated, so that nobody deletes another one by mistake.")


@mutation(organization=tables.Organization)
async def create_organization(work: Work, input: CreateOrganizationInput) -> tables.Organization:
    """Begin an organization, and own it. For everybody who has verified their address."""
    organization = tables.Organization(name=input.name, slug=input.slug, description=input.description)
    return await organizations.create_organization(work, organization)


update_organization = update(
    "Change what an organization says of itself; fields that are left out stay as they are. For those who manage it. "
    "A new name in addresses breaks those that have the old one.",
    UpdateOrganizationInput,
    at=tables.Organization,
    may=MANAGE,
    tells=OrganizationEventKind.ORGANIZATION_CHANGED,
)


@mutation(member=tables.OrganizationMember)
async def change_organization_member(work: Work, input: ChangeOrganizationMemberInput) -> tables.OrganizationMember:
    """Give a member of an organization another role. For those who manage it; only owners make owners, and only owners
    change what owners are. The last owner stays one: that is a `CONFLICT`.
    """
    member = await work.get(tables.OrganizationMember, input.member_id, at="memberId", may=MANAGE, lock=True)
    await organizations.change_member(work, member, input.role)
    return member


@mutation(organization=tables.Organization, deleted_member_id=strawberry.ID)
async def remove_organization_member(
    work: Work, input: RemoveOrganizationMemberInput
) -> tuple[tables.Organization, str]:
    """Take somebody out of an organization. From then on they see and hear nothing of it. For those who manage it; only
    owners remove owners. The last owner stays: that is a `CONFLICT`.
    """
    member = await work.get(tables.OrganizationMember, input.member_id, at="memberId", may=MANAGE, lock=True)
    organization = tables.Organization(id=member.organization_id)
    await organizations.remove_member(work, member)
    return organization, input.member_id


leave_organization = delete(
    "Leave an organization. From then on you see and hear nothing of it. Its last owner cannot leave: that is a "
    "`CONFLICT`.",
    LeaveOrganizationInput,
    at=tables.OrganizationMember,
    may=OWN,
    tells=OrganizationEventKind.MEMBER_REMOVED,
    viewer=tables.User,
)


@mutation(organization=tables.Organization)
async def transfer_organization(work: Work, input: TransferOrganizationInput) -> tables.Organization:
    """Hand an organization over to a member. You are an administrator of it from then on. For its owners."""
    member = await work.get(tables.OrganizationMember, input.member_id, at="memberId", may=MANAGE, lock=True)
    await organizations.transfer(work, member)
    return tables.Organization(id=member.organization_id)


@mutation(deleted_organization_id=strawberry.ID, viewer=tables.User)
async def delete_organization(work: Work, input: DeleteOrganizationInput) -> tuple[str, tables.User]:
    """Delete an organization with its repositories and all that is theirs, and its invitations. For its owners.

    Specification projects stay with their owners, and belong to no organization.
    """
    organization = await work.get(
        tables.Organization, input.organization_id, at="organizationId", may=MANAGE, lock=True
    )
    if input.name != organization.name:
        raise BadInput("This is not the name of the organization.", at="name")
    await organizations.delete_organization(work, organization)
    return input.organization_id, tables.User(id=work.viewer_id)
