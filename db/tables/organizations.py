"""Organizations, which are the tenants, and their members."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from db.base import Base, Updated, refers, state, string
from db.constraints import check, not_blank, unique
from db.enums import Words
from db.guards import guard
from db.permissions import COMMENT, EDIT, MANAGE, OWN, SEE, Roles
from db.rules import members, owned_by, through


class OrganizationPlan(Words):
    """The plan that an organization pays for."""

    FREE = "FREE", "Pays nothing."
    PRO = "PRO", "Pays for a team."
    ENTERPRISE = "ENTERPRISE", "Has a contract."


class OrganizationRole(Words):
    """The role of a member in an organization."""

    OWNER = "OWNER", "Does everything, and hands it over."
    ADMIN = "ADMIN", "Manages members and repositories, and sees every repository."
    MEMBER = "MEMBER", "Works in repositories that are not restricted."
    VIEWER = "VIEWER", "Looks at normal repositories."


class OrganizationEventKind(Words):
    """Something that happened to an organization itself."""

    SNAPSHOT = (
        "SNAPSHOT",
        "Nothing happened: the organization as it is when you begin to listen, and where events are lost.",
    )
    ORGANIZATION_CHANGED = "ORGANIZATION_CHANGED", "Somebody changed what the organization says of itself."
    ORGANIZATION_DELETED = "ORGANIZATION_DELETED", "The organization is gone, with its repositories."
    MEMBER_ADDED = "MEMBER_ADDED", "Somebody belongs to the organization from now on."
    MEMBER_CHANGED = "MEMBER_CHANGED", "Somebody has another role."
    MEMBER_REMOVED = "MEMBER_REMOVED", "Somebody was removed from the organization, or has left it."


ORGANIZATION_ROLES: Roles = {
    OrganizationRole.OWNER: frozenset({SEE, COMMENT, EDIT, MANAGE}),
    OrganizationRole.ADMIN: frozenset({SEE, COMMENT, EDIT, MANAGE}),
    OrganizationRole.MEMBER: frozenset({SEE, COMMENT, EDIT}),
    OrganizationRole.VIEWER: frozenset({SEE}),
}


class Organization(
    Updated, Base, access=members("organization_members", "organization_id", ORGANIZATION_ROLES), prefix="org"
):
    """A company or a team: the tenant that repositories and projects belong to."""

    __tablename__ = "organizations"

    name: Mapped[str] = string(200)
    slug: Mapped[str] = string(100)
    description: Mapped[str | None] = string(2_000)
    avatar_url: Mapped[str | None]
    plan: Mapped[OrganizationPlan] = state(OrganizationPlan.FREE)
    webhook_secret: Mapped[bytes | None]
    """The secret that GitHub signs with, sealed for the organization (`db.keyring`)."""
    previous_webhook_secret: Mapped[bytes | None]
    """The secret before it, with which deliveries may still be signed."""
    github_token: Mapped[bytes | None]
    """The token with which GitHub is asked for what it has not told, sealed as the secrets are."""
    github_token_refused_at: Mapped[datetime | None]
    github_retry_at: Mapped[datetime | None]
    """The moment from which on GitHub takes requests with the token again."""

    __table_args__ = (
        unique("slug", says="Another organization has this name in addresses."),
        check(
            "slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'",
            at="slug",
            says="A name in addresses has small letters from a to z and digits, with single hyphens between them.",
        ),
        not_blank("name"),
    )


class OrganizationMember(Updated, Base, access=through("organization_id") | owned_by("user_id", OWN), prefix="orm"):
    """A person's place in an organization."""

    __tablename__ = "organization_members"

    organization_id: Mapped[UUID] = refers("organizations")
    user_id: Mapped[UUID] = refers("users", reveals=True)
    role: Mapped[OrganizationRole] = state(OrganizationRole.MEMBER)

    __table_args__ = (
        unique("organization_id", "user_id", says="This person is in the organization already."),
        Index(None, "user_id", "organization_id"),
    )


guard(
    "an_owner_stays",
    """\
CREATE OR REPLACE FUNCTION an_owner_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM organizations WHERE id = OLD.organization_id FOR NO KEY UPDATE;
    IF FOUND AND NOT EXISTS (
        SELECT FROM organization_members WHERE organization_id = OLD.organization_id AND role = 'OWNER'
    ) THEN
        RAISE EXCEPTION 'an organization has an owner'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'an_owner_stays';
    END IF;
    RETURN NULL;
END $$""",
    """\
CREATE CONSTRAINT TRIGGER an_owner_stays AFTER DELETE OR UPDATE OF organization_id, role ON organization_members
    DEFERRABLE FOR EACH ROW WHEN (OLD.role = 'OWNER') EXECUTE FUNCTION an_owner_stays()""",
    says="An organization has an owner at any time: make somebody else one first.",
)
