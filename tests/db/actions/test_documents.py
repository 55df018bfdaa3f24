"""Saving documents: with a thousand threads, or with texts of 900 KiB, a save is soon done and holds nobody up."""

import time
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from db import tables
from db.actions import documents
from db.base import new_id
from db.tables import AnchorState
from db.texts.comparing import compare
from db.texts.places import Place, Text
from db.texts.rows import anchored
from tests.conftest import Graph
from tests.db.texts.test_differences import unlike
from tests.graphql_schema.asking import change, done
from tests.hostile.test_event_loop import LONGEST, turns
from tests.pace import at_our_pace
from tests.world import World

EDIT = "mutation ($input: EditDocumentInput!) { editDocument(input: $input) { errors { code } } }"
MANY = 1_000


def lines(random: Random, size: int) -> list[str]:
    """The lines of a text of so many KiB."""
    text = unlike("prose", random)
    return text[: size * 1024].split("\n")


async def with_threads(graph: Graph, world: World, text: str) -> None:
    """Give the requirements a text, and a thousand open threads all over it."""
    await change(graph.database, world.requirements, content=text, version=2)
    whole = Text(text)
    step = len(whole.lines) / MANY
    places = [Place(int(number * step), 0) for number in range(MANY)]
    rows = [
        {"id": new_id(), "document_id": world.requirements.id, **anchored(whole, place, version=2)} for place in places
    ]
    async with graph.database.work(world.viewer("ada")) as work:
        await work.execute(insert(tables.CommentThread), rows)


async def saved(graph: Graph, world: World, text: str, expected: int = 2) -> list[float]:
    """Save the requirements; the seconds of processor time that each turn of the event loop took for it."""
    given = {"documentId": world.requirements.public_id, "content": text, "expectedVersion": expected}
    with turns() as spans:
        await done(graph, "ben", EDIT, **given)
    return spans


async def states(graph: Graph, world: World) -> dict[AnchorState, int]:
    thread = tables.CommentThread
    counted = select(thread.anchor_state, func.count()).where(thread.document_id == world.requirements.id)
    async with graph.database.read() as session:
        return dict(list(await session.execute(counted.group_by(thread.anchor_state))))


async def test_a_thousand_threads_are_carried_over_in_one_save_of_100_kib(graph: Graph, world: World) -> None:
    random = Random(1)
    old = lines(random, 100)
    await with_threads(graph, world, "\n".join(old))
    new = ["A title", *old]
    for at in random.sample(range(len(new)), 300):
        new[at] = f"Something else {at}"
    began, clock = time.process_time(), time.perf_counter()
    spans = await saved(graph, world, "\n".join(new))
    spent, taken = time.process_time() - began, time.perf_counter() - clock
    assert spent < at_our_pace(0.2), f"{taken:.3f} s by the clock"
    assert max(spans) < LONGEST
    found = await states(graph, world)
    assert found[AnchorState.MOVED] > MANY / 2
    assert found[AnchorState.OUTDATED] > 50


async def test_a_save_of_another_text_of_900_kib_holds_nobody_up(graph: Graph, world: World) -> None:
    one, other = unlike("prose", Random(1)), unlike("prose", Random(2))
    await with_threads(graph, world, one)
    spans = await saved(graph, world, other)
    assert max(spans) < LONGEST


async def test_the_document_is_not_locked_while_texts_are_compared(
    graph: Graph, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def locking(old: str, new: str) -> Any:
        async with graph.database.work(world.viewer("ada")) as work:
            row = tables.SpecificationDocument
            assert await work.scalar(select(row.id).where(row.id == world.requirements.id).with_for_update(nowait=True))
        return await compare(old, new)

    monkeypatch.setattr(documents, "compare", locking)
    await saved(graph, world, "New")


async def test_a_text_that_is_saved_within_another_work_is_a_version_too(graph: Graph, world: World) -> None:
    async with graph.database.work(world.viewer("ben")) as work:
        document = await work.get(tables.SpecificationDocument, world.requirements.public_id, at="id", lock=True)
        await documents.save(work, document, "New", "Because")
    async with graph.database.read() as session:
        version = tables.DocumentVersion
        newest = select(version).where(version.document_id == world.requirements.id).order_by(version.version.desc())
        found = (await session.scalars(newest.limit(1))).one()
    assert (found.version, found.content, found.summary, found.author_id) == (3, "New", "Because", world.ben.id)
