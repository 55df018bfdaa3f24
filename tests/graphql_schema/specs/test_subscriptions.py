"""Hearing of a document: every kind of event with what it names, and nobody who may not."""

from typing import Any

import pytest
from sqlalchemy import delete

from db import tables
from db.errors import AccessLost
from db.tables import ProjectRole
from graphql_schema.execution import RequestError
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, done, with_ids
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.specs.test_mutations import (
    ADD_COMMENT,
    ADD_REACTION,
    EDIT_COMMENT,
    EDIT_DOCUMENT,
    OPEN_THREAD,
    REMOVE_REACTION,
    REOPEN,
    RESOLVE,
)
from tests.world import World

EVENTS = """
    subscription ($document: ID!) {
      documentEvents(documentId: $document) {
        kind
        document { version content }
        thread { status position { line } comments { totalCount } }
        comment { content reactions { totalCount } author { name email } }
      }
    }
"""
KINDS = "subscription ($document: ID!) { documentEvents(documentId: $document) { kind } }"

HAPPENINGS: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "DOCUMENT_EDITED": (
        EDIT_DOCUMENT,
        {"documentId": "@requirements", "content": "", "expectedVersion": 2},
        set(),
    ),
    "THREAD_OPENED": (
        OPEN_THREAD,
        {"documentId": "@requirements", "content": "Why?", "position": {"line": 1}},
        {"thread", "comment"},
    ),
    "THREAD_RESOLVED": (RESOLVE, {"threadId": "@thread_0"}, {"thread"}),
    "COMMENT_ADDED": (ADD_COMMENT, {"threadId": "@thread_0", "content": "Yes"}, {"thread", "comment"}),
    "COMMENT_EDITED": (EDIT_COMMENT, {"commentId": "@comment", "content": "No"}, {"thread", "comment"}),
    "REACTION_ADDED": (ADD_REACTION, {"commentId": "@comment", "type": "HELPFUL"}, {"thread", "comment"}),
}


@pytest.mark.parametrize("kind", HAPPENINGS)
async def test_an_event_names_what_it_is_about(graph: Graph, world: World, listen: Listen, kind: str) -> None:
    mutation, given, named = HAPPENINGS[kind]
    async with listen("vera", EVENTS, document=world.requirements.public_id) as ear:
        await ear.begun()
        await done(graph, "ada", mutation, **with_ids(world, given))
        event = (await ear.hear())["data"]["documentEvents"]
    assert event.pop("kind") == kind
    assert {name for name, value in event.items() if value is not None} == named | {"document"}


async def test_an_event_shows_its_objects_as_they_are_now(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("vera", EVENTS, document=world.requirements.public_id) as ear:
        await ear.begun()
        for text in ("Yes", "No"):
            await done(graph, "ben", ADD_COMMENT, threadId=world.thread_0.public_id, content=text)
        first, second = [(await ear.hear())["data"]["documentEvents"] for _ in range(2)]
    assert first["comment"] == {
        "content": "Yes",
        "reactions": {"totalCount": 0},
        "author": {"name": "Ben", "email": None},
    }
    assert second["thread"] == {"status": "OPEN", "position": {"line": 2}, "comments": {"totalCount": 5}}


async def test_what_is_taken_back_is_heard_too(graph: Graph, world: World, listen: Listen) -> None:
    reaction = {"commentId": world.comment.public_id, "type": "LIKE"}
    async with listen("ada", KINDS, document=world.requirements.public_id) as ear:
        await done(graph, "ben", REMOVE_REACTION, **reaction)
        assert await ear.hear() == {"data": {"documentEvents": {"kind": "REACTION_REMOVED"}}}
    async with listen("ada", KINDS, document=world.design.public_id) as ear:
        await done(graph, "ben", REOPEN, threadId=world.settled.public_id)
        assert await ear.hear() == {"data": {"documentEvents": {"kind": "THREAD_REOPENED"}}}


async def test_each_listener_reads_with_their_own_eyes(graph: Graph, world: World, listen: Listen) -> None:
    document = {"document": world.requirements.public_id}
    async with listen("ben", EVENTS, **document) as bens, listen("vera", EVENTS, **document) as veras:
        for ear in (bens, veras):
            await ear.begun()
        await done(graph, "ben", ADD_COMMENT, threadId=world.thread_0.public_id, content="Mine")
        authors = [(await ear.hear())["data"]["documentEvents"]["comment"]["author"] for ear in (bens, veras)]
    assert authors == [{"name": "Ben", "email": "ben@example.com"}, {"name": "Ben", "email": None}]


@pytest.mark.parametrize("who", ["rob", "olga", "sam", None])
async def test_a_document_of_others_cannot_be_listened_to(world: World, listen: Listen, who: str | None) -> None:
    refusals = [await refused(listen, who, document) for document in (world.requirements.public_id, f"doc_{UNKNOWN}")]
    assert refusals[0] == refusals[1] == ("NOT_FOUND", "documentId")


@pytest.mark.parametrize("document", ["", "nonsense", "@atlas"])
async def test_what_is_no_document_cannot_be_listened_to(world: World, listen: Listen, document: str) -> None:
    named = document.replace("@atlas", world.atlas.public_id)
    assert await refused(listen, "ada", named) == ("NOT_FOUND", "documentId")


async def test_whoever_loses_the_access_hears_an_error_and_then_nothing(
    graph: Graph, world: World, listen: Listen
) -> None:
    place = tables.ProjectMember(project_id=world.atlas.id, user_id=world.sam.id, role=ProjectRole.VIEWER)
    await add(graph.database, place)
    async with listen("sam", KINDS, document=world.requirements.public_id) as ear:
        async with graph.database.work(world.viewer("ada")) as work:
            await work.execute(delete(tables.ProjectMember).where(tables.ProjectMember.id == place.id))
        await done(graph, "ben", ADD_COMMENT, threadId=world.thread_0.public_id, content="Secret")
        with pytest.raises(AccessLost) as lost:
            await ear.hear()
        assert lost.value.details == {"ids": [world.requirements.public_id, world.atlas.public_id]}


async def test_an_event_of_what_is_gone_by_now_is_heard_without_it(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("ada", EVENTS, document=world.requirements.public_id) as ear:
        await ear.begun()
        published = graph.database.publish

        async def late(event: Any) -> None:
            async with graph.database.work(world.viewer("ada")) as work:
                await work.execute(delete(tables.CommentThread).where(tables.CommentThread.id == world.thread_0.id))
            await published(event)

        graph.database.publish = late  # type: ignore[method-assign]
        mutation = "mutation ($input: AddCommentInput!) { addComment(input: $input) { errors { code } } }"
        await done(graph, "ben", mutation, threadId=world.thread_0.public_id, content="Gone")
        event = (await ear.hear())["data"]["documentEvents"]
    document = event.pop("document")
    assert event == {"kind": "COMMENT_ADDED", "thread": None, "comment": None}
    assert document


async def refused(listen: Listen, who: str | None, document: str) -> tuple[str, str]:
    """The code with which a subscription is refused, and the argument at fault."""
    with pytest.raises(RequestError) as refusal:
        async with listen(who, KINDS, document=document):
            pass
    (error,) = refusal.value.errors
    return error["extensions"]["code"], error["extensions"]["argument"]
