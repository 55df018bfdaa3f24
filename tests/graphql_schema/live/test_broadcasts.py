"""What is heard while something else is answered is answered together, in its order, whatever fails for one of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from orjson import loads

from db import tables
from db.access import GUEST
from db.engine import Database
from db.epoch import decode
from db.errors import HistoryGap, Overloaded, TooSlow
from db.outbox import Event
from db.roots import topic_of
from db.tables import DocumentEventKind
from graphql_schema.live import hearing
from graphql_schema.live.hearing import Asked, Hearing
from tests.conftest import Graph
from tests.graphql_schema.conftest import Ear, Listen
from tests.graphql_schema.live.test_subscriptions import EVENTS, gone
from tests.world import World

SAVES = "subscription ($document: ID!) { documentEvents(documentId: $document) { kind cursor document { version } } }"
MANY = 150


@pytest.fixture
def asked(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What those who listen ask of PostgreSQL."""
    statements, run = list[str](), graph.database.listeners.execute_in_turn

    async def noting(sql: str, arguments: Any, **options: Any) -> Any:
        statements.append(sql)
        return await run(sql, arguments, **options)

    monkeypatch.setattr(graph.database.listeners, "execute_in_turn", noting)
    return statements


@asynccontextmanager
async def two(listen: Listen, document: tables.SpecificationDocument) -> AsyncIterator[tuple[Ear, Ear]]:
    """Two people who have heard what there is, so that each event has two answers."""
    async with (
        listen("ada", SAVES, document=document.public_id) as one,
        listen("vera", SAVES, document=document.public_id) as other,
    ):
        yield await one.begun(), await other.begun()


async def happen(database: Database, document: tables.SpecificationDocument, number: int) -> None:
    async with database.work(GUEST) as work:
        for _ in range(number):
            await work.happened(DocumentEventKind.DOCUMENT_EDITED, document)


async def cursors(ear: Ear, number: int) -> list[str]:
    return [(await ear.hear())["data"]["documentEvents"]["cursor"] for _ in range(number)]


async def test_many_events_at_one_moment_take_a_statement_for_many_of_them(
    graph: Graph, world: World, listen: Listen, asked: list[str]
) -> None:
    async with two(listen, world.requirements) as (one, other):
        asked.clear()
        await happen(graph.database, world.requirements, MANY)
        await graph.database.settle()
        heard = await cursors(one, MANY)
        past = await graph.database.past(f"project:{world.atlas.id.hex}", 0)
        assert heard == [event.cursor for event in past.events[-MANY:]] == await cursors(other, MANY)
    assert len([sql for sql in asked if "outbox" not in sql]) <= 8


async def test_an_event_of_something_else_reads_nothing(
    graph: Graph, world: World, listen: Listen, asked: list[str]
) -> None:
    """All documents of a project have one topic."""
    async with two(listen, world.requirements) as (one, _other):
        asked.clear()
        await happen(graph.database, world.design, 5)
        await graph.database.settle()
        assert asked == []
        await happen(graph.database, world.requirements, 1)
        await graph.database.settle()
        await one.hear()
    assert len(asked) == 1


async def test_events_that_take_too_long_together_are_answered_one_by_one(
    graph: Graph, world: World, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    alike = graph.database.alike

    async def slow(*arguments: Any, seconds: float | None = None, **named: Any) -> Any:
        if seconds:
            raise TooSlow
        return await alike(*arguments, **named)

    async with two(listen, world.requirements) as (one, _other):
        monkeypatch.setattr(graph.database, "alike", slow)
        await happen(graph.database, world.requirements, 5)
        await graph.database.settle()
        assert len(set(await cursors(one, 5))) == 5


async def test_one_event_that_cannot_be_answered_is_a_gap_between_the_others(
    graph: Graph, world: World, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, refused = Hearing._all, list[int]()

    async def all_but_one(self: Hearing, asked: Sequence[Asked], **how: Any) -> Any:
        sequences = [event.sequence for event, _ in asked]
        refused[:] = refused or [max(sequences)]
        if refused[0] in sequences:
            raise HistoryGap from Overloaded()
        return await read(self, asked, **how)

    async with listen("ada", EVENTS, document=world.requirements.public_id) as one:
        monkeypatch.setattr(hearing, "PAUSES", ())
        monkeypatch.setattr(Hearing, "_all", all_but_one)
        await happen(graph.database, world.requirements, 3)
        await graph.database.settle()
        codes = [gone(await one.hear()) for _ in range(3)]
        assert sorted(codes) == [[], [], ["HISTORY_GAP"]]


class Connection:
    """A connection of a client that takes what it is sent at once, or has yet to read what was before."""

    def __init__(self) -> None:
        self.is_writable = True
        self.sent: list[str] = []

    def send_now(self, bodies: Sequence[bytes]) -> bool:
        if self.is_writable:
            self.sent += [loads(body)["data"]["documentEvents"]["cursor"] for body in bodies]
        return self.is_writable


async def test_events_go_straight_to_a_connection_that_can_send_and_wait_for_one_that_cannot(
    graph: Graph, world: World, listen: Listen
) -> None:
    connection, document = Connection(), world.requirements
    async with (
        listen("ada", SAVES, send_now=connection.send_now, document=document.public_id) as one,
        listen("vera", SAVES, document=document.public_id) as other,
    ):
        await one.begun()
        await other.begun()
        await happen(graph.database, document, 2)
        await graph.database.settle()
        heard = await cursors(other, 2)
        connection.is_writable = False
        await happen(graph.database, document, 2)
        await graph.database.settle()
        heard += await cursors(other, 2)
        connection.is_writable = True  # two wait for the client: what comes now waits behind them
        await happen(graph.database, document, 1)
        await graph.database.settle()
        heard += await cursors(other, 1)
        assert connection.sent == heard[:2]
        assert await cursors(one, 3) == heard[2:]
        await happen(graph.database, document, 1)
        await graph.database.settle()
        heard += await cursors(other, 1)
        assert connection.sent == [*heard[:2], heard[-1]]


async def test_an_event_of_another_epoch_is_looked_at_before_it_goes_to_a_connection(
    graph: Graph, world: World, listen: Listen
) -> None:
    connection, document, about = Connection(), world.requirements.public_id, topic_of(world.atlas)
    async with listen("ben", SAVES, send_now=connection.send_now, document=document) as ear:
        first = (await ear.hear())["data"]["documentEvents"]
        _, number = decode(about, first["cursor"])
        await graph.database.publish(Event(about, "DOCUMENT_EDITED", {"document": document}, number + 1, "0" * 16))
        assert "gap" in (await ear.hear())["extensions"]
        assert connection.sent == []
