"""API keys, with which programs act as their owner, as far as the scopes of the key allow."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Updated, count, flag, refers, string
from db.constraints import check, not_blank, unique
from db.enums import Words
from db.permissions import MANAGE, OWN, SEE
from db.rules import owned_by, through

MOST_AN_HOUR = 100_000
"""Operations that a key can be given an hour."""


class ApiKeyEventKind(Words):
    """Something that happened to an API key. Whatever is cached of a viewer who came with it is stale then."""

    API_KEY_CREATED = "API_KEY_CREATED", "There is a new one."
    API_KEY_CHANGED = "API_KEY_CHANGED", "It allows something else, or does not hold for now."
    API_KEY_ROTATED = "API_KEY_ROTATED", "It has another secret."
    API_KEY_REVOKED = "API_KEY_REVOKED", "It does not hold any more."


class ApiKey(
    Updated, Base, access=owned_by("user_id", SEE, MANAGE, OWN) | through("organization_id", see=MANAGE), prefix="key"
):
    """A key with which a program acts as its owner. Its secret was shown once; only signatures are kept.

    Those who manage the organization of a key can revoke it. To have a new secret, or other scopes, is for its owner
    alone: it is as them that the program acts.
    """

    __tablename__ = "api_keys"

    user_id: Mapped[UUID] = refers("users", reveals=True)
    organization_id: Mapped[UUID | None] = refers("organizations")
    name: Mapped[str] = string(100)
    secret_prefix: Mapped[str] = string(12)
    key_hash: Mapped[bytes]
    previous_hash: Mapped[bytes | None]
    """The signature of the secret before the last rotation, which holds a while longer."""
    previous_until: Mapped[datetime | None]
    scopes: Mapped[list[str]] = mapped_column(info={"longest": 100})
    rate_limit: Mapped[int] = count(1_000)
    usage_count: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    last_used_at: Mapped[datetime | None]
    is_active: Mapped[bool] = flag(default=True)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None] = mapped_column(index=True)

    __table_args__ = (
        unique("key_hash", says="This secret was given out before."),
        unique("previous_hash", says="This secret was given out before."),
        Index(None, "user_id", "created_at", "id"),
        Index(None, "organization_id", "created_at", "id"),
        not_blank("name"),
        check("cardinality(scopes) > 0", at="scopes", says="A key without a scope could do nothing."),
        check(
            f"rate_limit BETWEEN 1 AND {MOST_AN_HOUR}",
            at="rate_limit",
            says=f"A key allows between 1 and {MOST_AN_HOUR:,} operations an hour.",
        ),
        check("usage_count >= 0", at="usage_count", says="Uses are counted from 0."),
        check("expires_at > created_at", at="expires_at", says="A key ends after it was made."),
    )
