"""Permissions that imply others: what the rules of tables say of it holds for all rows of the world."""

from itertools import product

import pytest
from sqlalchemy import func, select

from db import tables
from db.access import allows
from db.base import tables as all_tables
from db.engine import Database
from db.implications import implies
from db.permissions import COMMENT, EDIT, LEARN, OWN, SEE, Permission
from tests.world import PEOPLE, World


@pytest.mark.parametrize("who", [*PEOPLE, None])
async def test_whoever_has_a_permission_that_implies_another_has_that_too(
    database: Database, world: World, who: str | None
) -> None:
    viewer = world.viewer(who)
    async with database.read() as session:
        for table, one, other in product(all_tables(), Permission, Permission):
            row = table.__table__
            if one is not other and implies(row, one, other):
                lacking = (
                    select(func.count()).select_from(row).where(allows(one, row, viewer), ~allows(other, row, viewer))
                )
                assert await session.scalar(lacking, viewer.parameters) == 0, (table, one, other)


def test_whoever_may_change_a_document_sees_it() -> None:
    for table in (tables.SpecificationDocument, tables.CommentThread, tables.Comment):
        assert implies(table.__table__, COMMENT, SEE)
        assert implies(table.__table__, EDIT, COMMENT)


def test_what_is_ones_own_or_open_to_learn_may_be_out_of_sight() -> None:
    assert not implies(tables.Comment.__table__, OWN, SEE)
    assert not implies(tables.CourseProgress.__table__, LEARN, SEE)
