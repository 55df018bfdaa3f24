"""Columns that check what they hold. What their constraints refuse is tested with those of all tables."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import BigInteger, insert, update
from sqlalchemy.orm.attributes import InstrumentedAttribute

from db import tables
from db.base import new_id
from db.columns import keys
from db.constraints import SAYS
from db.engine import Database
from db.errors import BadInput
from tests.world import World

Write = Callable[[Database, World, dict[str, Any]], Awaitable[Any]]


def news(world: World, data: dict[str, Any]) -> dict[str, Any]:
    type_ = tables.NotificationType.SYSTEM_UPDATE
    return {"user_id": world.ben.id, "type": type_, "title": "New", "message": "Look", "data": data}


async def by_statement(database: Database, world: World, data: dict[str, Any]) -> Any:
    async with database.work(world.viewer("ada")) as work:
        row = await work.add(tables.Notification(**news(world, data)))
    return row.id


async def by_session(database: Database, world: World, data: dict[str, Any]) -> Any:
    async with database.work(world.viewer("ada")) as work:
        await work.execute(update(tables.Notification).values(data=data))
        row = await work.add(tables.Notification(**news(world, data)))
    return row.id


async def by_core(database: Database, world: World, data: dict[str, Any]) -> Any:
    key = new_id()
    async with database.transaction() as transaction, transaction.work(world.viewer("ada")) as work:
        await work.execute(insert(tables.Notification).values([{"id": key, **news(world, data)}]))
    return key


ways = pytest.mark.parametrize("write", [by_statement, by_session, by_core])


@ways
async def test_json_that_fits_its_model_is_read_as_the_model_writes_it(
    database: Database, world: World, write: Write
) -> None:
    key = await write(database, world, {"project_id": "prj_1", "role": None})
    async with database.read() as session:
        assert (await session.get_one(tables.Notification, key)).data == {"projectId": "prj_1"}


@ways
@pytest.mark.parametrize(
    ("data", "at"), [({"colour": "red"}, "data.colour"), ({"projectId": 1}, "data.projectId"), ([], "data")]
)
async def test_json_that_does_not_fit_its_model_is_refused_at_its_place(
    database: Database, world: World, write: Write, data: Any, at: str
) -> None:
    with pytest.raises(BadInput, match="This does not fit") as refused:
        await write(database, world, data)
    assert refused.value.at == at


def test_the_keys_of_json_are_told_with_what_they_mean() -> None:
    described = keys(tables.NotificationData)
    assert described == (
        "`projectId` (the project that it is about), `organizationId` (the organization that it is about), "
        "`invitationId` (the invitation to accept or decline), `role` (what you are there)"
    )


@pytest.mark.parametrize(
    ("column", "condition"),
    [
        (tables.Course.price, "price >= 0"),
        (tables.Course.currency, "currency ~ '^[A-Z]{3}$'"),
        (tables.CourseProgress.progress_percent, "progress_percent BETWEEN 0 AND 100"),
    ],
    ids=str,
)
def test_an_amount_a_currency_and_a_score_come_with_their_checks(
    column: InstrumentedAttribute[Any], condition: str
) -> None:
    table = column.class_.__table__
    (made,) = (rule for rule in table.constraints if rule.name == f"ck_{table.name}_{column.key}")
    assert str(made.sqltext) == condition
    assert made.info[SAYS][1] == column.key


def test_what_other_systems_number_has_64_bits() -> None:
    assert isinstance(tables.Repository.github_id.type, BigInteger)
