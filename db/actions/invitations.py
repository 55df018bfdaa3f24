"""Invitations by e-mail address: send one, accept it, and let those expire that nobody answers.

An address is answered alike whether or not somebody here has it: that is looked up behind the answer, by a job.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select, update

from db import tables
from db.access import GUEST, Viewer, allows
from db.actions import organizations, specs
from db.actions.accounts import check_verified
from db.actions.invitation_mail import is_token, token_of
from db.actions.verification import address
from db.errors import Conflict, Forbidden, NotFound
from db.mail import veiled
from db.outbox import topic
from db.permissions import MANAGE, OWN
from db.queue.declared import CLEARED, clears, job
from db.records import fill_defaults
from db.tables import InvitationEventKind, InvitationStatus, MembershipStatus, OrganizationRole, ProjectRole
from db.tables.invitations import OPEN_ALREADY
from db.tokens import token_hash
from db.transitions import transition
from db.write import Work

LIFETIME = timedelta(days=7)
KEPT = timedelta(days=90)
"""How long it can be seen what became of an invitation. Then the address, which may be a stranger's, is forgotten."""
MAX_A_DAY = 100
"""Invitations that a person may send within a day: each may be a mail to somebody who did not ask for it."""
ENDED = {
    InvitationStatus.DECLINED: "You have declined this invitation.",
    InvitationStatus.REVOKED: "This invitation was taken back.",
    InvitationStatus.EXPIRED: "This invitation has expired. Ask for another one.",
}
UNINVITED = "Whoever invited you may no longer do so. Ask for another invitation."

ended_invitations = clears(
    tables.Invitation,
    lambda row: (row.status != InvitationStatus.PENDING) & (row.updated_at < func.now() - KEPT),
    cron="37 4 * * *",
)


@job(cron="*/10 * * * *")
async def expire_invitations(work: Work) -> None:
    """Mark the invitations as expired that nobody has answered in time."""
    table = tables.Invitation
    late = select(table.id).where(_is_late()).limit(CLEARED).with_for_update(skip_locked=True)
    await _expire(work, table.id.in_(late))


async def invite_to_organization(
    work: Work, organization: tables.Organization, email: str, role: OrganizationRole
) -> tables.Invitation:
    """An invitation to belong to an organization. Only owners make owners.

    Raises Conflict for somebody who belongs to it, and Forbidden where its plan has no room for one more.
    """
    if role is OrganizationRole.OWNER:
        await organizations.check_owner(work, organization.id, at="role")
    await _check_inviter(work)
    await work.execute(organizations.locked(organization.id))
    invitation = tables.Invitation(email=address(email), organization_id=organization.id, organization_role=role)
    member = select(tables.OrganizationMember.id).join(tables.User).where(_is_to(invitation))
    if await work.scalar(member.where(tables.OrganizationMember.organization_id == organization.id)):
        raise Conflict("This person is in the organization already.", at="email")
    await _check_new(work, invitation)
    await organizations.check_place(work, organization, with_invited=True)
    return await _send(work, invitation, role)


async def invite_to_project(
    work: Work, project: tables.SpecificationProject, email: str, role: ProjectRole
) -> tables.Invitation:
    """An invitation to work on a project. Raises Conflict for somebody who does.

    Whether it is the owner's address is not said: whoever leads the project sees that of its members alone.
    """
    await _check_inviter(work)
    invitation = tables.Invitation(email=address(email), project_id=project.id, project_role=role)
    member = select(tables.ProjectMember.id).join(tables.User).where(_is_to(invitation))
    place = tables.ProjectMember.project_id == project.id, tables.ProjectMember.status == MembershipStatus.ACTIVE
    if await work.scalar(member.where(*place)):
        raise Conflict("This person has a place in the project already.", at="email")
    await _check_new(work, invitation)
    return await _send(work, invitation, role)


async def accept(work: Work, invitation: tables.Invitation, *, at: str = "invitationId") -> tables.Invitation:
    """Give the viewer the place that they were invited to. What they have accepted before stays as it is.

    Raises Conflict, with the invitation, where it does not hold any more, and where whoever sent it could not send it
    today; Forbidden where the plan has no room. `at` is the input field that names it.
    """
    organization = None
    if invitation.organization_id:
        organization = (await work.execute(organizations.locked(invitation.organization_id))).scalar_one()
    invitation = await work.get(tables.Invitation, invitation.public_id, at=at, may=OWN, lock=True)
    if invitation.status is InvitationStatus.ACCEPTED:
        return invitation
    is_late = invitation.status is InvitationStatus.PENDING and invitation.expires_at <= datetime.now(UTC)
    if ended := ENDED.get(InvitationStatus.EXPIRED if is_late else invitation.status):
        raise Conflict(ended, at=at, current=invitation)
    if not await _could_be_sent(work, invitation):
        raise Conflict(UNINVITED, at=at, current=invitation)
    transition(invitation, InvitationStatus.ACCEPTED)
    work.change(invitation, {"invitee_id": work.viewer_id})
    work.audit("invitation_accepted", invitation)
    await work.happened(InvitationEventKind.INVITATION_ACCEPTED, invitation)
    if organization and invitation.organization_role:
        await organizations.add_member(work, organization, work.viewer_id, invitation.organization_role)
    elif invitation.project_role:
        await _join(work, invitation, invitation.project_role)
    return invitation


