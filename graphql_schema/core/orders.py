"""Orders of a list: an enumeration made from the columns and expressions that a node names, and by rank."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from db import search
from db.base import Base
from db.errors import BadInput
from db.references import parent_of
from db.unions import Entry
from db.windows import Listed, Order
from graphql_schema.core.expressions import Sql
from graphql_schema.core.strawberry_seam import enumeration

RANK = "rank"
WEIGHT = 100
"""The weight of an order by an expression, for each 1 that its field weighs: it is worked out for all rows of the list
before one of them is shown.
"""
SEARCHED = "By how well it answers `search` in the filter, best first: give that, too."
UNSEARCHED = "Only what is searched for has a rank: give `search` in the filter, or sort by something else."


def order_type(table: type[Base], names: tuple[str, ...], expressions: Mapping[str, Sql], *, is_searched: bool) -> Any:
    """The enumeration `<Node>Order`: each column or expression in both directions, and the rank of a search.

    Its members hold an `Order`.
    """
    both = [f"{sign}{name.lstrip('-')}" for name in names for sign in ("", "-")]
    orders = [_order(table, name, expressions.get(name.lstrip("-"))) for name in both]
    ranked = {rank(table): SEARCHED} if is_searched else {}
    return enumerated(table.__name__, {order: meaning(order, [order.name]) for order in orders} | ranked)


def rank(listed: Listed) -> Order:
    """The order by how well rows answer what is searched for."""

    def ranked(row: Any, typed: Any) -> Any:
        return search.rank(row, typed, table=row.table if isinstance(row, Entry) else listed.__table__)

    return Order(listed, RANK, True, ranked, takes=search.Typed(), weight=WEIGHT)


def enumerated(name: str, orders: Mapping[Order, str]) -> Any:
    """The enumeration `<name>Order` of these orders with their meanings."""
    made = Enum(f"{name}Order", {_member(order): order for order in orders})  # type: ignore[misc]
    for member in made:
        order = order_of(member)
        meaning = f"{orders[order]}{f' Weighs {order.weight}.' if order.weight else ''}"
        setattr(member, "meaning", meaning)  # noqa: B010  (no enumeration that mypy knows)
    made.__doc__ = "What a list is sorted by, and in which direction. Ties are broken by age."
    return enumeration(made)


def order_name(name: str) -> str:
    """The member of the order type that `-created_at` or `name` means."""
    return f"{name.lstrip('-').upper()}_{'DESC' if name.startswith('-') else 'ASC'}"


def order_of(member: Any) -> Order:
    """The order that a member of an order type stands for, or its value."""
    order: Order = member.value if isinstance(member, Enum) else member
    return order


def taken_by(order: Order, given: Any) -> Any:
    """The value that an order takes of the filter that is given; raises BadInput where there is none."""
    if order.takes is None:
        return None
    typed = getattr(given, "search", None)
    if not isinstance(typed, str):
        raise BadInput(UNSEARCHED, at="orderBy")
    return typed


def _order(table: type[Base], name: str, expression: Sql | None) -> Order:
    column, descending = name.lstrip("-"), name.startswith("-")
    if expression:
        if expression.signature.arguments:
            raise TypeError(f"{table.__name__} cannot be ordered by {column}: it takes arguments")
        weight = WEIGHT * (expression.weight or 0)
        return Order(table, column, descending, expression.value, can_be_null=expression.is_nullable, weight=weight)
    if parent_of(table.__table__.c[column]) is not None:
        raise TypeError(f"{table.__name__} cannot be ordered by {column}: it would tell of what the viewer may not see")
    return Order(table, column, descending)


def _member(order: Order) -> str:
    return order_name(f"-{order.name}" if order.descending else order.name)


def meaning(order: Order, columns: Sequence[str]) -> str:
    """The meaning of an order by a column, or by one of these for each type of its items."""
    *labels, last = [f"`{to_camel_case(name)}`" for name in dict.fromkeys(columns)]
    label = f"{', '.join(labels)} or {last}" if labels else last
    nulls = " Those that have none come last." if order.is_nullable else ""
    return f"By {label}, {'falling' if order.descending else 'rising'}.{nulls}"
