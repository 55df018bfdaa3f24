"""Rows where encoders differ: odd texts, times and numbers in every column that takes them, and nothing in some.

They are made from the columns of all tables, half of them below the same row, so that lists have many pages and ties.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from random import Random
from typing import Any, cast
from uuid import UUID

from graphql import GraphQLEnumType
from sqlalchemy import ARRAY, Column, DateTime, Table, UniqueConstraint, insert, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.utils.str_converters import to_camel_case

from db.base import Base, new_id, tables
from db.columns import JsonOf
from db.periods import MAX_GROUPS
from db.unions import Union
from db.windows import Order
from graphql_schema.core import NODES, cursors
from graphql_schema.core.aggregates import GROUPINGS
from graphql_schema.core.orders import order_of
from graphql_schema.core.scalars import iso
from graphql_schema.core.unions import UNIONS
from graphql_schema.schema import executor
from tests.fitting import fitting
from tests.graphql_schema.execution.arguments import Pool

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TEXTS = (
    "plain",
    'the user\'s "quoted" \\ back/slash',
    "line\nbreak\r\n\ttab\b\f",
    "control \x01\x1f\x7f\x80 ",
    "",
    "ünïcödé ß 漢字 עברית",
    "😀 \U0010ffff \ufeff\u2028\u2029",
    "</script>&amp;<b>' || null --",
    " " * 60 + "x" * 90,
    "%s {} $1 :name ?",
)
# The first and the last moment that Python knows are left out: the driver writes them as infinity.
TIMES = (
    NOON,
    *(NOON.replace(microsecond=123456 // 10**zeros * 10**zeros) for zeros in range(6)),
    NOON.replace(microsecond=1),
    NOON.replace(microsecond=100),
    datetime(1, 1, 1, 0, 0, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999998, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 500000, tzinfo=UTC),
)
VALUES: Mapping[type, Sequence[Any]] = {
    str: TEXTS,
    int: (0, 1, 7, 100, 2**31 - 1),
    bool: (False, True),
    UUID: (UUID(int=0), UUID(int=2**128 - 1)),
    datetime: TIMES,
    date: (NOON.date(), date(1, 1, 2), date(9999, 12, 30), date(1969, 12, 31), date(2024, 2, 29)),
    Decimal: (Decimal(0), Decimal("0.10"), Decimal("49.90"), Decimal("9999999999.99"), Decimal(100)),
    float: (0.0, 0.1, 1 / 3, 1e-7, 49.5, 100.0),
    object: (
        {},
        {"b": 1, "a": {"deep": [[[{"er": None}]]], "": "empty key"}, "long key": True},
        {"numbers": [0, -1, 1.5, 1e-7, 0.1, 2**53, 2**63 - 1, -(2**63), 1.0, 100.0]},
        {"text": TEXTS, 'key "\\\n': "😀"},
    ),
    list: ([], ["one"], list(TEXTS), [""], ["NULL", "{}", ","]),
}
FORMS = {
    "users.email": "odd{}ü'\"@example.com",
    "audit_logs.action": "seen",
    "commits.sha": "{:040x}",
    "courses.currency": "EUR",
    "enrollments.payment_currency": "EUR",
}
"""Texts that the database checks the form of."""
SOUGHT = "plain or user or a"
"""What is searched for where rows are sorted by their rank."""
CROWDED = {"commits": 200, "comments": 80}
"""Tables with a list of more than a hundred rows, and with one that is deep in the graph."""


async def populate(session: AsyncSession, random: Random, *, size: int = 40) -> None:
    """Insert odd rows into every table, up to `size` of them: those that its constraints let pass."""
    for table in Base.metadata.sorted_tables:
        targets = {column: await _targets(session, column) for column in table.c if column.foreign_keys}
        for number in range(CROWDED.get(table.name, size)):
            with suppress(IntegrityError):
                async with session.begin_nested():
                    await session.execute(insert(table), _row(table, random, number, targets))


async def pool(session: AsyncSession) -> Pool:
    """What arguments can be drawn from: the values of the nodes' columns, all ids, and cursors in all orders."""
    values, ids, marks = dict[Any, list[Any]](), dict[str, list[str]](), dict[Any, list[str]]()
    for table, node in NODES.items():
        rows = list(await session.scalars(select(table).order_by(table.id)))
        name = node.__name__
        values |= {(name, about): list(dict.fromkeys(found)) for about, found in _values(table, rows)}
        values[name, "id"] = ids[name] = [row.public_id for row in rows]
        orders = executor.schema.type_map.get(f"{name}Order")  # a node that no list shows has none
        for member, value in getattr(orders, "values", {}).items():
            marks[f"{name}Order", member] = await _cursors(session, order_of(value.value), table)
    for declared, (table, grouping) in GROUPINGS.items():
        values[declared.__name__, "first"] = [1, 2, 3, 100, MAX_GROUPS]
        if grouping.period:
            time = grouping.keys[grouping.period]
            moments = list(await session.scalars(select(time).where(time.is_not(None)).order_by(table.id)))
            values |= {(declared.__name__, about): found for about, found in _ranges(moments)}
    for union in UNIONS:
        times = [key for key in next(iter(union.keys.values())) if isinstance(key.type, DateTime)]
        moments = [moment for key in times for moment in await session.scalars(select(key).order_by(key.class_.id))]
        values |= {(union.name, about): found for about, found in _ranges(moments)}
        values[union.name, "query"] = [word for table in union.tables for word in values[table.__name__, "search"]]
        for member, value in cast("GraphQLEnumType", executor.schema.type_map[f"{union.name}Order"]).values.items():
            order = order_of(value.value)
            marks[f"{union.name}Order", member] = [
                cursor for table in union.tables for cursor in await _cursors(session, order, table, union)
            ]
    values["__Type", "name"] = list(executor.schema.type_map)
    return Pool(values, ids, marks)


