"""Keyset cursors: base64url of `[version, hash of the order, values]`, stable while rows come and go."""

import base64
import hashlib
import json
import struct
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, func, literal_column, types

from db.errors import BadCursor
from db.windows import Order
from graphql_schema.core.scalars import amount_of, day_of, iso, moment_of

VERSION = 1
DOUBLE = struct.Struct(">d")


def encode(order: Order, key: Any, id_: UUID) -> str:
    """The cursor of a row with this id that has this key in a list in this order."""
    values = [_write(key), str(id_)]
    text = json.dumps([VERSION, fingerprint(order), values], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode(order: Order, cursor: str) -> tuple[Any, UUID]:
    """The key and the id that a cursor of a list in this order stands for; raises BadCursor."""
    try:
        version, name, (key, id_) = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if (version, name) != (VERSION, fingerprint(order)):
            raise BadCursor
        is_null = key is None and order.is_nullable
        return None if is_null else _read(order.type.python_type, key), _read(UUID, id_)
    except (ValueError, TypeError, ArithmeticError, RecursionError, struct.error) as problem:
        raise BadCursor from problem


@cache
def fingerprint(order: Order) -> str:
    """Eight characters that tell one table or union and order from another."""
    text = f"{order.table.__table__.name} {(order.name,)} {order.descending}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def written(key: ColumnElement[Any]) -> ColumnElement[Any]:
    """The key of a row as PostgreSQL writes it into a cursor. Of a number with a point it is the bits: each system has
    its own way to write the digits.
    """
    if isinstance(key.type, types.Float):
        return func.encode(func.float8send(key), literal_column("'hex'"), type_=Text)
    return key


def _write(value: Any) -> Any:
    match value:
        case datetime():
            return iso(value)
        case float():
            return DOUBLE.pack(value).hex()
        case None | bool() | int() | str():
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
    float: lambda bits: DOUBLE.unpack(bytes.fromhex(bits))[0],
    UUID: UUID,
}
