"""Lists of rows of several tables, merged into one order.

Each table is an arm of the list: it is read under its own access rule, along its own index, and no further than a page
needs. What is merged are the keys of the rows alone: by what they are sorted, their ids and their kinds.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Integer,
    MetaData,
    Select,
    Table,
    Uuid,
    and_,
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

from db.access import Viewer, reachable
from db.base import Base
from db.read import ALL, Item, hold, key_of, windowed
from db.relations import Relation
from db.windows import KEY, Condition, Window, most

KIND = "kind"
Ways = tuple[tuple[type[Base], Relation | None], ...]
"""Tables of a union, each with the relation that leads to its rows; None leads to all that the viewer sees."""


@dataclass(frozen=True, eq=False)
class Union:
    """Tables whose rows are listed together. `keys` says by which of their columns, where these have several names.

    >>> Union("Activity", (Commit, PullRequest), {"occurred_at": (Commit.committed_at, PullRequest.opened_at)})
    """

    name: str
    tables: tuple[type[Base], ...]
    keys: Mapping[str, Sequence[Any]]

    def __post_init__(self) -> None:
        for name, columns in self._columns.items():
            if len({type(column.type) for column in columns}) > 1:
                raise TypeError(f"{self.name} cannot be sorted by {name}: it has several types")
            if any(column.foreign_keys for column in columns):
                raise TypeError(f"{self.name} cannot be sorted by {name}: it would tell of what the viewer may not see")

    @cached_property
    def __table__(self) -> Table:
        """The list as a table: the columns that all tables have, those of its keys, and kinds: places in `tables`."""
        first, *others = [one.__table__.c for one in self.tables]
        shared = {column.name: [column] for column in first if all(column.name in other for other in others)}
        columns = [
            Column(name, alike[0].type, nullable=any(column.nullable for column in alike))
            for name, alike in (shared | self._columns).items()
        ]
        return Table(self.name, MetaData(), *columns, Column(KIND, Integer()))

    def entry(self, table: type[Base], row: Any) -> "Entry":
        """The columns of the list in a row of one of the tables."""
        kind = self.tables.index(table)
        return Entry(table.__table__, row, {name: columns[kind].name for name, columns in self._columns.items()}, kind)

    @property
    def _columns(self) -> dict[str, list[Any]]:
        return {name: [attribute.expression for attribute in attributes] for name, attributes in self.keys.items()}


class Entry:
    """The columns of a row of a union's table: those of the list, and its own."""

    def __init__(self, table: Any, row: Any, names: Mapping[str, str], kind: int) -> None:
        self.table, self._row, self._names, self._kind = table, row, names, kind

    def __getitem__(self, name: str) -> Any:
        if name == KIND:
            return literal_column(str(self._kind), Integer)
        return self._row[self._names.get(name, name)]

    __getattr__ = __getitem__


class Arm(NamedTuple):
    """The rows of one table, the columns of the list in them, and the ids of the rows that they hang on, if they do."""

    rows: Select[Any]
    entry: Entry
    between: Any


async def pages(
    session: AsyncSession,
    viewer: Viewer,
    union: Union,
    ways: Ways,
    parents: type[Base] | None,
    window: Window,
    keys: Sequence[UUID],
) -> dict[UUID, list[Item]]:
    """For each of these rows of `parents` the rows in the window, and one more if there is one, by one statement.

    Without `parents` the one key is ALL.
    """
    parent = parents.__table__.alias("parent") if parents else None
    page: Any = _page(union, ways, parent, window, viewer)
    start, key = (page, literal(ALL)) if parent is None else (parent.join(page, true()), parent.c.id)
    rows = {union.tables.index(child): child.__table__.alias(child.__tablename__) for child, _ in ways}
    for kind, row in rows.items():
        start = start.outerjoin(row, and_(page.c[KIND] == kind, row.c.id == page.c.id))
    entities = [aliased(union.tables[kind], row) for kind, row in rows.items()]
    statement = _of(select(key, page.c[KEY], *entities).select_from(start), parent, keys)
    statement = statement.order_by(*window.order.sorting(page.c[KEY], page.c.id, backward=window.backward))
    found: dict[UUID, list[Item]] = defaultdict(list)
    for one, ordinal, *children in await session.execute(statement, viewer.parameters):
        (child,) = filter(None, children)
        found[one].append(Item(child, ordinal))
    return found


