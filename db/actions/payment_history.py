"""The history of a payment, as all that is known of it tells it: by the times at which things happened, and never by
the order in which they were heard of. So it ends alike however events arrive: twice, late, or the last one first.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from db import tables
from db.actions.charges import TYPES, charge_in
from db.tables import PaymentStatus
from db.tables.courses_enums import PAYMENT_TRANSITIONS

OPEN_FOR = timedelta(days=1)
"""The time after which a payment has failed that nothing was heard of."""
ORDER = list(PaymentStatus)

Name = tuple[str | None, str | None]
"""The name of a charge: its provider, and the id that it has there."""


class Told(NamedTuple):
    """One thing that is known of a payment: the state that it came to, and when."""

    at: datetime
    status: PaymentStatus
    charge: Name | None = None
    """The charge by which it is paid; None where it is said of every charge."""
    event: UUID | None = None
    """The key of the event that says so; None for what is known without one."""
    reason: str | None = None
    """Why it has failed."""


@dataclass
class History:
    """The state that a payment has come to, and what becomes of the events that tell of it."""

    status: PaymentStatus = PaymentStatus.PENDING
    charge: Name = (None, None)
    reason: str | None = None
    times: dict[PaymentStatus, datetime] = field(default_factory=dict)
    refused: dict[UUID, str] = field(default_factory=dict)
    """The events that cannot be applied, with the reasons why."""
    waiting: dict[UUID, str] = field(default_factory=dict)
    """The events that can be applied once others are known."""

    def tell(self, told: Told) -> None:
        """Take in what happened next."""
        if told.charge and self.charge[1] and told.charge != self.charge:
            _note(self.refused, told, "Another charge was made for this.")
        elif told.status in PAYMENT_TRANSITIONS.get(self.status, ()):
            self.status, self.reason, self.times[told.status] = told.status, told.reason, told.at
            self._apply(told)
        elif told.status in {PaymentStatus.PENDING, *self.times}:  # it is known already
            self._apply(told)
        elif told.status is PaymentStatus.REFUNDED:
            _note(self.waiting, told, "It is not known that this was paid.")
        else:
            _note(self.refused, told, f"A payment that is {self.status} does not become {told.status}.")

    def _apply(self, told: Told) -> None:
        self.charge = told.charge or self.charge
        if told.event:
            self.waiting.pop(told.event, None)


def history(payment: tables.Transaction, events: Iterable[tables.PaymentEvent], *, now: datetime) -> History:
    """The history of a payment that these events are about."""
    found = History()
    known = list(_stored(payment))
    if payment.created_at + OPEN_FOR <= now:
        reason = f"It was not paid within {OPEN_FOR // timedelta(hours=1)} hours."
        known.append(Told(payment.created_at + OPEN_FOR, PaymentStatus.FAILED, reason=reason))
    for event in events:
        told = _said(payment, event)
        if isinstance(told, str):
            found.refused[event.id] = told
        else:
            known.append(told)
    known.sort(key=lambda one: (one.at, ORDER.index(one.status), one.charge or ("", "")))
    for told in known:
        found.tell(told)
    for told in [one for one in known if one.event in found.waiting]:
        found.tell(told)
    return found


def _stored(payment: tables.Transaction) -> Iterable[Told]:
    """The parts that were known of a payment before. An imported one has no events."""
    charge = payment.provider, payment.provider_txn_id
    for status, at in (
        (PaymentStatus.COMPLETED, payment.completed_at),
        (PaymentStatus.FAILED, payment.failed_at),
        (PaymentStatus.REFUNDED, payment.refunded_at),
    ):
        if at:
            yield Told(at, status, charge if charge[1] else None, reason=payment.failure_reason)


def _said(payment: tables.Transaction, event: tables.PaymentEvent) -> Told | str:
    """The part that an event tells of a payment, or why it does not count."""
    charge = charge_in(event.payload["data"]["object"])
    if charge is None:
        return "What it says of the charge makes no sense."
    (amount, currency), status = charge.price, TYPES[event.type]
    if (amount, currency) != (payment.amount, payment.currency):
        return f"It is about {amount} {currency}, and not {payment.amount} {payment.currency}."
    if status is PaymentStatus.REFUNDED and charge.paid_back < amount:
        return f"Only {charge.paid_back} of {amount} {currency} were paid back."
    reason = charge.failure_message if status is PaymentStatus.FAILED else None
    return Told(event.occurred_at, status, (event.provider, charge.id), event.id, reason and reason[:1_000])


def _note(reasons: dict[UUID, str], told: Told, reason: str) -> None:
    if told.event:
        reasons[told.event] = reason
