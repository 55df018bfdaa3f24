"""How times, days and amounts are written and read."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLScalarType

from graphql_schema.core.scalars import iso
from graphql_schema.schema import executor


def scalar(name: str) -> GraphQLScalarType:
    found = executor.schema.get_type(name)
    assert isinstance(found, GraphQLScalarType)
    return found


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 8, 19, 19, 49, 29, tzinfo=UTC), "2026-08-19T19:49:29+00:00"),
        (datetime(2026, 8, 19, 19, 49, 29, 500_000, tzinfo=UTC), "2026-08-19T19:49:29.5+00:00"),
        (datetime(2026, 8, 19, 19, 49, 30, 100, tzinfo=UTC), "2026-08-19T19:49:30.0001+00:00"),
        (datetime(2026, 8, 19, 19, 49, 30, 123_456, tzinfo=UTC), "2026-08-19T19:49:30.123456+00:00"),
        (datetime(2026, 8, 19, 10, tzinfo=timezone(timedelta(hours=10))), "2026-08-19T10:00:00+10:00"),
    ],
)
def test_a_time_has_its_offset_and_no_zeros_at_the_end(moment: datetime, text: str) -> None:
    assert iso(moment) == text
    assert scalar("DateTime").parse_value(text) == moment


def test_a_time_may_be_written_with_a_z() -> None:
    assert scalar("DateTime").parse_value("2026-08-19T19:49:29Z") == datetime(2026, 8, 19, 19, 49, 29, tzinfo=UTC)


def test_an_amount_keeps_its_digits() -> None:
    assert scalar("Decimal").coerce_output_value(Decimal("49.90")) == "49.90"
    assert scalar("Decimal").parse_value("49.90") == Decimal("49.90")


def test_a_day_is_a_day() -> None:
    assert scalar("Date").coerce_output_value(date(2026, 8, 19)) == "2026-08-19"
    assert scalar("Date").parse_value("2026-08-19") == date(2026, 8, 19)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DateTime", "2026-08-19T19:49:29"),
        ("DateTime", "2026-08-19"),
        ("DateTime", "now"),
        ("DateTime", 1_780_000_000),
        ("DateTime", "2026-13-01T00:00:00Z"),
        ("Date", "2026-02-30"),
        ("Date", "today"),
        ("Date", 20260819),
        ("Decimal", 49.9),
        ("Decimal", 49),
        ("Decimal", "much"),
        ("Decimal", "NaN"),
        ("Decimal", "sNaN"),
        ("Decimal", "-Infinity"),
        ("Decimal", "10000000000"),
    ],
)
def test_anything_else_is_refused(name: str, value: Any) -> None:
    with pytest.raises((ValueError, TypeError, ArithmeticError)):
        scalar(name).parse_value(value)
