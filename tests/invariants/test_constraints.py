"""Every constraint says what it refuses, and whoever breaks one is told that, by whichever way they write."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from itertools import chain
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    delete,
    insert,
    inspect,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from db.access import GUEST
from db.base import Base, new_id, tables
from db.columns import JsonOf
from db.constraints import SAYS, field_of
from db.engine import Database
from db.errors import BadInput, Conflict, NotFound, Refusal
from tests.db.scratch import scratch
from tests.invariants.crowd import VALUES, row_of
from tests.invariants.oracle import Oracle

pytestmark = pytest.mark.asyncio(loop_scope="session")

Values = dict[str, Any]
Rule = Any
"""A constraint, or a unique index."""

IMPLIED = {"ck_commits_sha_length": "what ck_commits_sha takes has 40 characters"}
"""The constraints that nothing breaks which does not break another before, with the reason."""
MOST = 50
"""Rows that are drawn until one fits."""
ODD: dict[type, list[Any]] = {
    str: ["", "~", "A@B", "root@localhost", "web-flow"],
    int: [-1, 0, 1_000_000],
    Decimal: [Decimal(-1)],
    float: [-1.0],
    datetime: [datetime.max.replace(tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)],
    date: [date.max],
    bool: [True, False],
    UUID: [None],
    list: [[]],
    bytes: [],
    object: [{"long": "x" * 20_000}],  # JSON
}
"""Values that some constraint does not take."""
TELLTALE = re.compile(r"constraint|violat|\b(ck|uq|fk|ix|pk)_|insert|relation|column", re.IGNORECASE)


def constraints(table: Any) -> Iterator[Rule]:
    """Everything that a table refuses, but for a null and a key that there is already."""
    rules = chain(table.constraints, (index for index in table.indexes if index.unique))
    return (rule for rule in rules if not isinstance(rule, PrimaryKeyConstraint) and rule.name not in IMPLIED)


def says(rule: Rule) -> str | None:
    """What is said to whoever breaks a constraint."""
    is_key = isinstance(rule, ForeignKeyConstraint)
    words: str | None = rule.elements[0].parent.info.get(SAYS) if is_key else rule.info.get(SAYS, (None,))[0]
    return words


def columns(rule: Rule, table: Any) -> list[Column[Any]]:
    """The columns that a constraint names."""
    if isinstance(rule, UniqueConstraint | ForeignKeyConstraint):
        return list(rule.columns)
    written = str(rule.sqltext) if isinstance(rule, CheckConstraint) else " ".join(map(str, rule.expressions))
    return [column for column in table.c if re.search(rf"\b{column.name}\b", written)]


@pytest.mark.parametrize("table", list(tables()), ids=lambda table: table.__tablename__)
async def test_every_constraint_says_what_it_refuses(table: type[Base]) -> None:
    silent = [
        str(rule.name)
        for rule in constraints(table.__table__)
        if not says(rule) and not (isinstance(rule, ForeignKeyConstraint) and rule.ondelete != "RESTRICT")
    ]
    assert silent == [], "declare it with db.constraints, or with says= of db.base.refers"


@pytest.fixture(scope="session")
def keys(oracle: Oracle) -> dict[str, list[UUID]]:
    """The keys of the rows that there are, by table."""
    return {table: [row.id for row in rows] for table, rows in oracle.rows.items()}


@pytest.mark.parametrize("table", list(tables()), ids=lambda table: table.__tablename__)
async def test_whoever_breaks_a_constraint_is_told_what_it_says(
    database: Database, keys: dict[str, list[UUID]], table: type[Base]
) -> None:
    broken = [(rule, await breaking(database, table.__table__, rule, keys)) for rule in constraints(table.__table__)]
    for rule, rows in broken:
        for write in (by_session, by_statement, by_transaction):
            with pytest.raises(Refusal) as refused:
                await write(database, table, rows)
            assert described(refused.value) == expected(rule), (write.__name__, rows)
            assert not TELLTALE.search(refused.value.message)


def expected(rule: Rule) -> tuple[type[Refusal], str | None, str | None]:
    """How somebody is told of a constraint: the kind of refusal, the words, and the input field."""
    match rule:
        case ForeignKeyConstraint():
            return NotFound, NotFound.default, field_of(rule.column_keys[0])
        case CheckConstraint(info={"says": (words, column)}):
            return BadInput, words, column and field_of(column)
        case Index(info={"says": (words, column)}) | UniqueConstraint(info={"says": (words, column)}):
            return Conflict, words, field_of(column)
    raise AssertionError(rule)


def described(refusal: Refusal) -> tuple[type[Refusal], str, str | None]:
    return type(refusal), refusal.message, refusal.at


async def by_session(database: Database, table: type[Base], rows: list[Values]) -> None:
    async with database.work(GUEST) as work:
        for row in rows:
            await work.execute(insert(table).values(row))


async def by_statement(database: Database, table: type[Base], rows: list[Values]) -> None:
    async with database.work(GUEST) as work:
        for row in rows:
            await work.add(made(table, row))


async def by_transaction(database: Database, table: type[Base], rows: list[Values]) -> None:
    async with database.transaction() as transaction, transaction.work(GUEST) as work:
        for row in rows:
            await work.add(made(table, row))


def made(table: type[Base], row: Values) -> Base:
    """The row as an object of its table."""
    names = {attribute.columns[0].name: attribute.key for attribute in inspect(table).column_attrs}
    return table(**{names[column]: value for column, value in row.items()})


async def breaking(database: Database, table: Any, rule: Rule, keys: dict[str, list[UUID]]) -> list[Values]:
    """Rows the last of which breaks the constraint and nothing else, found by trying. Nothing of them is kept."""
    async with scratch(database) as session:
        for number in range(MOST):
            one, other = [await fitting(session, table, keys, 10_000 + number * 10 + place) for place in range(2)]
            for tried in wrong(rule, table, one, other, keys):
                if await refusing(session, table, tried) == str(rule.name):
                    return tried
    raise AssertionError(f"Say in ODD of {__name__} what {rule.name} does not take.")


async def fitting(session: AsyncSession, table: Any, keys: dict[str, list[UUID]], number: int) -> Values:
    """A row that nothing refuses."""
    for seed in range(MOST):
        row = row_of(table, Random(seed * 1_000 + number), number, keys)
        if await refusing(session, table, [row]) is None:
            return row
    raise AssertionError(f"No row fits into {table.name}.")


def wrong(rule: Rule, table: Any, one: Values, other: Values, keys: dict[str, list[UUID]]) -> Iterator[list[Values]]:
    """Rows that may break a constraint."""
    named = columns(rule, table)
    match rule:
        case ForeignKeyConstraint():
            yield [one | {named[0].name: new_id()}]
            others = {column.name: None for column in table.c if column.foreign_keys and column.nullable}
            yield [one | others | {named[0].name: new_id()}]
        case UniqueConstraint() | Index():
            given = {c.name: VALUES[c.type.python_type](Random(0), 1) for c in named if c.name not in one}
            given |= {c.name: one[c.name] for c in named if c.name in one}
            yield [one | given, other | given]
        case CheckConstraint():
            for column in named:
                yield from ([one | {column.name: value}] for value in odd(column, one))
            yield [
                one | {column.name: keys[key.column.table.name][0] for column in named for key in column.foreign_keys}
            ]


def odd(column: Column[Any], row: Values) -> list[Any]:
    """Values of a column that some constraint does not take, such as what is longer than the one in a row."""
    kind = column.type.python_type
    if isinstance(column.type, JsonOf):
        return [[]]
    if issubclass(kind, Enum):
        return list(kind)
    longest = column.info.get("longest", 0) if kind is str else 0
    found = [*ODD[kind], *([None] if column.nullable else [])]
    return [*found, (row.get(column.name) or "") + "x" * (longest + 1)] if longest else found


async def refusing(session: AsyncSession, table: Any, rows: list[Values]) -> str | None:
    """The name of the constraint that refuses the last of these rows; None if nothing does. They are not kept."""
    savepoint = await session.begin_nested()
    try:
        for row in rows:
            await session.execute(insert(table).values(row))
    except IntegrityError as error:
        cause: Any = error.orig and error.orig.__cause__
        return str(cause.constraint_name)
    finally:
        await savepoint.rollback()
    return None


RESTRICTED = [
    rule for table in tables() for rule in constraints(table.__table__) if getattr(rule, "ondelete", None) == "RESTRICT"
]


@pytest.mark.parametrize("key", RESTRICTED, ids=lambda key: str(key.name))
async def test_what_is_still_needed_is_not_deleted(
    database: Database, keys: dict[str, list[UUID]], key: ForeignKeyConstraint
) -> None:
    async def forget() -> None:
        async with database.work(GUEST) as work:
            needed = await fitting(await work.session(), parent, keys, 20_000)
            await work.execute(insert(parent).values(needed))
            row = await fitting(await work.session(), key.table, keys, 20_000)
            await work.execute(insert(key.table).values(row | {column: needed["id"]}))
            await work.execute(delete(parent).where(parent.c.id == needed["id"]))

    parent, column = key.referred_table, key.column_keys[0]
    with pytest.raises(Conflict) as refused:
        await forget()
    assert described(refused.value) == (Conflict, says(key), field_of(column))
