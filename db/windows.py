"""Windows into ordered lists: what a list is sorted by, and which of its rows a page has.

A page begins behind the key of a row, not at a number (keyset pagination): it stays in its place while rows come and
go, and an index over the order leads to it, in both directions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, asc, desc, func, null, tuple_
from sqlalchemy.types import TypeEngine

from db.access import Viewer

KEY = "key_"
"""The name of an expression that rows are sorted by, as a column of a page."""


class Condition(Protocol):
    """A condition on a row: `condition(row.c, viewer)`, with the value that it tests against."""

    name: str
    value: Any
    has_index: bool
    """Whether an index finds the few rows that meet it, in no order."""
    most: int | None
    """How many rows of a table it finds at most: the newest. None: all that meet it."""

    def __call__(self, row: Any, viewer: Viewer) -> ColumnElement[bool]:
        """The condition with its value."""
        ...

    @property
    def shape(self) -> Any:
        """The condition without its value."""
        ...


class Listed(Protocol):
    """Something that there are lists of: a table, or several together."""

    @property
    def __table__(self) -> Any: ...


@dataclass(frozen=True)
class Order:
    """An order of the lists of a table, in one direction. Rows that have nothing there come last in both directions,
    and the id breaks every tie.

    It is the column of this name, or an `expression` over the columns of a row. One that `takes` a value of a type, as
    a rank takes what is searched for, is an expression over this, too. `weight` says how much work it is.
    """

    table: Listed
    name: str
    descending: bool = False
    expression: Callable[..., ColumnElement[Any]] | None = field(default=None, compare=False, repr=False)
    takes: TypeEngine[Any] | None = field(default=None, compare=False, repr=False)
    can_be_null: bool = field(default=False, compare=False, repr=False)
    weight: int = field(default=0, compare=False, repr=False)

    @property
    def is_nullable(self) -> bool:
        """Whether rows can have nothing there."""
        return self.can_be_null if self.expression else bool(self.table.__table__.c[self.name].nullable)

    @property
    def type(self) -> TypeEngine[Any]:
        """The type of what rows are sorted by."""
        return _type(self)

    def key(self, row: Any, taken: Any = None) -> ColumnElement[Any]:
        """The value that places a row of these columns in the order."""
        if self.expression is None:
            return row[self.name]  # type: ignore[no-any-return]
        return self.expression(row) if self.takes is None else self.expression(row, taken)

    def sorting(self, key: Any, id_: Any, *, backward: bool = False) -> list[ColumnElement[Any]]:
        """A key and an id in the direction of the order, or against it."""
        direction = desc if self.descending != backward else asc
        first = direction(key)
        if self.is_nullable:
            first = first.nulls_first() if backward else first.nulls_last()
        return [first, direction(id_)]


@cache
def _type(order: Order) -> TypeEngine[Any]:
    return order.key(order.table.__table__.c, null()).type


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of an ordered list: at most `limit`, behind the key and the id in `after` in the direction of reading.

    `taken` is the value that the order takes, if it takes one.
    """

    order: Order
    limit: int
    backward: bool = False
    after: tuple[Any, Any] | None = None
    conditions: tuple[Condition, ...] = ()
    taken: Any = None

    @property
    def shape(self) -> "Window":
        """The window without its values, but for whether the key that it begins behind is null: the part that decides
        the text of a statement.
        """
        after = None if self.after is None else (self.after[0] is None, False)
        return Window(self.order, 0, self.backward, after, tuple(test.shape for test in self.conditions))

    @property
    def values(self) -> dict[str, Any]:
        """The values of the bind parameters by their names."""
        after = {f"after_{index}": value for index, value in enumerate(self.after or ())}
        tests = {test.name: test.value for test in self.conditions}
        return {"limit": self.limit, "taken": self.taken, **after, **tests}

    @property
    def has_index(self) -> bool:
        """Whether a condition has an index: then that of a column is kept from the planner, which would read all rows
        along it in the hope of a page of those that meet the condition.
        """
        return any(condition.has_index for condition in self.conditions)

    @property
    def most(self) -> int | None:
        """How many rows of a table the conditions find at most: the newest. None: all that meet them."""
        return most(self.conditions)

    def sorting(self, key: Any, id_: Any) -> list[ColumnElement[Any]]:
        """The expressions to sort rows by, to read them in the window's direction."""
        if self.has_index and not self.order.expression:
            key, id_ = func.greatest(key), func.greatest(id_)
        return self.order.sorting(key, id_, backward=self.backward)

    def behind(self, key: Any, id_: Any, after: Sequence[Any]) -> list[ColumnElement[bool]]:
        """The conditions of the rows behind a key and an id: one of each range of an index, in the order of reading.

        Key and id are compared as one row. A key that is null comes last, and first for whoever reads backward.
        """
        is_falling = self.order.descending != self.backward
        here, there = tuple_(key, id_), tuple_(*after)
        if after[0] is None:
            tied = and_(key.is_(None), id_ < after[1] if is_falling else id_ > after[1])
            return [tied, key.is_not(None)] if self.backward else [tied]
        further = here < there if is_falling else here > there
        return [further, key.is_(None)] if self.order.is_nullable and not self.backward else [further]


def most(conditions: Sequence[Condition]) -> int | None:
    """How many rows of a table these conditions find at most: the newest. None: all that meet them."""
    return min((condition.most for condition in conditions if condition.most is not None), default=None)
