"""A broken constraint is a refusal with the words of its declaration, and names the input field at fault."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from db import tables
from db.access import GUEST
from db.base import new_id
from db.constraints import BLANK, NULL, field_of
from db.engine import Database
from db.errors import BadInput, Conflict, NotFound, Refusal
from tests.world import World

Do = Callable[..., Awaitable[None]]

SPACES = " \t\n\r\x0b\x0c\x85\xa0\u1680\u2000\u2009\u2028\u2029\u202f\u205f\u3000"


@pytest.fixture(params=["a work", "a transaction"])
def do(database: Database, request: pytest.FixtureRequest) -> Do:
    """Run a statement in a transaction of either kind."""

    async def work(statement: str, **values: Any) -> None:
        async with database.work(GUEST) as work:
            await work.execute(text(statement), values)

    async def transaction(statement: str, **values: Any) -> None:
        async with database.transaction() as whole, whole.work(GUEST) as work:
            await work.execute(text(statement), values)

    return work if request.param == "a work" else transaction


async def refused(doing: Awaitable[Any]) -> tuple[type[Refusal], str, str | None]:
    """How something was refused: the kind, the words, and the field."""
    with pytest.raises(Refusal) as refusal:
        await doing
    return type(refusal.value), refusal.value.message, refusal.value.at


async def test_what_is_there_already_is_a_conflict(do: Do) -> None:
    statement = "UPDATE organizations SET slug = 'analytical'"
    assert await refused(do(statement)) == (Conflict, "Another organization has this name in addresses.", "slug")


async def test_what_a_check_does_not_take_is_bad_input(do: Do) -> None:
    statement = "UPDATE enrollments SET payment_currency = 'euro'"
    words = "A currency is a code of three capital letters, such as EUR."
    assert await refused(do(statement)) == (BadInput, words, "paymentCurrency")


async def test_a_null_where_none_can_be_is_bad_input(do: Do) -> None:
    assert await refused(do("UPDATE courses SET title = NULL")) == (BadInput, NULL, "title")


async def test_a_key_of_nothing_is_not_found(do: Do) -> None:
    statement = "UPDATE comments SET thread_id = :key"
    assert await refused(do(statement, key=new_id())) == (NotFound, NotFound.default, "threadId")


async def test_what_is_still_needed_is_not_deleted(do: Do, world: World) -> None:
    statement = "DELETE FROM users WHERE id = :key"
    words = "This person owns a specification project."
    assert await refused(do(statement, key=world.olga.id)) == (Conflict, words, "ownerId")


async def test_a_guard_says_what_it_keeps(do: Do, world: World) -> None:
    statement = "UPDATE specification_projects SET owner_id = :key"
    assert await refused(do(statement, key=world.ben.id)) == (
        Conflict,
        "The owner of a project is no member of it.",
        None,
    )


@pytest.mark.parametrize("state", ["23505", "23P01", "23000", "23001"])
async def test_a_constraint_of_which_nothing_is_known_is_a_conflict(do: Do, state: str) -> None:
    statement = f"DO $$ BEGIN RAISE EXCEPTION 'taken' USING ERRCODE = '{state}'; END $$"
    assert await refused(do(statement)) == (Conflict, Conflict.default, None)


@pytest.mark.parametrize("state", ["23502", "23514"])
async def test_a_check_of_which_nothing_is_known_is_a_mistake_of_ours(do: Do, state: str) -> None:
    with pytest.raises(Exception, match="wrong") as failed:
        await do(f"DO $$ BEGIN RAISE EXCEPTION 'wrong' USING ERRCODE = '{state}'; END $$")
    assert not isinstance(failed.value, Refusal)


@pytest.mark.parametrize("blank", ["", *SPACES, SPACES])
async def test_a_text_of_nothing_but_spaces_is_blank(database: Database, world: World, blank: str) -> None:
    async def say(content: str) -> None:
        async with database.work(GUEST) as work:
            await work.add(tables.Comment(thread_id=world.thread_0.id, author_id=world.ada.id, content=content))

    assert await refused(say(blank)) == (BadInput, BLANK, "content")
    await say(f"{blank}é{blank}")


def test_a_column_is_named_as_its_field_in_the_graph() -> None:
    assert [field_of(column) for column in ("name", "project_id", "is_read_2")] == ["name", "projectId", "isRead2"]
