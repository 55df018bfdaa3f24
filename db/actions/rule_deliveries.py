"""Deliveries of rules: by mail, or by requests as Standard Webhooks has them, and tried for three days."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import uniform
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, or_, select
from standardwebhooks import Webhook

from db import tables
from db.actions.notification_rules import SEALED
from db.actions.rule_firing import announce
from db.actions.rule_matches import owner_sees
from db.base import Json
from db.errors import CannotRun
from db.ids import key_of
from db.keyring import Keyring, Unreadable
from db.mail import Mail, NotSent, Undeliverable
from db.outgoing import Unanswered
from db.queue.declared import job
from db.queue.steps import Steps
from db.tables import DeliveryChannel, DeliveryStatus, RuleEventKind
from db.write import Work

PAUSES = [
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 20)),
]
"""The time behind each try, until the next: three days in all, as Standard Webhooks recommends it."""
AT_ONCE = 1_000
"""Deliveries that one look finds."""
UNSEEN = "The owner of the rule does not see any more what it is about."

_delivery, _rule = tables.NotificationDelivery, tables.NotificationRule


class Hopeless(Exception):  # noqa: N818  (named for what is true of it)
    """Trying again would not help. The message says why."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery on its way: to a mail address, or to an address of the web with a signature by each secret."""

    id: UUID
    attempts: int
    payload: Json
    email: str | None = None
    url: str | None = None
    secrets: tuple[str, ...] = ()

    @property
    def public_id(self) -> str:
        """The id by which receivers know what they have had before."""
        return tables.NotificationDelivery(id=self.id).public_id

    async def send(self, steps: Steps) -> None:
        """Send it. Raises NotSent or Unanswered where that may be done later, and Undeliverable where it never can."""
        if self.email:
            told = self.payload["data"]
            lines = (told["message"], told["url"], "You are told of this by a rule of yours.")
            await steps.mailer.send(Mail(self.email, told["title"], "\n\n".join(filter(None, lines))))
        elif self.url:
            body = orjson.dumps(self.payload).decode()
            await steps.outgoing.post(self.url, self._headers(body), body.encode())

    def _headers(self, body: str) -> dict[str, str]:
        now = datetime.now(UTC)
        return {
            "content-type": "application/json",
            "webhook-id": self.public_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(Webhook(one).sign(self.public_id, now, body) for one in self.secrets),
        }


@job(on=(RuleEventKind.DELIVERY_DUE,), at_once=2)
async def send_delivery(steps: Steps, delivery: str) -> None:
    """Send what a rule told, or note when it is tried again."""
    key = key_of(_delivery, delivery)
    async with steps.work() as work:
        try:
            parcel = await _taken(work, key)
        except Hopeless as error:
            await _end(work, key, error=str(error), is_over=True)
            return
    if parcel is None:
        return
    failed, is_over = None, False
    try:
        await parcel.send(steps)
    except Undeliverable:
        failed, is_over = "Nobody gets mail at the address.", True
    except (NotSent, Unanswered, CannotRun) as error:
        failed, is_over = str(error), parcel.attempts > len(PAUSES)
    async with steps.work() as work:
        await _end(work, key, attempts=parcel.attempts, error=failed, is_over=is_over)


@job(cron="* * * * *")
async def send_due_deliveries(work: Work) -> None:
    """Have all be sent whose time has come, also what a worker had when it was killed."""
    is_due = _delivery.status == DeliveryStatus.PENDING, _delivery.next_attempt_at <= func.now()
    due = select(_delivery.id, _rule.organization_id).join(_rule, _rule.id == _delivery.rule_id).where(*is_due)
    for id_, organization_id in await work.execute(due.order_by(_delivery.next_attempt_at).limit(AT_ONCE)):
        announce(work, organization_id, tables.NotificationDelivery(id=id_))


def pause(attempts: int) -> timedelta:
    """The time until the next try after so many, never quite the same: many that failed together come apart."""
    return PAUSES[min(attempts, len(PAUSES)) - 1] * uniform(0.8, 1)  # noqa: S311  (to spread them, nothing else)


async def _taken(work: Work, key: UUID | None) -> Parcel | None:
    """A delivery whose time has come, for one try; None where it has not, or has another.

    It is noted first when it is tried again: a worker that is killed with it has sent it or not, and nobody knows.
    Raises Hopeless where it cannot be sent.
    """
    is_due = _delivery.status == DeliveryStatus.PENDING, _delivery.next_attempt_at <= func.now()
    delivery = await work.scalar(select(_delivery).where(_delivery.id == key, *is_due).with_for_update())
    if delivery is None:
        return None
    delivery.attempts += 1
    delivery.next_attempt_at = datetime.now(UTC) + pause(delivery.attempts)
    rule, owner, sees = (await work.execute(_rule_of(delivery))).one()
    if not sees or not owner.is_active:
        raise Hopeless(UNSEEN)
    if delivery.channel is DeliveryChannel.EMAIL:
        if owner.email_verified_at is None:
            raise Hopeless("The owner of the rule has not shown that the address is theirs.")
        return Parcel(delivery.id, delivery.attempts, delivery.payload, email=owner.email)
    url, secrets = _signing(work.keyring, rule)
    return Parcel(delivery.id, delivery.attempts, delivery.payload, url=url, secrets=secrets)


def _signing(keyring: Keyring, rule: tables.NotificationRule) -> tuple[str, tuple[str, ...]]:
    """The address that a rule sends requests to, and the secrets that they are signed with."""
    if rule.url is None:
        raise Hopeless("The rule sends no requests any more.")
    has_two = rule.previous_until is not None and rule.previous_until > datetime.now(UTC)
    try:
        found = [SEALED.text(keyring, rule, name) for name in ("url", "secret", *(["previous_secret"] * has_two))]
    except Unreadable as error:
        raise Hopeless(str(error)) from None
    url, *secrets = (one or "" for one in found)
    return url, tuple(secrets)


def _rule_of(delivery: tables.NotificationDelivery) -> Any:
    """The rule of a delivery, its owner, and whether they still see what it is about."""
    organization, repository = tables.Organization, tables.Repository
    sees = owner_sees(organization) & or_(repository.id.is_(None), owner_sees(repository))
    found = select(_rule, tables.User, sees).join(tables.User, tables.User.id == _rule.user_id)
    whole = found.join(organization, organization.id == _rule.organization_id)
    return whole.outerjoin(repository, repository.id == delivery.repository_id).where(_rule.id == delivery.rule_id)


async def _end(work: Work, key: UUID | None, *, error: str | None, is_over: bool, attempts: int | None = None) -> None:
    """Note how a try has ended, unless the delivery was begun anew meanwhile."""
    waits = _delivery.status == DeliveryStatus.PENDING
    delivery = await work.scalar(select(_delivery).where(_delivery.id == key, waits).with_for_update())
    if delivery is None or delivery.attempts != (attempts or delivery.attempts):
        return
    delivery.last_error = error
    if error is None:
        delivery.status, delivery.sent_at, delivery.next_attempt_at = DeliveryStatus.SENT, datetime.now(UTC), None
    elif is_over:
        delivery.status, delivery.next_attempt_at = DeliveryStatus.DEAD, None
