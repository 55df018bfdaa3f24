"""Credentials that end while somebody is connected by them: on sockets see `sockets/test_endpoint.py`."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from app.auth import REFUSED, issue_token
from db import tables
from db.access import GUEST
from db.engine import Database
from tests.app.serving import happen, listeners, serving, until
from tests.app.streams import test_framing as multipart
from tests.app.streams import test_streaming as events
from tests.app.streams.reading import HEARD, LISTEN, listening, reading
from tests.world import World

REFUSAL = f'{{"errors":[{{"message":"{REFUSED}","extensions":{{"code":"UNAUTHENTICATED"}}}}]}}'.encode()
SAID = {
    events.EVENTS: events.COMMENT + events.next_of(REFUSAL) + events.COMPLETE,
    multipart.ACCEPT: multipart.BOUNDARY + multipart.part(b'{"payload":' + REFUSAL + b"}") + multipart.ENDING,
}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("accept", [events.EVENTS, multipart.ACCEPT])
async def test_a_stream_whose_session_has_ended_is_told_so_and_complete(
    database_url: str, redis_url: str, world: World, accept: str
) -> None:
    async with (
        serving(database_url, redis_url, credential_interval=0.1) as served,
        listening(served, world, accept=accept) as stream,
    ):
        authorization = f"Bearer {world.tokens['ada']}"
        await served.post({"query": "mutation { signOut { signedOut } }"}, authorization=authorization)
        assert await stream.rest() == SAID[accept]
        await until(lambda: listeners(served) == 0)


@pytest.mark.parametrize(
    "change",
    [
        update(tables.User).values(is_active=False).where(tables.User.email == "ada@example.com"),
        update(tables.Session).values(created_at=LONG_AGO, expires_at=LONG_AGO),
    ],
    ids=["deactivated", "expired"],
)
async def test_a_stream_ends_however_its_credential_ended(
    database_url: str, redis_url: str, world: World, database: Database, change: Any
) -> None:
    async with (
        serving(database_url, redis_url, credential_interval=0.1) as served,
        listening(served, world, accept=events.EVENTS) as stream,
    ):
        async with database.work(GUEST) as work:
            await work.execute(change)
        assert await stream.rest() == SAID[events.EVENTS]


async def test_behind_the_end_of_its_credential_a_stream_goes_on_under_another(
    database_url: str, redis_url: str, world: World
) -> None:
    asked = {"accept": events.EVENTS, "id": world.requirements.public_id}
    async with serving(database_url, redis_url) as served:
        async with listening(served, world, accept=events.EVENTS) as stream:
            await happen(served, world.requirements)
            cursor = await stream.cursor()
            authorization = f"Bearer {world.tokens['ada']}"
            await served.post({"query": "mutation { signOut { signedOut } }"}, authorization=authorization)
            assert REFUSAL in await stream.rest()
        await happen(served, world.requirements)
        token = await issue_token(database_url, "ada@example.com")
        async with reading(served, LISTEN, token=token, last_event_id=cursor, **asked) as stream:
            await stream.take(events.COMMENT + events.next_of(HEARD))


async def test_a_stream_goes_on_while_its_credential_holds(database_url: str, redis_url: str, world: World) -> None:
    async with (
        serving(database_url, redis_url, credential_interval=0.1) as served,
        listening(served, world, accept=events.EVENTS) as stream,
    ):
        looks = served.app.watch.looks
        await until(lambda: served.app.watch.looks > looks + 1)
        await stream.take(events.COMMENT)
        await happen(served, world.requirements)
        await stream.take(events.next_of(HEARD))
