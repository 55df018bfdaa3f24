"""Batched reads: whatever the breadth of a request, one statement for an edge, under the access rule.

Pages of a relation for many parents are read with one LATERAL join; cursors are keysets, compared as one row so that an
index serves them in both directions.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Uuid,
    any_,
    asc,
    bindparam,
    desc,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.access import Row, Viewer, allows, reachable
from db.base import Base
from db.permissions import SEE, Permission
from db.relations import Relation
from db.statements import Statement, compiled


class Condition(Protocol):
    """A condition on a row: `condition(row.c, viewer)`, with the value that it tests against."""

    name: str
    value: Any
    has_index: bool
    """Whether an index finds the few rows that meet it, in no order."""

    def __call__(self, row: Any, viewer: Viewer) -> ColumnElement[bool]:
        """The condition with its value."""
        ...

    @property
    def shape(self) -> Any:
        """The condition without its value."""
        ...


ALL = UUID(int=0)
"""The key of a list that hangs on no row."""


@dataclass(frozen=True, slots=True)
class Order:
    """Columns to sort by, all in one direction; the id breaks every tie."""

    columns: tuple[str, ...]
    descending: bool = False

    def keys(self, row: Any) -> list[Any]:
        """The columns of `row` that place it in the order."""
        return [row[name] for name in (*self.columns, "id")]

    def sorting(self, row: Any, *, backward: bool = False) -> list[ColumnElement[Any]]:
        """The expressions to sort the columns of `row` by."""
        return self.directed(self.keys(row), backward=backward)

    def directed(self, keys: Sequence[Any], *, backward: bool) -> list[ColumnElement[Any]]:
        """The keys in the direction of the order, or against it."""
        return [(desc if self.descending != backward else asc)(key) for key in keys]


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of an ordered list: at most `limit`, behind `after` in the direction of reading."""

    order: Order
    limit: int
    backward: bool = False
    after: tuple[Any, ...] | None = None
    conditions: tuple[Condition, ...] = ()

    @property
    def shape(self) -> "Window":
        """The window without its values: the part that decides the text of a statement."""
        after = None if self.after is None else tuple(None for _ in self.after)
        return Window(self.order, 0, self.backward, after, tuple(test.shape for test in self.conditions))

    @property
    def values(self) -> dict[str, Any]:
        """The values of the bind parameters by their names."""
        after = {f"after_{index}": value for index, value in enumerate(self.after or ())}
        return {"limit": self.limit, **after, **{test.name: test.value for test in self.conditions}}

    def sorting(self, row: Any) -> list[ColumnElement[Any]]:
        """The expressions to sort the columns of `row` by, to read in the window's direction.

        Where a condition has an index, that of the order is kept from the planner, which would read all rows along it
        in the hope of a page of those that meet the condition.
        """
        keys = self.order.keys(row)
        if any(condition.has_index for condition in self.conditions):
            keys = [func.greatest(key) for key in keys]
        return self.order.directed(keys, backward=self.backward)

    def behind(self, row: Any, values: Sequence[Any]) -> ColumnElement[bool]:
        """Whether `row` comes behind these values, compared as one row so that an index serves it."""
        here, there = tuple_(*self.order.keys(row)), tuple_(*values)
        return here < there if self.order.descending != self.backward else here > there


async def by_id(session: AsyncSession, viewer: Viewer, table: type[Base], keys: Sequence[UUID]) -> dict[UUID, Base]:
    """The rows of `table` with these keys that the viewer sees."""
    statement = select(table).where(table.id == _any(), allows(SEE, table.__table__, viewer))
    rows = await session.scalars(statement, {"keys": keys, **viewer.parameters})
    return {row.id: row for row in rows}


def seen(table: type[Base], viewer: Viewer) -> Statement:
    """The statement that finds the row of `table` with the key `key` if a viewer of this kind sees it."""
    return _seen(table, viewer.typical)


@cache
def _seen(table: type[Base], viewer: Viewer) -> Statement:
    row = table.__table__
    return compiled(select(true()).where(row.c.id == bindparam("key", type_=Uuid()), allows(SEE, row, viewer)))


async def by_name(
    session: AsyncSession, viewer: Viewer, table: type[Base], column: str, name: str, keys: Sequence[UUID]
) -> dict[UUID, Base | None]:
    """The row of `table` that has this name in a unique column, if the viewer sees it; the one key is ALL."""
    row = table.__table__
    statement = select(table).where(row.c[column] == name, allows(SEE, row, viewer))
    return {ALL: (await session.scalars(statement, viewer.parameters)).one_or_none()}


async def permitted(
    session: AsyncSession, viewer: Viewer, table: type[Base], permission: Permission, keys: Sequence[UUID]
) -> dict[UUID, bool]:
    """Which of these rows the viewer has the permission on."""
    statement = select(table.id).where(table.id == _any(), allows(permission, table.__table__, viewer))
    return dict.fromkeys(await session.scalars(statement, {"keys": keys, **viewer.parameters}), True)


