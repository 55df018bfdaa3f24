"""Access that ends by the clock: no event tells of it, so whoever follows somebody's access asks when that is.

The clock is the database's, which decides: the answer is a number of seconds from now.
"""

from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Double, cast, extract, func, select, union_all

from db.access import alternatives, rules, viewer_id
from db.coalescing import Record
from db.rules import Member
from db.statements import Arguments, Statement, compiled

Fetch = Callable[[Statement, Arguments], Awaitable[Record | None]]


async def seconds_left(fetch: Fetch, user_id: UUID) -> float | None:
    """The seconds until the next of a user's memberships ends by the clock; None where none does."""
    statement = next_end()
    row = await fetch(statement, statement.arguments({"viewer_id": user_id}))
    return row[0] if row else None


@cache
def next_end() -> Statement:
    """The statement for the seconds until then. Those that have ended in another way are counted, too: it is rare."""
    ends = union_all(*(select(member.c[until].label("at")).where(*_lasts(member, until)) for member, until in ending()))
    return compiled(select(cast(extract("epoch", func.min(ends.subquery().c.at) - func.now()), Double)))


def ending() -> Iterator[tuple[Any, str]]:
    """The tables of memberships that end by the clock, each with the column that says when."""
    found = {
        (table.metadata.tables[rule.memberships], rule.until)
        for table, one in rules.items()
        for rule in alternatives(one)
        if isinstance(rule, Member) and rule.until
    }
    yield from found


def _lasts(member: Any, until: str) -> tuple[Any, ...]:
    return member.c.user_id == viewer_id(), member.c[until] > func.now()
