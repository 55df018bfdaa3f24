"""What providers say of charges is read as it is meant, or not at all."""

from decimal import Decimal
from typing import Any

import pytest

from db.actions.charges import Charge, charge_in

CHARGE = {"id": "ch_1", "amount": 4990, "currency": "usd"}


@pytest.mark.parametrize(
    ("amount", "currency", "price"),
    [
        (4990, "usd", (Decimal("49.90"), "USD")),
        (500, "jpy", (Decimal(500), "JPY")),
        (1500, "KWD", (Decimal("1.5"), "KWD")),
        (0, "eur", (Decimal(0), "EUR")),
    ],
)
def test_an_amount_is_in_the_smallest_unit_of_its_currency(
    amount: int, currency: str, price: tuple[Decimal, str]
) -> None:
    assert Charge(id="ch_1", amount=amount, currency=currency).price == price


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": None},
        {"id": "x" * 201},
        {"amount": -1},
        {"amount": "4990"},
        {"amount": 49.9},
        {"amount": True},
        {"amount": 10**15},
        {"currency": "dollar"},
        {"currency": "us"},
        {"amount_refunded": -1},
        {"failure_message": 7},
        {"metadata": []},
    ],
)
def test_a_charge_that_makes_no_sense_is_none(change: dict[str, Any]) -> None:
    assert charge_in(CHARGE | change) is None


@pytest.mark.parametrize("subject", [None, [], "ch_1", 7])
def test_what_is_no_object_is_no_charge(subject: Any) -> None:
    assert charge_in(subject) is None


def test_what_a_charge_has_beside_is_ignored() -> None:
    assert charge_in(CHARGE | {"captured": True, "billing_details": {"name": "Ben"}}) == charge_in(CHARGE)