async def expression(
    session: AsyncSession,
    viewer: Viewer,
    table: type[Base],
    value: Callable[[Any], ColumnElement[Any]],
    keys: Sequence[UUID],
) -> dict[UUID, Any]:
    """The value of an SQL expression over each of these rows."""
    statement = select(table.id, value(table.__table__.c)).where(table.id == _any())
    return dict(await _rows(session, viewer, statement, keys))


async def one(
    session: AsyncSession, viewer: Viewer, table: type[Base], relation: Relation, keys: Sequence[UUID]
) -> dict[UUID, Base]:
    """For each of these rows of `table` the row that the relation leads to, where there is one."""
    parent, child = _aliases(table, relation)
    statement = (
        select(parent.c.id, aliased(relation.child, child))
        .select_from(parent.join(child, relation.on(parent.c, child.c, viewer)))
        .where(parent.c.id == _any(), relation.visible(child, viewer))
    )
    return dict(await _rows(session, viewer, statement, keys))


async def pages(
    session: AsyncSession,
    viewer: Viewer,
    table: type[Base],
    relation: Relation,
    window: Window,
    keys: Sequence[UUID],
) -> dict[UUID, list[Base]]:
    """For each of these rows of `table` the related rows in the window, and one more if there is one."""
    parent, child = _aliases(table, relation)
    related = select(child).where(relation.on(parent.c, child.c, viewer), relation.visible(child, viewer))
    page = _windowed(related, child, window, viewer).lateral("page")
    statement = (
        select(parent.c.id, aliased(relation.child, page))
        .select_from(parent.join(page, true()))
        .where(parent.c.id == _any())
        .order_by(*window.sorting(page.c))
    )
    found: dict[UUID, list[Base]] = defaultdict(list)
    for key, row in await _rows(session, viewer, statement, keys):
        found[key].append(row)
    return found


async def counts(
    session: AsyncSession,
    viewer: Viewer,
    table: type[Base],
    relation: Relation,
    conditions: tuple[Condition, ...],
    keys: Sequence[UUID],
) -> dict[UUID, int]:
    """For each of these rows of `table` the number of related rows, where it is not zero."""
    parent, child = _aliases(table, relation)
    statement = (
        select(parent.c.id, func.count())
        .select_from(parent.join(child, relation.on(parent.c, child.c, viewer)))
        .where(parent.c.id == _any(), relation.visible(child, viewer), *_hold(child, conditions, viewer))
        .group_by(parent.c.id)
    )
    return dict(await _rows(session, viewer, statement, keys))


async def listing(
    session: AsyncSession, viewer: Viewer, table: type[Base], window: Window, keys: Sequence[UUID]
) -> dict[UUID, list[Base]]:
    """The rows in the window of all that the viewer sees, and one more if there is one; the one key is ALL."""
    row = table.__table__.alias("row")
    statement = _windowed(select(aliased(table, row)).where(reachable(row, viewer)), row, window, viewer)
    return {ALL: list(await session.scalars(statement, viewer.parameters))}


async def total(
    session: AsyncSession, viewer: Viewer, table: type[Base], conditions: tuple[Condition, ...], keys: Sequence[UUID]
) -> dict[UUID, int]:
    """The number of all rows that the viewer sees; the one key is ALL."""
    row = table.__table__.alias("row")
    statement = select(func.count()).select_from(row)
    statement = statement.where(reachable(row, viewer), *_hold(row, conditions, viewer))
    return {ALL: (await session.execute(statement, viewer.parameters)).scalar_one()}


def _windowed(statement: Select[Any], row: Row, window: Window, viewer: Viewer) -> Select[Any]:
    statement = statement.where(*_hold(row, window.conditions, viewer))
    if window.after is not None:
        keys = zip(window.after, window.order.keys(row.c), strict=True)
        statement = statement.where(window.behind(row.c, [literal(value, key.type) for value, key in keys]))
    return statement.order_by(*window.sorting(row.c)).limit(window.limit + 1)


def _hold(row: Row, conditions: Sequence[Condition], viewer: Viewer) -> list[ColumnElement[bool]]:
    return [condition(row.c, viewer) for condition in conditions]


def _aliases(table: type[Base], relation: Relation) -> tuple[Any, Any]:
    return table.__table__.alias("parent"), relation.child.__table__.alias("child")


async def _rows(session: AsyncSession, viewer: Viewer, statement: Select[Any], keys: Sequence[UUID]) -> Any:
    return (await session.execute(statement, {"keys": keys, **viewer.parameters})).all()


def _any() -> Any:
    return any_(bindparam("keys", type_=ARRAY(Uuid())))
