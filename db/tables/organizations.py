"""Organizations: the tenants, and who belongs to them."""

from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from db.base import Base, Changes, refers, state, string
from db.enums import OrganizationPlan, OrganizationRole
from db.permissions import ORGANIZATION_ROLES
from db.rules import members, through


class Organization(
    Changes, Base, access=members("organization_members", "organization_id", ORGANIZATION_ROLES), prefix="org"
):
    """A company or a team: the tenant that repositories and projects belong to."""

    __tablename__ = "organizations"

    name: Mapped[str] = string(200)
    slug: Mapped[str] = string(100, unique=True)
    description: Mapped[str | None]
    avatar_url: Mapped[str | None]
    plan: Mapped[OrganizationPlan] = state(OrganizationPlan.FREE)


class OrganizationMember(Changes, Base, access=through("organization_id"), prefix="orm"):
    """A person's place in an organization."""

    __tablename__ = "organization_members"

    organization_id: Mapped[UUID] = refers("organizations")
    user_id: Mapped[UUID] = refers("users", reveals=True)
    role: Mapped[OrganizationRole] = state(OrganizationRole.MEMBER)

    __table_args__ = (
        UniqueConstraint("organization_id", "user_id"),
        Index(None, "user_id", "organization_id"),
    )
