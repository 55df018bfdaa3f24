"""Connections over HTTP: what becomes of an operation whose client leaves, and that an answer arrives whole."""

import asyncio

import orjson
from sqlalchemy import text

from db.engine import Database
from tests.app.serving import Served
from tests.db.waiting import until

WAITING = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
COURSES = {"query": "{ courses(first: 1) { nodes { id } } }"}


def head(length: int) -> bytes:
    """The head of a POST with a body of so many bytes."""
    return (
        b"POST /graphql HTTP/1.1\r\nHost: trellis\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % length
    )


async def test_an_operation_ends_in_the_database_too_when_its_client_leaves(served: Served, database: Database) -> None:
    body = orjson.dumps(COURSES)
    async with database.read() as session:
        await session.execute(text("LOCK TABLE courses IN ACCESS EXCLUSIVE MODE"))
        _, writer = await asyncio.open_connection(*served.address.split(":"))
        writer.write(head(len(body)) + body)
        await until(database, f"SELECT count(*) = 1 {WAITING}")
        writer.close()
        await until(database, f"SELECT count(*) = 0 {WAITING}")


async def test_requests_that_are_sent_at_once_are_answered_in_their_order(bare: Served) -> None:
    reader, writer = await asyncio.open_connection(*bare.address.split(":"))
    bodies = [orjson.dumps({"query": f"{{ a{number}: __typename }}"}) for number in range(5)]
    writer.write(b"".join(head(len(body)) + body for body in bodies))
    for number in range(5):
        answer = await reader.readuntil(b'{"data":{"a%d":"Query"}}' % number)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()
