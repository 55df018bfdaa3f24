"""Identities: under which addresses and logins a person writes code. They decide who the author of a row is."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from db.base import Base, Updated, count, flag, refers, string
from db.constraints import check, not_blank, unique
from db.enums import Words
from db.permissions import MANAGE, SEE
from db.rules import owned_by, through

SHARED = (
    r"^(no-?reply|do-?not-?reply|root|admin|administrator|info|office|support|help|team|build|ci|git|github|gitlab|"
    r"jenkins|security|webmaster|postmaster|bot)(\+[^@]*)?@|@localhost$|\.local$"
)
"""Addresses under which nobody is alone, as a regular expression that PostgreSQL and Python read alike."""
BOT = r"\[bot\]$|^(web-flow|github-actions|dependabot(-preview)?|renovate|greenkeeper(io)?|codecov-io)$"
"""Names and logins of programs, in small letters, likewise."""


class IdentityKind(Words):
    """A way in which a person is known. The first counts more."""

    EMAIL = "EMAIL", "An e-mail address, as commits have it."
    LOGIN = "LOGIN", "A login on GitHub. The addresses that GitHub makes for a login mean it, too."


class IdentityReason(Words):
    """Why an identity may belong to somebody."""

    SAME_NAME = "SAME_NAME", "Who wrote under it has the full name of one member, and of no other."
    SAME_LOGIN = "SAME_LOGIN", "The login is the username of a member."
    SAME_MAILBOX = "SAME_MAILBOX", "The address is that of a member up to the @, at another host."


class IdentityEventKind(Words):
    """Something that happened to what a person is known by. Who the author of older rows is follows."""

    IDENTITY_PROVEN = "IDENTITY_PROVEN", "Somebody has shown that it is theirs."
    IDENTITY_MERGED = "IDENTITY_MERGED", "Those who manage an organization say that it is theirs."
    IDENTITY_REMOVED = "IDENTITY_REMOVED", "Nobody says so any longer."


class Identity(Updated, Base, access=owned_by("user_id", SEE) | through("organization_id", see=MANAGE), prefix="idn"):
    """An address or a login of a person, in small letters.

    Without an organization the person has shown that it is theirs: it counts everywhere. With one its managers say so,
    and it counts in the repositories of that organization, for what nobody has shown to be theirs.
    """

    __tablename__ = "identities"

    user_id: Mapped[UUID] = refers("users", reveals=True)
    organization_id: Mapped[UUID | None] = refers("organizations")
    kind: Mapped[IdentityKind]
    value: Mapped[str] = string(254)

    __table_args__ = (
        unique(
            "kind",
            "value",
            "organization_id",
            at="value",
            says="This was merged with somebody already. Unmerge it first.",
            postgresql_nulls_not_distinct=True,
        ),
        Index(None, "user_id", "created_at", "id"),
        Index(None, "organization_id", "created_at", "id"),
        not_blank("value"),
        check("value = lower(value)", name="lower", at="value", says="It is kept in small letters."),
        check(
            f"kind <> 'EMAIL' OR value !~ '{SHARED}'", name="shared", at="value", says="Many people use this address."
        ),
        check(f"kind <> 'LOGIN' OR value !~ '{BOT}'", name="bot", at="value", says="This is a program, and nobody."),
    )


class IdentitySuggestion(Updated, Base, access=through("organization_id", see=MANAGE), prefix="ids"):
    """An identity that may be a member's, as a job has found in the commits of an organization.

    One that was dismissed stays, so that it is not suggested again.
    """

    __tablename__ = "identity_suggestions"

    organization_id: Mapped[UUID] = refers("organizations")
    member_id: Mapped[UUID] = refers("organization_members", index=True)
    kind: Mapped[IdentityKind]
    value: Mapped[str] = string(254)
    reason: Mapped[IdentityReason]
    author_name: Mapped[str]
    commits: Mapped[int] = count()
    is_dismissed: Mapped[bool] = flag(default=False)

    __table_args__ = (
        unique("organization_id", "kind", "value", "member_id", says="This was suggested already."),
        Index(None, "organization_id", "commits", "id"),
    )
