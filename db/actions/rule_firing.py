"""Rules that fire: what happened is told once on each channel of a rule, unless it is silent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.actions.notifications import notify
from db.actions.rule_matches import FIGURES, WATCHED, figures, matches
from db.base import Base, Json, new_id
from db.queue.declared import job
from db.roots import topic_of
from db.tables import DeliveryChannel, DeliveryStatus, NotificationType, RuleEventKind, RuleMetric, RuleTrigger
from db.write import Work

LONGEST_TEXT = 300

_rule, _delivery, _key = tables.NotificationRule, tables.NotificationDelivery, tables.DeliveryKey


@dataclass(frozen=True, slots=True)
class Firing:
    """Something that a rule tells of. It tells of it once under a key."""

    rule: tables.NotificationRule
    key: str
    title: str
    text: str
    at: datetime
    subject: Base | None = None
    repository: tables.Repository | None = None

    @property
    def payload(self) -> Json:
        """The message, for people and for programs, as Standard Webhooks has it."""
        data = {
            "ruleId": self.rule.public_id,
            "title": self.title,
            "message": self.text,
            "organizationId": tables.Organization(id=self.rule.organization_id).public_id,
            "repositoryId": self.repository and self.repository.public_id,
            "repository": self.repository and self.repository.full_name,
            "subjectId": self.subject and self.subject.public_id,
            "url": getattr(self.subject, "html_url", None),
        }
        return {"type": self.rule.trigger, "timestamp": self.at.isoformat(), "data": data}


@job(cron="7 6 * * *")
async def look_at_rules(work: Work) -> None:
    """Tell of what nobody does: pull requests to which nothing happens, and figures that are not as they should be."""
    stale = await happened(work, RuleTrigger.PULL_REQUEST_STALE, _rule.is_active)
    await fire(work, [*stale, *await compared(work, _rule.is_active)])


async def happened(work: Work, trigger: RuleTrigger, *which: Any, key: str | None = None) -> list[Firing]:
    """The firings of the rules for a trigger, under this key or under that of each row at its time."""
    found = await work.execute(matches(trigger).where(*which))
    return [
        Firing(
            rule,
            f"{trigger} {key or f'{row.public_id} {at.isoformat()}'}",
            f"{WATCHED[trigger].words.format(row)} in {repository.full_name}",
            getattr(row, "title", getattr(row, "message", ""))[:LONGEST_TEXT],
            at,
            row,
            repository,
        )
        for rule, row, repository, at in found
    ]


async def compared(work: Work, *which: Any) -> list[Firing]:
    """The firings of the rules for figures, under the key of this day."""
    now = datetime.now(UTC)
    found = []
    for metric in FIGURES:
        for rule, figure, is_told in await work.execute(figures(metric).where(*which)):
            if is_told:
                text = f"{_said(metric)} of the last seven days: {figure:,.0f}. The rule is for {_bound(rule)}."
                found.append(Firing(rule, f"{rule.trigger} {now.date()}", rule.name, text, now))
    return found


async def fire(work: Work, firings: Sequence[Firing]) -> None:
    """Tell of what was not told before, by the rules that are not silent; those with a cooldown are, from then on."""
    free = {one.rule.id for one in firings if not one.rule.cooldown_seconds} | await _not_silent(work, firings)
    told = await _told(work, firings)
    left = _once(one for one in firings if one.rule.id in free and (one.rule.id, one.key) not in told)
    new = {new_id(): (firing, channel) for firing in left for channel in firing.rule.channels}
    if not new:
        return
    marks = [
        {"id": id_, "rule_id": firing.rule.id, "event_key": firing.key, "channel": channel}
        for id_, (firing, channel) in new.items()
    ]
    marked = await work.scalars(insert(_key).values(marks).on_conflict_do_nothing().returning(_key.id))
    deliveries = [_to_deliver(id_, *new[id_]) for id_ in marked]
    if not deliveries:
        return
    await work.execute(insert(_delivery).values(deliveries))
    await _silence(work, deliveries)
    for delivery in deliveries:
        firing, channel = new[delivery["id"]]
        if channel is not DeliveryChannel.IN_APP:
            announce(work, firing.rule.organization_id, tables.NotificationDelivery(id=delivery["id"]))
    of_app = [new[one["id"]][0] for one in deliveries if one["channel"] is DeliveryChannel.IN_APP]
    await notify(work, [_notification(firing) for firing in of_app])


def announce(work: Work, organization_id: Any, delivery: tables.NotificationDelivery) -> None:
    """Have a delivery be sent, once this is committed."""
    work.tell(topic_of(tables.Organization(id=organization_id)), RuleEventKind.DELIVERY_DUE, delivery=delivery)


async def _told(work: Work, firings: Sequence[Firing]) -> set[tuple[Any, str]]:
    """The rules and keys that were told before. Whatever is told meanwhile has its mark, too, and is not told again."""
    if not firings:
        return set()
    rules, keys = {one.rule.id for one in firings}, {one.key for one in firings}
    found = select(_key.rule_id, _key.event_key).where(_key.rule_id.in_(rules), _key.event_key.in_(keys))
    return {(rule, key) for rule, key in await work.execute(found)}


def _once(firings: Iterable[Firing]) -> Iterable[Firing]:
    """These, but of a rule with a cooldown the first one alone."""
    fallen = set()
    for firing in firings:
        if firing.rule.id not in fallen:
            yield firing
        if firing.rule.cooldown_seconds:
            fallen.add(firing.rule.id)


async def _not_silent(work: Work, firings: Sequence[Firing]) -> set[Any]:
    """The rules with a cooldown that are not silent; they are locked, so that of many at once one tells."""
    cooling = {one.rule.id for one in firings if one.rule.cooldown_seconds}
    if not cooling:
        return set()
    speaks = or_(_rule.silent_until.is_(None), _rule.silent_until <= func.now())
    found = select(_rule.id).where(_rule.id.in_(cooling), _rule.is_active, speaks).order_by(_rule.id)
    return set(await work.scalars(found.with_for_update()))


async def _silence(work: Work, deliveries: Sequence[dict[str, Any]]) -> None:
    told = {one["rule_id"] for one in deliveries}
    until = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, _rule.cooldown_seconds)
    has_cooldown = _rule.id.in_(told), _rule.cooldown_seconds > 0
    await work.execute(update(_rule).where(*has_cooldown).values(silent_until=until), synchronize_session=False)


def _to_deliver(id_: Any, firing: Firing, channel: DeliveryChannel) -> dict[str, Any]:
    is_there = channel is DeliveryChannel.IN_APP
    return {
        "id": id_,
        "rule_id": firing.rule.id,
        "repository_id": firing.repository and firing.repository.id,
        "channel": channel,
        "payload": firing.payload,
        "status": DeliveryStatus.SENT if is_there else DeliveryStatus.PENDING,
        "attempts": int(is_there),
        "next_attempt_at": None if is_there else func.now(),
        "sent_at": func.now() if is_there else None,
    }


def _notification(firing: Firing) -> dict[str, Any]:
    about = firing.payload["data"]
    data = {name: about[name] for name in ("ruleId", "organizationId", "repositoryId", "subjectId")}
    return {
        "user_id": firing.rule.user_id,
        "type": NotificationType.RULE_FIRED,
        "title": firing.title,
        "message": firing.text,
        "data": data,
    }


def _said(metric: RuleMetric | None) -> str:
    return "Hours that half of the pull requests took" if metric is None else metric.meaning.removesuffix(".")


def _bound(rule: tables.NotificationRule) -> str:
    over = "more than" if rule.trigger is RuleTrigger.CYCLE_TIME_ABOVE else "less than"
    return f"{over} {rule.conditions['threshold']:,}"
