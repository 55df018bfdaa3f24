"""Windows that the arguments of a connection ask for: Relay's paging, with a filter and an order."""

from collections.abc import Mapping
from typing import Any

from db.errors import BadInput
from db.windows import Order, Window
from graphql_schema.core import cursors

DEFAULT_PAGE = 20
LARGEST_PAGE = 100


def window(order: Order, arguments: Mapping[str, Any], conditions: Any, taken: Any = None) -> Window:
    """The window into a list that these arguments ask for; raises BadInput and BadCursor.

    `conditions` hold for its rows, and `taken` is what the order takes.
    """
    first, last, after, before = (arguments.get(name) for name in ("first", "last", "after", "before"))
    backward = last is not None or before is not None
    if backward and (first is not None or after is not None):
        raise BadInput("Page forward with first and after, or backward with last and before, not both.")
    limit = last if backward else first
    if limit is None:
        limit = DEFAULT_PAGE
    if not 1 <= limit <= LARGEST_PAGE:
        raise BadInput(f"A page has 1 to {LARGEST_PAGE} items.")
    cursor = before if backward else after
    behind = None if cursor is None else cursors.decode(order, cursor)
    return Window(order, limit, backward, behind, conditions, taken)
