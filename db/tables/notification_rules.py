"""Rules by which people are told of what happens in repositories, and what was delivered by them."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import ARRAY, Enum, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Json, Updated, count, flag, refers, state, string
from db.columns import json
from db.constraints import check, not_blank, unique
from db.enums import Words
from db.indexes import partial
from db.partitions import Monthly
from db.permissions import MANAGE, SEE
from db.rules import nobody, through
from db.transitions import Transitions

LONGEST_COOLDOWN = 7 * 24 * 3600


class RuleTrigger(Words):
    """Something of which a rule tells."""

    PULL_REQUEST_OPENED = "PULL_REQUEST_OPENED", "A pull request was opened."
    PULL_REQUEST_MERGED = "PULL_REQUEST_MERGED", "A pull request was merged."
    PULL_REQUEST_STALE = (
        "PULL_REQUEST_STALE",
        "Nothing has happened to an open pull request for `threshold` hours. Looked at once a day.",
    )
    ISSUE_OPENED = "ISSUE_OPENED", "An issue was opened."
    COMMIT_PUSHED = "COMMIT_PUSHED", "There is a commit that was not there."
    RISK_AT_LEAST = "RISK_AT_LEAST", "A review of a pull request gave it a risk score of `threshold` or more."
    CYCLE_TIME_ABOVE = (
        "CYCLE_TIME_ABOVE",
        "Half of the pull requests merged in the last seven days took over `threshold` hours. Looked at once a day.",
    )
    METRIC_BELOW = (
        "METRIC_BELOW",
        "There was less of the `metric` than `threshold` in the last seven days. Looked at once a day.",
    )


class RuleMetric(Words):
    """Something that is counted over the last seven days."""

    COMMITS = "COMMITS", "Commits."
    PULL_REQUESTS_MERGED = "PULL_REQUESTS_MERGED", "Pull requests that were merged."
    REVIEWS = "REVIEWS", "Reviews of pull requests."


class DeliveryChannel(Words):
    """The way by which somebody is told."""

    IN_APP = "IN_APP", "A notification."
    EMAIL = "EMAIL", "A mail to the address of the rule's owner, once they have shown that it is theirs."
    WEBHOOK = "WEBHOOK", "A request to the rule's address, signed as Standard Webhooks has it."


class DeliveryStatus(Words):
    """The state of a delivery."""

    PENDING = "PENDING", "Waits for its first or its next try."
    SENT = "SENT", "Has arrived."
    DEAD = "DEAD", "Was tried for three days, or can never arrive. It can be sent again by hand."


DELIVERY_TRANSITIONS: Transitions = {
    DeliveryStatus.PENDING: [DeliveryStatus.SENT, DeliveryStatus.DEAD],
    DeliveryStatus.SENT: [DeliveryStatus.PENDING],
    DeliveryStatus.DEAD: [DeliveryStatus.PENDING],
}
"""It is sent again by hand, whatever has become of it."""


class RuleEventKind(Words):
    """Something that happened to a delivery."""

    DELIVERY_DUE = "DELIVERY_DUE", "It is to be sent."


class RuleConditions(BaseModel, extra="forbid"):
    """The conditions that what happens has to meet."""

    author: str | None = Field(None, max_length=200, description="The login or the name of the author.")
    branch: str | None = Field(None, max_length=255, description="The branch that a pull request would change.")
    label: str | None = Field(None, max_length=100, description="A label of an issue.")
    threshold: int | None = Field(None, ge=1, le=1_000_000, description="The number that the trigger compares with.")
    metric: RuleMetric | None = Field(None, description="What is counted.")


class Fitting(NamedTuple):
    """The conditions that a trigger needs, and those that it looks at if they are there."""

    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """Whether a rule has such conditions."""
        needed, known = (",".join(names) for names in (self.needs, self.needs + self.takes))
        return f"conditions ?& '{{{needed}}}' AND conditions - '{{{known}}}'::text[] = '{{}}'"


CONDITIONS = {
    RuleTrigger.PULL_REQUEST_OPENED: Fitting(takes=("author", "branch")),
    RuleTrigger.PULL_REQUEST_MERGED: Fitting(takes=("author", "branch")),
    RuleTrigger.PULL_REQUEST_STALE: Fitting(needs=("threshold",), takes=("author", "branch")),
    RuleTrigger.ISSUE_OPENED: Fitting(takes=("author", "label")),
    RuleTrigger.COMMIT_PUSHED: Fitting(takes=("author",)),
    RuleTrigger.RISK_AT_LEAST: Fitting(needs=("threshold",), takes=("author", "branch")),
    RuleTrigger.CYCLE_TIME_ABOVE: Fitting(needs=("threshold",)),
    RuleTrigger.METRIC_BELOW: Fitting(needs=("threshold", "metric")),
}


class NotificationRule(
    Updated,
    Base,
    access=through("organization_id", see=MANAGE)
    | through("organization_id", of="user_id", comment=SEE, edit=SEE, manage=SEE),
    prefix="nru",
):
    """Something that its owner wants to be told of, as far as they see the repositories of an organization.

    Whoever leaves the organization has no rules there any more, until they come back. Where requests go, and what they
    are signed with, is sealed for the owner (`db.keyring`).
    """

    __tablename__ = "notification_rules"

    organization_id: Mapped[UUID] = refers("organizations")
    user_id: Mapped[UUID] = refers("users", reveals=True)
    repository_id: Mapped[UUID | None] = refers("repositories", index=True)
    name: Mapped[str] = string(100)
    trigger: Mapped[RuleTrigger]
    conditions: Mapped[Json] = json("conditions", RuleConditions)
    channels: Mapped[list[DeliveryChannel]] = mapped_column(ARRAY(Enum(DeliveryChannel, native_enum=False, length=20)))
    url: Mapped[bytes | None]
    url_host: Mapped[str | None] = string(255)
    secret: Mapped[bytes | None]
    previous_secret: Mapped[bytes | None]
    """The secret before the last rotation, with which requests are signed too, for a while."""
    previous_until: Mapped[datetime | None]
    cooldown_seconds: Mapped[int] = count()
    silent_until: Mapped[datetime | None]
    is_active: Mapped[bool] = flag(default=True)

    __table_args__ = (
        Index(None, "organization_id", "created_at", "id"),
        Index(None, "user_id", "created_at", "id"),
        partial("ix_notification_rules_active", "organization_id", "trigger", where={"is_active": True}),
        not_blank("name"),
        check("cardinality(channels) > 0", at="channels", says="Without a channel nobody would be told."),
        check(
            "('WEBHOOK' = ANY(channels)) = (url IS NOT NULL AND url_host IS NOT NULL AND secret IS NOT NULL)",
            name="webhook",
            at="url",
            says="A rule has an address where it sends requests, and nowhere else.",
        ),
        check(
            f"cooldown_seconds BETWEEN 0 AND {LONGEST_COOLDOWN}",
            at="cooldown_seconds",
            says="A rule pauses for a week at most.",
        ),
        check(
            " OR ".join(f"trigger = '{trigger}' AND {one.sql}" for trigger, one in CONDITIONS.items()),
            at="conditions",
            says="The trigger needs another condition, or does not look at one of these.",
        ),
    )


class NotificationDelivery(Updated, Base, access=through("rule_id"), prefix="ndl", partitioned=Monthly(days=90)):
    """Something that a rule has told of, on one of its channels, and what has become of it."""

    __tablename__ = "notification_deliveries"

    rule_id: Mapped[UUID] = refers("notification_rules")
    repository_id: Mapped[UUID | None] = refers("repositories", index=True)
    """The repository that it is about, if it is about one."""
    channel: Mapped[DeliveryChannel]
    payload: Mapped[Json]
    """The message, as it was when it happened. The graph does not show it: not all who see the rule see that."""
    status: Mapped[DeliveryStatus] = state(DeliveryStatus.PENDING, transitions=DELIVERY_TRANSITIONS)
    attempts: Mapped[int] = count()
    next_attempt_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = string(500)
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "rule_id", "created_at", "id"),
        partial("ix_notification_deliveries_due", "next_attempt_at", where={"status": DeliveryStatus.PENDING}),
        check("attempts >= 0", at="attempts", says="Attempts are counted from 0."),
        check(
            "(status = 'SENT') = (sent_at IS NOT NULL)",
            name="sent",
            says="A delivery that has arrived says when, and no other.",
        ),
        check(
            "(status = 'PENDING') = (next_attempt_at IS NOT NULL)",
            name="next",
            says="A delivery that waits says until when, and no other.",
        ),
    )


class DeliveryKey(Base, access=nobody, kept_with="notification_deliveries", prefix="dky"):
    """The mark that a rule has told of something on a channel, as long as the delivery is kept; with the id of that."""

    __tablename__ = "delivery_keys"

    rule_id: Mapped[UUID] = refers("notification_rules")
    event_key: Mapped[str] = string(200)
    channel: Mapped[DeliveryChannel]

    __table_args__ = (unique("rule_id", "event_key", "channel", says="The rule has told of this on this channel."),)
