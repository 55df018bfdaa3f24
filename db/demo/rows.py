"""Rows on their way into the database, with keys and random numbers that are the same every time they are loaded."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import blake2b
from random import Random
from typing import Any
from uuid import UUID

import orjson

from db.base import Base

Row = dict[str, Any]

_VERSION_AND_VARIANT = 0x7 << 76 | 0b10 << 62
_RANDOM = (1 << 76) - 1 & ~(0b11 << 62)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one table, with the same columns, whose parents are in the database before them."""

    table: type[Base]
    rows: list[Row]

    @property
    def name(self) -> str:
        """The table's name in the database."""
        return str(self.table.__tablename__)

    @property
    def columns(self) -> list[str]:
        """The columns that the rows fill. The others keep the default that the table gives them."""
        return list(self.rows[0])

    @property
    def records(self) -> Iterable[tuple[Any, ...]]:
        """The values of each row, in the order of the columns."""
        return (tuple(row.values()) for row in self.rows)


def row(table: type[Base], name: str, /, *, at: datetime, **columns: Any) -> Row:
    """A row made `at` a time, whose key follows from its table, that time and its `name` within the table."""
    if _changes(table):
        columns.setdefault("updated_at", at)
    return {"id": key(table, name, at=at), **columns, "created_at": at}


def key(table: type[Base], name: str, *, at: datetime) -> UUID:
    """A UUID version 7 of the time `at` whose random part is a hash of the table and the name."""
    digest = blake2b(f"{table.__tablename__}:{name}".encode(), digest_size=10).digest()
    return UUID(int=int(at.timestamp() * 1000) << 80 | _VERSION_AND_VARIANT | int.from_bytes(digest) & _RANDOM)


def dice(name: str) -> Random:
    """Random numbers that are the same every time for the same name."""
    return Random(name)  # noqa: S311  (nothing secret is drawn)


def as_json(value: Any) -> str:
    """A value as PostgreSQL takes it for a JSON column."""
    return orjson.dumps(value).decode()


@cache
def _changes(table: type[Base]) -> bool:
    return "updated_at" in table.__table__.c
