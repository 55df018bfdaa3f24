"""Everything works behind PgBouncer in transaction mode, with its limits, or is refused at the start."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from asyncpg import QueryCanceledError, ReadOnlySQLTransactionError
from sqlalchemy import URL

from db import roles, session_settings
from db.address import Unreachable
from db.engine import Database
from tests.app.serving import serving
from tests.app.sockets.test_conversation import listen
from tests.app.streams.test_increments import DEFER, DEFERRED, parts
from tests.app.test_graph import COMMENT, HEAVY, READ, WAITING, as_ada, held
from tests.app.test_main import REOPEN, RESOLVE
from tests.db.waiting import until
from tests.pgbouncer import needs_pgbouncer, pgbouncer
from tests.world import World

pytestmark = needs_pgbouncer
ATOMIC = COMMENT.replace(") {", ") @atomic {", 1)
ROUNDS = 8


class Pooled:
    """The ways to a database through PgBouncer, each of another role."""

    def __init__(self, through: URL, writer: str, reader: str) -> None:
        def address(role: str, **query: str) -> str:
            url = through.set(username=role).update_query_dict(query)
            return url.render_as_string(hide_password=False)

        self.writer_url = address(writer, pgbouncer="true")
        self.reader_url = address(reader, pgbouncer="true")
        self.unmarked_url = address(writer)


@pytest.fixture
def names() -> tuple[str, str]:
    """A writer and a reader that no other test has."""
    return f"writer_{uuid4().hex}", f"reader_{uuid4().hex}"


@pytest.fixture
def pooled(database_url: str, names: tuple[str, str]) -> Iterator[Pooled]:
    with pgbouncer(database_url, *names) as through:
        yield Pooled(through, *names)


async def give(database_url: str, pooled: Pooled) -> None:
    await roles.give(database_url, pooled.writer_url, reader_url=pooled.reader_url)


async def test_everything_works_at_once(database_url: str, redis_url: str, pooled: Pooled, world: World) -> None:
    await give(database_url, pooled)
    await roles.check(pooled.writer_url, reader_url=pooled.reader_url)
    async with (
        serving(pooled.writer_url, redis_url, database_reader_url=pooled.reader_url) as served,
        served.talk(authorization=f"Bearer {world.tokens['ada']}") as talk,
    ):
        await listen(served, talk, world.requirements)
        for _ in range(ROUNDS):
            asked = [
                as_ada(served, world, query, thread=world.thread_0.public_id)
                for query in (READ, HEAVY, COMMENT, RESOLVE, ATOMIC, REOPEN, READ, COMMENT)
            ]
            answers, deferred = await asyncio.gather(asyncio.gather(*asked), parts(served, world, DEFERRED, DEFER))
            assert [answer.json() for answer in answers if answer.status_code != 200 or "errors" in answer.json()] == []
            assert deferred[-1]["incremental"][0]["data"]["commits"]["totalCount"] == 3
            assert (await served.send("GET", "/health/ready")).status_code == 200
        heard = [await talk.hear() for _ in range(ROUNDS * 3)]
    assert {message["type"] for message in heard} == {"next"}
    assert not any("errors" in message["payload"] for message in heard)


async def test_reads_cannot_write_and_nothing_takes_for_ever(
    database_url: str, pooled: Pooled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(session_settings.SERVER_SETTINGS, "statement_timeout", "200ms")
    await give(database_url, pooled)
    database = Database(pooled.writer_url, reader_url=pooled.reader_url)
    try:
        with pytest.raises(ReadOnlySQLTransactionError):
            await database.readers.fetch("CREATE TABLE written ()", [])
        for connections in (database.readers, database.writers):
            with pytest.raises(QueryCanceledError):
                await connections.fetch("SELECT pg_sleep(60)", [])
    finally:
        await database.close()


async def test_what_takes_too_long_is_gone_from_the_database(
    database_url: str, redis_url: str, pooled: Pooled, database: Database, world: World
) -> None:
    await give(database_url, pooled)
    ways = {"database_reader_url": pooled.reader_url, "deadline": 1.5}
    async with serving(pooled.writer_url, redis_url, **ways) as served, held(database, "courses"):
        assert (await as_ada(served, world, READ)).status_code == 504
        await until(database, WAITING, n=0)


async def test_a_role_without_its_settings_is_refused(database_url: str, pooled: Pooled) -> None:
    await roles.give(database_url, pooled.writer_url, reader_url=pooled.writer_url.replace("writer_", "other_"))
    with pytest.raises(
        roles.NotSet, match=r"DATABASE_READER_URL \(writer_\w+\) are not set to default_transaction_read"
    ):
        await roles.check(pooled.writer_url, reader_url=None)


async def test_who_does_not_say_that_a_pooler_is_between_is_told_to(pooled: Pooled, database_url: str) -> None:
    await give(database_url, pooled)
    with pytest.raises(Unreachable, match=r"unsupported startup parameter: jit\. Behind PgBouncer, add pgbouncer=true"):
        await roles.check(pooled.unmarked_url, reader_url=None)


async def test_a_pooler_that_drops_what_it_is_sent_is_noticed(database_url: str) -> None:
    dropped = ", ".join(roles.settings_of(reads=True))
    with pgbouncer(database_url, "trellis", ignore_startup_parameters=dropped) as through:
        url = Pooled(through, "trellis", "trellis").unmarked_url
        with pytest.raises(roles.NotSet, match="if PgBouncer is between, add pgbouncer=true to it and run scripts"):
            await roles.check(url, reader_url=None)
