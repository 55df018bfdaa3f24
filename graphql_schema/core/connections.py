"""Relay connections: a page of a list with its cursors, and how many items there are in all."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement
from strawberry.types.arguments import StrawberryArgument

from db import read, relations
from db.base import Base
from db.permissions import Permission
from db.read import Item
from db.relations import Relation
from db.windows import Order, Window
from graphql_schema.core import cursors, filters, orders, tree
from graphql_schema.core.arguments import Binding, Size, choice_of, number_of
from graphql_schema.core.context import Context
from graphql_schema.core.expressions import Sql
from graphql_schema.core.fields import Field, Pairing, followed, object_type, paired
from graphql_schema.core.page_fields import Border, Cursor, Exact, HasMore, Items, Total, Within
from graphql_schema.core.selected import Selected
from graphql_schema.core.signature import optional
from graphql_schema.core.sources import Merged, Rows
from graphql_schema.core.strawberry_seam import TYPES
from graphql_schema.core.windows import DEFAULT_PAGE, LARGEST_PAGE, window


@dataclass(frozen=True, eq=False)
class List(Field):
    """A list that is read page by page. The names of its types begin with `name`."""

    @property
    def name(self) -> str:
        """The name of the type of its items."""
        raise NotImplementedError

    @property
    def rows(self) -> Rows | Merged:
        """The rows that it lists."""
        raise NotImplementedError

    @property
    def default(self) -> Any:
        """The order of the list where none is asked for."""
        raise NotImplementedError

    def annotation(self, table: type[Base], name: str) -> Any:
        return f"{self.name}Connection"

    def arguments(self) -> list[StrawberryArgument]:
        return [
            optional("first", int, "How many items from the start, or behind `after`: 1 to 100, 20 if left out."),
            optional("after", str, "A cursor: only items behind it."),
            optional("last", int, "How many items from the end, or ahead of `before`: 1 to 100."),
            optional("before", str, "A cursor: only items ahead of it."),
            optional("order_by", TYPES[f"{self.name}Order"], "What the list is sorted by.", default=self.default),
        ]

    def bind(self, arguments: Mapping[str, Any]) -> Binding:
        asked = self.window(arguments)
        return Binding(asked.shape, asked.values)

    def window(self, arguments: Mapping[str, Any]) -> Window:
        """The window that the arguments ask for; raises BadInput and BadCursor."""
        raise NotImplementedError

    def order(self, arguments: Mapping[str, Any]) -> Order:
        """The order that the arguments ask for."""
        return orders.order_of(arguments.get("order_by") or self.default)

    def lower(self, at: Selected) -> tree.Node:
        size = number_of(at.node, ("last", "first"), default=DEFAULT_PAGE, most=LARGEST_PAGE)
        return tree.List(self.rows, at.object(), at.given(size, self._weight(at)))

    def _weight(self, at: Selected) -> Size:
        """The weight of the order that is asked for."""
        if not any(member.value.weight for member in type(self.default)):
            return 0
        kind = at.field.args["orderBy"].type
        return choice_of(at.node, "orderBy", kind, lambda member: orders.order_of(member or self.default).weight)


@dataclass(frozen=True, eq=False)
class Many(List):
    """An edge to a list of rows; without a relation, all rows of `child` that the viewer sees."""

    child: type[Base]
    relation: Relation | None = None
    sorted_by: str | None = None

    @property
    def name(self) -> str:
        return self.child.__name__

    @property
    def rows(self) -> Rows:
        return followed(self.relation) if self.relation else Rows(self.child, access="reached")

    @property
    def default(self) -> Any:
        return TYPES[f"{self.name}Order"][orders.order_name(self.sorted_by or _first_orders[self.child])]

    def arguments(self) -> list[StrawberryArgument]:
        arguments = super().arguments()
        if filter_ := TYPES.get(f"{self.name}Filter"):
            arguments.append(optional("filter", filter_, "What must hold for an item to be listed."))
        return arguments

    def window(self, arguments: Mapping[str, Any]) -> Window:
        order, given = self.order(arguments), arguments.get("filter")
        return window(order, arguments, filters.tests(given), orders.taken_by(order, given))

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> "Page":
        window, way = self.window(arguments), (type(source), self.relation) if self.relation else (self.child,)
        pages, counts = (read.pages, read.counts) if self.relation else (read.listing, read.total)
        load = partial(context.load, key=source.id if self.relation else read.ALL)
        return Page(window, partial(load, pages, *way, window), partial(load, counts, *way, window.conditions))


def many(
    to: Any,
    description: str,
    *,
    on: Pairing | None = None,
    where: Callable[[Any], ColumnElement[bool]] | None = None,
    order: str | None = None,
) -> Many:
    """The rows whose foreign key `to` refers to this row, and that meet `where`; or those of the table `to` that `on`
    finds.

    `order` is one of theirs, with a minus for falling, where it is not the first order of their node.
    """
    relation = paired(to, on) if on else relations.down(to.expression, where)
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
    """The value that a connection resolves to. Its rows and their number are read when they are asked for.

    `read` gives the items of the window in the direction of reading, and one more if there is one; `count` the number
    of items on all pages; `check` whether these are all there are, of a list that finds so many at most.
    """

    window: Window
    read: Callable[[], Awaitable[list[Item] | None]]
    count: Callable[[], Awaitable[int | None]]
    check: Callable[[], Awaitable[bool | None]] | None = None

    async def items(self) -> list[Item]:
        """The items of the page, in the order of the list."""
        items = (await self.read() or [])[: self.window.limit]
        return items[::-1] if self.window.backward else items

    async def rows(self) -> list[Base]:
        """The rows of the page, in the order of the list."""
        return [item.row for item in await self.items()]

    async def has_more(self) -> bool:
        """Whether there are rows beyond the page in the direction of reading."""
        return len(await self.read() or []) > self.window.limit

    async def total(self) -> int:
        """The number of rows on all pages."""
        return await self.count() or 0

    async def is_exact(self) -> bool:
        """Whether the number of rows on all pages is that of all there are."""
        return self.check is None or bool(await self.check())

    def cursor(self, item: Item) -> str:
        """The cursor of an item of the page."""
        return cursors.encode(self.window.order, item.key, item.row.id)


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of a page."""

    page: Page
    item: Item


