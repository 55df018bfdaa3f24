"""Keyset cursors: base64url of `[version, hash of the order, values]`, stable while rows come and go."""

import base64
import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from db.base import Base
from db.errors import BadCursor
from db.read import Order
from graphql_schema.core.scalars import amount_of, day_of, iso, moment_of

VERSION = 1


def encode(order: Order, row: Base) -> str:
    """The cursor of `row` in a list in this order."""
    values = [_write(getattr(row, name)) for name in (*order.columns, "id")]
    text = json.dumps([VERSION, fingerprint(type(row), order), values], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode(order: Order, table: type[Base], cursor: str) -> tuple[Any, ...]:
    """The values that a cursor of a list of `table` in this order stands for; raises BadCursor."""
    try:
        version, name, values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if (version, name) != (VERSION, fingerprint(table, order)):
            raise BadCursor
        columns = order.keys(table.__table__.c)
        return tuple(_read(column.type.python_type, value) for column, value in zip(columns, values, strict=True))
    except (ValueError, TypeError, ArithmeticError, RecursionError) as problem:
        raise BadCursor from problem


@cache
def fingerprint(table: type[Base], order: Order) -> str:
    """Eight characters that tell one table and order from another."""
    text = f"{table.__tablename__} {order.columns} {order.descending}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _write(value: Any) -> Any:
    match value:
        case datetime():
            return iso(value)
        case bool() | int() | str():
            return value
        case _:
            return str(value)


def _read(kind: type, value: Any) -> Any:
    if kind in (int, bool):
        if type(value) is not kind or not -(2**31) <= value < 2**31:
            raise ValueError(value)
        return value
    if not isinstance(value, str) or "\0" in value:
        raise TypeError(value)
    value.encode()  # PostgreSQL stores no half of a surrogate pair
    return _PARSERS.get(kind, kind)(value)


_PARSERS: dict[type, Any] = {
    datetime: moment_of,
    date: day_of,
    Decimal: lambda text: Decimal(text) if text == "NaN" else amount_of(text),
    UUID: UUID,
}
