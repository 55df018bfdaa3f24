"""Public ids: `prj_0193…`, the prefix of the table and the 32 hex digits of the key."""

from functools import cache
from uuid import UUID

from db.base import Base, tables

_DIGITS = frozenset("0123456789abcdef")


def decode(public_id: str) -> tuple[type[Base], UUID] | None:
    """The table and key behind a public id; None when it is none of ours."""
    prefix, _, digits = public_id.partition("_")
    table = _prefixes().get(prefix)
    if table is None or len(digits) != 32 or not _DIGITS.issuperset(digits):
        return None
    return table, UUID(hex=digits)


def key_of(table: type[Base], public_id: str) -> UUID | None:
    """The key behind a public id of a row of `table`; None when it is the id of nothing in that table."""
    found = decode(public_id)
    return found[1] if found and found[0] is table else None


@cache
def _prefixes() -> dict[str, type[Base]]:
    prefixes = {table.prefix: table for table in tables()}
    if len(prefixes) < len(list(tables())):
        raise TypeError("two tables have the same prefix")
    return prefixes
