"""The operations an hour that an API key allows, over all processes, and how often it was used."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from app.key_limits import HOUR, KeyLimited, KeyLimits
from app.rate_limits import Mode
from db import tables
from db.access import GUEST, Viewer
from db.engine import Database
from tests.app.conftest import Clock
from tests.app.serving import NO_DATABASE, NO_REDIS, Served, happen, listeners, serving, told, until
from tests.app.test_auth import alter
from tests.deadline import DEADLINE
from tests.world import World

TYPENAME = {"query": "{ __typename }"}
LISTEN = "subscription ($id: ID!) { documentEvents(documentId: $id) { kind } }"


@pytest.fixture
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uses are not written in a test by themselves."""
    monkeypatch.setattr("app.key_limits.WRITTEN_AFTER", 3_600.0)


@pytest.fixture
async def here(database_url: str, redis_url: str, prefix: str) -> AsyncIterator[Served]:
    async with serving(database_url, redis_url, redis_prefix=prefix) as served:
        yield served


@pytest.fixture
async def there(database_url: str, redis_url: str, prefix: str) -> AsyncIterator[Served]:
    """Another process of the same installation."""
    async with serving(database_url, redis_url, redis_prefix=prefix) as served:
        yield served


def program(world: World) -> str:
    return f"Bearer {world.tokens['adas_key']}"


async def allow(database: Database, operations: int) -> None:
    """Let all keys allow so many operations an hour."""
    await alter(database, update(tables.ApiKey).values(rate_limit=operations))


async def used(database: Database, world: World) -> tuple[int, datetime | None]:
    """How often the database has it that Ada's key was used, and when last."""
    async with database.read() as session:
        found = await session.get_one(tables.ApiKey, world.adas_key.id)
        return found.usage_count, found.last_used_at


async def test_over_two_processes_as_many_pass_as_the_key_allows(
    here: Served, there: Served, world: World, database: Database
) -> None:
    await allow(database, 20)
    asking = (one.post(TYPENAME, authorization=program(world)) for _ in range(20) for one in (here, there))
    answers = await asyncio.gather(*asking)
    passed = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert (len(passed), len(refused)) == (20, 20)
    for answer in refused:
        [error] = answer.json()["errors"]
        assert error["extensions"]["code"] == "REQUEST_RATE_LIMITED"
        assert error["message"].startswith("This key allows 20 operations an hour. Try again in ")
        headers = answer.headers
        assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("20", "0")
        assert HOUR - 60 < int(headers["retry-after"]) <= HOUR
        assert abs(int(headers["x-ratelimit-reset"]) - datetime.now(UTC).timestamp() - int(headers["retry-after"])) < 3
    assert (await here.post(TYPENAME, authorization=f"Bearer {world.tokens['ada']}")).status_code == 200
    assert (await here.post(TYPENAME, authorization=f"Bearer {world.tokens['analyticals_key']}")).status_code == 200


async def test_an_operation_on_a_socket_is_one_and_what_it_hears_is_none(
    served: Served, world: World, database: Database
) -> None:
    await allow(database, 2)
    async with served.talk(authorization=program(world)) as talk:
        await talk.ask(LISTEN, id=world.requirements.public_id)
        await until(lambda: listeners(served))
        for _ in range(3):
            await happen(served, world.requirements)
            assert (await talk.hear())["type"] == "next"
        await talk.ask("{ __typename }", key="2")
        assert [(await talk.hear())["type"] for _ in range(2)] == ["next", "complete"]
        await talk.ask("{ __typename }", key="3")
        error = await talk.hear()
        assert (error["type"], error["payload"][0]["extensions"]["code"]) == ("error", "REQUEST_RATE_LIMITED")
        await happen(served, world.requirements)
        assert (await talk.hear())["type"] == "next"


async def test_each_operation_of_a_batch_is_one(
    database_url: str, redis_url: str, world: World, database: Database
) -> None:
    await allow(database, 3)
    async with serving(database_url, redis_url, batch_limit=5) as served:
        answers = (await served.post([TYPENAME] * 5, authorization=program(world))).json()
    assert ["data" in answer for answer in answers] == [True, True, True, False, False]


async def test_what_is_only_priced_is_none(served: Served, world: World, database: Database) -> None:
    await allow(database, 1)
    asked = {"query": "{ rateLimit(dryRun: true) { cost } }"}
    for _ in range(3):
        assert "data" in told(await served.post(asked, authorization=program(world)))
    assert (await served.post(TYPENAME, authorization=program(world))).status_code == 200


async def test_the_limit_is_that_of_the_moment(served: Served, world: World, database: Database) -> None:
    viewer = await served.app.sessions.viewer(program(world))
    limits = served.app.key_limits
    for _ in range(3):
        await limits.use(replace(viewer, rate_limit=3))
    with pytest.raises(KeyLimited):
        await limits.use(replace(viewer, rate_limit=3))
    await limits.use(replace(viewer, rate_limit=4))
    with pytest.raises(KeyLimited):
        await limits.use(replace(viewer, rate_limit=2))


