"""Connections over HTTP: what becomes of an operation whose client leaves, and that an answer arrives whole."""

import asyncio

import orjson
from sqlalchemy import text

from db.engine import Database
from tests.app.serving import Served
from tests.app.serving import until as holds
from tests.db.waiting import until
from tests.world import World

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


async def test_a_mutation_is_done_to_its_end_though_its_client_leaves(
    served: Served, database: Database, world: World
) -> None:
    query = 'mutation ($thread: ID!) { addComment(input: {threadId: $thread, content: "Gone"}) { comment { id } } }'
    body = orjson.dumps({"query": query, "variables": {"thread": world.thread_0.public_id}})
    credential = f"Authorization: Bearer {world.tokens['ada']}\r\n\r\n".encode()
    async with database.read() as session:
        await session.execute(text("LOCK TABLE comments IN EXCLUSIVE MODE"))
        _, writer = await asyncio.open_connection(*served.address.split(":"))
        writer.write(head(len(body)).removesuffix(b"\r\n") + credential + body)
        await until(database, f"SELECT count(*) = 1 {WAITING}")
        writer.close()
        await holds(lambda: not served.server.server_state.connections)
    await until(database, "SELECT count(*) = 1 FROM comments WHERE content = 'Gone'")


async def test_requests_that_are_sent_at_once_are_answered_in_their_order(bare: Served) -> None:
    reader, writer = await asyncio.open_connection(*bare.address.split(":"))
    bodies = [orjson.dumps({"query": f"{{ a{number}: __typename }}"}) for number in range(5)]
    writer.write(b"".join(head(len(body)) + body for body in bodies))
    for number in range(5):
        answer = await reader.readuntil(b'{"data":{"a%d":"Query"}' % number)
        assert b"HTTP/1.1 200 OK\r\n" in answer
    writer.close()
