"""Making rules, changing them and trying them out, and sending again what has not arrived."""

from datetime import datetime
from operator import itemgetter
from typing import Any

import strawberry
from sqlalchemy import func, null
from strawberry import UNSET

from db import tables
from db.actions import notification_rules
from db.errors import Conflict
from db.permissions import MANAGE, SEE
from db.tables import DeliveryChannel, DeliveryStatus, RuleEventKind, RuleMetric, RuleTrigger
from db.write import Work
from graphql_schema.core import delete, mutation, update
from graphql_schema.core.bulk import items
from graphql_schema.core.fields import Computed, object_type
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import text
from graphql_schema.core.updates import change, changes

for one in (DeliveryChannel, RuleMetric, RuleTrigger):
    enumeration(one)

CHANNELS = "By which ways you are told; each once."
URL = "Where `WEBHOOK` sends requests: an https:// address of a server on the open internet. It is not shown again."
COOLDOWN = "For how many seconds it is silent after it has told of something; a week at most."
RULE = "A rule of yours, or of an organization that you manage."


@strawberry.input(description="What has to be true of what happens. A trigger takes some of these, and needs others.")
class RuleConditionsInput:
    """Conditions."""

    author: str | None = text(200, "The login or the name of the author, of whatever one person makes.", default=None)
    branch: str | None = text(255, "The branch that a pull request would change.", default=None)
    label: str | None = text(100, "A label of an issue.", default=None)
    threshold: int | None = strawberry.field(
        default=None, description="The number that the trigger compares with: hours, points, or how many."
    )
    metric: RuleMetric | None = strawberry.field(default=None, description="What `METRIC_BELOW` counts.")


@strawberry.input(description="A rule to make.")
class CreateNotificationRuleInput:
    """A new rule."""

    organization_id: strawberry.ID = strawberry.field(description="An organization that you belong to.")
    repository_id: strawberry.ID | None = strawberry.field(
        default=None, description="The repository of it that the rule is about; null for all that you see."
    )
    name: str = text(tables.NotificationRule.name, "What you call it; not empty.")
    trigger: RuleTrigger = strawberry.field(description="What it tells of.")
    conditions: RuleConditionsInput = strawberry.field(
        default_factory=RuleConditionsInput, description="What has to be true of that, too."
    )
    channels: list[DeliveryChannel] = items(CHANNELS, most=len(DeliveryChannel))
    url: str | None = text(2_000, URL, default=None)
    cooldown_seconds: int = strawberry.field(default=0, description=COOLDOWN)


@strawberry.input(description="What to change of a rule.")
class UpdateNotificationRuleInput:
    """Changes of a rule."""

    rule_id: strawberry.ID = strawberry.field(description=RULE)
    name: str | None = change(tables.NotificationRule.name, "What you call it; not empty.")
    conditions: RuleConditionsInput | None = change(
        tables.NotificationRule.conditions, "What has to be true of what happens, all of it anew."
    )
    channels: list[DeliveryChannel] | None = change(
        tables.NotificationRule.channels, CHANNELS, most=len(DeliveryChannel)
    )
    url: str | None = text(2_000, f"{URL} Left out, it stays as it is.", default=UNSET)
    cooldown_seconds: int | None = change(tables.NotificationRule.cooldown_seconds, COOLDOWN)
    is_active: bool | None = change(tables.NotificationRule.is_active, "Whether it tells of anything at the moment.")


@strawberry.input(description="A rule.")
class NotificationRuleInput:
    """A rule."""

    rule_id: strawberry.ID = strawberry.field(description=RULE)


@strawberry.input(description="A delivery to send again.")
class ResendDeliveryInput:
    """A delivery."""

    delivery_id: strawberry.ID = strawberry.field(description="A delivery of such a rule.")


object_type(
    "RuleFiring",
    "Something that a rule tells of.",
    title=Computed("What it says, in a line of plain text.", str, itemgetter("title")),
    message=Computed("What else there is to say, in plain text.", str, itemgetter("message")),
    happened_at=Computed("When it happened.", datetime, itemgetter("at")),
    subject_id=Computed(
        "The pull request, issue or commit that it is about; null for a figure.", strawberry.ID | None, itemgetter("id")
    ),
    is_silenced=Computed("Whether the rule was silent by then.", bool, itemgetter("is_silenced")),
)


