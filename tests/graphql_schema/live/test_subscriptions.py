"""Subscriptions that begin anew miss nothing and hear nothing twice: behind a cursor, or with what there is."""

from typing import Any

import pytest
from sqlalchemy import delete, update

from db import tables
from db.access import GUEST
from db.epoch import decode, encode
from db.outbox import Event, OutboxEvent
from db.roots import topic_of
from db.tables import MembershipStatus
from graphql_schema.execution import RequestError
from graphql_schema.live import broadcasts
from tests.conftest import Graph
from tests.graphql_schema.asking import done
from tests.graphql_schema.conftest import Ear, Listen
from tests.graphql_schema.specs.test_mutations import ADD_COMMENT, EDIT_DOCUMENT
from tests.world import World

EVENTS = """
    subscription ($document: ID!, $after: String) {
      documentEvents(documentId: $document, after: $after) { kind cursor comment { content } }
    }
"""
WHOLE = EVENTS.replace("comment {", "document { version } comment {")


def gone(event: Any) -> list[Any]:
    """The codes of what a message says to be lost."""
    return [error["extensions"]["code"] for error in event.get("errors", ())]


async def say(graph: Graph, *contents: str) -> None:
    for content in contents:
        await done(graph, "ben", ADD_COMMENT, threadId=graph.world.thread_0.public_id, content=content)


async def next_event(ear: Ear) -> Any:
    return (await ear.hear())["data"]["documentEvents"]


async def contents(ear: Ear, number: int) -> list[str]:
    """The comments in the next events."""
    return [(await next_event(ear))["comment"]["content"] for _ in range(number)]


async def cursor_of(graph: Graph, listen: Listen, *said: str) -> str:
    """The cursor of the first of some comments."""
    async with listen("vera", EVENTS, document=graph.world.requirements.public_id) as ear:
        await say(graph, *said)
        return str((await next_event(ear))["cursor"])


async def test_a_subscription_goes_on_behind_a_cursor_and_then_with_what_happens(
    graph: Graph, world: World, listen: Listen
) -> None:
    cursor = await cursor_of(graph, listen, "1", "2")
    await say(graph, "3")
    async with listen("vera", EVENTS, document=world.requirements.public_id, after=cursor) as ear:
        assert await contents(ear, 2) == ["2", "3"]
        await say(graph, "4")
        assert await contents(ear, 1) == ["4"]


