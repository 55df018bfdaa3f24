"""Partial indexes: what they have, and the condition that has a read use one."""

from sqlalchemy import Boolean, Column, Enum, MetaData, Table, Uuid
from sqlalchemy.schema import CreateIndex

from db.indexes import implying, partial
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


def condition(name: str, value: object) -> str | None:
    found = implying(letters.c, letters.c[name], value)
    return None if found is None else str(found.compile(dialect=DIALECT))


def test_an_index_has_the_rows_with_these_values() -> None:
    written = str(CreateIndex(WAITING).compile(dialect=DIALECT))
    assert written == "CREATE INDEX waiting ON letters (id) WHERE status = 'OPEN' AND NOT is_read"


def test_the_value_of_an_index_is_a_part_of_the_statement() -> None:
    assert condition("status", CommentStatus.OPEN) == "letters.status = 'OPEN'"
    assert condition("is_read", False) == "NOT letters.is_read"
    assert condition("is_urgent", True) == "letters.is_urgent"


def test_any_other_value_is_a_parameter() -> None:
    assert condition("status", CommentStatus.RESOLVED) is None
    assert condition("is_read", True) is None
