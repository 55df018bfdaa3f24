"""Rows that are changed with the one that they hang on, by values that Python makes of them.

They are read before the change, and nothing is locked while their values are made. So there may be others by the time
at which their row is locked: then nothing is changed, and they are read again.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    CTE,
    Column,
    ColumnElement,
    Select,
    bindparam,
    column,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from db.access import Viewer
from db.base import Base
from db.by_now import by_now
from db.relations import class_of
from db.statements import Arguments, Statement

Fetch = Callable[[Statement, Arguments], Awaitable[Sequence[Any] | None]]
Made = Callable[[Fetch, Viewer, Any], AsyncGenerator[str]]
"""Makes JSON of all rows, each with its `id` and its values, of what it fetches for a viewer and an input. Asked again
it fetches again.
"""
GIVEN = "along"
"""The parameter with the JSON."""


@dataclass(frozen=True, eq=False)
class Along:
    """The rows that hang on the found one by a foreign key, of which some columns get the values that are `made`."""

    foreign_key: Any
    names: Sequence[str]
    made: Made

    @cached_property
    def column(self) -> Column[Any]:
        """The foreign key, as a column of its table."""
        found: Column[Any] = self.foreign_key.property.columns[0]
        return found

    @property
    def table(self) -> type[Base]:
        """The table of the rows."""
        return class_of(self.column.table)


@dataclass(frozen=True, eq=False)
class AlongParts:
    """The parts of the statement of a change for the rows along of what it has `found`: of many runs, if it is `asked`
    for many.
    """

    along: Along
    found: CTE
    asked: tuple[Any, ...]

    @cached_property
    def given(self) -> CTE:
        """The rows that were read, of the JSON."""
        table, values = self.along.column.table, bindparam(GIVEN, type_=JSONB())
        columns = (column(name, table.c[name].type) for name in ("id", *self.along.names))
        rows = func.jsonb_populate_recordset(literal_column(f"NULL::{table.name}"), values).table_valued(*columns)
        ordinals = (asked.c.ordinal for asked in self.asked)
        return select(*rows.c, *ordinals).select_from(*self.asked, rows).cte("given")

    @cached_property
    def locked(self) -> CTE:
        """Those that get other values, locked in one order. Of many runs none waits for the locks of others."""
        rows, table = self._moved.order_by(self.given.c.id), self.along.column.table
        return rows.with_for_update(of=table, key_share=True, skip_locked=bool(self.asked)).cte("locked")

    @cached_property
    def late(self) -> CTE:
        """Those that nobody has read, and those that others have locked or deleted. There will be no more of them: the
        row on which they hang is locked.
        """
        now, found, given = by_now(self.along.column, self.found.c.id), self.found, self.given
        is_given = exists(select(given.c.id).where(given.c.id == now.c.id, *self._of_run(given)))
        new = select(now.c.id, *self._ordinal(found)).select_from(found, now).where(~is_given)
        moved = self._moved.subquery("moved")
        busy = select(moved.c.id, *self._ordinal(moved)).where(moved.c.id.not_in(select(self.locked.c.id)))
        return new.union_all(busy).cte("late")

    def changed(self, row: CTE) -> CTE:
        """Those that get their values, where the row on which they hang is changed."""
        table, locked = self.along.column.table, self.locked.c
        of_run = (one == other for one, other in zip(self._ordinal(self.locked), self._ordinal(row), strict=True))
        changed = update(table).where(table.c.id == locked.id, exists(select(row.c.id).where(*of_run)))
        return changed.values({name: locked[name] for name in self.along.names}).returning(table.c.id).cte("along")

    @property
    def _moved(self) -> Select[Any]:
        key, given = self.along.column, self.given
        differs = (key.table.c[name].is_distinct_from(given.c[name]) for name in self.along.names)
        # What is found is read once: it can have a text of a megabyte, which a join would take along.
        hang_on = key == func.any(func.array(select(self.found.c.id).scalar_subquery()))
        return select(*given.c).where(key.table.c.id == given.c.id, hang_on, or_(*differs))

    def _of_run(self, part: CTE) -> list[ColumnElement[bool]]:
        return [one == other for one, other in zip(self._ordinal(part), self._ordinal(self.found), strict=True)]

    def _ordinal(self, part: Any) -> list[ColumnElement[int]]:
        return [part.c.ordinal] if self.asked else []
