"""How times, days, money, large numbers and free-form objects look in the graph: as PostgreSQL writes their JSON."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

JSON = NewType("JSON", object)
BigInt = NewType("BigInt", int)

DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
DAY = re.compile(DATE)
MOMENT = re.compile(rf"({DATE}[Tt]{CLOCK}):([0-5][0-9]|60)(?:\.([0-9]+))?([Zz]|[+-]{CLOCK})")
"""`date-time` of RFC 3339, section 5.6."""
AMOUNT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,6})?")
"""A number of RFC 8259, section 6."""
LONGEST_AMOUNT = 100
"""Characters. The digits of an amount are at most twenty, but for zeros at their end and an exponent."""

WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,37})")


def iso(moment: datetime) -> str:
    """RFC 3339 with the offset and no trailing zeros: `2026-08-19T19:49:29.5+00:00`."""
    text = moment.isoformat()
    if not moment.microsecond:
        return text
    return f"{text[:-6].rstrip('0')}{text[-6:]}"


def moment_of(value: Any) -> datetime:
    """The moment in UTC that a text stands for; raises ValueError, TypeError, or OverflowError beyond the calendar."""
    found = MOMENT.fullmatch(_text(value))
    if not found:
        raise ValueError("no date-time of RFC 3339")
    start, second, fraction, offset = found.groups()
    microsecond = (fraction or "").ljust(6, "0")[:6]
    is_leap = second == "60"
    text = f"{start}:{'59' if is_leap else second}.{microsecond}{'+00:00' if offset in 'zZ' else offset}"
    moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    return _after_leap(moment) if is_leap else moment


def _after_leap(moment: datetime) -> datetime:
    """The first moment after a leap second, which can only be the last of a month in UTC."""
    after = moment.replace(microsecond=0) + timedelta(seconds=1)
    if after != after.replace(day=1, hour=0, minute=0, second=0):
        raise ValueError("no leap second can be there")
    return after


def day_of(value: Any) -> date:
    """The day that a text stands for; raises ValueError or TypeError for what is none."""
    if not DAY.fullmatch(_text(value)):
        raise ValueError("no full-date of RFC 3339")
    return date.fromisoformat(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a string, got {value!r}")
    return value


def whole_of(value: Any) -> int:
    """The whole number that a text stands for; raises ValueError or TypeError for what is none."""
    if not WHOLE.fullmatch(_text(value)):
        raise ValueError("no whole number")
    return int(value)


def amount_of(value: Any) -> Decimal:
    """The amount that a text stands for; raises ValueError, TypeError or ArithmeticError for what is none."""
    if len(_text(value)) > LONGEST_AMOUNT:
        raise ValueError(f"an amount has at most {LONGEST_AMOUNT} characters")
    if not AMOUNT.fullmatch(value):
        raise ValueError("no number as JSON writes it")
    amount = Decimal(value)
    if abs(amount) >= 10**10 or amount.adjusted() < -10:
        raise ValueError("an amount has at most ten digits before the point and ten behind it")
    return amount


def object_of(value: Any) -> dict[str, Any]:
    """The JSON object that a value is; raises TypeError for what is none."""
    if not isinstance(value, dict):
        raise TypeError("no JSON object")
    return value


FORMS = {
    "ID": "a text or a whole number",
    "Int": "a whole number of 32 bits",
    "Float": "a finite number of 64 bits",
    "DateTime": "as 2026-08-19T19:49:29.5Z",
    "Date": "as 2026-08-19",
    "Decimal": 'a text as "49.90"',
    "JSON": "an object",
}
"""Examples of the values of scalars whose names do not say what they look like."""

SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description=(
            "A moment as `date-time` of RFC 3339 has it: date, `T`, time to the second, any fraction of one, and `Z` or"
            " an offset, such as `2026-08-19T19:49:29.5+00:00`. Six digits of a fraction count. A leap second at the"
            " end of a month in UTC counts as the moment after it. Answers are in UTC, without zeros at the end of a"
            " fraction."
        ),
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=iso,
        parse_value=moment_of,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day in UTC as `full-date` of RFC 3339 has it: year, month and day, such as `2026-08-19`.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        serialize=date.isoformat,
        parse_value=day_of,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description=(
            'An exact decimal number as a string that holds a number as JSON (RFC 8259) writes it, such as `"49.90"`: '
            "ten digits before the point at most, and ten behind it, in a hundred characters. Money comes with its ISO "
            "4217 currency. What the database has as no number is answered as `NaN`."
        ),
        serialize=str,
        parse_value=amount_of,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description=(
            'A whole number as a string of its digits, such as `"1234"`: it may be larger than an Int, and than what '
            "a number in JavaScript holds exactly."
        ),
        serialize=str,
        parse_value=whole_of,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="A JSON object whose shape the graph does not fix.",
        serialize=lambda value: value,
        parse_value=object_of,
    ),
}
