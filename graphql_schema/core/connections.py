"""Relay connections: a page of a list with its cursors, and how many items there are in all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement
from strawberry import UNSET
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from db import read, relations
from db.base import Base
from db.read import Item
from db.relations import Relation
from db.windows import Window
from graphql_schema.core import cursors, filters, orders, tree
from graphql_schema.core.arguments import Binding, Size
from graphql_schema.core.context import Context
from graphql_schema.core.fields import Computed, Field, Pairing, Sql, followed, object_type, paired
from graphql_schema.core.selected import Selected
from graphql_schema.core.strawberry_seam import TYPES
from graphql_schema.core.windows import DEFAULT_PAGE, LARGEST_PAGE, window


@dataclass(frozen=True, eq=False)
class Many(Field):
    """An edge to a list of rows; without a relation, all rows of `child` that the viewer sees."""

    child: type[Base]
    relation: Relation | None = None
    order: str | None = None

    def annotation(self, table: type[Base], name: str) -> Any:
        return f"{self.child.__name__}Connection"

    def arguments(self) -> list[StrawberryArgument]:
        return _arguments(self.child, self._default)

    def bind(self, arguments: Mapping[str, Any]) -> Binding:
        asked = self.window(arguments)
        return Binding(asked.shape, asked.values)

    def window(self, arguments: Mapping[str, Any]) -> Window:
        """The window that the arguments ask for; raises BadInput and BadCursor."""
        return window(self.child, arguments, orders.order_of(arguments.get("order_by") or self._default))

    def lower(self, at: Selected) -> tree.Node:
        rows = followed(self.relation) if self.relation else tree.Rows(self.child, access="reached")
        size = at.number("last", "first", default=DEFAULT_PAGE, most=LARGEST_PAGE)
        return tree.List(rows, at.object(), at.given(size, self._weight(at)))

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> "Page":
        return Page(context, source, self.child, self.relation, self.window(arguments))

    def _weight(self, at: Selected) -> Size:
        """The weight of the order that is asked for."""
        if not any(member.value.weight for member in type(self._default)):
            return 0
        return at.choice("orderBy", lambda member: orders.order_of(member or self._default).weight)

    @property
    def _default(self) -> Any:
        """The order of the list where none is asked for."""
        return TYPES[f"{self.child.__name__}Order"][orders.order_name(self.order or _first_orders[self.child])]


def many(to: Any, description: str, *, on: Pairing | None = None, order: str | None = None) -> Many:
    """The rows whose foreign key `to` refers to this row; or the rows of the table `to` that `on` finds.

    `order` is one of theirs, with a minus for falling, where it is not the first order of their node.
    """
    relation = paired(to, on) if on else relations.down(to.expression)
    return Many(description, relation.child, relation, order)


def many_to_many(
    near: Any,
    far: Any,
    description: str,
    *,
    where: Callable[[Any], ColumnElement[bool]] | None = None,
    order: str | None = None,
) -> Many:
    """The rows that a link table pairs with this row: its foreign key `near` refers to this row, `far` to them.

    Rows of the link table count that meet `where`. A row is listed once, however often it is paired, and only to
    viewers who see a row of the link table that pairs it.

    >>> students = many_to_many(tables.Enrollment.course_id, tables.Enrollment.user_id, "Who takes it.")
    """
    relation = relations.linked(near.expression, far.expression, where)
    return Many(description, relation.child, relation, order)


def listing(table: type[Base], description: str) -> Many:
    """All rows of the table that the viewer sees."""
    return Many(description, table)


@dataclass(frozen=True, slots=True)
class Page:
    """The value that a connection resolves to. Its rows and their number are read when they are asked for."""

    context: Context
    source: Any
    child: type[Base]
    relation: Relation | None
    window: Window

    async def items(self) -> list[Item]:
        """The items of the page, in the order of the list."""
        items = (await self._read())[: self.window.limit]
        return items[::-1] if self.window.backward else items

    async def rows(self) -> list[Base]:
        """The rows of the page, in the order of the list."""
        return [item.row for item in await self.items()]

    async def has_more(self) -> bool:
        """Whether there are rows beyond the page in the direction of reading."""
        return len(await self._read()) > self.window.limit

    async def total(self) -> int:
        """The number of rows on all pages."""
        load, conditions = self.context.load, self.window.conditions
        if self.relation is None:
            return int(await load(read.total, self.child, conditions, key=read.ALL))
        return await load(read.counts, type(self.source), self.relation, conditions, key=self.source.id) or 0

    def cursor(self, item: Item) -> str:
        """The cursor of an item of the page."""
        return cursors.encode(self.window.order, item.key, item.row.id)

    async def _read(self) -> list[Item]:
        load = self.context.load
        if self.relation is None:
            return list(await load(read.listing, self.child, self.window, key=read.ALL))
        return await load(read.pages, type(self.source), self.relation, self.window, key=self.source.id) or []


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of a page."""

    page: Page
    item: Item


