"""Saving documents: a version for every save, with its author, and no approval for a text that nobody has approved."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import update

from db import tables
from db.access import GUEST
from db.tables import DocumentStatus
from tests.conftest import Graph
from tests.graphql_schema.asking import change, done
from tests.graphql_schema.specs.test_mutations import CREATE_PROJECT, EDIT_DOCUMENT, about, edit
from tests.world import NOON, World


async def test_every_version_has_the_author_and_the_summary_it_was_saved_with(
    graph: Graph, world: World, told: Any
) -> None:
    await done(graph, "ben", EDIT_DOCUMENT, **edit(world, "Third", expected=2, summary="Ben wrote it"))
    saved = (await done(graph, "ada", EDIT_DOCUMENT, **edit(world, "Fourth", expected=3)))["document"]
    assert (saved["version"], saved["content"]) == (4, "Fourth")
    of_ada = {"version": 4, "content": "Fourth", "summary": None, "author": {"name": "Ada"}}
    assert saved["currentVersion"] == of_ada
    assert saved["versions"]["nodes"][:2] == [
        of_ada,
        {"version": 3, "content": "Third", "summary": "Ben wrote it", "author": {"name": "Ben"}},
    ]
    assert told == [("DOCUMENT_EDITED", about(world, "requirements"))] * 2


async def test_a_version_was_made_when_it_was_saved(graph: Graph, world: World) -> None:
    query = """query ($id: ID!) { node(id: $id) { ... on SpecificationDocument {
        currentVersion { createdAt } versions { nodes { createdAt } } } } }"""
    await done(graph, "ada", EDIT_DOCUMENT, **edit(world, "Third", expected=2))
    async with graph.database.work(GUEST) as work:
        await work.execute(update(tables.DocumentVersion).values(created_at=NOON))
    await done(graph, "ada", EDIT_DOCUMENT, **edit(world, "Fourth", expected=3))
    document = (await graph.data("ada", query, id=world.requirements.public_id))["node"]
    now, *before = [version["createdAt"] for version in document["versions"]["nodes"]]
    assert document["currentVersion"]["createdAt"] == now
    assert set(before) == {"2026-01-01T12:00:00+00:00"} != {now}


async def test_the_documents_of_a_new_project_have_a_first_version_of_its_owner(graph: Graph) -> None:
    project = (await done(graph, "sam", CREATE_PROJECT, name="Globe"))["project"]
    query = """query ($id: ID!) { project(id: $id) { documents { nodes {
        content versions { nodes { version content author { name } } } } } } }"""
    documents = (await graph.data("sam", query, id=project["id"]))["project"]["documents"]["nodes"]
    assert [document["versions"]["nodes"] for document in documents] == [
        [{"version": 1, "content": document["content"], "author": {"name": "Sam"}}] for document in documents
    ]


async def test_a_save_without_a_change_is_no_version(graph: Graph, world: World, told: Any) -> None:
    saved = await done(graph, "ben", EDIT_DOCUMENT, **edit(world, world.requirements.content, expected=2))
    assert (saved["document"]["version"], len(saved["document"]["versions"]["nodes"])) == (2, 2)
    assert told == []


async def test_a_save_over_another_version_is_a_conflict(graph: Graph, world: World, told: Any) -> None:
    for expected in (1, 3, 0, -1, 2**31 - 1):
        (payload,) = (await graph.data("ben", EDIT_DOCUMENT, input=edit(world, "New", expected=expected))).values()
        (error,) = payload["errors"]
        assert (error["code"], error["path"]) == ("CONFLICT", ["input", "expectedVersion"])
        assert (payload["document"]["version"], payload["document"]["content"]) == (2, world.requirements.content)
    assert told == []


async def test_of_saves_at_the_same_time_one_wins_and_none_is_lost_silently(
    graph: Graph, world: World, told: Any
) -> None:
    texts = [f"Text {number}" for number in range(30)]
    saves = [
        graph.data(who, EDIT_DOCUMENT, input=edit(world, text, expected=2))
        for who, text in zip(["ada", "ben"] * 15, texts, strict=True)
    ]
    payloads = [saved["editDocument"] for saved in await asyncio.gather(*saves)]
    won = [text for payload, text in zip(payloads, texts, strict=True) if not payload["errors"]]
    assert len(won) == len(told) == 1
    assert sorted(error["code"] for payload in payloads for error in payload["errors"]) == ["CONFLICT"] * 29
    assert {(payload["document"]["version"], payload["document"]["content"]) for payload in payloads} == {(3, won[0])}
    for payload in payloads:
        assert [version["version"] for version in payload["document"]["versions"]["nodes"]] == [3, 2, 1]


@pytest.mark.parametrize("status", list(DocumentStatus)[:3])
async def test_a_document_that_is_saved_is_a_draft_whatever_was_said_of_the_text_before(
    graph: Graph, world: World, status: DocumentStatus
) -> None:
    is_approved = status is DocumentStatus.APPROVED
    approved = {"approved_at": NOON, "approved_by_id": world.ada.id} if is_approved else {}
    await change(graph.database, world.requirements, status=status, **approved)
    same = await done(graph, "ben", EDIT_DOCUMENT, **edit(world, world.requirements.content, expected=2))
    assert same["document"]["status"] == status
    saved = await done(graph, "ben", EDIT_DOCUMENT, **edit(world, "New", expected=2))
    assert saved["document"]["status"] == "DRAFT"


async def test_an_archived_document_is_not_saved(graph: Graph, world: World) -> None:
    await change(graph.database, world.requirements, status=DocumentStatus.ARCHIVED)
    (payload,) = (await graph.data("ada", EDIT_DOCUMENT, input=edit(world, "New", expected=2))).values()
    assert [error["code"] for error in payload["errors"]] == ["FORBIDDEN"]
    assert "document is archived" in payload["errors"][0]["message"]
