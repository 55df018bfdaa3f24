"""SPEC 6: a save over a version that is not the last is refused and loses nothing; history and differences are read."""

import asyncio
from typing import Any

import pytest

from db import tables
from db.actions import documents
from tests.conftest import Graph
from tests.db.waiting import until
from tests.graphql_schema.asking import add, change, error_code
from tests.world import World

EDIT = """
    mutation ($input: EditDocumentInput!) {
      editDocument(input: $input) {
        document { version content }
        errors { code message path }
      }
    }
"""
HISTORY = """
    query ($id: ID!) {
      node(id: $id) { ... on SpecificationDocument { versions { nodes { version content summary author { name } } } } }
    }
"""
VERSION = """
    query ($id: ID!, $number: Int!) {
      node(id: $id) { ... on SpecificationDocument { savedVersion(number: $number) { content author { name } } } }
    }
"""
DIFF = """
    query ($id: ID!, $from: Int!, $to: Int) {
      node(id: $id) {
        ... on SpecificationDocument {
          diff(from: $from, to: $to) { additions deletions isWhole hunks { fromLine toLine lines { kind text } } }
        }
      }
    }
"""


async def edit(graph: Graph, world: World, who: str, content: str, expected: int, **more: Any) -> Any:
    given = {"documentId": world.requirements.public_id, "content": content, "expectedVersion": expected, **more}
    return (await graph.data(who, EDIT, input=given))["editDocument"]


async def diff(graph: Graph, world: World, start: int, end: int | None = None) -> Any:
    variables = {"id": world.requirements.public_id, "from": start, "to": end}
    return (await graph.data("vera", DIFF, **variables))["node"]["diff"]


async def test_06_a_stale_save_is_refused_with_the_document_as_it_stands_and_can_be_merged(
    graph: Graph, world: World
) -> None:
    assert (await edit(graph, world, "ben", "Ben's", 2))["document"] == {"version": 3, "content": "Ben's"}
    refused = await edit(graph, world, "ada", "Ada's", 2)
    assert refused["document"] == {"version": 3, "content": "Ben's"}
    [error] = refused["errors"]
    assert (error["code"], error["path"]) == ("CONFLICT", ["input", "expectedVersion"])
    assert error["message"] == "The document is at version 3 by now; you changed version 2."
    merged = await edit(graph, world, "ada", "Ben's and Ada's", 3)
    assert merged == {"document": {"version": 4, "content": "Ben's and Ada's"}, "errors": []}


async def test_06_of_twenty_saves_at_once_one_is_saved_and_all_others_are_told(graph: Graph, world: World) -> None:
    answers = await asyncio.gather(*(edit(graph, world, "ben", f"Text {number}", 2) for number in range(20)))
    won = [answer["document"] for answer in answers if not answer["errors"]]
    assert len(won) == 1
    assert [answer["document"] for answer in answers] == won * 20
    assert [error["code"] for answer in answers for error in answer["errors"]] == ["CONFLICT"] * 19


