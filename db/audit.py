"""Entries of the audit log: who did what, and where it belongs. They are written in the transaction of the change.

An entry names rows, columns and states. It has no text that a person wrote and no secret, so nothing has to be taken
out of it when a person is forgotten.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, inspect
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from db.access import alternatives, rule_of
from db.base import Base, new_id
from db.records import columns, made_of
from db.references import parent_of
from db.rules import Through
from db.tables.audit import AuditLog
from db.ways import Far, Way, follow, way

PLAIN = (Enum, bool, int, float, UUID, date, Decimal, type(None))
"""The types of values that no text is among."""
Columns = Mapping[str, Any] | ReadOnlyColumnCollection[str, Any]
"""The values of a row, or the columns of a subquery with its rows."""
Near = Mapping[Any, Base]
"""Rows that are known already, by their keys."""


def entry(table: type[Base], row: Columns, *, near: Near | None = None, **others: Any) -> dict[str, Any]:
    """The values of an entry's columns, about a row of `table` that is given by its columns: as values, or as SQL.

    The project and the organization that the row belongs to are found from there: by what is `near`, and then by the
    database, as `Far` or as SQL. `others` are the columns that the row does not tell: `action`, `actor_id`, `details`.
    """
    ends = {name: _end(way, row, near or {}) for name, way in _ends(table).items()} if row else {}
    return {"resource": table.__tablename__, "resource_id": row.get("id"), **ends, **others}


def entry_of(row: Base | type[Base], *, near: Near, details: Mapping[str, Any], **others: Any) -> AuditLog:
    """The entry about a row that was found, added or deleted, or about a table. It says which columns of the row have
    other values now, and what they were and are, but for texts.
    """
    table: type[Base] = type(row) if isinstance(row, Base) else row
    known = vars(row) if isinstance(row, Base) else {}
    told = {name: plain(value) for name, value in details.items()}
    if changed := _changes(row):
        told["fields"] = sorted(changed)
        pairs = {name: pair for name, pair in changed.items() if all(isinstance(value, PLAIN) for value in pair)}
        others["before"], others["after"] = ({name: plain(pair[at]) for name, pair in pairs.items()} for at in (0, 1))
    values = entry(table, known, near=near, id=new_id(), details=told, **others)
    return made_of(AuditLog, {name: value for name, value in values.items() if value is not None})


def plain(value: Any) -> Any:
    """A value as an entry has it: a row as its public id. Raises TypeError for a text: somebody may have written it."""
    match value:
        case Base():
            return value.public_id
        case Enum():
            return value.value
        case None | bool() | int() | float():
            return value
        case date():
            return value.isoformat()
        case UUID() | Decimal():
            return str(value)
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
    raise TypeError("The audit log has no texts: name a row, a state or a number.")


def _changes(row: Base | type[Base]) -> dict[str, tuple[Any, Any]]:
    """The values before and after of the columns of a row that are to be written with another value."""
    if not isinstance(row, Base) or not inspect(row).has_identity:
        return {}
    histories = {name: inspect(row).attrs[name].history for name in columns(type(row))}
    return {name: (it.deleted[0], it.added[0]) for name, it in histories.items() if it.added and it.deleted}


def _end(way: Way, row: Columns, near: Near) -> Any:
    first, *others = way
    key, further = row.get(first.name), tuple(others)  # a new row lacks what it was not given
    if isinstance(key, ColumnElement) or not further or key is None:
        return follow(further, key)
    return _end(further, vars(near[key]), near) if key in near else Far(further, key)


@cache
def _ends(table: type[Base]) -> dict[str, Way]:
    """The ways from a row of a table to what lets people see the entries about it, by the columns of an entry."""
    log = AuditLog.__table__
    columns = [log.c[rule.column] for rule in alternatives(rule_of(log)) if isinstance(rule, Through)]
    ways = {column.name: way(table.__table__, parent_of(column)) for column in columns}
    return {name: way for name, way in ways.items() if way}