async def _cursors(session: AsyncSession, order: Order, table: type[Base], union: Union | None = None) -> list[str]:
    """The cursors of all rows of a table in an order, as they would be found by a search where it takes one."""
    row = table.__table__.c
    taken = None if order.takes is None else literal(SOUGHT, order.takes)
    key = order.key(union.entry(table, row) if union else row, taken)
    found = await session.execute(select(key, row.id).order_by(row.id), {"viewer_id": None})  # as a guest has them
    return [cursors.encode(order, *place) for place in found]


def _ranges(moments: Sequence[date]) -> Iterator[tuple[str, list[str]]]:
    """The ends of ranges in which there is one of these moments or days, most of them not too far apart."""
    plain = [_begin(moment) for moment in moments if 1900 < moment.year < 2100]
    yield "since", [iso(moment - timedelta(days=days)) for moment in plain for days in (0, 1, 20, 100)]
    yield "until", [iso(moment + timedelta(days=days)) for moment in plain for days in (0, 1, 20, 500)]


def _begin(moment: date) -> datetime:
    """The moment, or that at which a day begins."""
    return moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day, tzinfo=UTC)


async def _targets(session: AsyncSession, column: Column[Any]) -> list[UUID]:
    """The keys of the rows that a foreign key can refer to, oldest first."""
    (key,) = column.foreign_keys
    return list(await session.scalars(select(key.column).order_by(key.column)))


def _row(table: Table, random: Random, number: int, targets: Mapping[Column[Any], list[UUID]]) -> dict[str, Any]:
    columns = [column for column in table.c if column.computed is None and column.identity is None]
    return {column.name: _value(column, random, number, targets.get(column)) for column in columns}


def _value(column: Column[Any], random: Random, number: int, targets: list[UUID] | None) -> Any:
    if column.primary_key:
        return new_id()
    if column.nullable and random.random() < 0.3:
        return None
    if targets:
        return targets[0] if random.random() < 0.5 else random.choice(targets)
    if form := FORMS.get(str(column)):
        return form.format(number)
    if isinstance(column.type, JsonOf):
        return fitting(column.type, random, TEXTS)
    kind = column.type.python_type
    if kind is bytes:
        return random.randbytes(32)
    if kind is int and _is_unique(column):
        return number
    value = random.choice(_choices(column.type))
    return f"{value} {number}" if kind is str and _is_unique(column) else value


def _choices(type_: Any) -> Sequence[Any]:
    kind = type_.python_type
    if isinstance(type_, ARRAY) and type_.item_type.python_type is not str:
        return [[], list(_choices(type_.item_type))]
    return list(kind) if issubclass(kind, Enum) else VALUES[kind]


def _is_unique(column: Column[Any]) -> bool:
    unique = [c for c in column.table.constraints if isinstance(c, UniqueConstraint)]
    return bool(column.unique) or any(column.name in constraint.columns for constraint in unique)


def _values(table: type[Base], rows: Sequence[Base]) -> Iterator[tuple[str, list[Any]]]:
    """The values of columns, as clients write them, by the name that the graph would give the column."""
    for attribute in table.__mapper__.column_attrs:
        if not attribute.deferred:
            found = (getattr(row, attribute.key) for row in rows)
            yield to_camel_case(attribute.key), [_written(attribute.columns[0], v) for v in found if _is_plain(v)]
    texts = (word for row in rows for value in vars(row).values() if isinstance(value, str) for word in value.split())
    yield "search", [word for word in texts if word.isalpha()]


def _is_plain(value: Any) -> bool:
    return value is not None and not isinstance(value, bool | bytes | dict | list | Enum)


def _written(column: Any, value: Any) -> Any:
    match value:
        case UUID() if column.foreign_keys:
            (key,) = column.foreign_keys
            return f"{next(t for t in tables() if t.__table__ is key.column.table).prefix}_{value.hex}"
        case datetime():
            return iso(value)
        case date() | Decimal() | UUID():
            return str(value)
    return value
