"""How times, days and amounts are written and read."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLScalarType
from hypothesis import given
from hypothesis import strategies as st

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


def test_an_amount_is_never_read_for_long() -> None:
    assert scalar("Decimal").parse_value("1." + "0" * 98) == 1
    with pytest.raises(ValueError, match="at most 100 characters"):
        scalar("Decimal").parse_value("1." + "0" * 99)


def test_a_large_number_is_a_text_of_its_digits() -> None:
    for number in (0, -1, 2**31, -(2**63), 10**38 - 1):
        assert scalar("BigInt").coerce_output_value(number) == f"{number}"
        assert scalar("BigInt").parse_value(f"{number}") == number


def test_a_day_is_a_day() -> None:
    assert scalar("Date").coerce_output_value(date(2026, 8, 19)) == "2026-08-19"
    assert scalar("Date").parse_value("2026-08-19") == date(2026, 8, 19)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-08-19t19:49:29z", datetime(2026, 8, 19, 19, 49, 29, tzinfo=UTC)),
        ("2026-08-19T19:49:29.123456789Z", datetime(2026, 8, 19, 19, 49, 29, 123_456, tzinfo=UTC)),
        ("2026-08-19T19:49:29-00:00", datetime(2026, 8, 19, 19, 49, 29, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31T15:59:60.5-08:00", datetime(2017, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_rfc_3339_has_it(text: str, moment: datetime) -> None:
    assert scalar("DateTime").parse_value(text) == moment


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_time_is_read_as_it_is_written(moment: datetime) -> None:
    assert scalar("DateTime").parse_value(iso(moment)) == moment


@given(st.decimals("-9999999999", "9999999999", places=10))
def test_every_amount_is_read_as_it_is_written(amount: Decimal) -> None:
    assert scalar("Decimal").parse_value(str(amount)) == amount


FORM = {
    "DateTime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE),
    "Date": re.compile(r"\d{4}-\d\d-\d\d", re.ASCII),
    "Decimal": re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE),
}


@pytest.mark.parametrize("name", FORM)
@given(data=st.data())
def test_nothing_is_taken_that_the_grammar_does_not_have(name: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(FORM[name]) | st.from_regex(re.compile(FORM[name].pattern)) | st.text(max_size=12))
    try:
        scalar(name).parse_value(text)
    except (ValueError, OverflowError):
        return
    assert FORM[name].fullmatch(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DateTime", "2026-08-19T19:49:29"),
        ("DateTime", "2026-08-19 19:49:29Z"),
        ("DateTime", "20260819T194929Z"),
        ("DateTime", "2026-W34-3T19:49:29Z"),
        ("DateTime", "2026-08-19T19:49Z"),
        ("DateTime", "2026-08-19T19:49:29,5Z"),
        ("DateTime", "2026-08-19T24:00:00Z"),
        ("DateTime", "2026-08-19T23:59:60Z"),
        ("DateTime", "2026-08-31T12:00:60Z"),
        ("DateTime", "2026-08-19T19:49:29+0200"),
        ("DateTime", "٢٠٢٦-08-19T19:49:29Z"),
        ("DateTime", "2026-08-19T19:49:29Z\n"),
        ("DateTime", "infinity"),
        ("Date", "20260819"),
        ("Date", "2026-W34-3"),
        ("Date", "2026-08-19\n"),
        ("Decimal", "1_000"),
        ("Decimal", "\u0665"),
        ("Decimal", " 5 "),
        ("Decimal", "+5"),
        ("Decimal", "0x10"),
        ("Decimal", "9,99"),
        ("Decimal", ".5"),
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
        ("BigInt", 1),
        ("BigInt", "1.0"),
        ("BigInt", "+1"),
        ("BigInt", "01"),
        ("BigInt", " 1"),
        ("BigInt", "1e3"),
        ("BigInt", "9" * 39),
    ],
)
def test_anything_else_is_refused(name: str, value: Any) -> None:
    with pytest.raises((ValueError, TypeError, ArithmeticError)):
        scalar(name).parse_value(value)
