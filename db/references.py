"""The tables that columns refer to, by a foreign key or without one."""

from typing import Any

from db.access import Row, table_of

OUTLIVES = "outlives"
"""The table that a column refers to without a foreign key."""


def parent_of(column: Any) -> Any:
    """The table that a column refers to, by a foreign key or without one; None where it refers to none."""
    if OUTLIVES in column.info:
        return related(column.table, column.info[OUTLIVES])
    return next((key.column.table for key in column.foreign_keys), None)


def related(row: Row, name: str) -> Any:
    """The table of this name beside that of a row."""
    return table_of(row).metadata.tables[name]
