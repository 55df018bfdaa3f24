"""The numbers of certificates: people type them off paper, and a mistyped one is known without a look at the database.

Digits and check are those of Crockford's Base 32: https://www.crockford.com/base32.html
"""

import secrets
from collections.abc import Callable

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
CHECKS = 37
"""A prime greater than the base: every wrong digit, and every two digits in each other's place, have another check."""
LOOK_ALIKE = str.maketrans("OIL", "011")
PREFIX = "TRL"


def new_number(year: int, choice: Callable[[str], str] = secrets.choice) -> str:
    """A number that nobody can guess: `TRL-2026-000000BENBY`, whose last digit checks the others and the year."""
    while True:
        digits = "".join(choice(DIGITS) for _ in range(LENGTH))
        # Five of the checks are no digits: numbers with them are not given.
        if (check := _check(f"{year}{digits}")) < len(DIGITS):
            return f"{PREFIX}-{year}-{digits}{DIGITS[check]}"


def number_in(typed: str) -> str | None:
    """The number that somebody typed, however they wrote it; None if it is none that was ever given."""
    signs = "".join(typed.split()).replace("-", "").upper().removeprefix(PREFIX).translate(LOOK_ALIKE)
    year, digits = signs[:4], signs[4:]
    if len(digits) != LENGTH + 1 or not set(signs) <= set(DIGITS) or not year.isdecimal():
        return None
    if _check(signs[:-1]) != DIGITS.index(signs[-1]):
        return None
    return f"{PREFIX}-{year}-{digits}"


def _check(digits: str) -> int:
    """The remainder of the digits, read as one number, by `CHECKS`."""
    value = 0
    for digit in digits:
        value = value * len(DIGITS) + DIGITS.index(digit)
    return value % CHECKS