async def test_what_happens_while_the_past_is_read_is_heard_once(
    graph: Graph, world: World, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor, past = await cursor_of(graph, listen, "1", "2"), graph.database.past

    async def slow(topic: str, after: int | None) -> Any:
        await say(graph, "3")  # published to those who listen, and then read
        found = await past(topic, after)
        await say(graph, "4")  # published, and not read
        return found

    monkeypatch.setattr(graph.database, "past", slow)
    async with listen("vera", EVENTS, document=world.requirements.public_id, after=cursor) as ear:
        assert await contents(ear, 3) == ["2", "3", "4"]
        await say(graph, "5")
        assert await contents(ear, 1) == ["5"]


async def test_a_subscription_to_a_thing_begins_with_it_and_goes_on_behind_that(
    graph: Graph, world: World, listen: Listen
) -> None:
    document = world.requirements.public_id
    async with listen("ben", WHOLE, document=document) as ear:
        first = await next_event(ear)
        assert (first["kind"], first["document"], first["comment"]) == ("SNAPSHOT", {"version": 2}, None)
        await done(graph, "ben", EDIT_DOCUMENT, documentId=document, content="", expectedVersion=2)
        heard = await next_event(ear)
        assert (heard["kind"], heard["document"]) == ("DOCUMENT_EDITED", {"version": 3})
    async with listen("ben", WHOLE, document=document, after=first["cursor"]) as ear:
        assert await next_event(ear) == heard


async def test_a_snapshot_and_its_cursor_are_of_one_state(graph: Graph, world: World, listen: Listen) -> None:
    """What is committed after the statement comes behind its cursor."""
    document, run = world.requirements.public_id, graph.database.heard.run

    async def late(sql: str, arguments: Any, **options: Any) -> Any:
        found = await run(sql, arguments, **options)
        if "outbox_topics" in sql:
            graph.database.heard.run = run
            await done(graph, "ben", EDIT_DOCUMENT, documentId=document, content="", expectedVersion=2)
        return found

    async with listen("ben", EVENTS, document=document):  # so that the next one is heard for at once
        graph.database.heard.run = late
        async with listen("ben", WHOLE, document=document) as ear:
            first, second = await next_event(ear), await next_event(ear)
    assert (first["document"]["version"], second["document"]["version"]) == (2, 3)
    numbers = [decode(topic_of(world.atlas), event["cursor"])[1] for event in (first, second)]
    assert numbers[1] == numbers[0] + 1


@pytest.mark.parametrize("cursor", ["", "nonsense", "@other"])
async def test_what_is_no_cursor_of_the_topic_is_refused(
    graph: Graph, world: World, listen: Listen, cursor: str
) -> None:
    given = cursor.replace("@other", encode("progress:1", "0" * 16, 1))
    with pytest.raises(RequestError) as refusal:
        async with listen("vera", EVENTS, document=world.requirements.public_id, after=given):
            pass
    assert [error["extensions"]["code"] for error in refusal.value.errors] == ["BAD_CURSOR"]


@pytest.mark.parametrize(("query", "snapshots"), [(EVENTS, 0), (WHOLE, 1)])
async def test_behind_what_is_not_known_any_more_there_is_a_gap_and_it_goes_on(
    graph: Graph, world: World, listen: Listen, query: str, snapshots: int
) -> None:
    cursor = await cursor_of(graph, listen, "1", "2", "3")
    async with graph.database.work(GUEST) as work:
        await work.execute(delete(OutboxEvent).where(OutboxEvent.topic == topic_of(world.atlas)))
    async with listen("vera", query, document=world.requirements.public_id, after=cursor) as ear:
        gap = await ear.hear()
        if snapshots:
            assert gap["extensions"]["gap"]["extensions"] == {"code": "HISTORY_GAP"}
            assert gap["data"]["documentEvents"]["document"] == {"version": 2}
        else:
            assert (gap["data"], gone(gap)) == (None, ["HISTORY_GAP"])
        await say(graph, "4")
        assert await contents(ear, 1) == ["4"]


async def test_a_cursor_of_another_epoch_is_a_gap(graph: Graph, world: World, listen: Listen) -> None:
    cursor = encode(topic_of(world.atlas), "0" * 16, 1)
    async with listen("vera", EVENTS, document=world.requirements.public_id, after=cursor) as ear:
        assert gone(await ear.hear()) == ["HISTORY_GAP"]


async def test_an_event_of_another_epoch_than_the_snapshot_is_a_gap(graph: Graph, world: World, listen: Listen) -> None:
    document, about = world.requirements.public_id, topic_of(world.atlas)
    async with listen("ben", WHOLE, document=document) as ear:
        first = await next_event(ear)
        _, number = decode(about, first["cursor"])
        edited = Event(about, "DOCUMENT_EDITED", {"document": document}, number + 1, "0" * 16)
        await graph.database.publish(edited)
        heard = await ear.hear()
        assert heard["extensions"]["gap"]["extensions"] == {"code": "HISTORY_GAP"}
        assert heard["data"]["documentEvents"] == first


async def test_whoever_has_lost_the_access_goes_on_nowhere(graph: Graph, world: World, listen: Listen) -> None:
    cursor = await cursor_of(graph, listen, "1", "2")
    member = tables.ProjectMember
    async with graph.database.work(GUEST) as work:
        removed = update(member).values(status=MembershipStatus.REMOVED)
        await work.execute(removed.where(member.user_id == world.vera.id))
    with pytest.raises(RequestError) as refusal:
        async with listen("vera", EVENTS, document=world.requirements.public_id, after=cursor):
            pass
    assert [error["extensions"]["code"] for error in refusal.value.errors] == ["NOT_FOUND"]


async def test_those_who_went_on_from_different_places_hear_the_rest_together(
    graph: Graph, world: World, listen: Listen
) -> None:
    cursor = await cursor_of(graph, listen, "1", "2")
    document = world.requirements.public_id
    async with (
        listen("vera", EVENTS, document=document) as first,
        listen("vera", EVENTS, document=document, after=cursor) as second,
    ):
        assert await contents(second, 1) == ["2"]
        await say(graph, "3")
        one, other = await first.message(), await second.message()
    assert one is other


async def test_a_subscriber_that_falls_behind_is_told_from_where_it_can_go_on(
    graph: Graph, world: World, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasts, "MAX_WAITING", 2)
    document = world.requirements.public_id
    async with listen("vera", EVENTS, document=document) as ear, listen("ada", EVENTS, document=document) as quick:
        for content in "1234567":  # the first is on its way to the client, two wait
            await say(graph, content)
            assert await contents(quick, 1) == [content]
        assert await contents(ear, 3) == ["1", "2", "3"]
        gap = await ear.hear()
        assert gone(gap) == ["HISTORY_GAP"]
        await say(graph, "8")
        assert await contents(ear, 1) == ["8"]
    cursor = gap["errors"][0]["extensions"]["cursor"]
    async with listen("vera", EVENTS, document=document, after=cursor) as again:
        assert await contents(again, 5) == ["4", "5", "6", "7", "8"]


async def test_a_broadcast_ends_with_its_last_subscriber(graph: Graph, world: World, listen: Listen) -> None:
    subscriptions = graph.executor.subscriptions
    async with listen("vera", EVENTS, document=world.requirements.public_id):
        assert subscriptions.heard == 1
    assert subscriptions.heard == 0
    assert not subscriptions._broadcasts
