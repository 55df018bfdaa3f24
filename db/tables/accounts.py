"""People, and what proves that somebody is one of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Updated, count, flag, refers, state, string
from db.columns import bigint
from db.constraints import check, not_blank, unique
from db.enums import Words
from db.guards import guard
from db.permissions import LEARN, MANAGE, SEE
from db.roots import narrow
from db.rules import named_in, nobody, owned_by, platform
from db.search import found_by_administrators, searchable


class UserRole(Words):
    """The role of a person on the platform as a whole."""

    STUDENT = "STUDENT", "Takes courses."
    DEVELOPER = "DEVELOPER", "Writes specifications and code."
    INSTRUCTOR = "INSTRUCTOR", "Teaches courses."
    TEAM_LEAD = "TEAM_LEAD", "Leads a team."
    MODERATOR = "MODERATOR", "Keeps the talk civil, and sees all people."
    ADMIN = "ADMIN", "Runs the platform: sees everything, and may do everything but speak as somebody else."


class Plan(Words):
    """The plan that a person pays for."""

    BASIC = "BASIC", "Pays nothing."
    PREMIUM = "PREMIUM", "Pays for more."


class SubscriptionType(Words):
    """Whether a plan is a person's own or comes from a team."""

    INDIVIDUAL = "INDIVIDUAL", "Their own plan."
    TEAM = "TEAM", "The plan of a team they belong to."


class VerificationPurpose(Words):
    """The use of a link in a mail."""

    VERIFY_EMAIL = "VERIFY_EMAIL", "Shows that the address of an account is its owner's."
    CHANGE_EMAIL = "CHANGE_EMAIL", "Gives an account this address."
    RESET_PASSWORD = "RESET_PASSWORD", "Sets a new password."
    MAGIC_LINK = "MAGIC_LINK", "Signs in."


class AccountEventKind(Words):
    """Something about an account that a mail is sent for."""

    LINK_ASKED = "LINK_ASKED", "Somebody asked for a link to an address."
    ALERTED = "ALERTED", "The owner is told of something by mail, too."


class UserEventKind(Words):
    """Something that happened to a person's account."""

    PROFILE_CHANGED = "PROFILE_CHANGED", "They changed what they say of themselves."
    ROLE_CHANGED = "ROLE_CHANGED", "An administrator has given them another role."
    ACCOUNT_CHANGED = "ACCOUNT_CHANGED", "An administrator has let them in again, or lifted a lock."


acquaintances = (
    named_in("organization_members", "user_id")  # has a place in an organization that you see
    | named_in("specification_projects", "owner_id")  # owns a project that you see
    | named_in("project_members", "user_id")  # has a place in one
    | named_in("courses", "instructor_id")  # teaches a course that you see
    | named_in("enrollments", "user_id")  # takes a course that you teach
)
"""The people whom a viewer finds by id. Another table that names people adds nothing here: a row shows the people that
it names, beside it, where its foreign key says `reveals=True`.
"""


class User(
    Updated, Base, access=owned_by("id") | platform(UserRole.MODERATOR, SEE, LEARN) | acquaintances, prefix="usr"
):
    """A person, whichever of the systems they came from. LEARN is to see how it stands with their account."""

    __tablename__ = "users"

    email: Mapped[str] = string(254)
    name: Mapped[str] = string(200)
    username: Mapped[str | None] = string(100)
    github_login: Mapped[str | None] = string(100)
    avatar_url: Mapped[str | None] = string(2_048)
    bio: Mapped[str | None] = string(2_000)
    timezone: Mapped[str | None] = string(64)
    language: Mapped[str] = string(35, default="en", server_default="en")
    role: Mapped[UserRole] = state(UserRole.STUDENT)
    plan: Mapped[Plan] = state(Plan.BASIC)
    subscription_type: Mapped[SubscriptionType] = state(SubscriptionType.INDIVIDUAL)
    is_subscribed: Mapped[bool] = flag(default=False)
    is_active: Mapped[bool] = flag(default=True)
    email_verified_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    login_attempts: Mapped[int] = count()
    locked_until: Mapped[datetime | None]
    search_vector: Mapped[str] = searchable(A="name", B="username")

    __table_args__ = (
        unique(
            text("lower(username)"),
            name="uq_users_username_lower",
            at="username",
            says="Somebody else has this username.",
        ),
        unique(text("lower(email)"), name="uq_users_email_lower", at="email", says="Somebody has this address."),
        unique(
            text("lower(github_login)"),
            name="uq_users_github_login_lower",
            at="github_login",
            says="This account on GitHub belongs to somebody else.",
        ),
        Index(None, "name", "id"),
        Index(None, "role", "created_at", "id"),
        Index(None, "created_at", "id"),
        Index(None, "last_login_at", "id"),
        Index("ix_users_last_login_at_desc", text("last_login_at DESC NULLS LAST"), text("id DESC")),
        Index(None, "search_vector", postgresql_using="gin"),
        found_by_administrators("email", name="ix_users_email_words"),
        not_blank("name"),
        check("username ~ '^[A-Za-z0-9_-]+$'", at="username", says="A username has letters, digits, - and _."),
        check("email LIKE '%_@_%'", at="email", says="An e-mail address has an @ with something on both sides."),
        check("login_attempts >= 0", at="login_attempts", says="Attempts are counted from 0."),
    )


