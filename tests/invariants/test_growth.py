"""What the rules cost does not grow with the product: their SQL stays short, however many tables refer to users."""

from collections.abc import Iterator
from time import thread_time

import pytest
from sqlalchemy import Column, ForeignKey, MetaData, Table, Uuid, select

from db.access import GUEST, Rule, Viewer, rules
from db.base import Base, new_id
from db.permissions import Permission
from db.rules import declare, through
from db.statements import DIALECT
from db.tables import UserRole

LONGEST = 4_000
"""Characters of a statement that asks for rows with a permission."""
SLOWEST = 0.05
"""Seconds of processor time in which it is built and compiled."""
MORE = 40
VIEWERS = [GUEST, *(Viewer(new_id(), role) for role in (None, UserRole.MODERATOR, UserRole.ADMIN))]
PARENTS = ("specification_projects", "comments", "courses", "repositories", "organizations")


@pytest.fixture
def tomorrow() -> Iterator[MetaData]:
    """The tables with some more, each of which refers to users, and to a table that its rule goes through."""
    grown = MetaData()
    for table in Base.metadata.sorted_tables:
        copy = table.to_metadata(grown)
        rules[copy] = rules[table]
    for number in range(MORE):
        parent = PARENTS[number % len(PARENTS)]
        more = Table(
            f"more_{number}",
            grown,
            Column("id", Uuid, primary_key=True),
            Column("parent_id", ForeignKey(f"{parent}.id")),
            Column("author_id", ForeignKey("users.id"), info={"reveals": True}),
        )
        declare(more, through("parent_id"))
    yield grown
    for table in grown.sorted_tables:
        del rules[table]


def test_a_rule_is_short_and_quick_to_write(tomorrow: MetaData) -> None:
    assert len(tomorrow.sorted_tables) == len(Base.metadata.sorted_tables) + MORE
    for table in tomorrow.sorted_tables:
        for permission in Permission:
            for viewer in VIEWERS:
                sql, seconds = write(rules[table], table, permission, viewer)
                assert len(sql) <= LONGEST, (table.name, permission, viewer.kind, sql)
                if seconds > SLOWEST:  # the first may have to make what all others have ready
                    _, seconds = write(rules[table], table, permission, viewer)
                assert seconds <= SLOWEST, (table.name, permission, viewer.kind)


def test_the_rule_for_users_is_the_same_however_many_tables_refer_to_them(tomorrow: MetaData) -> None:
    users = [Base.metadata.tables["users"], tomorrow.tables["users"]]
    for viewer in VIEWERS:
        now, then = (write(rules[table], table, Permission.SEE, viewer)[0] for table in users)
        assert now == then


def write(rule: Rule, table: Table, permission: Permission, viewer: Viewer) -> tuple[str, float]:
    """The statement that asks for the rows of a table with a permission, and the processor time that it takes."""
    began = thread_time()
    row = table.alias()
    sql = str(select(row.c.id).where(rule.grants(permission, row, viewer)).compile(dialect=DIALECT))
    return sql, thread_time() - began
