"""Cursors: whatever a list is sorted by comes back unchanged, and nothing else is taken for a cursor."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLEnumType
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Enum, Float, text

from db import tables
from db.base import new_id
from db.errors import BadCursor
from db.windows import Order
from graphql_schema.core import NODES, cursors
from graphql_schema.core.orders import order_of
from graphql_schema.schema import executor
from tests.conftest import Graph

KEY = new_id()
TITLE, PRICE = Order(tables.Course, "title"), Order(tables.Course, "price", descending=True)
NULLABLE = Order(tables.Comment, "edited_at")

VALUES: dict[type, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    int: st.integers(min_value=-(2**31), max_value=2**31 - 1),
    bool: st.booleans(),
    Decimal: st.decimals(min_value=Decimal("-9999999999.99"), max_value=Decimal("9999999999.99"), places=2),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    float: st.floats(allow_nan=False),
    UUID: st.uuids(),
}


def sorted_by() -> Iterator[Order]:
    """Every order of every list."""
    for table in NODES:
        type_ = executor.schema.type_map.get(f"{table.__name__}Order")
        if isinstance(type_, GraphQLEnumType):
            yield from (order_of(value.value) for value in type_.values.values())


KINDS = {str(order.type): order for order in sorted_by()}
"""An order of every type that lists are sorted by."""


def cursor(value: Any, order: Order = TITLE) -> str:
    """A cursor with a value of one's own making."""
    return written([cursors.VERSION, cursors.fingerprint(order), [value, str(KEY)]])


def written(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def test_what_a_list_is_sorted_by_has_a_type() -> None:
    assert [order for order in sorted_by() if order.type.python_type is object] == []


def test_a_list_of_every_kind_is_looked_at() -> None:
    assert {"TEXT", "INTEGER", "NUMERIC(12, 2)", "DATETIME", "DATE", "DOUBLE"} <= KINDS.keys()


@pytest.mark.parametrize("order", KINDS.values(), ids=KINDS)
@given(data=st.data())
def test_what_a_list_is_sorted_by_comes_back_unchanged(order: Order, data: st.DataObject) -> None:
    kind: Any = order.type.python_type
    values = st.sampled_from(list(kind)) if isinstance(order.type, Enum) else VALUES[kind]
    value = data.draw(st.none() | values if order.is_nullable else values)
    encoded = cursors.encode(order, value, KEY)
    assert encoded.isascii()
    assert set(encoded) & set("+/=\n") == set()
    assert cursors.decode(order, encoded) == (value, KEY)


def test_a_cursor_may_come_with_its_padding() -> None:
    encoded = cursors.encode(TITLE, "Logic", KEY)
    assert cursors.decode(TITLE, f"{encoded}==") == ("Logic", KEY)


def test_only_a_cursor_of_an_order_in_which_there_may_be_nothing_says_so() -> None:
    assert cursors.decode(NULLABLE, cursors.encode(NULLABLE, None, KEY)) == (None, KEY)
    with pytest.raises(BadCursor):
        cursors.decode(TITLE, cursor(None))


@pytest.mark.parametrize(
    "order",
    [
        Order(tables.Course, "title", descending=True),
        PRICE,
        Order(tables.Course, "slug"),
        Order(tables.Lesson, "title"),
    ],
)
def test_a_cursor_belongs_to_one_order_of_one_list(order: Order) -> None:
    encoded = cursors.encode(TITLE, "Logic", KEY)
    with pytest.raises(BadCursor):
        cursors.decode(order, encoded)


CORRUPT = [
    "",
    "Logic",
    "e30",
    "bnVsbA",
    "é",
    "a",
    "\0",
    "=" * 8,
    written(None),
    written([]),
    written([1, 2, 3]),
    written([2, cursors.fingerprint(TITLE), ["Logic", str(KEY)]]),
    written([1, cursors.fingerprint(TITLE), []]),
    written([1, cursors.fingerprint(TITLE), ["Logic"]]),
    written([1, cursors.fingerprint(TITLE), ["Logic", str(KEY), "more"]]),
    written([1, cursors.fingerprint(TITLE), ["Logic", "no key"]]),
    written([1, cursors.fingerprint(TITLE), {"Logic": 1, str(KEY): 2, "more": 3}]),
    written([1, cursors.fingerprint(TITLE), None]),
    written([[1], {}, []]),
    cursor(None),
    cursor(1),
    cursor(["Logic"]),
    cursor("\0"),
    base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    base64.urlsafe_b64encode(b"9" * 10_000).decode(),
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
]


@pytest.mark.parametrize("text", CORRUPT, ids=range(len(CORRUPT)))
def test_anything_else_is_no_cursor(text: str) -> None:
    with pytest.raises(BadCursor):
        cursors.decode(TITLE, text)


NO_NUMBERS = ["1e999999", "-NaN", "nan", "sNaN", "Infinity", "-Infinity", "1e13", "money", "", 1, 0.5, None, True]


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_an_amount_in_a_cursor_is_one_that_the_column_can_have(value: Any) -> None:
    with pytest.raises(BadCursor):
        cursors.decode(PRICE, cursor(value, PRICE))


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 10**100, 1.0, True, "1", None])
def test_a_number_in_a_cursor_is_one_that_the_column_can_have(value: Any) -> None:
    order = Order(tables.Lesson, "order")
    with pytest.raises(BadCursor):
        cursors.decode(order, cursor(value, order))


