"""Who sees an invitation: those who manage what it is to, and whoever has shown that the address is theirs."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row

MENTIONS = (("invitations", "invited_by_id"),)


def invitations(world: Oracle, who: UUID | None, what: str, invitation: Row) -> bool:
    viewer = world.find("users", who)
    is_verified = viewer is not None and viewer.email_verified_at is not None
    if what in ("see", "own") and viewer is not None and is_verified and viewer.email.lower() == invitation.email:
        return True
    needed = "manage" if what == "see" else what
    of_organization = world.inherits(who, needed, "organizations", invitation.organization_id)
    return of_organization or world.inherits(who, needed, "specification_projects", invitation.project_id)
