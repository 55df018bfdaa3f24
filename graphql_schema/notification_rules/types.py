"""Rules by which people are told of what happens in repositories, and what was delivered by them."""

from db import tables
from graphql_schema.core import column, many, node, one, shaped


@node(
    tables.NotificationRule,
    orders=("-created_at", "name"),
    filters=("trigger", "is_active", "organization_id", "repository_id"),
)
class NotificationRule:
    """Something that its owner is told of. They see it while they are a member, and so do those who manage there."""

    name = column("What its owner calls it.")
    trigger = column("What it tells of.")
    conditions = shaped("What has to be true of that, too; a condition that is null is not looked at.")
    channels = column("By which ways its owner is told.")
    url_host = column("The host that requests go to; null where none do. The rest of the address is not shown.")
    previous_secret_until = column(
        "Until when requests are signed with the secret before the last rotation, too; null without a rotation.",
        source="previous_until",
    )
    cooldown_seconds = column("For how many seconds it is silent after it has told of something.")
    silent_until = column("Until when it is silent, as it has told of something; null if it never was.")
    is_active = column("Whether it tells of anything at the moment.")
    created_at = column("When it was made.")
    updated_at = column("When it was last changed, or fell silent.")
    organization = one(tables.NotificationRule.organization_id, "The organization in whose repositories it looks.")
    user = one(tables.NotificationRule.user_id, "Its owner, who is told.")
    repository = one(tables.NotificationRule.repository_id, "The repository that it is about; null for all.")
    deliveries = many(
        tables.NotificationDelivery.rule_id, "What was told by it in the last three months, newest first."
    )


@node(
    tables.NotificationDelivery,
    orders=("-created_at", "next_attempt_at", "sent_at"),
    filters=("status", "channel", "created_at"),
)
class NotificationDelivery:
    """Something that a rule told of, on one of its channels, and what has become of it."""

    channel = column("The way by which it goes.")
    status = column("What has become of it.")
    attempts = column("How often it was tried since it happened, or since it was sent again by hand.")
    next_attempt_at = column("When it is tried next; null unless it waits.")
    last_error = column("Why the last try failed; null if none did.")
    sent_at = column("When it arrived; null unless it has.")
    created_at = column("When it happened.")
    rule = one(tables.NotificationDelivery.rule_id, "The rule.")
    repository = one(
        tables.NotificationDelivery.repository_id, "The repository that it is about; null where it is about several."
    )
