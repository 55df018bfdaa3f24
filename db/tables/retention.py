"""Retention: how long an organization keeps what grows by itself, within bounds."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Mapped

from db import partitions
from db.base import Base, Updated, refers
from db.constraints import check, unique
from db.enums import Words
from db.permissions import MANAGE
from db.rules import through
from db.tables.audit import LEAST_DAYS, AuditLog
from db.tables.notification_rules import NotificationDelivery
from db.tables.webhooks import WebhookEvent


class RetentionKind(Words):
    """Something that is kept for a time."""

    EVENTS = "EVENTS", "What GitHub sent: 90 days, or fewer, but 7 at least."
    DELIVERIES = "DELIVERIES", "What notification rules have delivered: 90 days, or fewer, but 7 at least."
    AUDIT = "AUDIT", "The entries of the audit log: 7 years, or fewer, but one at least."


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows that an organization keeps for so many days at least. At most it is as long as their table has partitions
    for; that is as long as they are kept where nothing else is said.
    """

    table: type[Base]
    least: int

    @property
    def most(self) -> int:
        return partitions.declared[self.table.__table__].days  # type: ignore[index]


KEPT = {
    RetentionKind.EVENTS: Kept(WebhookEvent, least=7),
    RetentionKind.DELIVERIES: Kept(NotificationDelivery, least=7),
    RetentionKind.AUDIT: Kept(AuditLog, least=LEAST_DAYS),
}
"""The tables of each kind. The rows of a table lead to their organization by its access rule."""

BOUNDS = " ".join(f"WHEN '{kind}' THEN days BETWEEN {kept.least} AND {kept.most}" for kind, kept in KEPT.items())
WORDS = "; ".join(f"{kind.value}: {kept.least} to {kept.most:,}" for kind, kept in KEPT.items())


class RetentionPolicy(Updated, Base, access=through("organization_id", see=MANAGE), prefix="rtp"):
    """How many days an organization keeps rows of a kind. They may be there for a day more: a job deletes them."""

    __tablename__ = "retention_policies"

    organization_id: Mapped[UUID] = refers("organizations")
    kind: Mapped[RetentionKind]
    days: Mapped[int]

    __table_args__ = (
        unique("organization_id", "kind", says="The organization says so already."),
        check(
            f"CASE kind {BOUNDS} ELSE false END", name="bounds", at="days", says=f"So many days are possible: {WORDS}."
        ),
    )
