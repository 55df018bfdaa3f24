"""The process that runs jobs beside a server."""

import asyncio
from typing import Any

import orjson
import pytest

from app.relay import WAKE
from app.settings import Settings
from app.work import Working
from tests.app.killed import TOPIC, touch
from tests.deadline import DEADLINE


@pytest.mark.parametrize(("relays", "told"), [(True, TOPIC), (False, WAKE.topic)])
async def test_it_publishes_events_or_wakes_those_that_do_as_it_is_set(
    database_url: str, redis_url: str, redis: Any, prefix: str, *, relays: bool, told: str
) -> None:
    everything = redis.pubsub(ignore_subscribe_messages=True)
    await everything.subscribe(f"{prefix}{TOPIC}", f"{prefix}{WAKE.topic}")
    settings = Settings(database_url=database_url, redis_url=redis_url, redis_prefix=prefix, relay=relays)
    async with Working(settings) as working, asyncio.timeout(DEADLINE):
        await touch(working.database, TOPIC)
        while (message := await everything.get_message(timeout=DEADLINE)) is None:
            pass
        assert orjson.loads(message["data"])["topic"] == told
    await everything.aclose()