# --- the types -------------------------------------------------------------------------------------------------------


_first_orders: dict[type[Base], str] = {}
"""The order of lists of a table where nothing else is said."""


def connection_types(
    table: type[Base],
    names: tuple[str, ...],
    filtered: tuple[str, ...],
    expressions: Mapping[str, Sql],
    needed: Mapping[str, Permission],
) -> None:
    """Make the types that lists of a node need: connection, edge, order and filter.

    They are sorted and filtered by columns and expressions of these names. Columns for which a permission is `needed`
    sort nothing.
    """
    assert not needed.keys() & {one.removeprefix("-") for one in names}, "an order would tell what is in the column"
    name = table.__name__
    _first_orders[table] = names[0]
    is_searched = filters.SEARCH in filtered
    TYPES[f"{name}Order"] = orders.order_type(table, names, expressions, is_searched=is_searched)
    if filtered:
        TYPES[f"{name}Filter"] = filters.filter_type(table, filtered, expressions, needed)
    page_types(name)


def page_types(name: str, *, edge: Mapping[str, Field] | None = None, is_bounded: str = "") -> None:
    """Make the types of a page of a list: connection and edge.

    `edge` has more fields of its edges; `is_bounded` says what a total counts that does not count everything.
    """
    object_type(
        f"{name}Edge",
        f"An item of a list of {name}, with its cursor.",
        node=Within("The item.", name, lambda entry: entry.item.row, weight=0),
        cursor=Cursor("Where the item stands: pass it as `after` or `before`.", str, _cursor),
        **(edge or {}),
    )
    bounded = {"is_total_exact": Exact(is_bounded, bool, Page.is_exact, weight=1)} if is_bounded else {}
    object_type(
        f"{name}Connection",
        f"A page of a list of {name}.",
        edges=Items("The items of the page, with their cursors.", f"list[{name}Edge]", _entries),
        nodes=Items("The items of the page.", f"list[{name}]", Page.rows),
        page_info=Within("Whether there is more, and the cursors to it.", "PageInfo", lambda page: page),
        total_count=Total("How many items all pages have. Counted only when asked for.", int, Page.total, weight=1),
        **bounded,
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
