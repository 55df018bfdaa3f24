"""Filters of a list: an input type made from the columns and expressions that a node names."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cached_property, partial
from operator import itemgetter
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import ARRAY, ColumnElement, any_, literal
from sqlalchemy.types import TypeEngine
from strawberry import UNSET
from strawberry.utils.str_converters import to_camel_case

from db import ids, indexes, search
from db.access import Viewer, allows, both
from db.base import Base
from db.permissions import Permission
from db.references import parent_of
from db.relations import class_of, refers_to_any
from graphql_schema.core.expressions import Sql
from graphql_schema.core.fields import graph_type
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import check_storable, check_text

SEARCH = "search"
LONGEST_SEARCH = 1_000
"""Characters of a search. The database takes longer for each word, whether or not it finds anything."""
SEARCH_WORDS = """\
Full-text search, as typed into a search box: all of the words, "a phrase", or, -without. Case, accents and punctuation
do not count, nor do the endings of English words. The last word may be incomplete: send what was typed so far.

Stop words such as "the" count in phrases, and where there is nothing else. Any part of a word is found in Chinese,
Japanese, Korean and Thai."""
PARTS = """\
A name is found by any part of a word, too, of three letters or more. By rank it comes behind all that has the word."""
SEARCH_DESCRIPTION = f"""\
{SEARCH_WORDS}

