"""The statement of a change, in named parts that read one another:

    WITH found AS (SELECT … WHERE id = $key AND <rule> FOR …), changed AS (INSERT … SELECT … FROM found RETURNING …),
    told AS (SELECT <topic>, <kind>, <ids> FROM found, changed), <the outbox>
    SELECT found.id, changed.id, … FROM found LEFT JOIN changed ON true

No part sees what another writes, but for what it returns. Rows are locked before the topics of the outbox, always: in
the other order additions and deletions would wait for each other. Additions of one moment are written by one statement,
for every row of `asked`, so that they share the locks of their topics.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Text,
    cast,
    null,
    select,
    true,
)

from db.access import Viewer
from db.change import Addition, Change, Deletion, Update
from db.change_parts import ASKED, Parts
from db.change_told import audited, ids, told
from db.outbox import numbered
from db.roots import root_topic, way
from db.statements import Statement, compiled


@dataclass(frozen=True)
class ChangeStatement(Statement):
    """The statement of a change; those that can be written for many runs at once have a text for that."""

    many_sql: str | None = None
    shows: bool = False
    """Whether it answers with what is selected of the payload."""

    def many(self, asked: str) -> str | None:
        if self.many_sql is None:
            return None
        sql = self.over_asked(self.many_sql).removeprefix("WITH ")
        return f"WITH asked AS (SELECT * FROM {asked}), {sql}"  # noqa: S608  (names, no values)


@cache
def statement(change: Change, viewer: Viewer, *, alone: bool) -> ChangeStatement:
    """The statement of a change for a kind of viewer, that shows nothing: alone a transaction, or a part of one."""
    one = compiled(Writer(change, viewer, alone=alone).select())
    if not isinstance(change, Addition) or not alone:
        return ChangeStatement(one.sql, one.types, one.constants)
    many = compiled(Writer(change, viewer, many=True).select())
    assert (list(many.types), many.constants) == (list(one.types), one.constants), "one and many differ in parameters"
    return ChangeStatement(one.sql, one.types, one.constants, many.sql)


@dataclass(frozen=True, eq=False)
class Writer(Parts):
    """Puts the parts together. `alone` a change is a transaction, and tells what happened; as a part of one it answers
    with what is to be told.
    """

    alone: bool = True

    def select(self, *more: ColumnElement[Any]) -> Select[Any]:
        """The whole: the keys of the found row and of the changed one, the state, the topic and the ids of the event if
        it is no transaction of its own, the keys of what is shown, and more.
        """
        state = cast(self.found.c[self.change.state], Text()) if self.change.state else null()
        event = (null(), null()) if self.alone else (root_topic(self.found), cast(ids(self), Text()))
        shown = [self.key(name) for name in self.change.shows]
        place = [ASKED.c.place] if self.many else []
        whole = select(self.found.c.id, self.changed.c.id, state, *event, *shown, *more, *place)
        if self.change.also:
            whole = whole.add_cte(self.also)
        whole = whole.add_cte(audited(self))
        if self.alone:
            whole = whole.add_cte(numbered(told(self)).cte("numbered"))
        return whole.select_from(self._joined)

    def row(self, name: str) -> CTE | None:
        """The row that is shown under a name, if a part has its columns."""
        table = self.change.shows[name]
        if self.change.also and table is self.further[0]:
            return self.also
        if table is self.change.target and not isinstance(self.change, Deletion):
            return self.shown if isinstance(self.change, Update) else self.changed
        return self.found if table is self.change.table else None

    def key(self, name: str) -> ColumnElement[UUID]:
        """The key of the row that is shown under a name."""
        row = self.row(name)
        if row is not None:
            found: ColumnElement[UUID] = row.c.id
            return found
        return next(key for table, key in way(self.found) if table is self.change.shows[name])

    @property
    def _joined(self) -> Any:
        """The parts that are answered with, side by side: where nothing was found or changed there are nulls."""
        found = ASKED.outerjoin(self.found, self.found.c.place == ASKED.c.place) if self.many else self.found
        joined = found.outerjoin(self.changed, self.changed.c.id == ASKED.c.new_id if self.many else true())
        if self.change.also:
            joined = joined.outerjoin(self.also, self.also.c.id == ASKED.c.also_id if self.many else true())
        return joined.outerjoin(self.shown, true()) if isinstance(self.change, Update) else joined
