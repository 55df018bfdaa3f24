"""How times, days, money and free-form objects look in the graph: exactly as PostgreSQL writes them into JSON."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

JSON = NewType("JSON", object)


def iso(moment: datetime) -> str:
    """ISO 8601 with the offset and no trailing zeros: `2026-08-19T19:49:29.5+00:00`."""
    text = moment.isoformat()
    if not moment.microsecond:
        return text
    return f"{text[:-6].rstrip('0')}{text[-6:]}"


def moment_of(value: Any) -> datetime:
    """The moment in UTC that a text stands for; raises ValueError, TypeError, or OverflowError beyond the calendar."""
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset, as in 2026-08-19T19:49:29Z")
    return moment.astimezone(UTC)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a string, got {value!r}")
    return value


def amount_of(value: Any) -> Decimal:
    """The amount that a text stands for; raises ValueError, TypeError or ArithmeticError for what is none."""
    amount = Decimal(_text(value))
    if not amount.is_finite() or abs(amount) >= 10**10 or amount.adjusted() < -10:
        raise ValueError("an amount has at most ten digits before the point and ten behind it")
    return amount


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in ISO 8601 with its offset, such as `2026-08-19T19:49:29.5+00:00`. Answers are in UTC.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=iso,
        parse_value=moment_of,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day in UTC, such as `2026-08-19`.",
        serialize=date.isoformat,
        parse_value=lambda value: date.fromisoformat(_text(value)),
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number as a string, such as `"49.90"`. Money comes with its ISO 4217 currency.',
        serialize=str,
        parse_value=amount_of,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="A JSON object whose shape the graph does not fix.",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    ),
}
