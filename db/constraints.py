"""Constraints say what they refuse, where a table declares them: whoever breaks one is told that, at the input field.

>>> __table_args__ = (
...     unique("project_id", "name", says="The project has a label of this name."),
...     check("name <> ''", at="name", says="This must not be empty."),
... )

`at` is the column whose input field is at fault. `Database` raises the refusal of what PostgreSQL refuses.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from sqlalchemy import CheckConstraint, ColumnElement, Index, TextClause, UniqueConstraint, text
from sqlalchemy.exc import StatementError

from db.errors import BadInput, Conflict, NotFound, Refusal
from db.failures import driver_error

Says = tuple[str | None, str | None]
"""The words of a constraint, and the column whose input field is at fault."""

SAYS = "says"
NULL = "This must not be null."
BLANK = "This must not be empty."

_said: dict[str, Says] = {}
"""The words of every constraint, by its name."""


def unique(
    *columns: str | TextClause,
    says: str,
    at: str | None = None,
    name: str | None = None,
    where: str | None = None,
    **options: Any,
) -> UniqueConstraint | Index:
    """No two rows with the same values, of those that meet the condition `where`. `at` is the last column if not given.

    What has a condition or an expression, such as `text("lower(email)")`, needs a name.
    """
    path = at or str(columns[-1])
    info = {SAYS: (says, path)}
    if where is None and all(isinstance(column, str) for column in columns):
        return UniqueConstraint(*map(str, columns), name=name, info=info, **options)
    condition = None if where is None else text(where)
    return Index(name, *columns, unique=True, postgresql_where=condition, info=info)


def check(
    condition: str | ColumnElement[bool], *, says: str, at: str | None = None, name: str | None = None
) -> CheckConstraint:
    """Rows that meet the condition alone; it is named after `at` if it has no name."""
    return CheckConstraint(condition, name=name or at, info={SAYS: (says, at)})


def not_blank(column: str) -> CheckConstraint:
    """A text with a character that is no space, in whatever script."""
    return check(f"{column} COLLATE pg_catalog.pg_c_utf8 ~ '[^[:space:]]'", at=column, says=BLANK)


def address(column: str) -> CheckConstraint:
    """An address that a browser may follow: on the web, or a path on this server. No script is one."""
    says = "An address begins with https:// or http://, or is a path on this server."
    return check(f"{column} ~ '^(https?://|/)[^[:space:]]+$'", at=column, says=says)


def in_order(parent: str) -> UniqueConstraint | Index:
    """One row at each position in a parent's order, looked at behind a statement, so that one can move many."""
    says = "Something else has this position in the order."
    return unique(parent, "order", says=says, deferrable=True, initially="IMMEDIATE")


def too_long(longest: int) -> str:
    """The words of the limit on the length of a text."""
    return f"This may have at most {longest:,} characters."


def learn(table: Any) -> None:
    """Note what the constraints of a table say. A foreign key says it for its column."""
    for constraint in (*table.constraints, *table.indexes):
        if SAYS in constraint.info:
            _said[str(constraint.name)] = constraint.info[SAYS]
    for key in table.foreign_key_constraints:
        _said[str(key.name)] = key.elements[0].parent.info.get(SAYS), key.column_keys[0]


def note(name: str, *, says: str, at: str | None = None) -> None:
    """Note what is said by a trigger that raises `integrity_constraint_violation` for a constraint of this name."""
    _said[name] = says, at


@contextmanager
def refusing(item: Any = None) -> Iterator[None]:
    """Raise a refusal for what a constraint has refused, with the part of the input that the row was made of."""
    try:
        yield
    except Exception as error:
        if isinstance(error, StatementError) and isinstance(error.orig, Refusal):  # of the type of a column
            error.orig.item = item
            raise error.orig from None
        if refusal := refusal_of(error):
            refusal.item = item
            raise refusal from error
        raise


def refusal_of(error: BaseException) -> Refusal | None:
    """The refusal for a broken constraint, raised from it; None for other errors, and for a check that says nothing."""
    broken = driver_error(error)
    says, column = _said.get(getattr(broken, "constraint_name", None) or "", (None, None))
    at = field_of(column) if column else None
    match broken:
        case asyncpg.NotNullViolationError():
            return BadInput(NULL, at=field_of(broken.column_name)) if broken.column_name else None
        case asyncpg.CheckViolationError():
            return BadInput(says, at=at) if says else None
        case asyncpg.ForeignKeyViolationError():
            return NotFound(at=at)
        case asyncpg.IntegrityConstraintViolationError():
            return Conflict(says, at=at)
    return None


def field_of(column: str) -> str:
    """A column as the graph spells its field: `project_id` is `projectId`."""
    first, *others = column.split("_")
    return first + "".join(map(str.capitalize, others))
