"""The rule for what is sent to an address: it is whose the address is now, and was shown to be."""

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from db import tables
from db.access import GUEST, Rule, Viewer, allows, reached
from db.addressed import addressed_to
from db.engine import Database
from db.permissions import EDIT, EVERYTHING, MANAGE, OWN, SEE, Permission
from tests.world import World

invited = partial(addressed_to, "email", people="users", address="email", shown_at="email_verified_at")
RULE = invited(SEE, OWN)
WORDS = "email → verified users.email"
ROWS = tables.Invitation.__table__


async def granted(database: Database, rule: Rule, viewer: Viewer, permission: Permission = SEE) -> set[Any]:
    """The addresses of the rows on which the rule grants a permission; for SEE also read from the viewer's side."""
    async with database.read() as session:
        rows = select(ROWS.c.email)
        found = set(await session.scalars(rows.where(rule.grants(permission, ROWS, viewer)), viewer.parameters))
        if permission is SEE:
            ways = rule.reach(ROWS, viewer)
            assert ways is not None
            listed = [set(await session.scalars(rows.where(ROWS.c.id.in_(way)), viewer.parameters)) for way in ways]
            assert set().union(*listed) == found
        return found


async def test_whoever_has_shown_the_address_has_what_is_named(database: Database, world: World) -> None:
    sam = world.viewer("sam")
    for permission in (SEE, OWN):
        assert await granted(database, RULE, sam, permission) == {"sam@example.com"}
    for permission in (EDIT, MANAGE):
        assert await granted(database, RULE, sam, permission) == set()
    for permission in EVERYTHING:
        assert await granted(database, invited(), sam, permission) == {"sam@example.com"}


async def test_nobody_has_what_was_sent_to_others(database: Database, world: World) -> None:
    for who in ("rob", "root", None):
        assert await granted(database, RULE, world.viewer(who)) == set()


async def test_an_address_that_was_not_shown_is_nobodys(database: Database, world: World) -> None:
    async with database.work(GUEST) as work:
        await work.execute(update(tables.User).values(email_verified_at=None))
    assert await granted(database, RULE, world.viewer("sam")) == set()


async def test_the_case_of_its_letters_does_not_matter(database: Database, world: World) -> None:
    async with database.work(GUEST) as work:
        await work.execute(update(tables.User).where(tables.User.id == world.sam.id).values(email="SAM@Example.COM"))
    assert await granted(database, RULE, world.viewer("sam")) == {"sam@example.com"}


def test_it_says_in_words_whom_it_lets_in() -> None:
    assert (RULE.describe(SEE), RULE.describe(OWN), RULE.describe(EDIT)) == (WORDS, WORDS, "")
    assert RULE.reach(ROWS, GUEST) == []
    assert invited(OWN).reach(ROWS, Viewer(UUID(int=0))) == []


async def test_a_list_of_all_that_one_sees_agrees(database: Database, world: World) -> None:
    """Those who manage what an invitation is to see it too."""
    assert reached(ROWS, world.viewer("sam")) is not None
    assert reached(ROWS, world.viewer("root")) is None
    async with database.read() as session:
        seen = select(ROWS.c.email).where(allows(SEE, ROWS, world.viewer("ada")))
        found = set(await session.scalars(seen, world.viewer("ada").parameters))
    assert found == {"ines@example.com", "stranger@example.com", "olga@example.com"}
