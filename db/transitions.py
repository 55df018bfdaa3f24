"""Transitions: which state of a row may follow which is a table of data, declared with the column of the state.

>>> status: Mapped[CommentStatus] = state(CommentStatus.OPEN, transitions={OPEN: [RESOLVED], RESOLVED: [OPEN]})
>>> if transition(thread, CommentStatus.RESOLVED): ...
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, ColumnElement

from db.errors import Conflict

Transitions = Mapping[Any, Collection[Any]]
"""The states that may follow each state. One that nothing follows need not be named."""

TRANSITIONS = "transitions"


def transition(row: Any, to: StrEnum, *, at: str | None = None) -> bool:
    """Bring a row to another state; whether that changes anything. The row must be locked.

    Raises Conflict, with the row as it stands, where that state cannot follow. `at` is the input field at fault.
    """
    column = _column(row.__table__, to)
    now = getattr(row, column.name)
    if now is to:
        return False
    if to not in column.info[TRANSITIONS].get(now, ()):
        raise Conflict(f"This is {now} and cannot become {to}.", at=at, current=row)
    setattr(row, column.name, to)
    return True


def may_become(row: Any, to: StrEnum) -> ColumnElement[bool]:
    """The condition under which a row of a table, or of an alias of one, can be brought to another state."""
    name, before = states_before(row, to)
    found: ColumnElement[bool] = getattr(row, name).in_(before)
    return found


def states_before(row: Any, to: StrEnum) -> tuple[str, list[StrEnum]]:
    """The column of a table that says its state, and the states that another can follow."""
    column = _column(row.__table__, to)
    return column.name, [state for state, following in column.info[TRANSITIONS].items() if to in following]


def described(table: Any) -> list[str]:
    """The transitions of a table in words: `status: OPEN → RESOLVED`."""
    machines = ((column.name, column.info[TRANSITIONS]) for column in table.c if TRANSITIONS in column.info)
    return [f"{name}: {now} → {', '.join(following)}" for name, rules in machines for now, following in rules.items()]


def _column(table: Any, to: StrEnum) -> Column[Any]:
    """The column of a table whose states `to` is one of."""
    column: Column[Any]
    (column,) = (c for c in table.c if TRANSITIONS in c.info and issubclass(type(to), c.type.python_type))
    return column
