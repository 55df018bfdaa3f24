"""Calls of what people do with rules, and of what rules do."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from db import tables
from db.actions import notification_rules, rule_firing
from db.actions.rule_firing import Firing
from db.tables import DeliveryChannel, RuleTrigger
from db.write import Work
from tests.db.calls import Call

MADE: dict[str, Any] = {"trigger": RuleTrigger.COMMIT_PUSHED, "conditions": {}, "channels": [DeliveryChannel.IN_APP]}


async def made(work: Work, organization: tables.Organization) -> None:
    await notification_rules.create_rule(work, organization, None, name="made", **MADE)


async def renamed(work: Work, rule: tables.NotificationRule) -> None:
    await notification_rules.update_rule(work, rule, {"name": "renamed"})


async def noticed(work: Work, repository: tables.Repository) -> None:
    issue = select(tables.Issue).where(tables.Issue.repository_id == repository.id)
    row = (await work.scalars(issue)).one()
    await notification_rules.noticed(work, RuleTrigger.ISSUE_OPENED, row, key="noticed")


async def fired(work: Work, rule: tables.NotificationRule) -> None:
    await rule_firing.fire(work, [Firing(rule, "fired", "Look", "There", datetime.now(UTC))])


CALLS = (
    Call(
        notification_rules.create_rule,
        "vera",
        ("analytical",),
        made,
        "SELECT count(*) = 1 FROM notification_rules WHERE name = 'made'",
    ),
    Call(
        notification_rules.update_rule,
        "olga",
        ("olgas_rule",),
        renamed,
        "SELECT count(*) = 1 FROM notification_rules WHERE name = 'renamed'",
    ),
    Call(
        notification_rules.rotate_secret,
        "ada",
        ("adas_rule",),
        notification_rules.rotate_secret,
        "SELECT previous_until > now() FROM notification_rules WHERE name = 'adas_rule'",
    ),
    Call(
        notification_rules.noticed,
        "ada",
        ("engine",),
        noticed,
        "SELECT count(*) = 2 FROM delivery_keys WHERE event_key = 'ISSUE_OPENED noticed'",
    ),
    Call(
        rule_firing.fire,
        "ada",
        ("bens_rule",),
        fired,
        "SELECT count(*) = 2 FROM delivery_keys WHERE event_key = 'fired'",
    ),
)
