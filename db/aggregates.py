"""Aggregates: rows in groups by columns, by what foreign keys refer to and by time, and figures of each group.

Whoever asks sees figures of the rows that they see, and of no others. Of a foreign key to something hidden they learn
nothing: its rows count among those that refer to nothing. Groups by time have no gaps: where there are no rows there
is a group all the same, with zeros for counts and sums and null for other figures, as a chart needs it.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Uuid,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from db.access import Row, Viewer, allows, reachable
from db.base import Base
from db.periods import Granularity, Moments, periods_of
from db.permissions import SEE, Permission
from db.read import ALL
from db.relations import Relation, follows
from db.windows import Condition


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a group of rows: `write(row, viewer, *conditions)` aggregates over those that meet the conditions.
    `type` is that of the result.

    Of no rows it is 0 if it `counts`, and else null. With `at` rows are in the period of this time.
    """

    write: Callable[..., ColumnElement[Any]]
    type: TypeEngine[Any]
    counts: bool = False
    at: str | None = None

    def shown(self, found: ColumnElement[Any]) -> ColumnElement[Any]:
        """The figure as it is shown, of one that may be missing."""
        return func.coalesce(found, cast(literal_column("0"), self.type)) if self.counts else found


@dataclass(frozen=True, eq=False)
class Grouping:
    """How rows are put into groups, by keys in their order, and the figures of each group, all by name.

    Keys are columns; without any all rows are one group. The key named `period` is a time, whose `granularity` is asked
    for, unless it is given here. Groups are sorted by the figure `order`, a minus for falling, and then by their keys.
    Rows count on which the viewer has the permission that it `needs`.
    """

    keys: Mapping[str, Any]
    figures: Mapping[str, Figure]
    period: str | None = None
    order: str | None = None
    granularity: Granularity | None = None
    needs: Permission = SEE

    def __str__(self) -> str:
        return f"groups by {', '.join(self.keys)}" if self.keys else "one group"

    @property
    def is_filled(self) -> bool:
        """Whether there is a group for every period."""
        return self.period is not None and len(self.keys) == 1

    @property
    def is_limited(self) -> bool:
        """Whether it has to be said how many groups there are at most."""
        return bool(self.keys) and not self.is_filled

    def groups(
        self,
        row: Row,
        conditions: Iterable[ColumnElement[bool]],
        *,
        arguments: Mapping[str, Any],
        names: Collection[str],
        viewer: Viewer,
    ) -> Select[Any]:
        """The groups of all `row`s that meet the conditions: their keys, and the figures of these names.

        The arguments are SQL: `since`, `until` and `granularity` of periods, `first` for a number of groups.
        """
        arguments = {"granularity": self.granularity, **arguments}
        figures = {name: one for name, one in self.figures.items() if name in {*names, self._by}}
        found = self._found(row, conditions, arguments=arguments, figures=figures, viewer=viewer).subquery("found")
        shown = [figure.shown(found.c[name]).label(name) for name, figure in figures.items()]
        if self.is_filled:
            periods = periods_of(**arguments)
            (name,) = self.keys
            joined = periods.outerjoin(found, found.c[name] == periods.c.period)
            return select(periods.c.period.label(name), *shown).select_from(joined).order_by(periods.c.period)
        groups = select(*(found.c[name] for name in self.keys), *shown).select_from(found)
        return groups.order_by(*self.sorting(found.c)).limit(arguments["first"]) if self.keys else groups

    def sorting(self, groups: Any) -> list[ColumnElement[Any]]:
        """The columns of groups to sort them by."""
        keys = [groups[name] for name in self.keys]
        if self.order is None:
            return keys
        figure = groups[self._by]
        return [(figure.desc() if self.order[0] == "-" else figure.asc()).nulls_last(), *keys]

    @property
    def _by(self) -> str:
        return (self.order or "").lstrip("-")

    def _found(
        self,
        row: Row,
        conditions: Iterable[ColumnElement[bool]],
        *,
        arguments: Mapping[str, Any],
        figures: Mapping[str, Figure],
        viewer: Viewer,
    ) -> Select[Any]:
        """The groups in which there are rows."""
        held = [*conditions, *([] if self.needs == SEE else [reachable(row, viewer, self.needs)])]
        moments = Moments(row, held, self._times, arguments)
        counted = moments.rows.c
        keys = [
            moments.begin(arguments["granularity"]) if name == self.period else known(key, counted, viewer)
            for name, key in self.keys.items()
        ]
        values = (one.write(counted, viewer, *moments.of(one.at)).label(name) for name, one in figures.items())
        found = select(*(key.label(name) for name, key in zip(self.keys, keys, strict=True)), *values)
        found = found.select_from(moments.rows).where(*moments.conditions).correlate_except(moments.rows)
        if not keys:
            return found.having(literal_column("true"))
        # By their places: the name of a key may be that of a column.
        return found.group_by(*(literal_column(f"{ordinal}") for ordinal in range(1, len(keys) + 1)))

    @property
    def _times(self) -> list[str]:
        """The columns of the times in whose periods a row counts: that of the period, and those of figures."""
        if self.period is None:
            return []
        return list(dict.fromkeys([self.keys[self.period].name, *(one.at for one in self.figures.values() if one.at)]))


