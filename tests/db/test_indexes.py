"""Partial indexes: what they have, and the condition that has a read use one."""

from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Enum, MetaData, Table, Uuid
from sqlalchemy.schema import CreateIndex

from db.indexes import has_value, is_indexed, partial
from db.statements import DIALECT
from db.tables import CommentStatus

WAITING = partial("waiting", "id", where={"status": CommentStatus.OPEN, "is_read": False})
letters = Table(
    "letters",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("status", Enum(CommentStatus)),
    Column("is_read", Boolean),
    Column("is_urgent", Boolean),
    WAITING,
    partial("urgent", "id", where={"is_urgent": True}),
)


def test_an_index_has_the_rows_with_these_values() -> None:
    written = str(CreateIndex(WAITING).compile(dialect=DIALECT))
    assert written == "CREATE INDEX waiting ON letters (id) WHERE status = 'OPEN' AND NOT is_read"


@pytest.mark.parametrize(
    ("name", "value", "condition"),
    [
        ("status", CommentStatus.OPEN, "letters.status = 'OPEN'"),
        ("is_read", False, "NOT letters.is_read"),
        ("is_urgent", True, "letters.is_urgent"),
    ],
)
def test_the_value_of_an_index_is_a_part_of_the_statement(name: str, value: Any, condition: str) -> None:
    assert is_indexed(letters.c[name], value)
    assert str(has_value(letters.c, letters.c[name], value).compile(dialect=DIALECT)) == condition


def test_no_other_value_is_one_of_an_index() -> None:
    assert not is_indexed(letters.c.status, CommentStatus.RESOLVED)
    assert not is_indexed(letters.c.is_read, True)
    assert not is_indexed(letters.c.is_urgent, False)
