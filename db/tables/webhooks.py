"""Deliveries of GitHub as they came, and what is known to be missing."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Computed, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Json, Updated, count, refers, string
from db.columns import bigint
from db.constraints import check, unique
from db.enums import Words
from db.indexes import partial
from db.partitions import Monthly
from db.permissions import MANAGE
from db.rules import administrators, through


class IngestionGapKind(Words):
    """Something that GitHub must have told, and that has not come."""

    COMMITS = "COMMITS", "A push continued from a commit that is not the last one known of its branch."
    NUMBERS = "NUMBERS", "Issues or pull requests have numbers behind those that are not known."


class WebhookEventKind(Words):
    """Something that happened to messages of GitHub. Nobody subscribes to it: it makes jobs."""

    WEBHOOKS_RECEIVED = "WEBHOOKS_RECEIVED", "There are messages about a repository to be worked in."
    MISSING_EVENTS_REQUESTED = "MISSING_EVENTS_REQUESTED", "GitHub is to be asked for what is missing of a repository."


class WebhookEvent(
    Updated,
    Base,
    access=through("repository_id", see=MANAGE) | through("organization_id", see=MANAGE),
    prefix="evt",
    partitioned=Monthly(days=90),
):
    """A delivery of GitHub as it came. It is projected into rows by a job, in the order of receipt a repository."""

    __tablename__ = "webhook_events"

    delivery_id: Mapped[str] = string(100)
    organization_id: Mapped[UUID | None] = refers("organizations")
    repository_id: Mapped[UUID | None] = refers("repositories")
    github_repository_id: Mapped[int | None] = bigint()
    event: Mapped[str] = string(100)
    action: Mapped[str | None]
    payload: Mapped[Json]
    received_at: Mapped[datetime]
    processed_at: Mapped[datetime | None]
    attempts: Mapped[int] = count()
    error: Mapped[str | None] = string(1_000)
    retry_at: Mapped[datetime | None]
    """The moment from which on it is tried again."""
    parked_at: Mapped[datetime | None]
    is_processed: Mapped[bool] = mapped_column(Computed("processed_at IS NOT NULL", persisted=True))
    is_parked: Mapped[bool] = mapped_column(Computed("parked_at IS NOT NULL", persisted=True))

    __table_args__ = (
        Index(None, "organization_id", "received_at", "id"),
        Index(None, "repository_id", "received_at", "id"),
        Index(None, "event", "received_at"),
        Index(None, "received_at"),
        Index(
            "ix_webhook_events_pushes",
            "repository_id",
            text("(payload ->> 'ref')"),
            postgresql_where=text("event = 'push'"),
        ),
        partial("ix_webhook_events_waiting", "repository_id", "id", where={"is_processed": False}),
        check("attempts >= 0", at="attempts", says="Attempts are counted from 0."),
    )


class WebhookDelivery(Base, access=administrators, kept_with="webhook_events", prefix="whd"):
    """The mark that a delivery of GitHub has arrived, as long as its event is kept; with the id of the event.

    GitHub tells all who listen to a repository of an event under one id: each organization has deliveries of its own.
    """

    __tablename__ = "webhook_deliveries"

    organization_id: Mapped[UUID] = refers("organizations")
    delivery_id: Mapped[str] = string(100)

    __table_args__ = (unique("organization_id", "delivery_id", says="This delivery has come before."),)


class IngestionGap(Updated, Base, access=through("repository_id", see=MANAGE), prefix="gap"):
    """Something of a repository that never came, from when it was found until it is there."""

    __tablename__ = "ingestion_gaps"

    repository_id: Mapped[UUID] = refers("repositories")
    kind: Mapped[IngestionGapKind]
    branch: Mapped[str | None] = string(255)
    before_sha: Mapped[str | None] = string(40)
    """The commit that is known."""
    after_sha: Mapped[str | None] = string(40)
    """The commit from which the next push continued."""
    first_number: Mapped[int | None]
    last_number: Mapped[int | None]
    found_at: Mapped[datetime]
    requested_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    error: Mapped[str | None] = string(1_000)
    is_open: Mapped[bool] = mapped_column(Computed("closed_at IS NULL", persisted=True))

    __table_args__ = (
        Index(None, "repository_id", "found_at", "id"),
        partial("ix_ingestion_gaps_open", "repository_id", "found_at", "id", where={"is_open": True}),
        check(
            "(kind = 'COMMITS') = (after_sha IS NOT NULL)",
            name="commits",
            says="What is missing of a branch lies before a commit.",
        ),
        check(
            "(kind = 'NUMBERS') = (first_number IS NOT NULL)",
            name="numbers",
            says="Numbers that are missing have a first one.",
        ),
        check(
            "coalesce(last_number >= first_number, last_number IS NULL AND first_number IS NULL)",
            name="range",
            says="Numbers that are missing have a last one, too, which is not before the first.",
        ),
    )
