"""The history of a payment is the same in whichever order, and however often, its events arrive."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from db import tables
from db.actions.payment_history import OPEN_FOR, History, history
from db.base import new_id
from db.tables import PaymentStatus
from tests.world import NOON

CREATED, COMPLETED, FAILED, REFUNDED = KINDS = "pending", "succeeded", "failed", "refunded"


def payment(**values: Any) -> tables.Transaction:
    given = {"status": PaymentStatus.PENDING, "amount": Decimal("49.90"), "currency": "USD", "created_at": NOON}
    return tables.Transaction(id=new_id(), **given | values)


def said(kind: str, *, minute: int = 1, charge: str = "ch_1", **values: Any) -> tables.PaymentEvent:
    subject = {"id": charge, "amount": 4990, "currency": "usd", "amount_refunded": 4990 * (kind == REFUNDED)}
    return tables.PaymentEvent(
        id=new_id(),
        provider="test",
        type=f"charge.{kind}",
        charge=charge,
        occurred_at=NOON + timedelta(minutes=minute),
        payload={"data": {"object": subject | values}},
    )


def told(events: Iterable[tables.PaymentEvent], *, after: timedelta = timedelta(), **values: Any) -> History:
    return history(payment(**values), events, now=NOON + after)


def keep(row: tables.Transaction, found: History) -> None:
    """Keep a history with its payment, as it is kept each time that an event arrives."""
    row.status, row.failure_reason = found.status, found.reason
    row.provider, row.provider_txn_id = found.charge
    row.completed_at = found.times.get(PaymentStatus.COMPLETED)
    row.failed_at = found.times.get(PaymentStatus.FAILED)
    row.refunded_at = found.times.get(PaymentStatus.REFUNDED)


def arrived(events: Sequence[tables.PaymentEvent], *, at: datetime = NOON) -> History:
    """The history once these events have come one by one, in this order."""
    row, known, found = payment(), list[tables.PaymentEvent](), History()
    for event in events:
        known.append(event)
        keep(row, found := history(row, known, now=at))
    return found


@pytest.mark.parametrize("order", [*permutations(KINDS)], ids="-".join)
@pytest.mark.parametrize("charges", [("ch_1",) * 4, ("ch_1", "ch_1", "ch_2", "ch_1"), ("ch_2", "ch_1", "ch_1", "ch_2")])
def test_every_order_of_arrival_ends_alike(order: Sequence[str], charges: Sequence[str]) -> None:
    """Whichever order they really have, and whichever of two charges they are about."""
    events = [
        said(kind, minute=minute, charge=charge)
        for minute, (kind, charge) in enumerate(zip(order, charges, strict=True))
    ]
    for at in (NOON, NOON + OPEN_FOR):
        ends = [arrived(some, at=at) for some in permutations(events)]
        assert [end for end in ends if end != ends[0]] == []


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ([], PaymentStatus.PENDING),
        ([CREATED], PaymentStatus.PENDING),
        ([CREATED, COMPLETED], PaymentStatus.COMPLETED),
        ([COMPLETED, CREATED], PaymentStatus.COMPLETED),
        ([COMPLETED], PaymentStatus.COMPLETED),
        ([CREATED, FAILED], PaymentStatus.FAILED),
        ([COMPLETED, REFUNDED], PaymentStatus.REFUNDED),
        ([REFUNDED, COMPLETED], PaymentStatus.REFUNDED),
        ([REFUNDED], PaymentStatus.PENDING),
        ([FAILED, COMPLETED], PaymentStatus.FAILED),
        ([COMPLETED, FAILED], PaymentStatus.COMPLETED),
        ([COMPLETED, FAILED, REFUNDED], PaymentStatus.REFUNDED),
    ],
)
def test_a_payment_goes_through_its_states_by_the_times_of_events(order: list[str], status: PaymentStatus) -> None:
    found = told(said(kind, minute=minute) for minute, kind in enumerate(order))
    assert found.status is status


def test_events_of_one_second_are_taken_in_the_order_of_states() -> None:
    assert told([said(REFUNDED), said(COMPLETED), said(CREATED)]).status is PaymentStatus.REFUNDED


def test_a_state_is_told_with_the_time_at_which_it_came() -> None:
    found = told([said(COMPLETED, minute=3), said(REFUNDED, minute=9)])
    at = {PaymentStatus.COMPLETED: 3, PaymentStatus.REFUNDED: 9}
    assert found.times == {status: NOON + timedelta(minutes=minute) for status, minute in at.items()}


def test_a_payment_that_failed_says_why() -> None:
    assert told([said(FAILED, failure_message="The card was declined.")]).reason == "The card was declined."


def test_a_refund_waits_until_it_is_known_that_there_was_a_payment() -> None:
    refund = said(REFUNDED, minute=5)
    assert told([refund]).waiting == {refund.id: "It is not known that this was paid."}
    assert told([refund, said(COMPLETED)]).waiting == {}


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (said(COMPLETED, amount=4900), "It is about 49.00 USD, and not 49.90 USD."),
        (said(COMPLETED, currency="eur"), "It is about 49.90 EUR, and not 49.90 USD."),
        (said(COMPLETED, currency="jpy"), "It is about 4990 JPY, and not 49.90 USD."),
        (said(REFUNDED, amount_refunded=990), "Only 9.90 of 49.90 USD were paid back."),
        (said(COMPLETED, amount=None), "What it says of the charge makes no sense."),
    ],
    ids=["amount", "currency", "decimals", "part", "nonsense"],
)
def test_what_does_not_fit_the_price_is_refused(event: tables.PaymentEvent, reason: str) -> None:
    found = told([said(CREATED, minute=0), event])
    assert (found.status, found.refused) == (PaymentStatus.PENDING, {event.id: reason})


def test_what_no_state_can_follow_is_refused() -> None:
    failed = said(FAILED, minute=7)
    assert told([said(COMPLETED), failed]).refused == {failed.id: "A payment that is COMPLETED does not become FAILED."}


def test_another_charge_is_refused() -> None:
    other = said(COMPLETED, minute=7, charge="ch_2")
    found = told([said(FAILED), other])
    assert (found.charge, found.refused) == (("test", "ch_1"), {other.id: "Another charge was made for this."})


def test_a_payment_fails_that_nothing_is_heard_of_for_a_day() -> None:
    assert told([], after=OPEN_FOR - timedelta(seconds=1)).status is PaymentStatus.PENDING
    found = told([said(CREATED)], after=OPEN_FOR)
    assert (found.status, found.reason) == (PaymentStatus.FAILED, "It was not paid within 24 hours.")
    assert found.times == {PaymentStatus.FAILED: NOON + OPEN_FOR}


def test_a_payment_of_that_day_counts_when_it_is_heard_of_later() -> None:
    given_up: dict[str, Any] = {"status": PaymentStatus.FAILED, "failed_at": NOON + OPEN_FOR}
    assert told([said(COMPLETED)], after=2 * OPEN_FOR, **given_up).status is PaymentStatus.COMPLETED
    late = said(COMPLETED, minute=24 * 60 + 1)
    assert [*told([late], after=2 * OPEN_FOR, **given_up).refused] == [late.id]


def test_a_payment_that_came_without_events_can_be_paid_back() -> None:
    imported: dict[str, Any] = {"status": PaymentStatus.COMPLETED, "completed_at": NOON}
    imported |= {"provider": "test", "provider_txn_id": "ch_1"}
    assert told([said(REFUNDED)], **imported).status is PaymentStatus.REFUNDED
