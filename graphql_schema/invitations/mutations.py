"""Inviting people by their address, and answering."""

import strawberry

from db import tables
from db.actions import invitations
from db.errors import BadInput
from db.permissions import MANAGE, OWN
from db.tables import InvitationEventKind, InvitationStatus, OrganizationRole, ProjectRole
from db.write import Work
from graphql_schema.core import mutation, transition
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import text

enumeration(OrganizationRole)
enumeration(ProjectRole)
ADDRESS = "The address; the case of its letters does not matter."


@strawberry.input(description="Somebody who is to belong to an organization.")
class InviteToOrganizationInput:
    """An address and a role."""

    organization_id: strawberry.ID = strawberry.field(description="The organization.")
    email: str = text(tables.Invitation.email, ADDRESS)
    role: OrganizationRole = strawberry.field(
        default=OrganizationRole.MEMBER, description="What they are to be there. Only owners make owners."
    )


@strawberry.input(description="Somebody who is to work on a project.")
class InviteToProjectInput:
    """An address and a role."""

    project_id: strawberry.ID = strawberry.field(description="The project.")
    email: str = text(tables.Invitation.email, ADDRESS)
    role: ProjectRole = strawberry.field(default=ProjectRole.MEMBER, description="What they may do there.")


@strawberry.input(description="An invitation to accept: name it in one of both ways.")
class AcceptInvitationInput:
    """An invitation or its token."""

    invitation_id: strawberry.ID | None = strawberry.field(default=None, description="An invitation of yours.")
    token: str | None = text(100, "The token from the mail that it was sent by.", default=None)


@strawberry.input(description="An invitation.")
class InvitationInput:
    """An invitation."""

    invitation_id: strawberry.ID = strawberry.field(description="The invitation.")


@mutation(invitation=tables.Invitation)
async def invite_to_organization(work: Work, input: InviteToOrganizationInput) -> tables.Invitation:
    """Invite whoever has an address to belong to an organization, for a week. For those who manage it.

    Who is known here is notified, and others get a mail: you do not learn which. While an invitation waits for an
    answer, another one is a `CONFLICT`, and it takes the place of a member in the plan. It holds as long as you could
    send it.
    """
    organization = await work.get(tables.Organization, input.organization_id, at="organizationId", may=MANAGE)
    return await invitations.invite_to_organization(work, organization, input.email, input.role)


@mutation(invitation=tables.Invitation)
async def invite_to_project(work: Work, input: InviteToProjectInput) -> tables.Invitation:
    """Invite whoever has an address to work on a project, for a week. For its owner and members who lead it.

    Who is known here is notified, and others get a mail: you do not learn which. While an invitation waits for an
    answer, another one is a `CONFLICT`. It holds as long as you could send it.
    """
    project = await work.get(tables.SpecificationProject, input.project_id, at="projectId", may=MANAGE)
    return await invitations.invite_to_project(work, project, input.email, input.role)


@mutation(invitation=tables.Invitation)
async def accept_invitation(work: Work, input: AcceptInvitationInput) -> tables.Invitation:
    """Accept an invitation that was sent to your verified address. From then on you see what it is to.

    What has been taken back, has expired, or was sent by somebody who could not send it any more is a `CONFLICT`. To
    accept again changes nothing.
    """
    if (input.invitation_id is None) == (input.token is None):
        raise BadInput("Name the invitation in one way: give one of both.", at="invitationId")
    if input.token is not None:
        return await invitations.accept_by_token(work, input.token)
    found = await work.get(tables.Invitation, str(input.invitation_id), at="invitationId", may=OWN)
    return await invitations.accept(work, found)


decline_invitation = transition(
    "Decline an invitation that was sent to your verified address.",
    InvitationInput,
    at=tables.Invitation,
    may=OWN,
    to=InvitationStatus.DECLINED,
    tells=InvitationEventKind.INVITATION_DECLINED,
)

revoke_invitation = transition(
    "Take an invitation back before it is answered. For those who manage what it is to.",
    InvitationInput,
    at=tables.Invitation,
    may=MANAGE,
    to=InvitationStatus.REVOKED,
    tells=InvitationEventKind.INVITATION_REVOKED,
)
