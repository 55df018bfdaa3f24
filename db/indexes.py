"""Partial indexes, and how a read comes to use one.

Reads are planned once for all values, and then no parameter has the value of which an index has the rows alone. So a
filter for just that value says it in the text of its statement: see `implying`.
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


def implying(row: Any, column: Column[Any], value: Any) -> ColumnElement[bool] | None:
    """The condition that a column of a row has a value, as a partial index has it; None where none has that value."""
    indexes = (index.info.get(WHERE, {}) for index in column.table.indexes)
    if not any(column.name in where and where[column.name] == value for where in indexes):
        return None
    if isinstance(value, bool):
        return row[column.name] if value else not_(row[column.name])
    found: ColumnElement[bool] = row[column.name] == literal_column(f"'{column.type.python_type(value).name}'")
    return found


def _written(column: str, value: Any) -> str:
    if isinstance(value, bool):
        return column if value else f"NOT {column}"
    return f"{column} = '{value.name}'"