def known(column: Any, row: Any, viewer: Viewer) -> ColumnElement[Any]:
    """The value of a column as far as the viewer may know it: no foreign key to what they do not see."""
    value: ColumnElement[Any] = row[column.name]
    if not column.foreign_keys or follows(column):
        return value
    (reference,) = column.foreign_keys
    target = reference.column.table.alias()
    seen = select(target.c.id).where(target.c.id == value, allows(SEE, target, viewer))
    return seen.correlate_except(target).scalar_subquery()


# --- batched reads ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GroupsQuery:
    """The groups that are asked for: arguments as literals, and what must hold for a row to count."""

    grouping: Grouping
    arguments: Callable[[], Mapping[str, Any]]
    conditions: tuple[Condition, ...] = ()

    def of(self, row: Row, conditions: Iterable[ColumnElement[bool]], viewer: Viewer) -> Select[Any]:
        """The groups of the rows that meet these conditions, too."""
        held = [*conditions, *(condition(row.c, viewer) for condition in self.conditions)]
        names = self.grouping.figures
        return self.grouping.groups(row, held, arguments=self.arguments(), names=names, viewer=viewer)


async def related(
    session: AsyncSession,
    viewer: Viewer,
    table: type[Base],
    relation: Relation,
    asked: GroupsQuery,
    keys: Sequence[UUID],
) -> dict[UUID, list[Any]]:
    """For each of these rows of `table` the groups of the related rows."""
    parent, child = table.__table__.alias("parent"), relation.child.__table__.alias("child")
    conditions = [relation.on(parent.c, child.c, viewer), relation.visible(child, viewer)]
    groups = asked.of(child, conditions, viewer).lateral("groups")
    statement = (
        select(parent.c.id.label("parent_id"), *groups.c)
        .select_from(parent.join(groups, true()))
        .where(parent.c.id == any_(bindparam("keys", type_=ARRAY(Uuid()))))
        .order_by(*asked.grouping.sorting(groups.c))
    )
    found: dict[UUID, list[Any]] = defaultdict(list)
    for group in (await session.execute(statement, {"keys": keys, **viewer.parameters})).mappings():
        found[group["parent_id"]].append(SimpleNamespace(**group))
    return found


async def of_all(
    session: AsyncSession, viewer: Viewer, table: type[Base], asked: GroupsQuery, keys: Sequence[UUID]
) -> dict[UUID, list[Any]]:
    """The groups of all rows of `table` that the viewer sees; the one key is ALL."""
    row = table.__table__.alias("row")
    statement = asked.of(row, [reachable(row, viewer)], viewer)
    found = (await session.execute(statement, viewer.parameters)).mappings()
    return {ALL: [SimpleNamespace(**group) for group in found]}
