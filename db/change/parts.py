"""The parts of the statement of a change: the row that is found and locked, and what is written of it.

No part sees what another writes, but for what it returns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Integer,
    Select,
    UniqueConstraint,
    Uuid,
    and_,
    bindparam,
    case,
    column,
    delete,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    table,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from db.access import Viewer, allows, viewer_id
from db.base import Base
from db.change import keys
from db.change.along import AlongParts
from db.change.declared import Addition, Change, Deletion, Given, Update, UpdateEach, Values
from db.implications import implies
from db.permissions import SEE
from db.records import columns, defaults
from db.roots import member_column
from db.rules import closing

ASKED: Any = table("asked", column("ordinal", Integer()), column("new_id", Uuid()), column("also_id", Uuid()))
"""The runs of a statement that are done together, with the parameters of each."""

KEY = bindparam("key", type_=Uuid())
KEYS = bindparam("keys", type_=ARRAY(Uuid()))


class Form(Enum):
    """The forms of the statement of a change."""

    ALONE = auto()
    """A transaction by itself, which tells what happened."""
    KEYED = auto()
    """A transaction by itself, whose answer is kept under an idempotency key."""
    TOGETHER = auto()
    """A transaction for many runs at once, each a row of `asked`."""
    PART = auto()
    """A part of a transaction, which answers with what is to be told at its end."""


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of a change for viewers of a kind."""

    change: Change
    viewer: Viewer
    form: Form = Form.ALONE

    @property
    def many(self) -> bool:
        """Whether there are many runs."""
        return self.form is Form.TOGETHER

    @property
    def is_each(self) -> bool:
        """Whether each row that a list names is changed."""
        return isinstance(self.change, UpdateEach)

    @cached_property
    def known(self) -> CTE:
        """The answer that was kept before."""
        return keys.known()

    @cached_property
    def found(self) -> CTE:
        """The row, locked, as far as the viewer may do it and no state closes it."""
        row, may = self.change.table.__table__, self.change.may
        permissions = may if isinstance(may, tuple) else (may,)
        conditions = [
            row.c.id == (func.any(KEYS) if self.is_each else KEY),
            or_(*(allows(p, row, self.viewer) for p in permissions)),
        ]
        if not all(implies(row, permission, SEE) for permission in permissions):
            conditions.append(allows(SEE, row, self.viewer))
        # Access can be taken away whatever the state: what is archived is read by no more people than shall. Who needs
        # nothing but to see a row changes nothing of it. And its transitions say which state follows its own.
        is_open = permissions == (SEE,) or member_column(self.change.target) or self.change.in_any_state
        own = getattr(self.change, "to", None) is None
        if not is_open and (reason := closing(row, own=own)) is not None:
            conditions.append(reason.is_(None))
        if self.form is Form.KEYED:
            conditions.append(~exists(select(self.known.c.id)))
        names = *columns(self.change.table).values(), *self._ordinal
        found = select(*names).select_from(row, *self.asked).where(*conditions)
        if self.is_each:  # so that two who change the same rows wait for each other in one direction
            found = found.order_by(row.c.id)
        # Of many runs none waits for a lock, which all others would wait for: what is locked is not found.
        return found.with_for_update(of=row, skip_locked=self.many, **self._lock).cte("found")

    @cached_property
    def changed(self) -> CTE:
        """The row as it was written, or the key of the one that was deleted."""
        row: Any = self.change.target.__table__
        match self.change:
            case Addition():
                return self._added("changed", self.change.target, self.change.values(self.found.c))
            case Update():
                is_found = row.c.id == self.found.c.id, *self._of_run(self.found)
                changed = update(row).where(*is_found, *self._differs).values(self.set)
                return changed.returning(*columns(self.change.table).values(), *self._ordinal).cte("changed")
        same = self.expressions(self.change.target, self.change.values(self.found.c)) or {row.c.id: self.found.c.id}
        member = member_column(self.change.target)
        kept = [row.c.id] if member is None else [row.c.id, row.c[member]]
        is_same = (one == value for one, value in same.items())
        deleted = delete(row).where(*is_same, *self._of_run(self.found))
        return deleted.returning(*kept, *self._ordinal).cte("changed")

    @cached_property
    def along(self) -> AlongParts | None:
        """The parts for rows along, if there are such rows."""
        along = self.change.along if isinstance(self.change, Update) else None
        return AlongParts(along, self.found, self.asked) if along else None

    @property
    def is_late(self) -> ColumnElement[bool]:
        """Whether nothing is changed for the rows along."""
        assert self.along
        late = self.along.late
        return exists(select(late.c.id).where(*self._of_run(late)).correlate(*self.asked))

    @cached_property
    def also(self) -> CTE:
        """The further row."""
        return self._added("also", *self.further)

    @cached_property
    def shown(self) -> CTE:
        """The row that was found, as it is now."""
        is_same = ~exists(select(self.changed.c.id).where(self.changed.c.id == self.found.c.id))
        return select(*self.changed.c).union_all(select(*self.found.c).where(is_same)).cte("shown")

    def each(self, rows: Select[Any]) -> Select[Any]:
        """Of rows over what was found, changed and asked those that belong together."""
        if self.is_each:
            return rows.where(self.found.c.id == self.changed.c.id)
        return rows.where(*self._of_run(self.found, self.changed))

    def _of_run(self, *parts: CTE) -> list[ColumnElement[bool]]:
        """The conditions under which rows of parts belong to one run of many. What is inserted has its new id."""
        ids = {"changed": ASKED.c.new_id, "also": ASKED.c.also_id}
        pairs = ((p.c.ordinal, ASKED.c.ordinal) if "ordinal" in p.c else (p.c.id, ids[p.name]) for p in parts)
        return [own == asked for own, asked in pairs] if self.many else []

    def beside(self, joined: Any, part: CTE) -> Any:
        """A join with the row of a part beside it, or with nulls where its run has none."""
        return joined.outerjoin(part, and_(true(), *self._of_run(part)))

    @property
    def asked(self) -> tuple[Any, ...]:
        """The rows of `asked`, with which those of a part are joined."""
        return (ASKED,) if self.many else ()

    @property
    def _ordinal(self) -> list[ColumnElement[int]]:
        """The column by which the rows of a part are told apart."""
        return [ASKED.c.ordinal] if self.many else []

    @property
    def _lock(self) -> dict[str, bool]:
        """The weakest lock that nobody can change or delete the row beside."""
        if isinstance(self.change, Deletion) and self.change.rows is None:
            return {}
        return {"key_share": True} if isinstance(self.change, Update) else {"key_share": True, "read": True}

    @cached_property
    def further(self) -> tuple[type[Base], Values]:
        """The table and the values of the further row."""
        return self.change.also_values(self.changed.c)

    def _added(self, name: str, table: type[Base], values: Values) -> CTE:
        """A part that inserts a row, which is made of the part before it."""
        id_, source = ("new_id", self.found) if name == "changed" else ("also_id", self.changed)
        given = self.expressions(table, {**defaults(table), **values})
        rows = select(bindparam(id_, type_=Uuid()), *given.values()).select_from(source, *self.asked)
        rows = rows.where(*self._of_run(source))
        if self.change.also_if and name == "also":
            rows = rows.where(bindparam("has_also", type_=Boolean()))
        into: Any = table.__table__
        added = insert(into).from_select(["id", *(one.name for one in given)], rows, include_defaults=False)
        if isinstance(self.change, Addition) and self.change.once and name == "changed":
            added = added.on_conflict_do_nothing()
        if isinstance(self.change, Addition) and self.change.renews and name == "changed":
            (known,) = (one for one in into.constraints if isinstance(one, UniqueConstraint))
            renewed = self.expressions(table, self.change.renews(into.c, added.excluded))
            added = added.on_conflict_do_update(constraint=known, set_=renewed)
        return added.returning(*columns(table).values()).cte(name)

    @property
    def set(self) -> dict[Column[Any], ColumnElement[Any]]:
        """The columns that are set, with their values."""
        assert isinstance(self.change, Update)
        row, more = self.change.table.__table__.c, dict[Any, Any]()
        if self.change.version and not self.change.to:
            more[row["version"]] = self.found.c.version + literal_column("1")
        if self.change.to:
            state = row[str(self.change.state)]
            more[state] = literal(self.change.to, state.type)
        return self.expressions(self.change.table, self.change.values(self.found.c)) | more

    @property
    def _differs(self) -> Iterator[ColumnElement[bool]]:
        """The conditions under which there is something to change."""
        assert isinstance(self.change, Update)
        found, values = self.found.c, self.change.values(self.found.c)
        if self.change.version:
            yield self._is_of_version
        if self.change.to:
            yield or_(*(found[str(self.change.state)] == source for source in self.change.sources))
        if self.change.unless:
            yield not_(self.change.unless[0](found, viewer_id()))
        given = self.expressions(self.change.table, {n: v for n, v in values.items() if isinstance(v, Given)})
        if self.change.where:
            yield self.change.where(found)
        if self.is_each:
            number = select(func.count()).select_from(self.found).scalar_subquery()
            yield or_(bindparam("is_partial", type_=Boolean()), number == bindparam("named", type_=BigInteger()))
        if given:
            yield or_(*(found[one.name].is_distinct_from(value) for one, value in given.items()))
        if self.along:
            yield ~self.is_late

    @property
    def agrees(self) -> ColumnElement[bool]:
        """Whether what has changed nothing had nothing to change: see `Change.refusal`."""
        change, found = self.change, self.found.c
        if not isinstance(change, Update):
            return true()
        conditions = [self._is_of_version] if change.version else []
        if change.state:
            conditions.append(or_(*(found[change.state] == state for state in (change.to, *change.sources))))
        if change.unless:
            is_there = found[change.state] == change.to if change.state else false()
            conditions.append(or_(is_there, not_(change.unless[0](found, viewer_id()))))
        if self.along:
            conditions.append(~self.is_late)
        return and_(true(), *conditions)

    @property
    def _is_of_version(self) -> ColumnElement[bool]:
        assert isinstance(self.change, Update)
        version = self.found.c.version
        return version == bindparam(f"input_{self.change.version}", type_=version.type)

    def expressions(self, table: type[Base], values: Values) -> dict[Any, ColumnElement[Any]]:
        """Values by their columns: those of the input as parameters, constants, and expressions as they are."""
        known = columns(table)
        return {known[name]: self._expression(known[name], value) for name, value in values.items()}

    def _expression(self, one: Column[Any], value: Any) -> ColumnElement[Any]:
        if not isinstance(value, Given):
            return value if isinstance(value, ColumnElement) else null() if value is None else literal(value, one.type)
        given = bindparam(value.parameter_, type_=one.type)
        if value.unset_ is None:
            return given
        return case((bindparam(f"has_{value.parameter_}", type_=Boolean()), given), else_=self.found.c[one.name])
