"""How people hear of an invitation: here, if somebody has the address and has shown it, and else by a mail to it.

The token in that mail is signed, not drawn: it is made anew where it is needed, and stands in no event and no job.
"""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from db import tables
from db.actions.notifications import notify
from db.ids import key_of
from db.keyring import Keyring
from db.mail import Mail
from db.queue.declared import job
from db.queue.steps import Steps
from db.tables import InvitationEventKind, InvitationStatus, NotificationType, OrganizationRole, ProjectRole
from db.tokens import signed_tokens, token_hash
from db.write import Work

_FORM = re.compile(r"tri_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Letter:
    """An invitation in words."""

    inviter: str
    target: tables.Organization | tables.SpecificationProject
    role: OrganizationRole | ProjectRole

    @property
    def subject(self) -> str:
        """The invitation in a line."""
        return f"{self.inviter} invites you to {self.target.name}"

    def text(self, link: str) -> str:
        """The text of a mail, which leads to the page with this address."""
        return (
            f"{self.inviter} invites you to {self.target.name}, as {self.role.lower()}.\n\n"
            f"To accept, follow this link within a week, and sign in with the address that this mail was sent to, or "
            f"register with it:\n\n{link}\n\n"
            "If you do not know what this is about, there is nothing to do: the invitation expires by itself.\n"
        )

    def news(self, invitation: tables.Invitation, user_id: UUID) -> dict[str, Any]:
        """The notification of somebody who is known here."""
        named = "organizationId" if isinstance(self.target, tables.Organization) else "projectId"
        return {
            "user_id": user_id,
            "type": NotificationType.COLLABORATION_INVITE,
            "title": self.subject,
            "message": f"Your role would be: {self.role.lower()}.",
            "data": {"invitationId": invitation.public_id, named: self.target.public_id, "role": self.role},
        }


@job(on=(InvitationEventKind.INVITATION_SENT,))
async def deliver_invitation(steps: Steps, invitation: str) -> None:
    """Tell the person who has the address of an invitation of it, or write to the address if nobody has."""
    async with steps.work() as work:
        found = await work.scalar(_waiting(invitation).with_for_update(key_share=True))
        if found is None or found.invitee_id:
            return
        letter = await _letter(work, found)
        known = func.lower(tables.User.email) == found.email, tables.User.email_verified_at.is_not(None)
        if user_id := await work.scalar(select(tables.User.id).where(*known)):
            found.invitee_id = user_id
            await notify(work, [letter.news(found, user_id)])
            return
        address, token = found.email, kept_token(work.keyring, found)
    if token:
        await steps.send(Mail(address, letter.subject, letter.text(steps.link(invitation=token))))


def token_of(keyring: Keyring, invitation_id: UUID) -> str:
    """The token of an invitation: `tri_` and 43 characters of base64url, which nobody guesses."""
    return _tokens(keyring, invitation_id)[0]


def is_token(text: str) -> bool:
    """Whether a text has the form of a token, so that anything else is refused without a statement."""
    return _FORM.fullmatch(text) is not None


def _tokens(keyring: Keyring, invitation_id: UUID) -> list[str]:
    """The tokens of an invitation by every secret of the installation, that in use first."""
    return signed_tokens(keyring, "invitation", invitation_id, prefix="tri_")


def kept_token(keyring: Keyring, invitation: tables.Invitation) -> str | None:
    """The token whose hash is kept; None where its secret was taken away in the meantime."""
    tokens = _tokens(keyring, invitation.id)
    return next((one for one in tokens if token_hash(one) == invitation.token_hash), None)


def _waiting(invitation: str) -> Any:
    table = tables.Invitation
    return select(table).where(table.id == key_of(table, invitation), table.status == InvitationStatus.PENDING)


async def _letter(work: Work, invitation: tables.Invitation) -> Letter:
    inviter = await work.scalar(select(tables.User.name).where(tables.User.id == invitation.invited_by_id))
    target: Any = tables.Organization if invitation.organization_id else tables.SpecificationProject
    key = invitation.organization_id or invitation.project_id
    found = (await work.execute(select(target).where(target.id == key))).scalar_one()
    role = invitation.organization_role or invitation.project_role
    assert role
    return Letter(inviter or "Somebody", found, role)