@mutation(alone=True, rule=tables.NotificationRule, secret=str)
async def create_notification_rule(
    work: Work, input: CreateNotificationRuleInput
) -> tuple[tables.NotificationRule, str | None]:
    """Make a rule by which you are told of what happens in the repositories of an organization, as far as you see them
    when it happens. For its members, 50 each.

    With the channel `WEBHOOK` there is a `secret`, shown this once. Requests are signed with it as
    https://www.standardwebhooks.com has it: your server checks that, and knows a request that comes twice by its
    `webhook-id`.
    """
    organization = await work.get(tables.Organization, input.organization_id, at="organizationId", may=SEE)
    repository = input.repository_id and await work.get(tables.Repository, input.repository_id, at="repositoryId")
    return await notification_rules.create_rule(
        work,
        organization,
        repository or None,
        name=input.name,
        trigger=input.trigger,
        conditions=input.conditions,
        channels=input.channels,
        url=input.url,
        cooldown_seconds=input.cooldown_seconds,
    )


@mutation(alone=True, rule=tables.NotificationRule, secret=str)
async def update_notification_rule(
    work: Work, input: UpdateNotificationRuleInput
) -> tuple[tables.NotificationRule, str | None]:
    """Change a rule, which holds for what happens from then on. For its owner, and for those who manage the
    organization. One that sends requests from now on has a `secret`, shown this once.
    """
    rule = await work.get(tables.NotificationRule, input.rule_id, at="ruleId", may=MANAGE, lock=True)
    given = await changes(work, input) | ({} if input.url is UNSET else {"url": input.url})
    return rule, await notification_rules.update_rule(work, rule, given)


@mutation(alone=True, rule=tables.NotificationRule, secret=str)
async def rotate_notification_secret(work: Work, input: NotificationRuleInput) -> tuple[tables.NotificationRule, str]:
    """Give a rule another secret, shown this once. Its requests are signed with both for 24 hours more, so that you can
    put the new one in the place of the old one.
    """
    rule = await work.get(tables.NotificationRule, input.rule_id, at="ruleId", may=MANAGE, lock=True)
    return rule, await notification_rules.rotate_secret(work, rule)


@mutation(
    rule=tables.NotificationRule,
    firings=Computed(
        "What it would have told of, the latest first; 100 at most. Null if that was refused.",
        "list[RuleFiring] | None",
        lambda payload: payload.get("firings"),
    ),
)
async def test_notification_rule(
    work: Work, input: NotificationRuleInput
) -> tuple[tables.NotificationRule, list[dict[str, Any]]]:
    """Try a rule out, also one that is not active: what it would have told its owner of in the last seven days, or what
    it would tell of now if it looks once a day. Nothing is sent.
    """
    rule = await work.get(tables.NotificationRule, input.rule_id, at="ruleId", may=MANAGE)
    return rule, [
        {
            "title": firing.title,
            "message": firing.text,
            "at": firing.at,
            "id": firing.subject and firing.subject.public_id,
            "is_silenced": is_silenced,
        }
        for firing, is_silenced in await notification_rules.dry_run(work, rule)
    ]


delete_notification_rule = delete(
    "Delete a rule, and what is known of its deliveries; what waits is not sent. For its owner, and for those who "
    "manage the organization.",
    NotificationRuleInput,
    at=tables.NotificationRule,
    may=MANAGE,
)

resend_delivery = update(
    "Send something again that a rule told of by mail or by a request, whatever has become of it: it is tried for "
    "three days more, and a request has the same `webhook-id`. For the owner of the rule, and for those who manage the "
    "organization.",
    ResendDeliveryInput,
    at=tables.NotificationDelivery,
    may=MANAGE,
    unless=(
        lambda delivery, viewer: delivery.channel == DeliveryChannel.IN_APP,
        Conflict("A notification is there already."),
    ),
    sets=lambda delivery, input, viewer: {
        "status": DeliveryStatus.PENDING,
        "attempts": 0,
        "next_attempt_at": func.now(),
        "sent_at": null(),
    },
    tells=RuleEventKind.DELIVERY_DUE,
)