async def counts(
    session: AsyncSession,
    viewer: Viewer,
    union: Union,
    ways: Ways,
    parents: type[Base] | None,
    conditions: tuple[Condition, ...],
    keys: Sequence[UUID],
) -> dict[UUID, int]:
    """For each of these rows of `parents` how many rows the list has. Without `parents` the one key is ALL."""
    found = await _numbers(session, viewer, union, ways, parents, conditions, keys)
    return {key: sum(numbers) for key, numbers in found.items()}


async def are_all(
    session: AsyncSession,
    viewer: Viewer,
    union: Union,
    ways: Ways,
    parents: type[Base] | None,
    conditions: tuple[Condition, ...],
    keys: Sequence[UUID],
) -> dict[UUID, bool]:
    """For each of these rows of `parents` whether no more rows meet the conditions than these find at most."""
    found, limit = await _numbers(session, viewer, union, ways, parents, conditions, keys), most(conditions)
    return {key: limit is None or max(numbers) < limit for key, numbers in found.items()}


async def _numbers(
    session: AsyncSession,
    viewer: Viewer,
    union: Union,
    ways: Ways,
    parents: type[Base] | None,
    conditions: tuple[Condition, ...],
    keys: Sequence[UUID],
) -> dict[UUID, tuple[int, ...]]:
    """For each of these rows of `parents` how many rows of each table the list has."""
    parent = parents.__table__.alias("parent") if parents else None
    arms = [
        select(func.count()).select_from(arm.rows.subquery()).scalar_subquery()
        for arm in _arms(union, ways, parent, conditions, viewer)
    ]
    statement = select(literal(ALL) if parent is None else parent.c.id, *arms)
    rows = await session.execute(_of(statement, parent, keys), viewer.parameters)
    return {key: tuple(numbers) for key, *numbers in rows}


def _page(union: Union, ways: Ways, parent: Any, window: Window, viewer: Viewer) -> Any:
    """The keys of the rows in the window: as many of each arm as there may be in all."""
    behind = replace(window, conditions=())
    arms = [_in_window(arm, behind, viewer) for arm in _arms(union, ways, parent, window.conditions, viewer)]
    merged = union_all(*arms).subquery("merged")
    keys = window.order.sorting(merged.c[KEY], merged.c.id, backward=window.backward)
    page = select(merged).order_by(*keys).limit(window.limit + 1)
    return page.subquery("page") if parent is None else page.lateral("page")


def _in_window(arm: Arm, window: Window, viewer: Viewer) -> Select[Any]:
    """The keys of the rows in the window: as many of each row that they hang on as there may be in all."""
    keyed = arm.rows.add_columns(key_of(arm.entry, window).label(KEY))
    if arm.between is None:
        return windowed(keyed, arm.entry, window, viewer).subquery().select()
    each = windowed(keyed.correlate(arm.between), arm.entry, window, viewer).lateral()
    return select(each).select_from(arm.between.join(each, true()))


def _arms(union: Union, ways: Ways, parent: Any, conditions: tuple[Condition, ...], viewer: Viewer) -> Iterator[Arm]:
    """The select of the ids and the kind of each table's rows that meet the conditions."""
    for child_table, way in ways:
        child: Any = child_table.__table__.alias("child")
        keys = way.between.keys(parent.c, viewer) if way and way.between else None
        between = None if keys is None else keys.subquery()
        entry = union.entry(child_table, child.c)
        where = [*_leads(way, parent, child, between, viewer), *hold(entry, conditions, viewer)]
        if limit := most(conditions):
            newest = func.greatest(child.c.id).desc()  # an expression: along the index all rows would be looked at
            child = select(child).where(*where).order_by(newest).limit(limit).correlate(parent).lateral()
            entry, where = union.entry(child_table, child.c), []
        rows = select(child.c.id, entry[KIND].label(KIND)).select_from(child)
        yield Arm(rows.where(*where).correlate(parent), entry, between)


def _leads(way: Relation | None, parent: Any, child: Any, between: Any, viewer: Viewer) -> list[ColumnElement[bool]]:
    if way is None:
        return [reachable(child, viewer)]
    if way.between and between is not None:
        on = way.between.on(parent.c, child.c, viewer)
        return [child.c[way.between.near] == between.c.id, on, way.visible(child, viewer)]
    return [way.on(parent.c, child.c, viewer), way.visible(child, viewer)]


def _of(statement: Select[Any], parent: Any, keys: Sequence[UUID]) -> Select[Any]:
    """The statement for the parents with these keys."""
    if parent is None:
        return statement
    return statement.where(parent.c.id == any_(bindparam("keys", list(keys), type_=ARRAY(Uuid()))))
