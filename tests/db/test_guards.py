"""What PostgreSQL keeps between tables, whoever writes and however fast."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from db.access import GUEST
from db.engine import Database
from db.errors import Conflict
from db.failures import driver_error
from tests.db.scratch import scratch
from tests.db.waiting import until
from tests.world import World

DEMOTE = "UPDATE organization_members SET role = 'ADMIN' WHERE user_id = :user"
LEAVE = "DELETE FROM organization_members WHERE user_id = :user"
PROMOTE = "UPDATE organization_members SET role = 'OWNER' WHERE user_id = :user"
JOIN = "INSERT INTO project_members (id, project_id, user_id) VALUES (gen_random_uuid(), :project, :user)"
HAND_OVER = "UPDATE specification_projects SET owner_id = :user WHERE id = :project"

Do = Callable[..., Awaitable[None]]


@pytest.fixture
def do(database: Database) -> Do:
    """Run statements in one transaction."""

    async def run(*statements: str, **values: Any) -> None:
        async with database.work(GUEST) as work:
            for statement in statements:
                await work.execute(text(statement), {name: values[name] for name in values if name in statement})

    return run


async def refused(doing: Awaitable[None]) -> str:
    """The name of the guard that refused it."""
    with pytest.raises(Conflict) as refusal:
        await doing
    broken = driver_error(refusal.value.__cause__)
    return str(broken.constraint_name)  # type: ignore[union-attr]


@pytest.mark.parametrize("change", [DEMOTE, LEAVE])
async def test_the_last_owner_of_an_organization_stays(do: Do, world: World, change: str) -> None:
    assert await refused(do(change, user=world.ada.id)) == "an_owner_stays"
    await do(PROMOTE, user=world.ben.id)
    await do(change, user=world.ada.id)
    assert await refused(do(change, user=world.ben.id)) == "an_owner_stays"


async def test_of_two_owners_who_leave_at_the_same_time_one_stays(do: Do, database: Database, world: World) -> None:
    await do(PROMOTE, user=world.ben.id)
    async with database.work(GUEST) as work:
        await work.execute(text(LEAVE), {"user": world.ada.id})
        other = asyncio.create_task(refused(do(LEAVE, user=world.ben.id)))
        await until(database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
    assert await other == "an_owner_stays"


async def test_ownership_can_pass_on_in_any_order_within_a_transaction(do: Do, world: World) -> None:
    """The transaction says that it is looked at in the end."""

    async def pass_on() -> None:
        statements = (DEMOTE, PROMOTE.replace(":user", ":next"))
        await do("SET CONSTRAINTS ALL DEFERRED", *statements, user=world.ada.id, next=world.ben.id)

    await pass_on()
    assert await refused(do(LEAVE, user=world.ben.id)) == "an_owner_stays"


RESIGN = "UPDATE users SET role = 'STUDENT' WHERE id = :user"
CLOSE = "UPDATE users SET is_active = false WHERE id = :user"
APPOINT = "UPDATE users SET role = 'ADMIN' WHERE id = :user"


@pytest.mark.parametrize("change", [RESIGN, CLOSE, "DELETE FROM users WHERE id = :user"])
async def test_the_last_administrator_stays(do: Do, world: World, change: str) -> None:
    assert await refused(do(change, user=world.root.id)) == "an_administrator_stays"
    await do(APPOINT, user=world.olga.id)
    await do(CLOSE, user=world.olga.id)
    await do(APPOINT, user=world.rob.id)
    await do(change, user=world.root.id)
    assert await refused(do(change, user=world.rob.id)) == "an_administrator_stays"


async def test_of_two_administrators_who_resign_at_the_same_time_one_stays(
    do: Do, database: Database, world: World
) -> None:
    await do(APPOINT, user=world.ben.id)
    async with database.work(GUEST) as work:
        await work.execute(text(RESIGN), {"user": world.ben.id})
        other = asyncio.create_task(refused(do(CLOSE, user=world.root.id)))
        await until(database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
    assert await other == "an_administrator_stays"


async def test_an_organization_goes_with_its_owners(do: Do, world: World) -> None:
    await do("DELETE FROM organizations WHERE id = :organization", organization=world.remote.id)


async def test_the_owner_of_a_project_is_no_member_of_it(do: Do, world: World) -> None:
    assert await refused(do(JOIN, project=world.atlas.id, user=world.ada.id)) == "owner_is_no_member"
    assert await refused(do(HAND_OVER, project=world.atlas.id, user=world.ben.id)) == "owner_is_no_member"
    leave = "DELETE FROM project_members WHERE user_id = :user"
    await do(leave, HAND_OVER, project=world.atlas.id, user=world.ben.id)
    await do(JOIN, project=world.atlas.id, user=world.ada.id)


async def test_who_joins_while_the_project_becomes_theirs_is_no_member(
    do: Do, database: Database, world: World
) -> None:
    for first, second in ((JOIN, HAND_OVER), (HAND_OVER, JOIN)):
        given = {"project": world.atlas.id, "user": world.olga.id}
        async with scratch(database) as session:
            await session.execute(text(first), given)
            other = asyncio.create_task(refused(do(second, **given)))
            await until(database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
            await session.commit()
        assert await other == "owner_is_no_member"
        await do("DELETE FROM project_members WHERE user_id = :user", user=world.olga.id)


async def test_two_lessons_are_not_at_one_place_and_can_change_theirs(do: Do, world: World) -> None:
    one, other = world.logic_1_1.id, world.logic_1_2.id
    swap = 'UPDATE lessons SET "order" = 3 - "order" WHERE id IN (:one, :other)'
    await do(swap, one=one, other=other)
    assert await refused(do('UPDATE lessons SET "order" = 1 WHERE id = :one', one=one)) == "uq_lessons_module_id_order"


REQUIRE = (
    "INSERT INTO learning_module_prerequisites (id, module_id, required_id) "
    "VALUES (gen_random_uuid(), :module, :required)"
)


async def test_no_module_requires_itself_by_whatever_way(do: Do, world: World) -> None:
    basics, advanced, sketch = world.basics.id, world.advanced.id, world.sketch.id
    assert await refused(do(REQUIRE, module=sketch, required=sketch)) == "no_module_requires_itself"
    assert await refused(do(REQUIRE, module=basics, required=advanced)) == "no_module_requires_itself"
    await do(REQUIRE, module=sketch, required=advanced)
    assert await refused(do(REQUIRE, module=basics, required=sketch)) == "no_module_requires_itself"
    turn = "UPDATE learning_module_prerequisites SET module_id = :module, required_id = :required"
    assert await refused(do(f"{turn} WHERE module_id = required_id OR true", module=basics, required=basics))


async def test_of_two_who_close_a_circle_of_modules_at_the_same_time_one_is_refused(
    do: Do, database: Database, world: World
) -> None:
    """Advanced requires Basics already: the two links that are added have no module in common but Sketch."""
    async with scratch(database) as session:
        await session.execute(text(REQUIRE), {"module": world.sketch.id, "required": world.advanced.id})
        other = asyncio.create_task(refused(do(REQUIRE, module=world.basics.id, required=world.sketch.id)))
        await until(database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
        await session.commit()
    assert await other == "no_module_requires_itself"
