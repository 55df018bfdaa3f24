"""Rows that a unit of work finds by their keys: what the viewer may do with each, and why one cannot be had."""

from functools import cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Uuid, bindparam, func, null, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import Select

from db.access import Viewer, allows
from db.base import Base
from db.errors import Forbidden, NotFound, Refusal
from db.permissions import SEE, Permission
from db.records import columns
from db.rules import closing
from db.statements import Statement, compiled

Entity = TypeVar("Entity", bound=Base)
May = Permission | tuple[Permission, ...]
Found = tuple[Entity | None, bool, str | None]
"""A row, whether the viewer has the permission that they need, and what forbids everything to everybody."""
NOTHING: tuple[None, bool, None] = (None, False, None)


def judged(found: Found[Entity], *, at: str) -> Entity | Refusal:
    """The row that was found, or why it cannot be had."""
    row, is_allowed, closed_because = found
    if row is None:
        return NotFound(at=at)
    return row if is_allowed and closed_because is None else Forbidden(closed_because if is_allowed else None, at=at)


def _asked(may: May, row: Any, viewer: Viewer) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Whether the viewer has the permission on a row, and why in its state nobody has."""
    reason = None if may is SEE else closing(row)
    permissions = (may,) if isinstance(may, Permission) else may
    is_allowed = or_(*(allows(permission, row, viewer) for permission in permissions))
    return is_allowed.label("is_allowed"), (null() if reason is None else reason).label("closed")


# Built once a kind of viewer: to build a statement costs as much as to run it.


@cache
def by_key(table: type[Base], may: May, viewer: Viewer, lock: bool) -> Select[*tuple[Any, ...]]:
    """The row with a key that the viewer sees, with whether they have the permission and what closes it."""
    row = table.__table__
    statement = select(table, *_asked(may, row, viewer)).where(table.id == bindparam("key"), allows(SEE, row, viewer))
    return statement.with_for_update(of=table) if lock else statement


@cache
def by_keys(table: type[Base], may: May, viewer: Viewer) -> Select[*tuple[Any, ...]]:
    """The rows with some keys, each with whether the viewer has the permission and what closes it."""
    row, keys = table.__table__, bindparam("keys", type_=ARRAY(Uuid()))
    return select(table, *_asked(may, row, viewer)).where(table.id == func.any(keys), allows(SEE, row, viewer))


@cache
def record_by_key(table: type[Base], may: May, viewer: Viewer) -> Statement:
    """The row with a key, with the permission and what closes it, as a statement for the driver."""
    row = table.__table__
    statement = select(*columns(table).values(), *_asked(may, row, viewer))
    return compiled(statement.where(row.c.id == bindparam("key", type_=Uuid()), allows(SEE, row, viewer)))
