"""The epoch of the outbox: what was restored has another, and so nobody takes a cursor of before for one of now."""

import subprocess
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from asyncpg import Connection
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url

from db.address import Address
from db.epoch import EPOCH, SEQUENCES, begin, decode, encode
from db.errors import BadCursor
from db.wheels import Postgres
from tests.conftest import TEMPLATE
from tests.databases import Databases

NOW = f"SELECT {EPOCH}"
TOPIC = "project:1"


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    opened = await Address.parse(database_url).connect()
    yield opened
    await opened.close()


async def epoch_of(database_url: str) -> str:
    connection = await Address.parse(database_url).connect()
    try:
        return str(await connection.fetchval(NOW))
    finally:
        await connection.close()


async def test_it_stays_whoever_asks_and_whatever_is_tidied_up(connection: Connection, database_url: str) -> None:
    epoch = await connection.fetchval(NOW)
    assert len(epoch) == 16
    for tidying in ("VACUUM FREEZE", "VACUUM FULL"):
        await connection.execute(f"{tidying} outbox_epochs")
    await connection.execute("SET timezone = 'Asia/Tokyo'; SET extra_float_digits = 0")
    assert {epoch, await connection.fetchval(NOW), await epoch_of(database_url)} == {epoch}


async def test_a_role_that_only_reads_the_table_may_ask(connection: Connection) -> None:
    epoch = await connection.fetchval(NOW)
    async with connection.transaction():
        await connection.execute("CREATE ROLE plain; GRANT SELECT ON outbox_epochs TO plain; SET LOCAL ROLE plain")
        assert await connection.fetchval(NOW) == epoch
        await connection.execute("RESET ROLE; REVOKE ALL ON outbox_epochs FROM plain; DROP ROLE plain")


async def test_a_copy_of_a_database_has_another(database_url: str, databases: Databases) -> None:
    copy = databases.copy(TEMPLATE)
    assert await epoch_of(copy) != await epoch_of(database_url)
    databases.drop(copy)


@pytest.mark.parametrize("whole", [True, False], ids=["tables and rows", "rows alone"])
async def test_a_database_that_a_dump_brought_back_has_another(database_url: str, *, whole: bool) -> None:
    before = await epoch_of(database_url)
    restore(database_url, dumped(database_url, whole=whole))
    assert await epoch_of(database_url) != before


def dumped(database_url: str, *, whole: bool = True) -> str:
    """A dump of the tables of the outbox, or of their rows, made with PostgreSQL's own program."""
    if whole:
        return run("pg_dump", database_url, "--table=outbox_*", "--clean")
    emptied = "DELETE FROM outbox_events; DELETE FROM outbox_topics; DELETE FROM outbox_epochs;"
    return emptied + run("pg_dump", database_url, "--table=outbox_*", "--data-only")


def restore(database_url: str, dump: str) -> None:
    """Bring back what is in a dump."""
    run("psql", database_url, "--set=ON_ERROR_STOP=1", "--single-transaction", said=dump)


def run(program: str, database_url: str, *options: str, said: str = "") -> str:
    """Run a program of PostgreSQL's on a database; returns its output."""
    path = Postgres(Path(), Path(), durable=False).programs / program
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    done = subprocess.run([path, url, *options], input=said, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_an_operator_can_begin_another(connection: Connection, database_url: str) -> None:
    epochs = [await connection.fetchval(NOW)]
    for _ in range(2):
        await begin(database_url)
        epochs.append(await connection.fetchval(NOW))
    assert len({*epochs}) == 3
    assert await connection.fetchval("SELECT count(*) FROM outbox_epochs") == 1


@given(st.text(max_size=20), st.text("0123456789abcdef", min_size=16, max_size=16), st.integers(0, SEQUENCES.stop - 1))
def test_a_cursor_stands_for_an_epoch_and_a_number(topic: str, epoch: str, sequence: int) -> None:
    assert decode(topic, encode(topic, epoch, sequence)) == (epoch, sequence)


def test_a_cursor_of_another_topic_is_refused() -> None:
    with pytest.raises(BadCursor, match="no cursor of an event of what you listen to"):
        decode("project:2", encode(TOPIC, "0" * 16, 1))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda name: None,
        lambda name: "text",
        lambda name: {},
        lambda name: [1, name, "0" * 16],
        lambda name: [2, name, "0" * 16, 1],
        lambda name: [1, name, 16, 1],
        lambda name: [1, name, "0" * 16, -1],
        lambda name: [1, name, "0" * 16, SEQUENCES.stop],
        lambda name: [1, name, "0" * 16, 1.0],
        lambda name: [1, name, "0" * 16, True],
    ],
)
def test_whatever_else_comes_as_a_cursor_is_refused(wrong: Callable[[str], object]) -> None:
    _, name, *_ = read(encode(TOPIC, "0" * 16, 1))
    with pytest.raises(BadCursor):
        decode(TOPIC, written(wrong(name)))


@pytest.mark.parametrize("text", ["", "!", "ä", "a" * 5, "W" * 10_000])
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        decode(TOPIC, text)


def read(cursor: str) -> list[Any]:
    content: list[Any] = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return content


def written(content: object) -> str:
    return urlsafe_b64encode(orjson.dumps(content)).decode()