guard(
    "an_administrator_stays",
    """\
CREATE OR REPLACE FUNCTION an_administrator_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('an administrator stays'));
    IF NOT EXISTS (SELECT FROM users WHERE role = 'ADMIN' AND is_active) THEN
        RAISE EXCEPTION 'an installation has an administrator'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'an_administrator_stays';
    END IF;
    RETURN NULL;
END $$""",
    """\
CREATE CONSTRAINT TRIGGER an_administrator_stays AFTER DELETE OR UPDATE OF role, is_active ON users
    DEFERRABLE FOR EACH ROW WHEN (OLD.role = 'ADMIN' AND OLD.is_active) EXECUTE FUNCTION an_administrator_stays()""",
    says="There is an administrator at any time: make somebody else one first.",
)


class Password(Updated, Base, access=nobody, prefix="pwd"):
    """The argon2id hash of a person's password."""

    __tablename__ = "passwords"

    user_id: Mapped[UUID] = refers("users")
    hash: Mapped[str]

    __table_args__ = (unique("user_id", says="This person has a password already."),)


class Session(Updated, Base, access=owned_by("user_id"), prefix="ses"):
    """One sign-in. Its token was shown once; only the hash is kept."""

    __tablename__ = "sessions"

    user_id: Mapped[UUID] = refers("users", index=True)
    token_hash: Mapped[bytes]
    device: Mapped[str | None] = string(200)
    expires_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (unique("token_hash", says="This token was given out before."),)


class VerificationToken(Updated, Base, access=nobody, prefix="vtk"):
    """A link that somebody asked for. Its token is mailed, and only its hash is here.

    Until the link is mailed nobody knows whether somebody has the address: then `user_id` says who that is.
    """

    __tablename__ = "verification_tokens"

    identifier: Mapped[str] = string(254)
    """The address, in small letters."""
    purpose: Mapped[VerificationPurpose]
    token_hash: Mapped[bytes]
    user_id: Mapped[UUID | None] = refers("users", index=True)
    payer_hash: Mapped[bytes | None]
    """Stands for whoever paid for the request."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    """The time of its use, or from which on another counts in its place."""

    __table_args__ = (
        unique("token_hash", says="This token was given out before."),
        Index(None, "identifier", "created_at"),
        Index(None, "payer_hash", "created_at"),
    )


# One topic for all requests: nobody listens, and a topic for each would stay for ever.
narrow(VerificationToken, "links")


class Account(Updated, Base, access=owned_by("user_id", SEE, MANAGE), prefix="acc"):
    """A person's account at a provider, such as GitHub or Google, by which they sign in.

    Its tokens are sealed for their user, row and column: see `db.actions.provider_tokens`.
    """

    __tablename__ = "accounts"

    user_id: Mapped[UUID] = refers("users", index=True)
    provider: Mapped[str] = string(32)
    provider_account_id: Mapped[str] = string(255)
    name: Mapped[str | None] = string(254)
    scope: Mapped[str | None] = string(1_000)
    access_token: Mapped[bytes | None]
    refresh_token: Mapped[bytes | None]
    expires_at: Mapped[datetime | None]
    refreshing_until: Mapped[datetime | None]

    __table_args__ = (unique("provider", "provider_account_id", says="This account belongs to somebody else here."),)


class Passkey(Updated, Base, access=owned_by("user_id", SEE, MANAGE), prefix="pky"):
    """A key pair of a person's device. Its public half is here, and the device shows that it has the other."""

    __tablename__ = "passkeys"

    user_id: Mapped[UUID] = refers("users", index=True)
    credential_id: Mapped[bytes]
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = bigint(default=0, server_default="0")
    name: Mapped[str] = string(100)
    transports: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    last_used_at: Mapped[datetime | None]

    __table_args__ = (
        unique("credential_id", says="This passkey was added before."),
        not_blank("name"),
        check("sign_count >= 0", at="sign_count", says="Uses are counted from 0."),
    )


class PasskeyChallenge(Base, access=nobody, prefix="pkc"):
    """A challenge that a passkey has answered: it takes one answer."""

    __tablename__ = "passkey_challenges"

    nonce: Mapped[bytes]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (unique("nonce", says="This challenge was answered before."),)


class IdempotencyKey(Updated, Base, access=owned_by("user_id"), prefix="idk"):
    """The answer to a change that a person sent under a key of theirs, kept for a day: JSON, for them alone."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[UUID] = refers("users")
    mutation: Mapped[str]
    key: Mapped[str] = string(255)
    body_hash: Mapped[bytes]
    answer: Mapped[bytes | None]

    __table_args__ = (
        unique("user_id", "mutation", "key", says="This key was sent before."),
        Index(None, "created_at"),
    )
