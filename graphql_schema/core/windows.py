"""Windows that the arguments of a connection ask for: Relay's paging, with a filter and an order."""

from collections.abc import Mapping
from typing import Any

from db.base import Base
from db.errors import BadInput
from db.windows import Order, Window
from graphql_schema.core import cursors, filters, orders

DEFAULT_PAGE = 20
LARGEST_PAGE = 100


def window(table: type[Base], arguments: Mapping[str, Any], order: Order) -> Window:
    """The window into a list of `table` that these arguments ask for; raises BadInput and BadCursor."""
    first, last, after, before = (arguments.get(name) for name in ("first", "last", "after", "before"))
    backward = last is not None or before is not None
    if backward and (first is not None or after is not None):
        raise BadInput("Page forward with first and after, or backward with last and before, not both.")
    limit = last if backward else first
    if limit is None:
        limit = DEFAULT_PAGE
    if not 1 <= limit <= LARGEST_PAGE:
        raise BadInput(f"A page has 1 to {LARGEST_PAGE} items.")
    cursor, given = before if backward else after, arguments.get("filter")
    conditions: Any = filters.tests(table, given) if given else ()
    behind = None if cursor is None else cursors.decode(order, cursor)
    return Window(order, limit, backward, behind, conditions, orders.taken_by(order, given))