async def test_the_next_hour_begins_when_the_first_is_over(
    redis_url: str, prefix: str, world: World, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.key_limits.HOUR", 0.2)
    viewer = Viewer(world.ada.id, key_id=world.adas_key.id, rate_limit=1)
    async with KeyLimits(redis_url, Database(NO_DATABASE), prefix=prefix) as limits:
        await limits.use(viewer)
        with pytest.raises(KeyLimited) as refused:
            await limits.use(viewer)
        assert 0 < refused.value.retry_after <= 0.2
        [hour] = await redis.keys(f"*{prefix}keys*")
        async with asyncio.timeout(DEADLINE):
            while await redis.exists(hour):  # noqa: ASYNC110  (there is no event to wait for)
                await asyncio.sleep(0.01)
        await limits.use(viewer)


async def test_without_redis_a_process_counts_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr("app.key_limits.time.monotonic", clock)
    viewer = Viewer(world.ada.id, key_id=world.adas_key.id, rate_limit=2)
    limits = KeyLimits(NO_REDIS, Database(NO_DATABASE))
    for _ in range(2):
        for _ in range(2):
            await limits.use(viewer)
        with pytest.raises(KeyLimited) as refused:
            await limits.use(viewer)
        assert refused.value.retry_after == HOUR
        clock.wait(HOUR)


async def test_when_redis_is_lost_a_process_goes_on_from_what_it_knows(
    redis_url: str, prefix: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = Viewer(world.ada.id, key_id=world.adas_key.id, rate_limit=3)
    async with KeyLimits(redis_url, Database(NO_DATABASE), prefix=prefix) as limits:
        await limits.use(viewer)
        await limits.use(viewer)

        async def lost(*_: Any) -> Any:
            raise ConnectionError

        monkeypatch.setattr(limits, "_use", lost)
        await limits.use(viewer)
        with pytest.raises(KeyLimited):
            await limits.use(viewer)


async def test_what_comes_at_one_moment_is_counted_by_few_calls(
    redis_url: str, prefix: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewers = [Viewer(world.ada.id, key_id=key.id, rate_limit=30) for key in (world.adas_key, world.analyticals_key)]
    async with KeyLimits(redis_url, Database(NO_DATABASE), prefix=prefix) as limits:
        calls, use = list[int](), limits._use

        async def noting(keys: list[str], limits: list[int]) -> Any:
            calls.append(len(keys))
            return await use(keys, limits)

        monkeypatch.setattr(limits, "_use", noting)
        outcomes = await asyncio.gather(*(limits.use(one) for one in viewers * 100), return_exceptions=True)
        assert sum(isinstance(one, KeyLimited) for one in outcomes) == 200 - 2 * 30
        assert calls == [100, 100]


@pytest.mark.parametrize(("mode", "is_counted"), [("measure", True), ("off", False)])
async def test_where_nothing_is_enforced_everything_passes(
    redis_url: str, prefix: str, world: World, redis: Any, mode: Mode, is_counted: bool
) -> None:
    viewer = Viewer(world.ada.id, key_id=world.adas_key.id, rate_limit=1)
    async with KeyLimits(redis_url, Database(NO_DATABASE), prefix=prefix, mode=mode) as limits:
        for _ in range(3):
            await limits.use(viewer)
        assert bool(await redis.keys(f"*{prefix}keys*")) is is_counted


# --- uses ---


async def test_uses_are_written_some_at_a_time(
    seldom: None, here: Served, there: Served, world: World, database: Database
) -> None:
    began = datetime.now(UTC)
    for served in (here, there, there):
        await served.post(TYPENAME, authorization=program(world))
    assert await used(database, world) == (0, None)
    await asyncio.gather(*(served.app.key_limits.write() for served in (here, there)))
    times, last = await used(database, world)
    assert times == 3
    assert last
    assert began < last <= datetime.now(UTC)
    await here.app.key_limits.write()
    assert await used(database, world) == (3, last)


async def test_uses_are_written_by_themselves(
    served: Served, world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.key_limits.WRITTEN_AFTER", 0.01)
    async with KeyLimits(NO_REDIS, database) as limits:
        await limits.use(Viewer(world.ada.id, key_id=world.adas_key.id, rate_limit=9))
        async with asyncio.timeout(DEADLINE):
            while (await used(database, world))[0] != 1:  # noqa: ASYNC110  (there is no event to wait for)
                await asyncio.sleep(0.01)


async def test_what_is_not_written_when_the_server_stops_is_written_then(
    database_url: str, redis_url: str, world: World, database: Database
) -> None:
    async with serving(database_url, redis_url) as served:
        await served.post(TYPENAME, authorization=program(world))
    assert (await used(database, world))[0] == 1


async def test_what_could_not_be_written_is_written_once(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = Viewer(world.ada.id, key_id=world.adas_key.id, rate_limit=9)
    limits = KeyLimits(NO_REDIS, Database(NO_DATABASE))
    await limits.use(viewer)
    with pytest.raises(Exception, match="Connect"):
        await limits.write()
    await limits.use(viewer)
    limits.database = database
    await limits.write()
    await limits.write()
    assert (await used(database, world))[0] == 2


async def test_a_refused_operation_is_no_use(world: World, database: Database) -> None:
    viewer = Viewer(world.ada.id, key_id=world.adas_key.id, rate_limit=1)
    limits = KeyLimits(NO_REDIS, database)
    await limits.use(viewer)
    with pytest.raises(KeyLimited):
        await limits.use(viewer)
    await limits.write()
    assert (await used(database, world))[0] == 1


async def test_many_processes_write_the_same_keys_at_once(world: World, database: Database) -> None:
    keys = [
        tables.ApiKey(
            user_id=world.ada.id, name=f"{at}", secret_prefix="trl_", key_hash=at.to_bytes(32), scopes=["specs:read"]
        )
        for at in range(200)
    ]
    async with database.work(GUEST) as work:
        await work.add_all([(key, None) for key in keys])
    processes = [KeyLimits(NO_REDIS, database) for _ in range(10)]
    for number, limits in enumerate(processes):
        for key in keys[:: 1 if number % 2 else -1]:
            await limits.use(Viewer(world.ada.id, key_id=key.id, rate_limit=99))
    await asyncio.gather(*(limits.write() for limits in processes))
    async with database.read() as session:
        counted = select(tables.ApiKey.usage_count).where(tables.ApiKey.id.in_([key.id for key in keys]))
        assert {*await session.scalars(counted)} == {10}