@pytest.mark.parametrize("value", ["", "0", "NaN", "1.5", "3ff", "3ff8000000000000ff", "-ff8000000000000", 1.5, None])
def test_a_number_with_a_point_in_a_cursor_is_the_bits_of_one(value: Any) -> None:
    order = next(order for order in sorted_by() if isinstance(order.type, Float) and not order.is_nullable)
    with pytest.raises(BadCursor):
        cursors.decode(order, cursor(value, order))


@pytest.mark.parametrize("value", ["yesterday", "2026-01-01", "2026-01-01T12:00:00", 0, None])
def test_a_time_in_a_cursor_has_its_offset(value: Any) -> None:
    order = Order(tables.Course, "created_at", descending=True)
    with pytest.raises(BadCursor):
        cursors.decode(order, cursor(value, order))


FORGED = [
    *(("PRICE_DESC", value) for value in ("sNaN", "-NaN", "1e-999999")),
    *(("CREATED_AT_DESC", value) for value in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")),
    ("TITLE_ASC", "\ud800"),
]


async def test_a_forged_cursor_is_refused_with_a_code(graph: Graph) -> None:
    for name, value in FORGED:
        column, _, direction = name.lower().rpartition("_")
        forged = cursor(value, Order(tables.Course, column, direction == "desc"))
        query = f"query ($after: String) {{ courses(orderBy: {name}, after: $after) {{ nodes {{ title }} }} }}"
        answer = await graph("root", query, after=forged)
        assert answer["data"] is None, value
        assert answer["errors"][0]["extensions"]["code"] in {"BAD_CURSOR", "BAD_USER_INPUT"}, value


@given(st.text())
def test_no_text_at_all_does_anything_but_be_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        cursors.decode(TITLE, text)


PAGE = "(orderBy: %s, first: 1, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } }"
LISTS: dict[tuple[str, str], tuple[str, type]] = {
    ("specification_projects", "name"): ("projects#", str),
    ("specification_projects", "created_at"): ("projects#", datetime),
    ("courses", "price"): ("courses#", Decimal),
    ("course_modules", "order"): ('course(slug: "logic") { modules# }', int),
    ("repository_stats", "date"): ('repository(fullName: "analytical/engine") { stats# }', date),
}
"""A list that is sorted by a column of each type."""
ODD: dict[type, tuple[str, ...]] = {
    str: ("' .'", "repeat('é', 200)", "E'\\x01\\n\\x22\\x5c'", "'\U0001f4a5'"),
    int: ("-2147483648", "2147483647"),
    Decimal: ("'NaN'", "9999999999.99", "0"),
    date: ("'0001-01-02'", "'9999-12-30'"),
    datetime: ("'0001-01-02T00:00:00Z'", "'9999-12-31T23:59:59.999998Z'"),
}
"""In SQL, what is least like anything else that such a column can hold."""
SORTED = [(*column, query, value) for column, (query, type_) in LISTS.items() for value in ODD[type_]]


def test_cursors_over_columns_of_every_type_are_tried() -> None:
    columns = [order for order in sorted_by() if order.expression is None and not isinstance(order.type, Enum)]
    found = {order.type.python_type for order in columns}
    assert found <= ODD.keys()
    assert ODD.keys() == {type_ for _, type_ in LISTS.values()}


@pytest.mark.parametrize(("table", "column", "query", "value"), SORTED)
async def test_no_cursor_of_ours_is_refused(graph: Graph, table: str, column: str, query: str, value: str) -> None:
    one = f"(SELECT ctid FROM {table} ORDER BY id LIMIT 1)"  # noqa: S608  (names of ours)
    async with graph.database.engine.begin() as connection:
        await connection.execute(text(f'UPDATE {table} SET "{column}" = {value} WHERE ctid = {one}'))  # noqa: S608  (as above)
    for direction in ("ASC", "DESC"):
        pages = await read(graph, query.replace("#", PAGE % f"{column.upper()}_{direction}"))
        assert len(pages) == len({str(page["nodes"]) for page in pages})


async def read(graph: Graph, query: str) -> list[Any]:
    """All pages of a list, one after the other."""
    pages: list[Any] = []
    while not pages or pages[-1]["pageInfo"]["hasNextPage"]:
        after = pages[-1]["pageInfo"]["endCursor"] if pages else None
        found = await graph.data("root", f"query ($after: String) {{ {query} }}", after=after)
        while "nodes" not in found:
            (found,) = found.values()
        pages.append(found)
        assert len(pages) < 10
    return pages
