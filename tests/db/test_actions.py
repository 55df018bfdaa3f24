"""Every action does what it says, whatever was done before it in the same work: no order of calls is wrong."""

import inspect
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from db import actions, tables
from db.actions import (
    accounts,
    authoring,
    course_contents,
    documents,
    identities,
    notification_rules,
    organizations,
    passkeys,
    passwords,
    plans,
    progress,
    quizzes,
    requirements,
    rule_firing,
    threads,
    verification,
)
from db.base import new_id
from db.engine import Database
from db.modules import modules
from db.write import Work
from tests.db import calls
from tests.db.calls import Call
from tests.world import World

GROUPS = {module.__name__.rpartition(".")[2]: module.CALLS for module in modules(calls)}
CHANGES_NOTHING: tuple[Callable[..., Awaitable[Any]], ...] = (
    accounts.check_instructor,
    accounts.check_verified,
    authoring.change_prerequisites,
    course_contents.whole,
    documents.text_of,
    identities.author_ids,
    notification_rules.dry_run,
    plans.check_room,
    organizations.check_owner,
    organizations.check_place,
    passkeys.begin_registration,
    passkeys.begin_sign_in,
    passwords.hashed,
    progress.alone,
    progress.keep,
    quizzes.lock_course,
    requirements.begin,
    rule_firing.compared,
    rule_firing.happened,
    threads.seen,
    verification.owner,
)
"""The actions that look, or work something out."""


def test_every_action_is_called_here() -> None:
    found = [
        function
        for module in modules(actions)
        for name, function in vars(module).items()
        if inspect.iscoroutinefunction(function) and function.__module__ == module.__name__
        if "work" in inspect.signature(function).parameters
        if not name.startswith("_")
    ]
    assert len(found) > 10
    assert {*found} == {*CHANGES_NOTHING, *(call.action for group in GROUPS.values() for call in group)}


async def done(work: Work, world: World, call: Call) -> None:
    """Call an action as a mutation would, with rows that are found but not locked."""
    work.viewer = world.viewer(call.who)
    rows = [world.rows[name] for name in call.given]
    await call.do(work, *[await work.get(type(row), row.public_id, at="") for row in rows])


async def undone(database: Database, group: tuple[Call, ...]) -> list[str]:
    """The actions whose effect is not there."""
    async with database.read() as session:
        return [call.action.__name__ for call in group if not await session.scalar(text(call.is_done))]


async def nothing(_work: Work) -> None:
    pass


async def a_row_that_waits(work: Work) -> None:
    await work.add(tables.Organization(name="Waits", slug=f"waits-{new_id().hex}"))


async def a_session(work: Work) -> None:
    await work.session()


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
@pytest.mark.parametrize("before", [nothing, a_row_that_waits, a_session], ids=lambda before: before.__name__)
async def test_an_action_that_is_called_directly_does_what_it_says(
    database: Database, world: World, group: tuple[Call, ...], before: Callable[[Work], Awaitable[None]]
) -> None:
    assert await undone(database, group) == [call.action.__name__ for call in group]
    for call in group:
        async with database.work(world.viewer(call.who)) as work:
            await before(work)
            await done(work, world, call)
    assert await undone(database, group) == []
    async with database.read() as session:
        waited = await session.scalar(text("SELECT count(*) FROM organizations WHERE name = 'Waits'"))
    assert waited == (len(group) if before is a_row_that_waits else 0)


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
@pytest.mark.parametrize("seed", range(3))
async def test_all_actions_are_done_by_one_work_in_any_order(
    database: Database, world: World, group: tuple[Call, ...], seed: int
) -> None:
    async with database.work(world.viewer("ada")) as work:
        for call in Random(seed).sample(group, k=len(group)):
            await done(work, world, call)
    assert await undone(database, group) == []
