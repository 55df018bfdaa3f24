"""Aggregates in the graph: objects that stand for groups of rows, with figures of each group.

Their type is a class of declarations: columns, edges and a period are what the rows are grouped by, all else are
figures (`graphql_schema.core.figures`). `aggregate` is the field that leads to the groups, or to the one group of all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime
from strawberry.types.arguments import StrawberryArgument

from db import aggregates, read, relations
from db.aggregates import Grouping
from db.base import Base
from db.periods import MAX_GROUPS, Granularity, count_periods
from db.permissions import SEE, Permission
from db.relations import Relation
from graphql_schema.core import filters, tree
from graphql_schema.core.arguments import Binding, counted
from graphql_schema.core.context import Context
from graphql_schema.core.fields import Column, Field, One, Pairing, followed, paired
from graphql_schema.core.figures import Figure
from graphql_schema.core.nodes import Class, embedded_in
from graphql_schema.core.selected import Selected
from graphql_schema.core.signature import REQUIRED, Argument, Literals, Signature, argument, number
from graphql_schema.core.sources import Rows
from graphql_schema.core.strawberry_seam import TYPES

WEIGHT = 10
"""The weight of figures of all rows together. A group of several weighs 1."""
RANGE = {
    "since": Argument(datetime, "The first moment that counts. The first period may begin before it.", REQUIRED),
    "until": Argument(datetime, "The first moment that counts no more. The last period may end after it.", REQUIRED),
}
PERIODS = RANGE | {
    "granularity": Argument(Granularity, f"How long a period is: there are {MAX_GROUPS} at most.", Granularity.MONTH),
}
FIRST = {"first": number("How many items at most", most=MAX_GROUPS, default=100)}


@dataclass(frozen=True)
class Period(Field):
    """The period of a group: the moment at which it begins."""

    column: str
    granularity: Granularity | None = None

    def annotation(self, table: type[Base], name: str) -> Any:
        return datetime

    def lower(self, at: Selected) -> tree.Node:
        name = at.name
        return tree.Value(f"period of {self.column}", lambda scope: scope.row.c[name], DateTime(timezone=True))

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        return getattr(source, name)


def period(column: str, description: str, granularity: Granularity | None = None) -> Period:
    """The time that rows are grouped by; clients say in which range, and how finely if nothing is said here. Rows
    without a time do not count.

    A type has one at most.
    """
    return Period(description, column, granularity)


GROUPINGS: dict[type, tuple[type[Base], Grouping]] = {}
"""The table and the grouping of each type of groups, by the class of its declarations."""


def aggregate_of(table: type[Base], *, order: str | None = None, needs: Permission = SEE) -> Callable[[Class], Class]:
    """Make a class of declarations a type for groups of rows of a table.

    Columns, edges and a period in it are what the rows are grouped by; without any, all rows are one group. Groups by
    columns and edges are sorted by the figure `order`, a minus for falling, and then by what they are grouped by.
    Rows count that a viewer sees, and has the permission on that the type `needs`.

    >>> @aggregate_of(tables.Commit, order="-commits")
    ... class CommitAuthor:
    ...     author = one(tables.Commit.author_id, "The author.")
    ...     commits = count("How many commits they made.")
    """

    def declare(declarations: Class) -> Class:
        fields = {name: value for name, value in vars(declarations).items() if isinstance(value, Field)}
        keys = dict(_key(table, name, value) for name, value in fields.items() if not isinstance(value, Figure))
        figures = {name: value.of(table) for name, value in fields.items() if isinstance(value, Figure)}
        periods = {name: value.granularity for name, value in fields.items() if isinstance(value, Period)}
        if keys.keys() & figures.keys() or len(periods) > 1:
            raise TypeError(f"{declarations.__name__} has two declarations of one name, or two periods")
        if order and order.lstrip("-") not in figures:
            raise TypeError(f"{declarations.__name__} is sorted by {order}, which is no figure of it")
        period, granularity = next(iter(periods.items()), (None, None))
        GROUPINGS[declarations] = table, Grouping(keys, figures, period, order, granularity, needs)
        return embedded_in(table)(declarations)

    return declare


def _key(table: type[Base], name: str, declared: Field) -> tuple[str, Any]:
    """The column that rows are grouped by, by its name in the groups."""
    columns = table.__table__.c
    match declared:
        case Period(column=column):
            return name, columns[column]
        case Column(needs=None):
            column = getattr(table, declared.source or name).expression
            return column.name, column
        case One(relation=Relation(column=str(column))):
            return column, columns[column]
    raise TypeError(f"Rows are not grouped by {name}: take a column that everybody sees, a foreign key or a period.")


@dataclass(frozen=True, eq=False)
class Aggregate(Field):
    """The groups of rows, or figures of all of them together; without a relation, of all that the viewer sees."""

    child: type[Base]
    of: str
    grouping: Grouping
    signature: Signature
    relation: Relation | None = None

    def annotation(self, table: type[Base], name: str) -> Any:
        return f"list[{self.of}]" if self.grouping.keys else self.of

    def arguments(self) -> list[StrawberryArgument]:
        kind = TYPES.get(f"{self.child.__name__}Filter")
        filtering = [argument("filter", kind | None, "What must hold for an item to count.")] if kind else []
        return [*self.signature.declared(), *filtering]

    def bind(self, arguments: Mapping[str, Any]) -> Binding:
        self.size(arguments)
        asked, conditions = self.signature.bind(arguments), self._conditions(arguments)
        shape = asked.shape, tuple(condition.shape for condition in conditions)
        return Binding(shape, {**asked.values, **{condition.name: condition.value for condition in conditions}})

    def size(self, arguments: Mapping[str, Any]) -> int:
        """How many groups there are at most; raises BadInput for a range that makes no sense."""
        given = self.signature.values(arguments)
        granularity = self.grouping.granularity or given.get("granularity")
        periods = granularity and count_periods(given["since"], given["until"], granularity)
        return periods if periods and self.grouping.is_filled else given.get("first", 1)

    def lower(self, at: Selected) -> tree.Node:
        rows = followed(self.relation) if self.relation else Rows(self.child, access="reached")
        body = tree.Each(at.object()) if self.grouping.keys else at.object()
        return tree.List(rows, body, counted(at.given(), self.size), self.grouping)

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        self.size(arguments)
        literals = Literals.of(self.signature, arguments)
        asked = aggregates.GroupsQuery(self.grouping, literals, self._conditions(arguments))
        if self.relation is None:
            found = await context.load(aggregates.of_all, self.child, asked, key=read.ALL)
        else:
            found = await context.load(aggregates.related, type(source), self.relation, asked, key=source.id) or []
        return found if self.grouping.keys else found[0]

    def _conditions(self, arguments: Mapping[str, Any]) -> tuple[Any, ...]:
        return filters.tests(arguments.get("filter"))


def aggregate(to: Any, of: type, description: str, *, on: Pairing | None = None) -> Aggregate:
    """Groups of the rows whose foreign key `to` refers to this row, as objects of the type that `of` declares; or of
    those further down, by the foreign keys `to` from these up to this row; or of those of the table `to` that `on`
    finds; or of all of the table `to`.

    >>> authors = aggregate(tables.Commit.repository_id, CommitAuthor, "Who has worked on it.")
    """
    table, grouping = GROUPINGS[of]
    is_of_all = to is table and on is None
    relation = None if is_of_all else paired(to, on) if on else _way(to if isinstance(to, tuple) else (to,))
    if relation and relation.child is not table:
        raise TypeError(f"{of.__name__} has groups of {table.__name__}, not of {relation.child.__name__}")
    of_periods = (RANGE if grouping.granularity else PERIODS) if grouping.period else {}
    signature = Signature(of_periods | (FIRST if grouping.is_limited else {}))
    weight = None if grouping.keys else WEIGHT
    return Aggregate(description, table, of.__name__, grouping, signature, relation, weight=weight)


def _way(keys: tuple[Any, ...]) -> Relation:
    columns = [key.expression for key in keys]
    return relations.further_down(*columns) if len(columns) > 1 else relations.down(*columns)
