"""Indexes that are made for certain reads: partial ones, and one for an order over a column that may be null.

Reads are planned once for all values, and then no parameter has the value of which an index has the rows alone. So a
filter for just that value says it in the text of its statement, by `has_value`.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Index, literal_column, not_, text

WHERE = "where"


def partial(name: str, *columns: str, where: Mapping[str, Any]) -> Index:
    """An index over the rows whose columns have these values: truth values, or members of an enumeration.

    >>> partial("ix_comment_threads_open", "document_id", "line", "id", where={"status": CommentStatus.OPEN})
    """
    condition = " AND ".join(_written(column, value) for column, value in where.items())
    return Index(name, *columns, postgresql_where=text(condition), info={WHERE: where})


def latest(name: str, *columns: str, by: str) -> Index:
    """An index over columns and then from the largest value of `by` to the smallest, with what has none behind it.

    Lists that fall are read along it. For those that rise an index over the same columns is enough.

    >>> latest("ix_pull_requests_merged", "repository_id", by="merged_at")
    """
    return Index(name, *columns, text(f"{by} DESC NULLS LAST"), text("id DESC"))


def is_indexed(column: Column[Any], value: Any) -> bool:
    """Whether an index has the rows alone whose column has this value."""
    return any(column.name in where and where[column.name] == value for where in map(_values, column.table.indexes))


def is_inverted(column: Column[Any]) -> bool:
    """Whether an index leads from what is in a column to its rows."""
    inverted = [index for index in column.table.indexes if index.dialect_options["postgresql"]["using"] == "gin"]
    return any(column.name in index.columns for index in inverted)


def has_value(row: Any, column: Column[Any], value: Any) -> ColumnElement[bool]:
    """The condition that a column of a row has a value, in the words of a partial index."""
    held: ColumnElement[Any] = row[column.name]
    if isinstance(value, bool):
        return held if value else not_(held)
    return held == literal_column(f"'{column.type.python_type(value).name}'")


def _values(index: Index) -> Mapping[str, Any]:
    values: Mapping[str, Any] = index.info.get(WHERE, {})
    return values


def _written(column: str, value: Any) -> str:
    if isinstance(value, bool):
        return column if value else f"NOT {column}"
    return f"{column} = '{value.name}'"
