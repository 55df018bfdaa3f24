"""Who does what in an organization."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row

ORGANIZATION = {
    "VIEWER": ("see",),
    "MEMBER": ("see", "comment", "edit"),
    "ADMIN": ("see", "comment", "edit", "manage"),
    "OWNER": ("see", "comment", "edit", "manage"),
}
MENTIONS = (("organization_members", "user_id"),)


def organizations(world: Oracle, who: UUID | None, what: str, organization: Row) -> bool:
    role = place(world, who, organization.id)
    return role is not None and what in ORGANIZATION[role]


def organization_members(world: Oracle, who: UUID | None, what: str, member: Row) -> bool:
    if what == "own":
        return bool(member.user_id == who)
    return world.inherits(who, what, "organizations", member.organization_id)


def place(world: Oracle, who: UUID | None, organization: UUID) -> str | None:
    """The role of somebody in an organization."""
    members = world.rows["organization_members"]
    roles = (row.role for row in members if row.organization_id == organization and row.user_id == who)
    return next(roles, None)