A text without a letter or digit, such as that of an empty search box, is no filter. At most {LONGEST_SEARCH:,}
characters."""


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on a row with the value that a client gave."""

    name: str
    build: Callable[[Any, Any, Viewer], ColumnElement[bool]]
    type: TypeEngine[Any]
    value: Any
    has_index: bool = False
    """Whether an index finds the few rows that meet it, in no order."""
    most: int | None = None
    """How many rows of a table it finds at most: the newest. None: all that meet it."""

    def __call__(self, row: Any, viewer: Viewer) -> ColumnElement[bool]:
        return self.build(row, literal(self.value, self.type), viewer)

    @property
    def shape(self) -> "Test":
        """The test without its value."""
        return replace(self, value=None)

    def __hash__(self) -> int:
        return hash((self.name, self.value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Test) and (self.name, self.value) == (other.name, other.value)


@strawberry.input(description="From a moment (included) until another (excluded). Leave one out for an open end.")
class TimeRange:
    """Moments between two."""

    since: datetime | None = strawberry.field(default=UNSET, description="The first moment that counts.")
    until: datetime | None = strawberry.field(default=UNSET, description="The first moment that counts no more.")


@strawberry.input(description="From a day (included) until another (excluded). Leave one out for an open end.")
class DateRange:
    """Days between two."""

    since: date | None = strawberry.field(default=UNSET, description="The first day that counts.")
    until: date | None = strawberry.field(default=UNSET, description="The first day that counts no more.")


@strawberry.input(description="Between two amounts, both included. Leave one out for an open end.")
class DecimalRange:
    """Amounts between two."""

    min: Decimal | None = strawberry.field(default=UNSET, description="The smallest amount.")
    max: Decimal | None = strawberry.field(default=UNSET, description="The largest amount.")


@strawberry.input(description="Between two whole numbers, both included. Leave one out for an open end.")
class IntRange:
    """Whole numbers between two."""

    min: int | None = strawberry.field(default=UNSET, description="The smallest number.")
    max: int | None = strawberry.field(default=UNSET, description="The largest number.")


@strawberry.input(description="Between two numbers, both included. Leave one out for an open end.")
class FloatRange:
    """Numbers between two."""

    min: float | None = strawberry.field(default=UNSET, description="The smallest number.")
    max: float | None = strawberry.field(default=UNSET, description="The largest number.")


@strawberry.input(description="What a list of texts has in it, written just so. Where both are given, both must hold.")
class Contents:
    """Texts in a list."""

    any: list[str] | None = strawberry.field(default=UNSET, description="One of these at least.")
    all: list[str] | None = strawberry.field(default=UNSET, description="Each of these.")


CONTAINS: dict[str, Callable[[Any, Any], Any]] = {
    "any": lambda column, value: column.op("&&")(value),
    "all": lambda column, value: column.op("@>")(value),
}
RANGES: dict[type, Any] = {
    datetime: TimeRange,
    date: DateRange,
    Decimal: DecimalRange,
    int: IntRange,
    float: FloatRange,
}
LIMITS: dict[str, Callable[[Any, Any], Any]] = {
    "since": lambda column, value: column >= value,
    "until": lambda column, value: column < value,
    "min": lambda column, value: column >= value,
    "max": lambda column, value: column <= value,
}


_expressions: dict[type[Base], Mapping[str, Sql]] = {}
"""The expressions that lists of a table are filtered by."""
_needed: dict[type[Base], Mapping[str, Permission]] = {}
"""The permissions that viewers need on a row to read some of its columns, and to have it found by them."""


def filter_type(
    table: type[Base], names: tuple[str, ...], expressions: Mapping[str, Sql], needed: Mapping[str, Permission]
) -> Any:
    """The input type `<Node>Filter` over columns and expressions of these names; `search` is full-text search.

    By a column for which a permission is `needed` those rows are found on which the viewer has it, and no others: what
    a filter finds must tell nothing that the viewer may not read.
    """
    _needed[table] = needed
    _expressions[table] = {name: expressions[name] for name in names if name in expressions}
    fields = {name: _filter_field(table, name) for name in names}
    members: dict[str, Any] = {"__annotations__": {name: kind | None for name, (kind, _) in fields.items()}}
    members["tests"] = cached_property(partial(_all_tests, table))
    for name, (_, description) in fields.items():
        members[name] = strawberry.field(default=UNSET, description=description)
    made = type(f"{table.__name__}Filter", (), members)
    return strawberry.input(made, description="What must hold for an item to be listed: every condition given.")


def tests(values: Any) -> tuple[Test, ...]:
    """The conditions that a value of a filter type stands for, worked out once for it; none for no value."""
    found: tuple[Test, ...] = values.tests if values else ()
    return found


def _all_tests(table: type[Base], values: Any) -> tuple[Test, ...]:
    found = ((name, test) for name, value in _given(values) for test in _tests(table, name, value))
    return tuple(_guarded(test, table, _needed[table].get(name)) for name, test in found)


def _guarded(test: Test, table: type[Base], needed: Permission | None) -> Test:
    """The condition, and that the viewer has the permission that is needed on the row."""
    if needed is None:
        return test

    def build(row: Any, value: Any, viewer: Viewer) -> ColumnElement[bool]:
        held: Any = SimpleNamespace(element=table.__table__, c=row)  # as rules take a row
        return both(allows(needed, held, viewer), test.build(row, value, viewer))

    return replace(test, build=build)


def _filter_field(table: type[Base], name: str) -> tuple[Any, str]:
    if name == SEARCH:
        parts = f"\n\n{PARTS}" if search.has_parts(table.__table__) else ""
        return str, f"{SEARCH_DESCRIPTION}{parts}"
    found = _expressions[table].get(name)
    kind = found.kind if found else table.__table__.c[name].type.python_type
    label = to_camel_case(name)
    if kind in RANGES:
        return RANGES[kind], f"Only those whose `{label}` lies in this range."
    if found and not issubclass(kind, Enum):
        raise TypeError(f"{table.__name__} cannot be filtered by {name}: it is no number, time or enumeration")
    if kind is bool:
        return bool, f"Only those whose `{label}` is this."
    if kind is list:
        return Contents, f"Only those whose `{label}` have these."
    if kind is UUID:
        return list[strawberry.ID], f"Only those whose `{label.removesuffix('Id')}` has one of these ids."
    listed: Any = enumeration(kind) if found else graph_type(table.__table__.c[name].type)
    return list[listed], f"Only those whose `{label}` is one of these."


def _tests(table: type[Base], name: str, value: Any) -> Iterator[Test]:
    if name == SEARCH:
        yield from _searching(table, value)
    elif found := _expressions[table].get(name):
        type_ = found.value(table.__table__.c).type
        if isinstance(value, list):
            yield Test(name, lambda row, v, _: found.value(row) == any_(v), ARRAY(type_), tuple(value))
        else:
            yield from _ranging(name, found.value, type_, value)
    elif condition := _indexed(column := table.__table__.c[name], value):
        yield condition
    else:
        yield from _comparing(column, value)


def _searching(table: type[Base], typed: str) -> Iterator[Test]:
    check_text(typed, LONGEST_SEARCH, at=SEARCH)
    if search.has_words(typed):

        def matches(row: Any, value: Any, viewer: Viewer) -> ColumnElement[bool]:
            return search.matches(row, value, table=table.__table__, viewer=viewer)

        yield Test(SEARCH, matches, search.Typed(), typed, has_index=True)


def _comparing(column: Any, value: Any) -> Iterator[Test]:
    name, kind = column.name, column.type.python_type
    if kind in RANGES:
        yield from _ranging(name, itemgetter(name), column.type, value)
    elif kind is bool:
        yield Test(name, lambda row, v, _: row[name] == v, column.type, value)
    elif kind is list:
        yield from _containing(column, value)
    elif kind is UUID:
        yield Test(
            name, lambda row, keys, who: refers_to_any(row, column, keys, who), ARRAY(column.type), _keys(column, value)
        )
    else:
        for item in value:
            check_storable(item, at=to_camel_case(name))
        yield Test(name, lambda row, v, _: row[name] == any_(v), ARRAY(column.type), tuple(value))


def _containing(column: Any, contents: Contents) -> Iterator[Test]:
    for how, texts in _given(contents):
        for text in texts:
            check_storable(text, at=to_camel_case(column.name))
        contains = partial(_bounded, itemgetter(column.name), CONTAINS[how])
        has_index = indexes.is_inverted(column)
        yield Test(f"{column.name}.{how}", contains, column.type, tuple(texts), has_index=has_index)


def _ranging(name: str, read: Callable[[Any], Any], type_: TypeEngine[Any], range_: Any) -> Iterator[Test]:
    for limit, bound in _given(range_):
        yield Test(f"{name}.{limit}", partial(_bounded, read, LIMITS[limit]), type_, bound)


def _indexed(column: Any, value: Any) -> Test | None:
    """The condition for the one value of which an index has the rows alone: it is a part of the statement's text."""
    one = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not isinstance(one, bool | Enum) or not indexes.is_indexed(column, one):
        return None
    return Test(f"{column.name}={one}", lambda row, *_: indexes.has_value(row, column, one), column.type, None)


def _bounded(
    read: Callable[[Any], Any], compare: Callable[[Any, Any], Any], row: Any, value: Any, _: Viewer
) -> ColumnElement[bool]:
    return compare(read(row), value)  # type: ignore[no-any-return]


def _given(values: Any) -> list[tuple[str, Any]]:
    """The fields of an input that have a value."""
    return [(name, value) for name, value in vars(values).items() if value is not None and value is not UNSET]


def _keys(column: Any, values: list[str]) -> tuple[UUID, ...]:
    """The keys of public ids; an id of nothing is left out, as it matches nothing."""
    table = class_of(parent_of(column))
    found = (ids.key_of(table, value) for value in values)
    return tuple(key for key in found if key)