async def test_06_a_save_that_waits_for_another_is_told_of_it(graph: Graph, world: World) -> None:
    async with graph.database.work(world.viewer("ben")) as work:
        document = await work.get(tables.SpecificationDocument, world.requirements.public_id, at="id")
        await documents.save(work, document, "Ben's", None)
        waiting = asyncio.create_task(edit(graph, world, "ada", "Ada's", 2))
        await until(graph.database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
    refused = await waiting
    assert [error["code"] for error in refused["errors"]] == ["CONFLICT"]
    assert refused["document"] == {"version": 3, "content": "Ben's"}


async def test_06_every_version_is_in_the_history_with_who_saved_it_and_what_they_said(
    graph: Graph, world: World
) -> None:
    await edit(graph, world, "ben", "Third", 2, summary="Ben's change")
    found = (await graph.data("vera", HISTORY, id=world.requirements.public_id))["node"]["versions"]["nodes"]
    assert found[0] == {"version": 3, "content": "Third", "summary": "Ben's change", "author": {"name": "Ben"}}
    assert [(one["version"], one["content"]) for one in found[1:]] == [
        (2, world.requirements.content),
        (1, "# Draft\n"),
    ]


async def test_06_one_version_is_read_by_its_number_in_one_statement(
    graph: Graph, resolved: Graph, world: World
) -> None:
    for number, expected in ((1, {"content": "# Draft\n", "author": {"name": "Ada"}}), (3, None), (2**31 - 1, None)):
        asked = {"id": world.requirements.public_id, "number": number}
        answer = await graph.data("vera", VERSION, **asked)
        assert answer["node"]["savedVersion"] == expected
        assert len(graph.statements) == 1
        assert await resolved.data("vera", VERSION, **asked) == answer
    assert await error_code(graph, "vera", VERSION, id=world.requirements.public_id, number=0) == "BAD_USER_INPUT"


async def test_06_the_difference_of_two_versions_is_read_in_both_directions(graph: Graph, world: World) -> None:
    lines = [f"Line {number}" for number in range(20)]
    await edit(graph, world, "ben", "\n".join(lines), 2)
    await edit(graph, world, "ben", "\n".join([*lines[:9], "Another", *lines[10:]]), 3)
    around = [{"kind": "SAME", "text": f"Line {number}"} for number in (6, 7, 8, 10, 11, 12)]
    change = [{"kind": "REMOVED", "text": "Line 9"}, {"kind": "ADDED", "text": "Another"}]
    assert await diff(graph, world, 3, 4) == {
        "additions": 1,
        "deletions": 1,
        "isWhole": True,
        "hunks": [{"fromLine": 6, "toLine": 6, "lines": around[:3] + change + around[3:]}],
    }
    back = await diff(graph, world, 4, 3)
    assert [line for line in back["hunks"][0]["lines"] if line["kind"] != "SAME"] == [
        {"kind": "REMOVED", "text": "Another"},
        {"kind": "ADDED", "text": "Line 9"},
    ]
    assert await diff(graph, world, 3, 3) == {"additions": 0, "deletions": 0, "isWhole": True, "hunks": []}


async def test_06_a_difference_ends_with_the_text_of_today_if_nothing_else_is_said(graph: Graph, world: World) -> None:
    await edit(graph, world, "ben", "Anything else", 2)
    assert await diff(graph, world, 1) == await diff(graph, world, 1, 3) != await diff(graph, world, 1, 2)
    assert (await diff(graph, world, 3))["hunks"] == []


@pytest.mark.parametrize(("start", "end"), [(7, 2), (2, 7), (7, None)])
async def test_06_a_version_that_there_is_not_has_no_difference(
    graph: Graph, world: World, start: int, end: int | None
) -> None:
    asked = {"id": world.requirements.public_id, "from": start, "to": end}
    answer = await graph("vera", DIFF, **asked)
    [error] = answer["errors"]
    assert (error["extensions"]["code"], error["path"]) == ("NOT_FOUND", ["node", "diff"])
    assert error["message"] == "The document has no version 7."


async def test_06_the_difference_to_a_version_whose_text_is_not_known_is_null(graph: Graph, world: World) -> None:
    elsewhere = tables.DocumentVersion(document_id=world.requirements.id, version=3, content=None)
    await add(graph.database, elsewhere)
    await change(graph.database, world.requirements, version=3)
    assert await diff(graph, world, 2, 3) is None
    assert await diff(graph, world, 3, 3) is None


async def test_06_who_does_not_see_the_document_reads_neither_its_versions_nor_their_differences(
    graph: Graph, world: World
) -> None:
    asked = {"id": world.requirements.public_id, "from": 1, "to": 9}
    for who in ("olga", "rob", None):
        assert await graph(who, DIFF, **asked) == {"data": {"node": None}}
        assert (await graph.data(who, VERSION, id=world.requirements.public_id, number=1)) == {"node": None}
