"""Invitations by e-mail address: to work on a project, or to belong to an organization."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from db.addressed import addressed_to
from db.base import Base, Updated, refers, state, string
from db.constraints import check, unique
from db.enums import Words
from db.permissions import MANAGE, OWN, SEE
from db.roots import narrow
from db.rules import through
from db.tables.organizations import OrganizationRole
from db.tables.specs_enums import ProjectRole


class InvitationStatus(Words):
    """The state of an invitation."""

    PENDING = "PENDING", "Waits for an answer."
    ACCEPTED = "ACCEPTED", "Was accepted."
    DECLINED = "DECLINED", "Was declined."
    REVOKED = "REVOKED", "Was taken back before it was answered."
    EXPIRED = "EXPIRED", "Was not answered in time."


class InvitationEventKind(Words):
    """Something that happened to an invitation."""

    INVITATION_SENT = "INVITATION_SENT", "Somebody is invited."
    INVITATION_ACCEPTED = "INVITATION_ACCEPTED", "It was accepted."
    INVITATION_DECLINED = "INVITATION_DECLINED", "It was declined."
    INVITATION_REVOKED = "INVITATION_REVOKED", "It was taken back."


INVITATION_TRANSITIONS = {
    InvitationStatus.PENDING: [
        InvitationStatus.ACCEPTED,
        InvitationStatus.DECLINED,
        InvitationStatus.REVOKED,
        InvitationStatus.EXPIRED,
    ],
}
OPEN_ALREADY = "This address has an invitation that waits for an answer."


invitees = addressed_to("email", SEE, OWN, people="users", address="email", shown_at="email_verified_at")


class Invitation(
    Updated,
    Base,
    access=invitees | through("organization_id", see=MANAGE) | through("project_id", see=MANAGE),
    prefix="inv",
):
    """The invitation of whoever has an e-mail address, known here or not. Those who invite do not learn which.

    `invitee_id` is the person who was told of it here; where nobody had the address, a mail was sent to it. The token
    in that mail is made of the id by the keyring, and only its hash is kept.
    """

    __tablename__ = "invitations"

    email: Mapped[str] = string(254)
    organization_id: Mapped[UUID | None] = refers("organizations")
    organization_role: Mapped[OrganizationRole | None]
    project_id: Mapped[UUID | None] = refers("specification_projects")
    project_role: Mapped[ProjectRole | None]
    status: Mapped[InvitationStatus] = state(InvitationStatus.PENDING, transitions=INVITATION_TRANSITIONS)
    token_hash: Mapped[bytes]
    invited_by_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True)
    invitee_id: Mapped[UUID | None] = refers("users", index=True)
    expires_at: Mapped[datetime]

    __table_args__ = (
        unique("token_hash", says="This token was given out before."),
        unique(
            "organization_id",
            "email",
            name="uq_invitations_organization_pending",
            where="status = 'PENDING'",
            says=OPEN_ALREADY,
        ),
        unique(
            "project_id", "email", name="uq_invitations_project_pending", where="status = 'PENDING'", says=OPEN_ALREADY
        ),
        Index(None, "email", "created_at", "id"),
        Index(None, "organization_id", "created_at", "id"),
        Index(None, "project_id", "created_at", "id"),
        Index(None, "invited_by_id", "created_at"),
        Index(None, "status", "expires_at"),
        check("email = lower(email)", name="lower", at="email", says="The letters of an address are small ones."),
        check("email LIKE '%_@_%'", at="email", says="An e-mail address has an @ with something on both sides."),
        check(
            "num_nonnulls(organization_id, project_id) = 1 "
            "AND (organization_id IS NULL) = (organization_role IS NULL) "
            "AND (project_id IS NULL) = (project_role IS NULL)",
            name="target",
            says="An invitation is to one organization or to one project, and names the role there.",
        ),
    )


narrow(Invitation, "invitation", "id")
