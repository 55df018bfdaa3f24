"""Access that ends by the clock is known before it does."""

from datetime import timedelta

import pytest
from sqlalchemy import func, update

from db import tables
from db.access import GUEST, alternatives, rules
from db.endings import ending, seconds_left
from db.engine import Database
from db.rules import Member
from tests.world import World


async def test_the_next_end_of_a_membership_is_known_in_seconds(database: Database, world: World) -> None:
    row = tables.Enrollment
    mine = update(row).where(row.user_id == world.sam.id)
    for days, expected in ((None, None), (-1, None), (2, 2 * 86_400)):
        async with database.work(GUEST) as work:
            ends = func.now() + timedelta(days=days) if days else None
            await work.execute(mine.values(expires_at=ends))
        assert await seconds_left(database.heard.fetch, world.sam.id) == pytest.approx(expected, abs=60)


async def test_the_next_of_several_ends_counts_and_those_of_others_do_not(database: Database, world: World) -> None:
    row = tables.Enrollment
    async with database.work(GUEST) as work:
        await work.execute(update(row).values(expires_at=func.now() + timedelta(days=1)))
        await work.execute(
            update(row).where(row.user_id == world.sam.id).values(expires_at=func.now() + timedelta(days=2))
        )
        course = tables.Enrollment(user_id=world.sam.id, course_id=world.draft.id)
        await work.add(course)
        await work.execute(update(row).where(row.id == course.id).values(expires_at=func.now() + timedelta(days=3)))
    assert await seconds_left(database.heard.fetch, world.sam.id) == pytest.approx(2 * 86_400, abs=60)


def test_every_rule_that_looks_at_the_clock_says_at_which_column() -> None:
    clocked = set()
    for table, one in rules.items():
        for rule in alternatives(one):
            if isinstance(rule, Member):
                member = table.metadata.tables[rule.memberships]
                if "now()" in str(rule.where(member.c, table.c)):
                    clocked.add((member, rule.until))
    assert clocked == {*ending()}
    assert clocked
