"""Rows along: a change that came too late for one of them is made again, under an idempotency key too."""

from typing import Any

import pytest
from orjson import dumps, loads

from db import tables
from db.actions import documents
from db.texts.comparing import compare
from graphql_schema.execution.operations import Request
from tests.conftest import Graph
from tests.graphql_schema.asking import add, done
from tests.world import World

EDIT = """
    mutation ($input: EditDocumentInput!) {
      editDocument(input: $input) {
        document { version threads { nodes { position { line } } } }
        errors { code }
      }
    }
"""
FIRST = "First\n"


@pytest.fixture
def late(graph: Graph, world: World, monkeypatch: pytest.MonkeyPatch) -> tables.CommentThread:
    """A thread that comes between the reading and the change."""
    thread = tables.CommentThread(document_id=world.requirements.id, line=2, end_line=2)

    async def adding(old: str, new: str) -> Any:
        await add(graph.database, thread)
        return await compare(old, new)

    monkeypatch.setattr(documents, "compare", adding)
    return thread


def saved(world: World) -> dict[str, Any]:
    content = f"{FIRST}{world.requirements.content}"
    return {"documentId": world.requirements.public_id, "content": content, "expectedVersion": 2}


@pytest.mark.usefixtures("late")
async def test_a_row_that_nobody_had_read_goes_along(graph: Graph, world: World) -> None:
    found = (await done(graph, "ada", EDIT, **saved(world)))["document"]
    assert found["version"] == 3
    assert 3 in [thread["position"]["line"] for thread in found["threads"]["nodes"]]


@pytest.mark.usefixtures("late")
async def test_under_a_key_only_what_was_done_is_kept(graph: Graph, world: World) -> None:
    request = Request(EDIT, variables={"input": saved(world)}, extensions={"idempotencyKey": "once"})
    first, again = [await graph.executor.execute(graph.executor.prepare(request), graph.context("ada")) for _ in "12"]
    found = loads(dumps(first))["data"]["editDocument"]
    assert (found["document"]["version"], found["errors"]) == (3, [])
    assert loads(dumps(again)) == loads(dumps(first))
