"""Batched reads: whatever the breadth of a request, one statement for an edge, under the access rule.

Pages of a relation for many parents are read with one LATERAL join.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CompoundSelect,
    Select,
    Uuid,
    any_,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.access import Rule, Viewer, allows, reachable, rule_of
from db.base import Base
from db.permissions import SEE, Permission
from db.relations import Relation
from db.roots import root_topic
from db.statements import Statement, compiled
from db.windows import KEY, Condition, Window

ALL = UUID(int=0)
"""The key of a list that hangs on no row."""


Where = ColumnElement[bool]
Written = TypeVar("Written")


class Item(NamedTuple):
    """A row of a list, with what it is sorted by there."""

    row: Any
    key: Any


async def by_id(session: AsyncSession, viewer: Viewer, table: type[Base], keys: Sequence[UUID]) -> dict[UUID, Base]:
    """The rows of `table` with these keys that the viewer sees."""
    statement = select(table).where(table.id == _any(), allows(SEE, table.__table__, viewer))
    rows = await session.scalars(statement, {"keys": keys, **viewer.parameters})
    return {row.id: row for row in rows}


def seen(table: type[Base], viewer: Viewer, may: Permission = SEE) -> Statement:
    """The statement that finds the topic of the root of the row with the key `key`, if this viewer may do this."""
    return _seen(table, viewer.typical, may)


@cache
def _seen(table: type[Base], viewer: Viewer, may: Permission) -> Statement:
    row = table.__table__
    return compiled(select(root_topic(row)).where(row.c.id == bindparam("key", type_=Uuid()), allows(may, row, viewer)))


def sees(table: type[Base], viewer: Viewer, number: int, may: Permission = SEE) -> Statement:
    """The statement that finds whether this viewer may do this with the row with the key `seen<number>`."""
    return _sees(table, viewer.typical, number, may)


@cache
def _sees(table: type[Base], viewer: Viewer, number: int, may: Permission) -> Statement:
    row = table.__table__
    named = row.c.id == bindparam(f"seen{number}", type_=Uuid())
    return compiled(select(select(row.c.id).where(named, allows(may, row, viewer)).exists()))


async def by_name(
    session: AsyncSession,
    viewer: Viewer,
    table: type[Base],
    column: str,
    name: str,
    has: Callable[[Any, Any, str], ColumnElement[bool]],
    keys: Sequence[UUID],
) -> dict[UUID, Base | None]:
    """The row of `table` that has this name in a unique column, if the viewer sees it; the one key is ALL."""
    row = table.__table__
    statement = select(table).where(has(row.c[column], name, column), allows(SEE, row, viewer))
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
    needs: Permission | None,
    keys: Sequence[UUID],
) -> dict[UUID, Any]:
    """The value of an SQL expression over each of these rows on which the viewer has the permission that it needs."""
    row = table.__table__
    may = allows(needs, row, viewer) if needs else true()
    statement = select(table.id, value(row.c)).where(table.id == _any(), may)
    return dict(await _rows(session, viewer, statement, keys))


async def referred(session: AsyncSession, viewer: Viewer, relation: Relation, keys: Sequence[UUID]) -> dict[UUID, Base]:
    """The rows with these keys that the viewer may follow the relation to."""
    child, visible = _child(relation, viewer)
    statement = select(aliased(relation.child, child)).where(child.c.id == _any(), visible)
    return {row.id: row for row in await session.scalars(statement, {"keys": keys, **viewer.parameters})}


async def one(
    session: AsyncSession, viewer: Viewer, table: type[Base], relation: Relation, keys: Sequence[UUID]
) -> dict[UUID, Base]:
    """For each of these rows of `table` the row that the relation leads to, where there is one."""
    parent, child, on, visible = _edge(table, relation, viewer)
    statement = (
        select(parent.c.id, aliased(relation.child, child))
        .select_from(parent.join(child, on))
        .where(parent.c.id == _any(), visible)
    )
    return dict(await _rows(session, viewer, statement, keys))


async def named(
    session: AsyncSession,
    viewer: Viewer,
    table: type[Base],
    child: type[Base],
    on: Callable[[Any, Any], ColumnElement[bool]],
    keys: Sequence[UUID],
) -> dict[UUID, Base]:
    """For each of these rows of `table` the row of `child` for which a condition, which has values in it, holds."""
    parent, row = table.__table__.alias("parent"), child.__table__.alias("child")
    found = select(parent.c.id, aliased(child, row)).select_from(parent.join(row, on(parent.c, row.c)))
    return dict(await _rows(session, viewer, found.where(parent.c.id == _any(), allows(SEE, row, viewer)), keys))


async def pages(
    session: AsyncSession,
    viewer: Viewer,
    table: type[Base],
    relation: Relation,
    window: Window,
    keys: Sequence[UUID],
) -> dict[UUID, list[Item]]:
    """For each of these rows of `table` the related rows in the window, and one more if there is one."""
    parent, child, on, visible = _edge(table, relation, viewer)
    related = select(child, key_of(child.c, window).label(KEY)).where(on, visible)
    page = windowed(related, child.c, window, viewer).lateral("page")
    statement = (
        select(parent.c.id, aliased(relation.child, page), page.c[KEY])
        .select_from(parent.join(page, true()))
        .where(parent.c.id == _any())
        .order_by(*window.sorting(page.c[KEY], page.c.id))
    )
    found: dict[UUID, list[Item]] = defaultdict(list)
    for parent_id, *item in await _rows(session, viewer, statement, keys):
        found[parent_id].append(Item(*item))
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
    parent, child, on, visible = _edge(table, relation, viewer)
    statement = (
        select(parent.c.id, func.count())
        .select_from(parent.join(child, on))
        .where(parent.c.id == _any(), visible, *hold(child.c, conditions, viewer))
        .group_by(parent.c.id)
    )
    return dict(await _rows(session, viewer, statement, keys))


async def listing(
    session: AsyncSession, viewer: Viewer, table: type[Base], window: Window, keys: Sequence[UUID]
) -> dict[UUID, list[Item]]:
    """The rows in the window of all that the viewer sees, and one more if there is one; the one key is ALL."""
    row, is_reachable = _reachable(table, viewer)
    listed = select(row, key_of(row.c, window).label(KEY)).where(is_reachable)
    page = windowed(listed, row.c, window, viewer).subquery("page")
    statement = select(aliased(table, page), page.c[KEY]).order_by(*window.sorting(page.c[KEY], page.c.id))
    found = await session.execute(statement, viewer.parameters)
    return {ALL: [Item(*item) for item in found]}


async def total(
    session: AsyncSession, viewer: Viewer, table: type[Base], conditions: tuple[Condition, ...], keys: Sequence[UUID]
) -> dict[UUID, int]:
    """The number of all rows that the viewer sees; the one key is ALL."""
    row, is_reachable = _reachable(table, viewer)
    statement = select(func.count()).select_from(row).where(is_reachable, *hold(row.c, conditions, viewer))
    return {ALL: (await session.execute(statement, viewer.parameters)).scalar_one()}


def windowed(statement: Select[Any], row: Any, window: Window, viewer: Viewer) -> Select[Any] | CompoundSelect[Any]:
    """The statement for the rows in the window, and one more; `row` has the columns of one of them.

    Each range of the index behind the cursor is read by itself.
    """
    key, id_, limit = key_of(row, window), row.id, window.limit + 1
    read = statement.where(*hold(row, window.conditions, viewer)).order_by(*window.sorting(key, id_)).limit(limit)
    if window.after is None:
        return read
    after = [
        value if value is None else literal(value, of.type) for value, of in zip(window.after, (key, id_), strict=True)
    ]
    first, *others = [read.where(behind) for behind in window.behind(key, id_, after)]
    key, id_ = literal_column(KEY), literal_column("id")
    sorting = window.order.sorting(key, id_, backward=window.backward)
    return union_all(first, *others).order_by(*sorting).limit(limit) if others else first


def key_of(row: Any, window: Window) -> ColumnElement[Any]:
    """The value that places a row of these columns in the order of a window."""
    takes = window.order.takes
    return window.order.key(row, None if takes is None else literal(window.taken, takes))


def hold(row: Any, conditions: Sequence[Condition], viewer: Viewer) -> list[ColumnElement[bool]]:
    """The conditions over the columns of a row."""
    return [condition(row, viewer) for condition in conditions]


def _edge(table: type[Base], relation: Relation, viewer: Viewer) -> tuple[Any, Any, Where, Where]:
    """Two rows, the condition under which a relation leads from the one to the other, and that of `_child`."""

    def write() -> tuple[Any, Any, Where, Where]:
        parent = table.__table__.alias("parent")
        child, visible = _child(relation, viewer)
        return parent, child, relation.on(parent.c, child.c, viewer.typical), visible

    return _written_once(("edge", table, relation), relation.child, viewer, write)


def _child(relation: Relation, viewer: Viewer) -> tuple[Any, Where]:
    """A row that a relation leads to, and the condition under which the viewer may follow it."""

    def write() -> tuple[Any, Where]:
        child = relation.child.__table__.alias("child")
        return child, relation.visible(child, viewer.typical)

    return _written_once(("child", relation), relation.child, viewer, write)


def _reachable(table: type[Base], viewer: Viewer) -> tuple[Any, Where]:
    """A row, and the condition under which the viewer sees it in a list."""

    def write() -> tuple[Any, Where]:
        row = table.__table__.alias("row")
        return row, reachable(row, viewer.typical)

    return _written_once(("row", table), table, viewer, write)


def _written_once(name: tuple[Any, ...], table: type[Base], viewer: Viewer, write: Callable[[], Written]) -> Written:
    """Rows with their conditions under the rule of a table, which are those of all viewers of a kind.

    To write them takes longer than to run most statements that they are in.
    """
    key, rule = (viewer.kind, *name), rule_of(table.__table__)
    written = _written.get(key)
    if written is None or written[0] is not rule:
        written = _written[key] = rule, write()
    found: Written = written[1]
    return found


_written: dict[tuple[Any, ...], tuple[Rule, Any]] = {}


async def _rows(session: AsyncSession, viewer: Viewer, statement: Select[Any], keys: Sequence[UUID]) -> Any:
    return (await session.execute(statement, {"keys": keys, **viewer.parameters})).all()


def _any() -> Any:
    return any_(bindparam("keys", type_=ARRAY(Uuid())))