async def accept_by_token(work: Work, token: str) -> tables.Invitation:
    """Accept the invitation that was sent with this token, to the viewer's own address: see `accept`.

    Raises NotFound for a token that was not given out, and Forbidden for a viewer who has another address: a mail is
    passed on more easily than an address.
    """
    sent = select(tables.Invitation).where(tables.Invitation.token_hash == token_hash(token))
    invitation = await work.scalar(sent) if is_token(token) else None
    if invitation is None:
        raise NotFound("There is no such invitation.", at="token")
    if not await work.scalar(select(tables.User.id).where(tables.User.id == work.viewer_id, _is_to(invitation))):
        message = f"This invitation was sent to {veiled(invitation.email)}. Sign in with that address."
        raise Forbidden(message, at="token")
    await check_verified(work)
    return await accept(work, invitation, at="token")


async def _join(work: Work, invitation: tables.Invitation, role: ProjectRole) -> None:
    """Make the viewer a member of the project. The database raises Conflict for its owner."""
    one = select(tables.SpecificationProject).where(tables.SpecificationProject.id == invitation.project_id)
    project = (await work.execute(one)).scalar_one()
    viewer = (await work.execute(select(tables.User).where(tables.User.id == work.viewer_id))).scalar_one()
    await specs.add_members(work, project, [(viewer, role)])


async def _check_inviter(work: Work) -> None:
    """Raise Forbidden for a viewer who has not shown their own address, and for one who invites too many."""
    await check_verified(work)
    table = tables.Invitation
    of_today = table.invited_by_id == work.viewer_id, table.created_at > func.now() - timedelta(days=1)
    if (await work.scalar(select(func.count()).where(*of_today)) or 0) >= MAX_A_DAY:
        raise Forbidden(f"You may invite {MAX_A_DAY} people a day. Go on tomorrow.")


async def _check_new(work: Work, invitation: tables.Invitation) -> None:
    """Raise Conflict, with the other one, where an invitation of the same address to the same waits for an answer."""
    table = tables.Invitation
    target = "organization_id" if invitation.organization_id else "project_id"
    is_same = getattr(table, target) == getattr(invitation, target)
    waits = is_same, table.email == invitation.email, table.status == InvitationStatus.PENDING
    await _expire(work, and_(_is_late(), *waits))
    if waiting := await work.scalar(select(table).where(*waits)):
        raise Conflict(OPEN_ALREADY, at="email", current=waiting)


async def _send(work: Work, invitation: tables.Invitation, role: OrganizationRole | ProjectRole) -> tables.Invitation:
    """The invitation, as the viewer sends it now."""
    fill_defaults(invitation)
    invitation.invited_by_id = work.viewer_id
    invitation.expires_at = datetime.now(UTC) + LIFETIME
    invitation.token_hash = token_hash(token_of(work.keyring, invitation.id))
    await work.add(invitation)
    work.audit("invitation_sent", invitation, role=role)
    await work.happened(InvitationEventKind.INVITATION_SENT, invitation)
    return invitation


async def _could_be_sent(work: Work, invitation: tables.Invitation) -> bool:
    """Whether the person who has sent an invitation could send it now."""
    inviter = await work.scalar(select(tables.User).where(tables.User.id == invitation.invited_by_id))
    viewer = Viewer(inviter.id, inviter.role) if inviter and inviter.is_active else GUEST
    target = (tables.Organization if invitation.organization_id else tables.SpecificationProject).__table__
    key = invitation.organization_id or invitation.project_id
    allowed = select(allows(MANAGE, target, viewer)).where(target.c.id == key)
    may_invite = bool((await work.execute(allowed, viewer.parameters)).scalar_one())
    if invitation.organization_id and invitation.organization_role is OrganizationRole.OWNER and not viewer.is_admin:
        role = await work.scalar(organizations.role_of(invitation.organization_id, viewer.id))
        return may_invite and role is OrganizationRole.OWNER
    return may_invite


async def _expire(work: Work, which: ColumnElement[bool]) -> None:
    expired = update(tables.Invitation).where(which).values(status=InvitationStatus.EXPIRED)
    gone = await work.scalars(expired.returning(tables.Invitation.id))
    work.touch(*(topic("invitation", key) for key in gone))


def _is_late() -> ColumnElement[bool]:
    """The condition that an invitation was not answered in time."""
    return and_(tables.Invitation.status == InvitationStatus.PENDING, tables.Invitation.expires_at <= func.now())


def _is_to(invitation: tables.Invitation) -> ColumnElement[bool]:
    """The condition that a user has the address of an invitation."""
    return func.lower(tables.User.email) == invitation.email
