"""Batched reads: one statement each, whatever the number of keys, and nothing that the viewer does not see."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from sqlalchemy import ColumnElement, func

from db import read, relations, tables
from db.base import Base, new_id
from db.permissions import EDIT, OWN
from db.read import ALL
from db.windows import Order, Window
from tests.conftest import NotingDatabase
from tests.world import World

TALK = relations.down(tables.Comment.thread_id.expression)
AGE = Order(tables.Comment, "created_at")


class Reader:
    """Runs reads as somebody of the world."""

    def __init__(self, database: NotingDatabase, world: World) -> None:
        self.database, self.world = database, world

    async def __call__(self, who: str | None, reading: Any, *arguments: Any, keys: Sequence[Any] = (ALL,)) -> Any:
        """What a read finds, by key; it must take one statement."""
        self.database.statements.clear()
        async with self.database.read() as session:
            found = await reading(session, self.world.viewer(who), *arguments, list(keys))
        assert len(self.database.statements) == 1
        return found


@pytest.fixture
def ask(database: NotingDatabase, world: World) -> Reader:
    return Reader(database, world)


def keys(rows: Sequence[Base]) -> list[Any]:
    return [row.id for row in rows]


async def test_rows_are_found_by_their_keys_as_far_as_they_are_seen(ask: Reader, world: World) -> None:
    wanted = [world.atlas.id, world.island.id, new_id()]
    assert (await ask("ben", read.by_id, tables.SpecificationProject, keys=wanted)).keys() == {world.atlas.id}
    assert (await ask("olga", read.by_id, tables.SpecificationProject, keys=wanted)).keys() == {world.island.id}
    assert await ask(None, read.by_id, tables.SpecificationProject, keys=wanted) == {}


def is_equal(column: Any, name: str, _: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column == name
    return found


async def test_a_row_is_found_by_its_unique_name_if_it_is_seen(ask: Reader, world: World) -> None:
    found = await ask("ada", read.by_name, tables.Organization, "slug", "analytical", is_equal)
    assert found[ALL].id == world.analytical.id
    assert await ask("olga", read.by_name, tables.Organization, "slug", "analytical", is_equal) == {ALL: None}


async def test_a_permission_is_looked_up_for_many_rows(ask: Reader, world: World) -> None:
    rows = [world.atlas.id, world.island.id]
    assert await ask("ben", read.permitted, tables.SpecificationProject, EDIT, keys=rows) == {world.atlas.id: True}
    assert await ask("vera", read.permitted, tables.SpecificationProject, EDIT, keys=rows) == {}
    assert await ask("ada", read.permitted, tables.User, OWN, keys=[world.ada.id, world.ben.id]) == {world.ada.id: True}


async def test_an_expression_is_computed_for_many_rows(ask: Reader, world: World) -> None:
    asked: Any = "ada", read.expression, tables.User, lambda user: func.upper(user.name)
    rows = [world.ada.id, world.ben.id]
    assert await ask(*asked, None, keys=rows) == {world.ada.id: "ADA", world.ben.id: "BEN"}
    assert await ask(*asked, OWN, keys=rows) == {world.ada.id: "ADA"}


async def test_a_way_up_leads_from_many_rows_to_one_each(ask: Reader, world: World) -> None:
    rows = [world.thread_0.id, world.settled.id]
    document = relations.up(tables.CommentThread.document_id.expression)
    found = await ask("ada", read.one, tables.CommentThread, document, keys=rows)
    assert {key: row.id for key, row in found.items()} == dict(
        zip(rows, (world.requirements.id, world.design.id), strict=True)
    )
    resolver = relations.up(tables.CommentThread.resolved_by_id.expression)
    assert (await ask("ada", read.one, tables.CommentThread, resolver, keys=rows)).keys() == {world.settled.id}


async def test_a_way_across_a_border_is_checked(ask: Reader, world: World) -> None:
    organization = relations.up(tables.SpecificationProject.organization_id.expression)
    assert organization.is_checked
    projects = [world.atlas.id]
    assert (await ask("vera", read.one, tables.SpecificationProject, organization, keys=projects)).keys() == {
        world.atlas.id
    }
    assert await ask("olga", read.one, tables.SpecificationProject, organization, keys=projects) == {}


async def test_each_of_many_lists_has_a_page_of_its_own_with_one_row_more(ask: Reader, world: World) -> None:
    threads = [world.thread_0.id, world.thread_1.id, world.settled.id]
    found = await ask("ada", read.pages, tables.CommentThread, TALK, Window(AGE, 2), keys=threads)
    assert {key: len(rows) for key, rows in found.items()} == {world.thread_0.id: 3, world.thread_1.id: 3}
    assert {item.row.thread_id for item in found[world.thread_0.id]} == {world.thread_0.id}


async def test_each_of_many_lists_is_counted(ask: Reader, world: World) -> None:
    threads = [world.thread_0.id, world.thread_1.id, world.settled.id]
    found = await ask("ada", read.counts, tables.CommentThread, TALK, (), keys=threads)
    assert found == {world.thread_0.id: 3, world.thread_1.id: 3}


async def test_all_that_one_sees_is_listed_and_counted(ask: Reader, world: World) -> None:
    everything = Window(Order(tables.SpecificationProject, "name"), 100)
    for who, expected in (
        ("ada", ["Atlas"]),
        ("olga", ["Island"]),
        ("root", ["Atlas", "Island"]),
        ("rob", []),
        (None, []),
    ):
        listed = await ask(who, read.listing, tables.SpecificationProject, everything)
        assert [item.row.name for item in listed[ALL]] == expected
        assert await ask(who, read.total, tables.SpecificationProject, ()) == {ALL: len(expected)}


ORDERS = [Order(tables.Course, *order) for order in product(["created_at", "price", "title"], [False, True])]


@pytest.mark.parametrize("order", ORDERS, ids=str)
async def test_pages_put_together_are_the_whole_list_in_both_directions(ask: Reader, order: Order) -> None:
    """All courses were made at one moment, two cost the same: the id breaks the ties."""
    whole = (await ask("root", read.listing, tables.Course, Window(order, 100)))[ALL]
    places = [(item.key, item.row.id) for item in whole]
    assert places == sorted(places, reverse=order.descending)
    for backward, size in product([False, True], [1, 2, 3, 4]):
        walked, after = [], None
        while True:
            window = Window(order, size, backward=backward, after=after)
            page = (await ask("root", read.listing, tables.Course, window))[ALL]
            walked += page[:size]
            if len(page) <= size:
                break
            after = (page[size - 1].key, page[size - 1].row.id)
        assert [(item.key, item.row.id) for item in (walked[::-1] if backward else walked)] == places
