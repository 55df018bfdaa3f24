"""Roots: the project, course, organization or user that a row hangs on, as its access rule says.

The topic of a root has the events of all rows that hang on it: its sequence is a version of all that is read there.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Select, Text, Uuid, bindparam, func, literal_column, select

from db.access import alternatives, rule_of, rules, table_of
from db.base import Base
from db.epoch import fingerprint
from db.outbox import Topic, topic
from db.references import parent_of
from db.relations import class_of
from db.rules import Everyone, Member, Owner, Through
from db.statements import Statement, compiled

_narrower: dict[Any, tuple[str, tuple[str, ...]]] = {}
"""The roots that are no whole project or user: the name of the topic, and the columns whose keys it names."""


_beside: set[str] = set()
"""The names of topics beside those of roots."""


class Above(NamedTuple):
    """A row on the way to its root: its table, its key, and the topic if it is the root."""

    table: type[Base]
    key: ColumnElement[UUID]


def narrow(table: type[Base], name: str, *columns: str) -> None:
    """Make the rows of a table roots, with topics `name` of the keys in some of their columns.

    So what changes often does not change what everybody reads: a learner's progress is none of the catalogue.
    """
    _narrower[table.__table__] = name, columns


def beside(name: str) -> Callable[[UUID], Topic]:
    """Topics `name` of the keys of rows, beside those of their roots: for some of those who see the row.

    >>> class_topic = beside("class")
    """
    _beside.add(name)
    return partial(topic, name)


@cache
def above(table: Any) -> Column[Any] | None:
    """The foreign key to the row above a row of `table`, on which it hangs; None for a root.

    A row hangs on what it has its rule from, or on the person whose it is. What many share is a root, whoever owns it.
    """
    rules = alternatives(rule_of(table))
    is_shared = any(isinstance(rule, Everyone) or (isinstance(rule, Member) and rule.key == "id") for rule in rules)
    for rule in () if table in _narrower else rules:
        match rule:
            case Through(column=name) | Member(key=name) if name != "id":
                return _column(table, name)
            case Owner(column=name) if name != "id" and not is_shared:
                return _column(table, name)
    return None


def way(row: Any) -> Iterator[Above]:
    """The row and all above it up to its root: a comment, its thread, the document of that, and its project."""
    table, key = table_of(row), row.c.id
    yield Above(class_of(table), key)
    while (column := above(table)) is not None:
        key = _of(row, table, key, column.name)
        table = parent_of(column)
        yield Above(class_of(table), key)


def root_topic(row: Any) -> ColumnElement[str]:
    """The topic of the root that a row of a table, or of an alias of one, hangs on, as an expression."""
    *_, (root, key) = way(row)
    name, columns = _narrower.get(root.__table__, (noun(root), ("id",)))
    return topic_sql(name, *(key if column == "id" else _of(row, root.__table__, key, column) for column in columns))


@cache
def member_column(table: type[Base]) -> str | None:
    """The column that names the person to whom a row of `table` gives access; None where rows give none."""
    givers = {rule.memberships for one in rules.values() for rule in alternatives(one) if isinstance(rule, Member)}
    return "user_id" if table.__tablename__ in givers else None


def access_topic(member: ColumnElement[UUID]) -> ColumnElement[str]:
    """The topic of what the person with this key has access to, as an expression: see `viewer_topic`."""
    return topic_sql("viewer", member)


def topic_of(root: Base) -> Topic:
    """The topic of a root."""
    name, columns = _narrower.get(root.__table__, (noun(type(root)), ("id",)))
    return topic(name, *(getattr(root, column) for column in columns))


def at(moved: Mapping[Topic, int], viewer_id: UUID | None) -> dict[str, int]:
    """The sequences of topics that a viewer has moved, by names that say nothing.

    Topics that name other people, or are of everybody together, are left out: how often what is theirs has changed is
    not the viewer's to know.
    """
    narrower = _narrower.values()
    people = {"viewer", "user", *(name for name, columns in narrower if "user_id" in columns or not columns)}
    own = viewer_id and viewer_id.hex
    parts = ((one.split(":"), one, sequence) for one, sequence in moved.items())
    hidden = people | _beside
    return {fingerprint(one): sequence for keys, one, sequence in parts if keys[0] not in hidden or own in keys}


def topic_below(row: Base) -> tuple[Topic, dict[str, str]] | None:
    """The topic of the root that a row hangs on and the ids from the row to there, where the row itself says them."""
    named = {noun(type(row)): row.public_id}
    column = above(row.__table__)
    if column is None:
        return topic_of(row), named
    table = parent_of(column)
    if above(table) is not None or _narrower.get(table, ("", ("id",)))[1] != ("id",):
        return None
    root = class_of(table)(id=getattr(row, column.name))
    return topic_of(root), {noun(type(root)): root.public_id} | named


def noun(table: type[Base]) -> str:
    """The word for a row of a table: `project` for SpecificationProject, the last of its name, or one of its own."""
    name = table.__name__
    return table.noun or name[max(at for at, letter in enumerate(name) if letter.isupper()) :].lower()


def topic_sql(name: str, *keys: Any) -> ColumnElement[str]:
    """The topic of what these keys name, as an expression."""
    found: Any = literal_column(f"'{name}'", Text())
    for key in keys:
        found = found + literal_column("':'", Text()) + func.encode(func.uuid_send(key), literal_column("'hex'"))
    return found  # type: ignore[no-any-return]


def _of(row: Any, table: Any, key: Any, name: str) -> Any:
    """A column of the row of a table that has this key: of the row itself, or of one above it."""
    if table is table_of(row):
        return row.c[name]
    one = table.alias()
    return select(one.c[name]).where(one.c.id == key).correlate_except(one).scalar_subquery()


def _column(table: Any, name: str) -> Column[Any]:
    found: Column[Any] = table.c[name]
    return found


@cache
def hierarchy(table: type[Base]) -> Statement:
    """The statement that finds the keys of the row with the key `key` and of all above it, in the order of `way`."""
    row = table.__table__
    keys = (one.key for one in way(row))
    return compiled(select(*keys).where(row.c.id == bindparam("key", type_=Uuid())))


@cache
def roots(table: type[Base]) -> Select[*tuple[Any, ...]]:
    """The keys of the row with a key and of all above it, and the topic of its root."""
    row = table.__table__
    return select(*(one.key for one in way(row)), root_topic(row)).where(row.c.id == bindparam("key"))
