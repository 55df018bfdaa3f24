"""Figures: what is said of a group of rows, such as how many there are, or the mean of a column.

A count is an Int. A sum of whole numbers is a BigInt, a mean or a percentile of them a Float. Figures of amounts are
Decimals with as many digits behind the point as the amounts have.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlalchemy import ARRAY, ColumnElement, Double, Integer, Numeric, case, cast, func, literal_column, select
from sqlalchemy.types import TypeEngine

from db import aggregates
from db.access import Viewer
from db.aggregates import known
from db.base import Base
from graphql_schema.core import tree
from graphql_schema.core.context import Context
from graphql_schema.core.fields import Field, graph_type
from graphql_schema.core.scalars import BigInt
from graphql_schema.core.selected import Selected

Where = Callable[[Any], ColumnElement[bool]]


@dataclass(frozen=True)
class Figure(Field):
    """A figure of a group of rows: an aggregate over a column of those that meet `where`.

    Where there are no rows it is 0 if it `counts`, and else null. Of a column of lists it is one of all their items.
    """

    column: str | None = None
    where: Where | None = None
    at: str | None = field(default=None, kw_only=True)
    """The time by which it counts a row, if not by that of the period."""
    counts: ClassVar[bool] = False

    def sql_type(self, table: type[Base]) -> TypeEngine[Any]:
        """The type of the figure in SQL: that of the column, where nothing else is said."""
        assert self.column
        found: Any = table.__table__.c[self.column].type
        return found.item_type if isinstance(found, ARRAY) else found

    def kind(self, table: type[Base]) -> Any:
        """The type of the figure in the graph."""
        return graph_type(self.sql_type(table))

    def over(self, value: Any) -> Any:
        """The aggregate over a value of each row."""
        raise NotImplementedError

    def annotation(self, table: type[Base], name: str) -> Any:
        return self.kind(table) if self.counts else self.kind(table) | None

    def of(self, table: type[Base]) -> aggregates.Figure:
        """The figure for rows of a table."""

        def write(row: Any, viewer: Viewer, *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
            value = self._value(table, row, viewer)
            held = [*conditions, *([self.where(row)] if self.where else [])]
            if value is not None and isinstance(value.type, ARRAY):
                found = select(self.over(_items(value, held))).scalar_subquery()
            else:
                found = _of_those(self.over(value), held)
            ready: ColumnElement[Any] = self._ready(found, table)
            return ready

        return aggregates.Figure(write, self.sql_type(table), self.counts, self.at)

    def _value(self, table: type[Base], row: Any, viewer: Viewer) -> Any:
        """The value of each row that is aggregated."""
        return known(table.__table__.c[self.column], row, viewer) if self.column else None

    def _ready(self, found: Any, table: type[Base]) -> Any:
        return found

    def lower(self, at: Selected) -> tree.Node:
        name = at.name
        text = f"{type(self).__name__.lower()} of {self.column or 'rows'}"
        return tree.Value(text, lambda scope: scope.row.c[name], self.sql_type(at.table), not self.counts)

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        return getattr(source, name)


def _of_those(aggregate: Any, conditions: Sequence[ColumnElement[bool]]) -> Any:
    return aggregate.filter(*conditions) if conditions else aggregate


def _items(lists: Any, conditions: Sequence[ColumnElement[bool]]) -> Any:
    """The items of the lists of a group. They are joined as text: no aggregate makes one list of lists of any length,
    and the items are numbers or keys, which have no comma.
    """
    joined = func.string_agg(
        func.nullif(func.array_to_string(lists, literal_column("','")), literal_column("''")), literal_column("','")
    )
    together = func.string_to_array(_of_those(joined, conditions), literal_column("','"))
    return func.unnest(cast(together, lists.type)).column_valued("item")


@dataclass(frozen=True)
class Count(Figure):
    """How many rows there are, or how many values a column has."""

    counts = True

    def sql_type(self, table: type[Base]) -> TypeEngine[Any]:
        return Integer()

    def over(self, value: Any) -> Any:
        return func.count() if self.column is None else func.count(value.distinct())


@dataclass(frozen=True)
class Sum(Figure):
    """The sum of the values of a column."""

    counts = True

    def sql_type(self, table: type[Base]) -> TypeEngine[Any]:
        found = super().sql_type(table)
        return Numeric() if isinstance(found, Integer) else found

    def kind(self, table: type[Base]) -> Any:
        return BigInt if isinstance(super().sql_type(table), Integer) else super().kind(table)

    def over(self, value: Any) -> Any:
        return func.sum(value)


@dataclass(frozen=True)
class Mean(Figure):
    """The arithmetic mean of the values of a column."""

    def sql_type(self, table: type[Base]) -> TypeEngine[Any]:
        found = super().sql_type(table)
        return Double() if isinstance(found, Integer) else found

    def over(self, value: Any) -> Any:
        return func.avg(value)

    def _ready(self, found: Any, table: type[Base]) -> Any:
        return cast(found, self.sql_type(table))


@dataclass(frozen=True)
class Share(Figure):
    """How many of a hundred rows meet `met`."""

    met: Where | None = None

    def sql_type(self, table: type[Base]) -> TypeEngine[Any]:
        return Double()

    def over(self, value: Any) -> Any:
        return func.avg(value)

    def _value(self, table: type[Base], row: Any, viewer: Viewer) -> Any:
        assert self.met
        return case((self.met(row), cast(literal_column("100"), Double())), else_=cast(literal_column("0"), Double()))


@dataclass(frozen=True)
class Ratio(Figure):
    """How much of one column there is for each of another, over all rows; null where there is nothing of the other."""

    to: str = ""

    def sql_type(self, table: type[Base]) -> TypeEngine[Any]:
        return Double()

    def of(self, table: type[Base]) -> aggregates.Figure:
        def write(row: Any, viewer: Viewer, *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
            held = [*conditions, *([self.where(row)] if self.where else [])]
            one, other = (_of_those(func.sum(row[name]), held) for name in (self.column, self.to))
            found: ColumnElement[Any] = cast(one, Double()) / func.nullif(other, literal_column("0"))
            return found

        return aggregates.Figure(write, self.sql_type(table), self.counts, self.at)


@dataclass(frozen=True)
class Percentile(Mean):
    """The value below which a share of the values of a column lies, interpolated between two."""

    share: float = 0.5

    def over(self, value: Any) -> Any:
        return func.percentile_cont(literal_column(f"{self.share}")).within_group(value)


@dataclass(frozen=True)
class Extreme(Figure):
    """The smallest value of a column, or the largest."""

    is_largest: bool = False

    def over(self, value: Any) -> Any:
        return (func.max if self.is_largest else func.min)(value)


def count(description: str, *, distinct: str | None = None, where: Where | None = None, at: str | None = None) -> Count:
    """How many rows there are; with `distinct`, how many values of this column. With `at` a row counts in the period of
    this time, whichever is that of the group's other figures.
    """
    return Count(description, distinct, where, at=at)


def total(column: str, description: str, *, where: Where | None = None, at: str | None = None) -> Sum:
    """The sum of a column; 0 where there are no rows. `at` is as of `count`."""
    return Sum(description, column, where, at=at)


def share(description: str, met: Where) -> Share:
    """The share of the rows that meet a condition, from 0 to 100; null where there are no rows."""
    return Share(description, met=met)


def ratio(column: str, to: str, description: str, *, where: Where | None = None) -> Ratio:
    """The sum of a column for each one of the sum of another; null where that is 0. No mean of the ratios of rows."""
    return Ratio(description, column, where, to=to)


def average(column: str, description: str, *, where: Where | None = None) -> Mean:
    """The arithmetic mean of a column."""
    return Mean(description, column, where)


def percentile(share: float, column: str, description: str, *, where: Where | None = None) -> Percentile:
    """The value of a column below which a share of the rows lies: `percentile(0.5, …)` is the median."""
    return Percentile(description, column, where, share)


def lowest(column: str, description: str, *, where: Where | None = None) -> Extreme:
    """The smallest value of a column."""
    return Extreme(description, column, where)


def highest(column: str, description: str, *, where: Where | None = None) -> Extreme:
    """The largest value of a column."""
    return Extreme(description, column, where, is_largest=True)
