"""Events of one topic with many listeners: all hear them, by few statements, each with their own eyes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from sqlalchemy import update

from db import tables
from db.access import GUEST
from db.engine import Database
from db.tables import MembershipStatus
from tests.app.serving import Served, Talk, happen, listeners, serving, until
from tests.app.wire import Wire
from tests.world import World

PATIENT = 60.0
"""Seconds that a thousand have on a busy machine."""
SOCKETS, OPERATIONS = 20, 50
LISTEN = """
    subscription ($id: ID!) { documentEvents(documentId: $id) { comment { content author { name email } } } }
"""
COMMENT = 'mutation ($id: ID!) { addComment(input: {threadId: $id, content: "Hi"}) { errors { code } } }'
PEOPLE = ("ada", "ben", "vera", "root")


@asynccontextmanager
async def crowd(served: Served, world: World, people: Sequence[str], *, each: int) -> AsyncIterator[list[Talk]]:
    """A socket for each of these people, with so many subscriptions to the same document."""
    async with AsyncExitStack() as stack:
        talks = []
        for number, name in enumerate(people, 1):
            bearer = f"Bearer {world.tokens[name]}"
            talks.append(talk := await stack.enter_async_context(served.talk(authorization=bearer)))
            for key in range(each):
                await talk.ask(LISTEN, key=str(key), id=world.requirements.public_id)
            await until(lambda expected=number * each: listeners(served) == expected, within=PATIENT)  # type: ignore[misc]
        yield talks


async def comment(served: Served, world: World) -> None:
    body = {"query": COMMENT, "variables": {"id": world.thread_0.public_id}}
    answer = await served.post(body, authorization=f"Bearer {world.tokens['ada']}")
    assert answer.json()["data"] == {"addComment": {"errors": []}}


def noted(database: Database) -> list[str]:
    """The statements that are run for listeners from now on."""
    statements: list[str] = []
    run = database.listeners.fetch

    async def noting(sql: str, arguments: Any, **options: Any) -> Any:
        statements.append(sql)
        return await run(sql, arguments, **options)

    database.listeners.fetch = database.heard.run = noting  # type: ignore[method-assign, assignment]
    return statements


async def all_of(talk: Talk, number: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(PATIENT):
        return [await talk.hear() for _ in range(number)]


async def test_a_thousand_subscriptions_hear_a_comment_by_one_statement_for_each_kind_of_viewer(
    database_url: str, redis_url: str, world: World
) -> None:
    people = [PEOPLE[number % len(PEOPLE)] for number in range(SOCKETS)]
    async with (
        serving(database_url, redis_url) as served,
        crowd(served, world, people, each=OPERATIONS) as talks,
    ):
        statements = noted(served.app.database)
        await comment(served, world)
        heard = await asyncio.gather(*(all_of(talk, OPERATIONS) for talk in talks))
        for name, messages in zip(people, heard, strict=True):
            assert {message["id"] for message in messages} == {str(key) for key in range(OPERATIONS)}
            shown = [message["payload"]["data"]["documentEvents"]["comment"] for message in messages]
            email = None if name in {"ben", "vera"} else "ada@example.com"
            assert shown == [{"content": "Hi", "author": {"name": "Ada", "email": email}}] * OPERATIONS
        heard_by = [sql for sql in statements if "outbox_topics" not in sql]
        assert len(heard_by) == 2  # whether they may know of it, and what of it; users and administrators


async def test_who_was_removed_hears_nothing_more_among_many_who_do(
    database_url: str, redis_url: str, world: World, database: Database
) -> None:
    people = ("ada", "ben", "vera", "ben", "vera")
    async with serving(database_url, redis_url) as served, crowd(served, world, people, each=3) as talks:
        async with database.work(GUEST) as work:
            member = tables.ProjectMember
            gone = update(member).values(status=MembershipStatus.REMOVED)
            await work.execute(gone.where(member.user_id == world.vera.id))
        await comment(served, world)
        refusal = {"code": "FORBIDDEN", "ids": [world.requirements.public_id, world.atlas.public_id]}
        for name, talk in zip(people, talks, strict=True):
            messages = await all_of(talk, 3)
            assert [message["type"] for message in messages] == ["error" if name == "vera" else "next"] * 3
            errors = [error for message in messages if name == "vera" for error in message["payload"]]
            assert [error["extensions"] for error in errors] == [refusal] * 3 * (name == "vera")


async def test_an_event_that_cannot_be_answered_at_once_is_answered_when_the_database_is_back(
    database_url: str, redis_url: str, world: World, database: Database
) -> None:
    async with (
        Wire(database_url) as wire,
        serving(wire.url, redis_url) as served,
        crowd(served, world, ("ada",), each=2) as [talk],
    ):
        statements = noted(served.app.database)
        await wire.close()
        await happen(served, world.requirements, database=database)
        await until(lambda: statements)
        await wire.open()
        assert [message["payload"] for message in await all_of(talk, 2)] == [
            {"data": {"documentEvents": {"comment": None}}}
        ] * 2


async def test_a_subscription_that_cannot_be_served_is_told_of_the_gap_and_goes_on(
    database_url: str, redis_url: str, world: World, database: Database
) -> None:
    async with (
        Wire(database_url) as wire,
        serving(wire.url, redis_url) as served,
        crowd(served, world, ("ada", "ben"), each=5) as talks,
    ):
        await wire.close()
        await happen(served, world.requirements, database=database)
        for messages in await asyncio.gather(*(all_of(talk, 5) for talk in talks)):
            assert {message["type"] for message in messages} == {"next"}
            codes = [message["payload"]["errors"][0]["extensions"]["code"] for message in messages]
            assert codes == ["HISTORY_GAP"] * 5
        await wire.open()
        await comment(served, world)
        for messages in await asyncio.gather(*(all_of(talk, 5) for talk in talks)):
            contents = [message["payload"]["data"]["documentEvents"]["comment"]["content"] for message in messages]
            assert contents == ["Hi"] * 5
