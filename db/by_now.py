"""Rows as they are by now. A statement sees the rows of the moment at which it began, even behind a lock that it has
waited for; a function that is VOLATILE sees those of the moment at which it is called.
"""

from typing import Any

from sqlalchemy import Column, FromClause, MetaData, Uuid, column, event, func, text

from db.base import Base

_statements: list[str] = []


def keys_by_now(table: str, parent: str) -> None:
    """Declare the function that finds the keys of rows by a foreign key: see `by_now`."""
    found = f"SELECT id FROM {table} WHERE {parent} = parent"  # noqa: S608  (names, no values)
    signature = f"{_name(table, parent)}(parent uuid) RETURNS SETOF uuid LANGUAGE sql VOLATILE"
    _statements.append(f"CREATE OR REPLACE FUNCTION {signature} BEGIN ATOMIC {found}; END")


def by_now(foreign_key: Column[Any], parent: Any) -> FromClause:
    """The keys, as `id`, of the rows that hang on a row when they are read."""
    found = getattr(func, _name(foreign_key.table.name, foreign_key.name))(parent)
    return found.table_valued(column("id", Uuid())).render_derived(name="by_now")  # type: ignore[no-any-return]


def _name(table: str, parent: str) -> str:
    return f"{table}_by_now_of_{parent.removesuffix('_id')}"


@event.listens_for(Base.metadata, "after_create")
def _create(_target: MetaData, connection: Any, **_: Any) -> None:
    for statement in _statements:
        connection.execute(text(statement))
