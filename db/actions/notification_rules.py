"""Notification rules: what happens is noticed, and rules are made and changed by the members of an organization."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from typing import Any

from sqlalchemy import func, select

from db import tables
from db.actions.rule_firing import Firing, compared, fire, happened
from db.actions.rule_matches import RECENT, WATCHED
from db.base import Base, new_id
from db.errors import BadInput, Conflict, Forbidden, Refusal
from db.ids import key_of
from db.outgoing import host_of
from db.queue.declared import job
from db.queue.steps import Steps
from db.sealed import Sealed
from db.tables import DeliveryChannel, RepositoryEventKind, RuleTrigger
from db.write import Work

MOST_RULES = 50
"""The rules of a member in an organization: each is looked at whenever something happens."""
SHOWN = 100
"""The firings that a dry run shows."""
OVERLAP = timedelta(hours=24)
"""How long requests are signed with the secret before a rotation, too."""

_rule = tables.NotificationRule
SEALED = Sealed(_rule, ("url", "secret", "previous_secret"), owner="user_id")


async def noticed(work: Work, trigger: RuleTrigger, *rows: Base, key: str | None = None) -> None:
    """Tell whoever has a rule for it that something happened to rows, which are written before.

    `key` names the happening, in at most 150 characters: under one key a rule tells of it once, however often it is
    noticed. Without a key that is the row and when it happened. Rules are locked behind all that belongs to
    repositories.
    """
    is_of_these = WATCHED[trigger].told_by.id.in_([row.id for row in rows])
    await fire(work, await happened(work, trigger, is_of_these, _rule.is_active, key=key))


@job(on=(RepositoryEventKind.CODE_REVIEW_COMPLETED,))
async def notice_risk(work: Work, review: str) -> None:
    """Tell of a review of a pull request that found it risky."""
    table = tables.CodeReview
    if row := await work.scalar(select(table).where(table.id == key_of(table, review))):
        await noticed(work, RuleTrigger.RISK_AT_LEAST, row)


async def create_rule(
    work: Work,
    organization: tables.Organization,
    repository: tables.Repository | None,
    *,
    url: str | None = None,
    **columns: Any,
) -> tuple[tables.NotificationRule, str | None]:
    """A new rule of the viewer, and the secret that its requests are signed with if it sends any.

    Raises Forbidden for people who are no members, and Conflict where they have as many as there may be.
    """
    await _make_room(work, organization)
    if repository and repository.organization_id != organization.id:
        raise BadInput("The organization has no such repository.", at="repositoryId")
    keys = {
        "organization_id": organization.id,
        "user_id": work.viewer_id,
        "repository_id": repository and repository.id,
    }
    rule = _rule(id=new_id(), **keys, **_checked(columns))
    secret = _send_requests(work, rule, url)
    await work.add(rule)
    work.audit("notification_rule_created", rule)
    await work.changed(rule)
    return rule, secret


async def update_rule(work: Work, rule: tables.NotificationRule, changes: Mapping[str, Any]) -> str | None:
    """Give a rule other values, also another address by `url`; returns the secret of one that sends requests from now
    on. It must be locked.
    """
    columns = _checked({name: value for name, value in changes.items() if name != "url"})
    work.change(rule, columns)
    secret = _send_requests(work, rule, changes.get("url"))
    work.audit("notification_rule_changed", rule)
    await work.changed(rule)
    return secret


async def rotate_secret(work: Work, rule: tables.NotificationRule) -> str:
    """Another secret for the requests of a rule, which must be locked. The one before counts for a day more."""
    if rule.secret is None:
        raise Conflict("This rule sends no requests.", at="ruleId", current=rule)
    SEALED.put(work.keyring, rule, "previous_secret", SEALED.text(work.keyring, rule, "secret"))
    rule.previous_until = datetime.now(UTC) + OVERLAP
    secret = _new_secret(work, rule)
    work.audit("notification_rule_secret_rotated", rule)
    await work.changed(rule)
    return secret


async def dry_run(work: Work, rule: tables.NotificationRule) -> list[tuple[Firing, bool]]:
    """The firings of a rule in the last seven days, the latest first, and whether it would have been silent.

    Of one that looks once a day they are those of this moment. Nothing is told.
    """
    if rule.trigger not in WATCHED:
        firings = await compared(work, _rule.id == rule.id)
    elif rule.trigger is RuleTrigger.PULL_REQUEST_STALE:
        firings = await happened(work, rule.trigger, _rule.id == rule.id)
    else:
        at = WATCHED[rule.trigger].at
        firings = await happened(work, rule.trigger, _rule.id == rule.id, at >= func.now() - RECENT, at <= func.now())
    shown, silent_until = list[tuple[Firing, bool]](), datetime.min.replace(tzinfo=UTC)
    for firing in sorted(firings, key=lambda one: one.at):
        is_silent = firing.at < silent_until
        if not is_silent:
            silent_until = firing.at + timedelta(seconds=rule.cooldown_seconds)
        shown.append((firing, is_silent))
    return shown[: -SHOWN - 1 : -1]


@job(cron="29 3 * * *", at_once=1)
async def seal_rules_anew(steps: Steps) -> None:
    """Seal with the secret in use what is sealed with an older one, which then can be taken away."""
    await SEALED.seal_anew(steps)


async def _make_room(work: Work, organization: tables.Organization) -> None:
    """Lock the place of the viewer, so that of two rules at once both are counted."""
    member = tables.OrganizationMember
    place = select(member.id).where(member.organization_id == organization.id, member.user_id == work.viewer_id)
    if await work.scalar(place.with_for_update()) is None:
        raise Forbidden("Rules are for members of the organization.", at="organizationId")
    own = _rule.organization_id == organization.id, _rule.user_id == work.viewer_id
    if (await work.scalar(select(func.count()).select_from(_rule).where(*own)) or 0) >= MOST_RULES:
        raise Conflict(f"You have {MOST_RULES} rules here. Delete one first.", at="organizationId")


def _checked(columns: dict[str, Any]) -> dict[str, Any]:
    """Columns of a rule, with each channel once and in their order."""
    if "channels" in columns:
        columns["channels"] = [channel for channel in DeliveryChannel if channel in columns["channels"]]
    return columns


def _send_requests(work: Work, rule: tables.NotificationRule, url: str | None) -> str | None:
    """Put an address into a rule that sends requests, with a secret if it has none, which is returned; else take both
    away.
    """
    if DeliveryChannel.WEBHOOK not in rule.channels:
        if url is not None:
            raise BadInput("Only a rule with the channel WEBHOOK has an address.", at="url")
        rule.url = rule.url_host = rule.secret = rule.previous_secret = rule.previous_until = None
        return None
    if url is not None:
        try:
            rule.url_host = host_of(url)
        except Refusal as refusal:
            refusal.at = "url"
            raise
        SEALED.put(work.keyring, rule, "url", url)
    if rule.url is None:
        raise BadInput("The channel WEBHOOK needs an address.", at="url")
    return None if rule.secret else _new_secret(work, rule)


def _new_secret(work: Work, rule: tables.NotificationRule) -> str:
    secret = f"whsec_{b64encode(token_bytes(32)).decode()}"
    SEALED.put(work.keyring, rule, "secret", secret)
    return secret
