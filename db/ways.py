"""Ways: the foreign keys that lead from a row up to what it belongs to, one after the other.

A row that is written can say what it belongs to without a statement of its own: the way is a part of the insertion.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Column, select

from db.access import alternatives, rule_of
from db.references import parent_of
from db.rules import Through

Way = tuple[Column[Any], ...]
"""Columns, each of the table that the one before it refers to."""


@dataclass(frozen=True, slots=True)
class Far:
    """The value at the end of a way from the row with a key, which the database finds when it is written."""

    way: Way
    key: UUID | None


@cache
def way(table: Any, to: Any) -> Way:
    """The way from a row of `table` to the key of the row of `to` that it belongs to; empty if it has none.

    It leads by a foreign key to `to` itself, or by those that the access rule follows. From a row of `to` it is the id.
    """
    if table is to:
        return (table.c.id,)
    for column in table.c:
        if parent_of(column) is to:
            return (column,)
    above = [table.c[rule.column] for rule in alternatives(rule_of(table)) if isinstance(rule, Through)]
    return next(((column, *further) for column in above if (further := way(parent_of(column), to))), ())


def follow(way: Way, key: Any) -> Any:
    """The value at the end of a way from the row with this key, as SQL; the key itself if the way is empty."""
    if not way:
        return key
    rows = [column.table.alias() for column in way]
    found = select(rows[-1].c[way[-1].name]).where(rows[0].c.id == key)
    for column, row, above in zip(way, rows, rows[1:], strict=False):
        found = found.where(above.c.id == row.c[column.name])
    return found.correlate_except(*rows).scalar_subquery()
