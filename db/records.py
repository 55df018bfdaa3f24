"""Rows on their way between their classes and the driver, without a session: read from a record, inserted together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, TypeVar

import orjson
from sqlalchemy import JSON, Column, bindparam, column, insert, inspect, select, table
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeEngine

from db.base import Base
from db.statements import DIALECT, Statement, compiled
from db.ways import Far, Way, follow

Entity = TypeVar("Entity", bound=Base)
Convert = Callable[[Any], Any]
Given = tuple[str, Way]
"""A column that a new row has a value for, and the way from that value to the one that is written; empty for itself."""
Kind = tuple[type[Base], tuple[Given, ...]]

NUMERIC = 1700
"""PostgreSQL's number of the type that the driver reads as a Decimal; readers of other types do not look at it."""


@cache
def columns(table: type[Base]) -> dict[str, Column[Any]]:
    """The columns of a table that rows are read with, by the names of their attributes."""
    read = (attribute for attribute in inspect(table).column_attrs if not attribute.deferred)
    return {attribute.key: attribute.columns[0] for attribute in read}  # type: ignore[misc]


def row_of(table: type[Entity], record: Sequence[Any]) -> Entity:
    """The row that a record begins with, whose statement selects the columns of the table first."""
    read = zip(_reading(table).items(), record, strict=False)
    return made_of(table, {name: to(value) if to and value is not None else value for (name, to), value in read})


def made_of(table: type[Entity], values: Mapping[str, Any]) -> Entity:
    """A row with these values, made without the events by which a session follows changes: they would cost the most."""
    row: Entity = inspect(table).class_manager.new_instance()  # type: ignore[assignment]
    row.__dict__.update(values)
    return row


def fill_defaults(row: Entity) -> Entity:
    """A new row with its key, and the defaults that its table declares in Python."""
    for name, default in _defaults(type(row)).items():
        if name not in row.__dict__:
            setattr(row, name, default(None) if callable(default) else default)
    return row


def insertion(rows: Sequence[Base]) -> tuple[Statement, list[Any]]:
    """The statement that inserts these rows, of any tables, and its arguments. `fill_returned` takes its record."""
    given = [_given(row) for row in rows]
    statement = _insertion(tuple((type(row), tuple(values)) for row, values in zip(rows, given, strict=True)))
    values = {_name(index, name): value for index, one in enumerate(given) for (name, _), value in one.items()}
    return statement, statement.arguments(values)


def fill_returned(rows: Sequence[Base], record: Sequence[Any]) -> None:
    """Give inserted rows what the database has filled in."""
    values = iter(record)
    for row in rows:
        for name in _returned(type(row), tuple(name for name, _ in _given(row))):
            row.__dict__[name] = next(values)


def _given(row: Base) -> dict[Given, Any]:
    """The values of a new row as the driver takes them."""
    given = dict[Given, Any]()
    for name, write in _writing(type(row)).items():
        if name in row.__dict__:
            value = row.__dict__[name]
            if isinstance(value, Far):
                given[name, value.way] = value.key
            else:
                given[name, ()] = write(value) if write else value
    return given


@dataclass(frozen=True)
class Insertion(Statement):
    """A statement that inserts rows. Together, those of several transactions are written by one: all or none.

    Rows know their keys before they are written: by them what is returned is told apart.
    """

    kinds: tuple[Kind, ...]

    def many(self, asked: str) -> str:
        given = table("asked", *(column(name) for name in (*self.types, "ordinal")))
        found: Any = given
        parts = [_insert_all(given, index, *kind).cte(f"added_{index}") for index, kind in enumerate(self.kinds)]
        for index, part in enumerate(parts):
            found = found.join(part, part.c.id == given.c[_name(index, "id")])
        sql = compiled(select(*parts, given.c.ordinal).select_from(found)).sql.removeprefix("WITH ")
        return f"WITH asked AS (SELECT * FROM {asked}), {sql}"  # noqa: S608  (names, no values)


@lru_cache(maxsize=1_000)
def _insertion(kinds: tuple[Kind, ...]) -> Insertion:
    parts = [_insert(index, *kind) for index, kind in enumerate(kinds)]
    added = [part.cte(f"added_{index}") for index, part in enumerate(parts)]
    one = compiled(parts[0] if len(parts) == 1 else select(*added))
    return Insertion(one.sql, one.types, one.constants, kinds)


def _insert(index: int, table: type[Base], given: tuple[Given, ...]) -> ReturningInsert[Any]:
    known = columns(table)
    keys = {name: bindparam(_name(index, name), type_=known[name].type) for name, _ in given}
    values = {known[name].name: follow(way, keys[name]) for name, way in given}
    return insert(table).values(values).returning(*(known[name] for name in _returned(table, tuple(keys))))


def _insert_all(asked: Any, index: int, table: type[Base], given: tuple[Given, ...]) -> ReturningInsert[Any]:
    known = columns(table)
    names = tuple(name for name, _ in given)
    rows = select(*(follow(way, asked.c[_name(index, name)]) for name, way in given)).select_from(asked)
    into = insert(table).from_select([known[name].name for name in names], rows, include_defaults=False)
    return into.returning(*(known[name] for name in _returned(table, names)))


@cache
def _defaults(table: type[Base]) -> dict[str, Any]:
    declared = {name: column.default for name, column in columns(table).items()}
    return {name: default.arg for name, default in declared.items() if default is not None}  # type: ignore[attr-defined]


@cache
def defaults(table: type[Base]) -> dict[str, Any]:
    """The defaults that a table declares in Python alone, but for the key."""
    known = columns(table)
    return {
        name: value for name, value in _defaults(table).items() if name != "id" and known[name].server_default is None
    }


@cache
def _returned(table: type[Base], names: tuple[str, ...]) -> list[str]:
    """The columns whose values the database makes, and the key, so that every insertion returns something."""
    made = [name for name, column in columns(table).items() if name not in names and column.server_default is not None]
    return ["id", *made]


def _name(index: int, name: str) -> str:
    return f"{name}_{index}"


@cache
def _reading(table: type[Base]) -> dict[str, Convert | None]:
    return {name: _reader(column.type) for name, column in columns(table).items()}


def _reader(kind: TypeEngine[Any]) -> Convert | None:
    # SQLAlchemy has the driver itself read JSON, on its own connections.
    return orjson.loads if isinstance(kind, JSON) else kind.dialect_impl(DIALECT).result_processor(DIALECT, NUMERIC)


@cache
def _writing(table: type[Base]) -> dict[str, Convert | None]:
    return {name: column.type.dialect_impl(DIALECT).bind_processor(DIALECT) for name, column in columns(table).items()}
