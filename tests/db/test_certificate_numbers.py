"""The numbers of certificates: nobody guesses one, and one that was mistyped is none."""

from itertools import pairwise

import pytest

from db.certificate_numbers import DIGITS, new_number, number_in

NUMBER = "TRL-2026-000000BENBY"


def test_numbers_have_one_form_and_are_all_different() -> None:
    numbers = {new_number(2026) for _ in range(1_000)}
    assert len(numbers) == 1_000
    assert {number_in(number) for number in numbers} == numbers
    assert all(number.startswith("TRL-2026-") and len(number) == len(NUMBER) for number in numbers)


@pytest.mark.parametrize(
    "typed",
    [
        NUMBER,
        NUMBER.lower(),
        " trl 2026 000000benby\n",
        "2026000000BENBY",
        "TRL-2O26-OOOOOOBENBY",
        "trl2026-000000-benby",
    ],
)
def test_a_number_is_known_however_it_is_typed(typed: str) -> None:
    assert number_in(typed) == NUMBER


@pytest.mark.parametrize(
    "typed",
    ["", "TRL", "TRL-2026-", NUMBER[:-1], NUMBER + "0", "TRL-2026-000000BENBU", "²026000000BENBY", "TRLY" * 5_000],
)
def test_what_has_another_form_is_no_number(typed: str) -> None:
    assert number_in(typed) is None


def test_a_number_with_one_wrong_digit_is_none() -> None:
    digits = NUMBER.removeprefix("TRL-").replace("-", "")
    wrong = [
        digits[:at] + other + digits[at + 1 :] for at in range(len(digits)) for other in DIGITS if other != digits[at]
    ]
    assert [one for one in wrong if number_in(one)] == []


def test_a_number_with_two_digits_in_each_others_place_is_none() -> None:
    for number in (new_number(2026).removeprefix("TRL-").replace("-", "") for _ in range(50)):
        for at, (one, other) in enumerate(pairwise(number)):
            if one != other:
                assert number_in(number[:at] + other + one + number[at + 2 :]) is None
