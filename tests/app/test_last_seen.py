"""People are seen, at most one write in five minutes each, and nobody waits for it."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app import last_seen
from app.last_seen import LastSeen
from db import tables
from db.access import GUEST
from db.base import new_id
from db.engine import Database
from tests.app.serving import Served, serving, until
from tests.graphql_schema.asking import change
from tests.world import World

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
QUERY = {"query": "{ viewer { name } }"}
WRITES = """
    CREATE TABLE written (id uuid);
    CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO written VALUES (NEW.id); RETURN NULL; END $$;
    CREATE TRIGGER note_it AFTER UPDATE OF last_seen_at ON users FOR EACH ROW EXECUTE FUNCTION note_it()
"""


async def seen(database: Database, user: tables.User) -> datetime:
    async with database.read() as reading:
        found = await reading.scalar(select(tables.User.last_seen_at).where(tables.User.id == user.id))
    assert found
    return found


async def written(database: Database) -> list[UUID]:
    """The users that were written, each as often as it was."""
    async with database.read() as reading:
        return list(await reading.scalars(text("SELECT id FROM written")))


@pytest.fixture
async def noting(database: Database) -> Database:
    """A database that notes each write."""
    async with database.work(GUEST) as work:
        for statement in WRITES.split(";\n    C"):
            await work.execute(text(f"C{statement.strip().removeprefix('C')}"))
    return database


async def test_who_asks_on_any_transport_is_written_soon(
    database: Database, database_url: str, redis_url: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await change(database, world.ada, world.ben, world.vera, last_seen_at=LONG_AGO)
    monkeypatch.setattr(last_seen, "INTERVAL", 0.05)
    async with serving(database_url, redis_url) as served:
        served.app.last_seen.interval = 0.05
        await served.post(QUERY, authorization=f"Bearer {world.tokens['ada']}")
        async with served.talk(authorization=f"Bearer {world.tokens['ben']}") as talk:
            await talk.ask(QUERY["query"])
            await talk.hear()
        await served.app.last_seen.write()
    assert datetime.now(UTC) - await seen(database, world.ada) < timedelta(minutes=1)
    assert datetime.now(UTC) - await seen(database, world.ben) < timedelta(minutes=1)
    assert await seen(database, world.vera) == LONG_AGO


async def test_it_is_written_now_and_then_and_after_a_failure_too(
    noting: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await change(noting, world.ada, last_seen_at=LONG_AGO)
    fetch, failures = noting.writers.fetch, list[str]()

    async def failing(*arguments: object) -> object:
        if not failures:
            failures.append("once")
            raise OSError("the network is down")
        return await fetch(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(noting.writers, "fetch", failing)
    async with LastSeen(noting, interval=0.01) as here:
        here.note(world.ada.id)
        await until(lambda: failures)
        here.note(world.ada.id)
        async with asyncio.timeout(60):
            while await seen(noting, world.ada) == LONG_AGO:
                here.note(world.ada.id)


async def test_one_is_written_at_most_once_in_five_minutes(noting: Database, world: World) -> None:
    here = LastSeen(noting)
    await change(noting, world.ada, last_seen_at=datetime.now(UTC) - timedelta(minutes=6))
    await change(noting, world.ben, last_seen_at=datetime.now(UTC) - timedelta(minutes=4))
    before = len(await written(noting))
    for _ in range(3):
        here.note(world.ada.id)
        here.note(world.ben.id)
        await here.write()
    assert (await written(noting))[before:] == [world.ada.id]


async def test_two_processes_write_one_once_and_wait_for_nobody(noting: Database, world: World) -> None:
    await change(noting, world.ada, world.ben, last_seen_at=LONG_AGO)
    before = len(await written(noting))
    processes = [LastSeen(noting) for _ in range(8)]
    for one in processes:
        for user in (world.ada, world.ben):
            one.note(user.id)
    async with noting.work(GUEST) as work:  # somebody has Ben's row
        await work.execute(select(tables.User.id).where(tables.User.id == world.ben.id).with_for_update())
        await asyncio.gather(*(one.write() for one in processes))
    assert (await written(noting))[before:] == [world.ada.id]


async def test_guests_are_nobody_and_nothing_is_asked_for_nothing(database: Database) -> None:
    here = LastSeen(database)
    here.note(None)
    database.statements.clear()  # type: ignore[attr-defined]
    await here.write()
    assert here._noted == set()


async def test_a_crowd_is_written_by_statements_of_a_thousand(noting: Database, served: Served) -> None:
    here = LastSeen(noting)
    for _ in range(2_500):
        here.note(new_id())
    await here.write()
    assert here._noted == set()
