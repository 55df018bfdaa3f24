"""Many rows at once: a statement a table, and the row that is refused is found wherever it stands."""

from typing import Any

import pytest

from db import tables
from db.base import new_id
from db.engine import Database
from db.errors import BadInput, Conflict, NotFound, Refusal
from db.transaction import Transaction
from db.write import FEW
from tests.conftest import NotingDatabase
from tests.world import World


def lesson(module: Any, order: int, **columns: Any) -> tables.Lesson:
    return tables.Lesson(**{"module_id": module.id, "title": "Title", "content": "", "order": order} | columns)


def lessons(module: Any, number: int) -> list[tables.Lesson]:
    return [lesson(module, order) for order in range(10, 10 + number)]


async def refused(database: Database, world: World, *rows: tables.Lesson, atomic: bool) -> Refusal:
    """The refusal of rows; the items that they were made of are their numbers."""

    async def write(source: Database | Transaction) -> None:
        async with source.work(world.viewer("ines")) as work:
            await work.add_all([(row, number) for number, row in enumerate(rows)])

    async def write_atomic() -> None:
        async with database.transaction() as transaction:
            await write(transaction)

    with pytest.raises(Refusal) as told:
        await (write_atomic() if atomic else write(database))
    return told.value


either = pytest.mark.parametrize("atomic", [False, True], ids=["alone", "in a transaction"])
some = pytest.mark.parametrize("number", [2, FEW, FEW + 1, 200])


@either
@some
@pytest.mark.parametrize("place", [0, -1])
async def test_a_row_that_a_check_refuses_is_found(
    database: Database, world: World, number: int, place: int, *, atomic: bool
) -> None:
    rows = lessons(world.draft_1, number)
    rows[place].title = " "
    refusal = await refused(database, world, *rows, atomic=atomic)
    assert (type(refusal), refusal.at, refusal.item) == (BadInput, "title", place % number)


@either
@some
async def test_of_two_with_the_same_in_a_unique_column_the_second_is_found(
    database: Database, world: World, number: int, *, atomic: bool
) -> None:
    rows = lessons(world.draft_1, number)
    rows[-1].order = rows[0].order
    refusal = await refused(database, world, *rows, atomic=atomic)
    assert (type(refusal), refusal.at, refusal.item) == (Conflict, "order", number - 1)


@either
@some
async def test_a_row_that_refers_to_nothing_is_found(
    database: Database, world: World, number: int, *, atomic: bool
) -> None:
    rows = lessons(world.draft_1, number)
    rows[number // 2].module_id = new_id()
    refusal = await refused(database, world, *rows, atomic=atomic)
    assert (type(refusal), refusal.at, refusal.item) == (NotFound, "moduleId", number // 2)


@either
async def test_what_is_told_of_a_row_is_what_is_wrong_with_it(
    database: Database, world: World, *, atomic: bool
) -> None:
    """A check is looked at before places in an order are, in whichever rows they are broken."""
    rows = lessons(world.draft_1, 50)
    rows[3].order, rows[7].title = rows[2].order, ""
    refusal = await refused(database, world, *rows, atomic=atomic)
    assert (type(refusal), refusal.at, refusal.item) == (Conflict, "order", 3)


async def test_rows_of_several_tables_take_a_statement_each(database: NotingDatabase, world: World) -> None:
    module = tables.CourseModule(id=new_id(), course_id=world.draft.id, title="New", order=3)
    async with database.work(world.viewer("ines")) as work:
        await work.add_all([(module, None), *((row, None) for row in lessons(module, 300))])
    inserted = [statement.split()[2] for statement in database.statements if statement.startswith("INSERT")]
    assert inserted == ["course_modules", "lessons"]
