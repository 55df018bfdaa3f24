"""The statement of a change, in named parts that read one another:

    WITH found AS (SELECT … WHERE id = $key AND <rule> FOR …), changed AS (INSERT … SELECT … FROM found RETURNING …),
    told AS (SELECT <topic>, <kind>, <ids> FROM found, changed), <the outbox>
    SELECT found.id, changed.id, … FROM found LEFT JOIN changed ON true

No part sees what another writes, but for what it returns. Rows are locked before the topics of the outbox, always: in
the other order additions and deletions would wait for each other. Changes of one moment are written by one statement,
for every row of `asked`, so that they share the locks of their topics. It changes a row once, and waits for none that
another transaction has locked: that is not found, and waited for by a statement of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Text,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import array

from db.access import Viewer, viewer_id
from db.change.declared import Addition, Change, Deletion, Update, UpdateEach
from db.change.keys import kept
from db.change.parts import ASKED, Form, Parts
from db.change.told import audited, told
from db.outbox import numbered
from db.roots import way
from db.statements import Statement, compiled


@dataclass(frozen=True)
class ChangeStatement(Statement):
    """The statement of a change; those that can be written for many runs at once have a text for that."""

    many_sql: str | None = None
    form: Form = Form.ALONE
    shows: bool = False
    """Whether it answers with what is selected of the payload."""

    @cached_property
    def alone(self) -> "ChangeStatement":
        """This statement, to be run by itself: then it waits for the lock of its row."""
        return replace(self, many_sql=None)

    def many(self, asked: str) -> str | None:
        if self.many_sql is None:
            return None
        sql = self.over_asked(self.many_sql).removeprefix("WITH ")
        return f"WITH asked AS (SELECT * FROM {asked}), {sql}"  # noqa: S608  (names, no values)


@cache
def statement(change: Change, viewer: Viewer, *, form: Form) -> ChangeStatement:
    """The statement of a change for a kind of viewer, that shows nothing."""
    one = compiled(Writer(change, viewer, form).select())
    if not can_be_many(change, form):
        return ChangeStatement(one.sql, one.types, one.constants, form=form)
    many = compiled(Writer(change, viewer, Form.TOGETHER).select())
    assert (list(many.types), many.constants) == (list(one.types), one.constants), "one and many differ in parameters"
    return ChangeStatement(one.sql, one.types, one.constants, many.sql)


def can_be_many(change: Change, form: Form) -> bool:
    """Whether many runs can be done at once."""
    is_told_apart = not isinstance(change, UpdateEach) and not (isinstance(change, Addition) and change.renews)
    return form is Form.ALONE and is_told_apart


@dataclass(frozen=True, eq=False)
class Writer(Parts):
    """Puts the parts together."""

    def select(self, *shown: ColumnElement[str]) -> Select[Any]:
        """The whole: the keys of the found row and of the changed one, or arrays of them; what was seen; topics, and
        kinds with ids, of events where others tell them, or the hash and the answer that are known; the sequences of
        topics that were moved; then the keys of what is shown, and JSON of it.
        """
        ordinal = {"ordinal": ASKED.c.ordinal} if self.many else {}
        columns = {**self._outcome, **self._shown(shown), **ordinal}
        return self._kept(columns, shown) if self.form is Form.KEYED else self._parts(columns)

    @cached_property
    def told(self) -> CTE:
        """The events of what was changed."""
        return told(self)

    @property
    def _outcome(self) -> dict[str, ColumnElement[Any]]:
        found, changed, seen = self.found.c.id, self.changed.c.id, self.change.seen(self.found.c)
        outcome: dict[str, Any] = {"found": found, "changed": changed}
        texts: list[ColumnElement[str]] = [cast(one, Text()) for one in seen.values()]
        if self.along:
            texts.append(cast(self.is_late, Text()))
        outcome["seen"] = array(texts) if texts else null()
        if isinstance(self.change, UpdateEach):
            outcome |= {"found": func.array_agg(found), "changed": func.array_agg(changed).filter(changed.is_not(None))}
        if self.form is not Form.PART:
            return {**outcome, "hash": null(), "answer": null(), "at": self._at}
        told = self.told.c
        said = cast(func.jsonb_build_array(told.kind, told.ids), Text())
        events = {"topics": func.array_agg(told.topic), "said": func.array_agg(said)}
        return outcome | {name: select(column).scalar_subquery() for name, column in events.items()} | {"at": null()}

    @cached_property
    def _numbered(self) -> tuple[CTE, CTE]:
        return numbered(self.told)

    @property
    def _at(self) -> ColumnElement[str]:
        """JSON of the topics that were moved, with their sequences."""
        told, counted = self.told.c, self._numbered[0].c
        own = select(told.topic).where(told.ordinal == ASKED.c.ordinal).correlate(ASKED)
        moved = select(cast(func.jsonb_object_agg(counted.topic, counted.sequence), Text()))
        return (moved.where(counted.topic.in_(own)) if self.many else moved).scalar_subquery()

    def _shown(self, shown: Sequence[ColumnElement[str]]) -> dict[str, ColumnElement[Any]]:
        names = () if self.is_each else self.change.shows
        keys = {f"key_{number}": self.key(name) for number, name in enumerate(names)}
        return keys | {f"json_{number}": json for number, json in enumerate(shown)}

    def _parts(self, columns: Mapping[str, ColumnElement[Any]]) -> Select[Any]:
        whole = select(*(column.label(name) for name, column in columns.items()))
        if self.change.also:
            whole = whole.add_cte(self.also)
        if self.along:
            whole = whole.add_cte(self.along.changed(self.changed))
        if self.change.is_audited:
            whole = whole.add_cte(audited(self))
        if self.form is not Form.PART:
            whole = whole.add_cte(self._numbered[1])
        return whole.select_from(self._joined)

    def _kept(self, columns: Mapping[str, ColumnElement[Any]], shown: Sequence[ColumnElement[str]]) -> Select[Any]:
        is_kept = or_(self.changed.c.id.is_not(None), self.agrees)
        answer = self._parts({**columns, "is_kept": is_kept}).cte("answer")
        known = {"found": func.coalesce(answer.c.found, self.known.c.id), "hash": self.known.c.body_hash}
        row = {name: answer.c[name] for name in columns} | known | {"answer": self.known.c.answer}
        whole = select(*(column.label(name) for name, column in row.items()))
        texts: list[Any] = [cast(func.to_json(answer.c[name]), Text()) for name in columns if name.startswith("key_")]
        texts += [answer.c[name] for name in columns if name == "at" or name.startswith("json_")]
        gaps = [func.coalesce(text, literal_column("'null'")) for text in texts]
        return whole.add_cte(kept(answer, gaps)).select_from(answer.outerjoin(self.known, true(), full=True))

    def row(self, name: str) -> CTE | None:
        """The row that is shown under a name, if a part has its columns."""
        table = self.change.shows[name]
        if self.change.also and table is self.further[0]:
            return self.also
        if table is self.change.target and not isinstance(self.change, Deletion):
            return self.shown if isinstance(self.change, Update) else self.changed
        return self.found if table is self.change.table else None

    def key(self, name: str) -> ColumnElement[UUID]:
        """The key of the row that is shown under a name; the viewer is always one of them."""
        if name == "viewer":
            return viewer_id()
        row = self.row(name)
        if row is not None:
            found: ColumnElement[UUID] = row.c.id
            return found
        return next(key for table, key in way(self.found) if table is self.change.shows[name])

    @property
    def _joined(self) -> Any:
        """The parts that are answered with, side by side: where nothing was found or changed there are nulls."""
        if self.is_each:
            return self.found.outerjoin(self.changed, self.changed.c.id == self.found.c.id)
        joined = self.beside(ASKED, self.found) if self.many else self.found
        joined = self.beside(joined, self.changed)
        if self.change.also:
            joined = self.beside(joined, self.also)
        return self.beside(joined, self.shown) if isinstance(self.change, Update) else joined