# --- the fields of a page --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Items(Computed):
    """An array with an item for each row of the page."""

    def lower(self, at: Selected) -> tree.Node:
        return tree.Each(at.object())


@dataclass(frozen=True)
class Within(Computed):
    """An object over the same page, or over the same row of it."""

    def lower(self, at: Selected) -> tree.Node:
        return at.object()


@dataclass(frozen=True)
class Cursor(Computed):
    """The cursor of a row of the page."""

    def lower(self, at: Selected) -> tree.Node:
        return tree.Value("cursor", lambda scope: scope.page.cursor())


@dataclass(frozen=True)
class HasMore(Computed):
    """Whether there are rows beyond an end of the page, or beyond its start."""

    at_end: bool = True

    def lower(self, at: Selected) -> tree.Node:
        text = "more behind" if self.at_end else "more ahead"
        return tree.Value(text, lambda scope: scope.page.has_more(at_end=self.at_end), over="page")


@dataclass(frozen=True)
class Border(Computed):
    """The cursor of the last row of the page, or of the first."""

    at_end: bool = True

    def lower(self, at: Selected) -> tree.Node:
        text = "last cursor" if self.at_end else "first cursor"
        return tree.Value(text, lambda scope: scope.page.border(at_end=self.at_end), over="page")


@dataclass(frozen=True)
class Total(Computed):
    """How many rows all pages have."""

    def lower(self, at: Selected) -> tree.Node:
        return tree.Value("count", lambda scope: scope.page.total(), over="list")


# --- the types -------------------------------------------------------------------------------------------------------


_first_orders: dict[type[Base], str] = {}
"""The order of lists of a table where nothing else is said."""


def connection_types(
    table: type[Base], names: tuple[str, ...], filtered: tuple[str, ...], expressions: Mapping[str, Sql]
) -> None:
    """Make the types that lists of a node need: connection, edge, order and filter.

    They are sorted and filtered by columns and expressions of these names.
    """
    name = table.__name__
    _first_orders[table] = names[0]
    is_searched = filters.SEARCH in filtered
    TYPES[f"{name}Order"] = orders.order_type(table, names, expressions, is_searched=is_searched)
    if filtered:
        TYPES[f"{name}Filter"] = filters.filter_type(table, filtered, expressions)
    object_type(
        f"{name}Edge",
        f"An item of a list of {name}, with its cursor.",
        node=Within("The item.", name, lambda entry: entry.item.row, weight=0),
        cursor=Cursor("Where the item stands: pass it as `after` or `before`.", str, _cursor),
    )
    object_type(
        f"{name}Connection",
        f"A page of a list of {name}.",
        edges=Items("The items of the page, with their cursors.", f"list[{name}Edge]", _entries),
        nodes=Items("The items of the page.", f"list[{name}]", Page.rows),
        page_info=Within("Whether there is more, and the cursors to it.", "PageInfo", lambda page: page),
        total_count=Total("How many items all pages have. Counted only when asked for.", int, Page.total, weight=1),
    )


async def _entries(page: Page) -> list[Entry]:
    return [Entry(page, item) for item in await page.items()]


def _cursor(entry: Entry) -> str:
    return entry.page.cursor(entry.item)


async def _has_next(page: Page) -> bool:
    return page.window.after is not None if page.window.backward else await page.has_more()


async def _has_previous(page: Page) -> bool:
    return await page.has_more() if page.window.backward else page.window.after is not None


async def _start(page: Page) -> str | None:
    items = await page.items()
    return page.cursor(items[0]) if items else None


async def _end(page: Page) -> str | None:
    items = await page.items()
    return page.cursor(items[-1]) if items else None


object_type(
    "PageInfo",
    "Where a page stands in its list.",
    has_next_page=HasMore("Whether there are items behind this page.", bool, _has_next),
    has_previous_page=HasMore("Whether there are items ahead of this page.", bool, _has_previous, at_end=False),
    start_cursor=Border("The cursor of the first item; null on an empty page.", str | None, _start, at_end=False),
    end_cursor=Border("The cursor of the last item; null on an empty page.", str | None, _end),
)


def _arguments(table: type[Base], default: Any) -> list[StrawberryArgument]:
    name = table.__name__
    arguments = [
        _argument("first", int, "How many items from the start, or behind `after`: 1 to 100, 20 if left out."),
        _argument("after", str, "A cursor: only items behind it."),
        _argument("last", int, "How many items from the end, or ahead of `before`: 1 to 100."),
        _argument("before", str, "A cursor: only items ahead of it."),
        _argument("order_by", TYPES[f"{name}Order"], "What the list is sorted by.", default=default),
    ]
    if f"{name}Filter" in TYPES:
        arguments.append(_argument("filter", TYPES[f"{name}Filter"], "What must hold for an item to be listed."))
    return arguments


def _argument(name: str, kind: Any, description: str, default: Any = UNSET) -> StrawberryArgument:
    return StrawberryArgument(name, None, StrawberryAnnotation(kind | None), description=description, default=default)
