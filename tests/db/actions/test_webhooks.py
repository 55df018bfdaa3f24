"""What GitHub sent is worked in once, by one worker, and what cannot be worked in holds nothing else up."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from sqlalchemy import func

from db import tables
from db.actions.webhooks import TRIES
from tests.conftest import NotingDatabase
from tests.db.actions.test_media import run
from tests.db.ingesting import found, keep, now, project
from tests.db.telling import issue, pushed, repository
from tests.graphql_schema.asking import add, change
from tests.world import World

_event = tables.WebhookEvent
BROKEN = ("issues", issue(5, number="five"))


async def waiting(database: NotingDatabase) -> list[tables.WebhookEvent]:
    return await found(database, _event, ~_event.is_processed)


async def test_one_that_makes_no_sense_holds_no_other_up(database: NotingDatabase, world: World) -> None:
    await keep(database, world, ("issues", issue(6)), BROKEN, ("issues", issue(7)))
    with structlog.testing.capture_logs():
        await project(database, world.engine)
    assert len(await found(database, tables.Issue, tables.Issue.number.in_([6, 7]))) == 2
    [event] = await waiting(database)
    assert (event.attempts, event.is_parked) == (1, False)
    assert event.error
    assert event.error.startswith("number: Input should be a valid integer")
    assert event.retry_at
    assert event.retry_at > datetime.now(UTC)


async def test_what_fails_is_tried_again_ever_later_and_then_parked(database: NotingDatabase, world: World) -> None:
    await keep(database, world, BROKEN)
    pauses = []
    with structlog.testing.capture_logs():
        await project(database, world.engine)
        for _ in range(TRIES - 1):
            [event] = await waiting(database)
            assert event.retry_at
            pauses.append(event.retry_at - datetime.now(UTC))
            await run(database, "retry_webhooks")  # not yet
            assert (await now(database, event)).attempts == event.attempts
            await change(database, event, retry_at=func.now() - timedelta(seconds=1))
            await run(database, "retry_webhooks")
    assert [round(pause / timedelta(minutes=1)) for pause in pauses] == [2**number for number in range(TRIES - 1)]
    [event] = await waiting(database)
    assert (event.attempts, event.is_parked) == (TRIES, True)
    await change(database, event, retry_at=func.now() - timedelta(seconds=1))
    await run(database, "retry_webhooks")
    assert (await now(database, event)).attempts == TRIES


async def test_a_name_that_another_repository_has_is_told_without_telling_whose(
    database: NotingDatabase, world: World
) -> None:
    taken = repository(full_name=world.shore.full_name, minutes=1)
    await change(database, world.engine, github_id=7)
    await keep(database, world, ("repository", {"action": "renamed", "repository": taken}))
    with structlog.testing.capture_logs():
        await project(database, world.engine)
    [event] = await waiting(database)
    assert event.error == "Another repository has this name."
    assert (await now(database, world.engine)).full_name == world.engine.full_name


async def test_what_was_kept_by_a_server_that_ended_is_worked_in(database: NotingDatabase, world: World) -> None:
    await keep(database, world, ("issues", issue(6)))
    await run(database, "retry_webhooks")
    assert await waiting(database) == []


async def test_what_came_before_a_repository_was_followed_is_worked_in_then(
    database: NotingDatabase, world: World
) -> None:
    told = repository(full_name="analytical/mill") | {"id": 99}
    await keep(database, world, ("issues", issue(6) | {"repository": told}), ("ping", {"repository": told}))
    mill = tables.Repository(organization_id=world.analytical.id, name="mill", full_name="analytical/mill")
    await add(database, mill)
    await run(database, "adopt_webhooks", repository=mill.public_id)
    [row] = await found(database, tables.Issue, tables.Issue.repository_id == mill.id)
    assert row.number == 6
    assert (await now(database, mill)).github_id == 99


@pytest.mark.usefixtures("patient")
async def test_two_workers_at_one_moment_work_each_message_in_once(database: NotingDatabase, world: World) -> None:
    await keep(database, world, *(("push", pushed(number)) for number in range(4, 40)))
    await asyncio.gather(*(run(database, name, **given) for name, given in both(world)))
    assert await waiting(database) == []
    assert len(await found(database, tables.Commit, tables.Commit.repository_id == world.engine.id)) == 39
    assert (await now(database, world.engine)).head_sha == pushed(39)["after"]


def both(world: World) -> list[tuple[str, dict[str, str]]]:
    """Jobs that would do the same: they have locks of different names."""
    return 3 * [("project_webhooks", {"repository": world.engine.public_id}), ("retry_webhooks", {})]
