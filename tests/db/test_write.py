"""The unit of work: rows are found under the access rules, and all of what is done is kept, or nothing."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import bindparam, func, select, update

from db import tables
from db.access import GUEST
from db.base import Base, new_id
from db.engine import Database
from db.errors import BadInput, Forbidden, NotFound, Refusal, Unauthenticated
from db.outbox import Event, OutboxEvent
from db.permissions import EDIT, OWN
from db.roots import topic_of
from db.statements import compiled
from db.tables import DocumentEventKind, SpecificationPhase
from db.write import Work
from tests.conftest import NotingDatabase
from tests.db.waiting import until
from tests.world import World

SOMEBODY_WAITS = """
    SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def test_a_row_that_one_sees_is_found(database: Database, world: World) -> None:
    async with database.work(world.viewer("ben")) as work:
        found = await work.get(tables.SpecificationProject, world.atlas.public_id, at="projectId", may=EDIT)
        assert found.name == "Atlas"


@pytest.mark.parametrize("who", ["olga", "rob", None])
async def test_what_one_does_not_see_is_not_found_like_what_does_not_exist(
    database: Database, world: World, who: str | None
) -> None:
    refusals = set()
    for public_id in (world.atlas.public_id, f"prj_{new_id().hex}", world.ada.public_id, "nonsense"):
        async with database.work(world.viewer(who)) as work:
            with pytest.raises(NotFound) as refused:
                await work.get(tables.SpecificationProject, public_id, at="projectId", may=EDIT)
        refusals.add((refused.value.code, refused.value.message, refused.value.at))
    assert refusals == {("NOT_FOUND", "There is no such object.", "projectId")}


async def test_what_one_sees_without_the_permission_is_forbidden(database: Database, world: World) -> None:
    async with database.work(world.viewer("vera")) as work:
        with pytest.raises(Forbidden) as refused:
            await work.get(tables.SpecificationProject, world.atlas.public_id, at="projectId", may=EDIT)
    assert refused.value.at == "projectId"


async def test_the_permission_to_change_is_not_enough_where_one_does_not_see(database: Database, world: World) -> None:
    """Rob wrote nothing, but even an author who was removed from the project does not find their comment again."""
    async with database.work(GUEST) as work:
        comment = await work.add(tables.Comment(thread_id=world.thread_0.id, author_id=world.rob.id, content="Mine"))
    async with database.work(world.viewer("rob")) as work:
        with pytest.raises(NotFound):
            await work.get(tables.Comment, comment.public_id, at="commentId", may=OWN)


async def test_many_rows_are_found_by_one_statement_and_each_like_one(database: NotingDatabase, world: World) -> None:
    ids = [world.atlas.public_id, f"prj_{new_id().hex}", world.island.public_id, "nonsense", world.atlas.public_id]
    for who in ("ben", "vera", "olga", None):
        async with database.work(world.viewer(who)) as work:
            database.statements.clear()
            found = await work.get_all(tables.SpecificationProject, ids, at="ids.{}.id", may=EDIT)
            assert len(database.statements) == 1
            each = [await looked_up(work, public_id, at=f"ids.{place}.id") for place, public_id in enumerate(ids)]
        assert list(map(described, found)) == list(map(described, each))


async def looked_up(work: Work, public_id: str, *, at: str) -> Base | Refusal:
    try:
        return await work.get(tables.SpecificationProject, public_id, at=at, may=EDIT)
    except Refusal as refusal:
        return refusal


def described(found: Base | Refusal) -> Any:
    return (found.code, found.message, found.at) if isinstance(found, Refusal) else found.id


async def test_nothing_is_asked_for_no_rows(database: NotingDatabase, world: World) -> None:
    async with database.work(world.viewer("ben")) as work:
        assert await work.get_all(tables.User, [], at="{}") == []
        assert work.opened is None


async def test_a_guest_has_no_id_to_write_under(database: Database) -> None:
    async with database.work(GUEST) as work:
        with pytest.raises(Unauthenticated):
            _ = work.viewer_id


async def test_an_exception_undoes_everything(database: Database, world: World) -> None:
    with suppress(BadInput):
        async with database.work(world.viewer("ada")) as work:
            await work.add(tables.SpecificationProject(name="Lost", owner_id=world.ada.id))
            raise BadInput
    async with database.read() as session:
        lost = select(func.count()).where(tables.SpecificationProject.name == "Lost")
        assert await session.scalar(lost) == 0


async def test_a_refusal_that_is_only_told_keeps_what_was_written(database: Database, world: World) -> None:
    async with database.work(world.viewer("ada")) as work:
        await work.add(tables.SpecificationProject(name="Kept", owner_id=world.ada.id))
        work.refuse(BadInput("no"))
    assert [refusal.message for refusal in work.refusals] == ["no"]
    async with database.read() as session:
        kept = select(func.count()).where(tables.SpecificationProject.name == "Kept")
        assert await session.scalar(kept) == 1


async def test_an_event_names_its_row_and_all_above_it(database: Database, world: World) -> None:
    async with database.work(world.viewer("ada")) as work:
        comment = tables.Comment(thread_id=world.thread_0.id, author_id=world.ada.id, content="Committed")
        await work.happened(DocumentEventKind.COMMENT_ADDED, await work.add(comment))
        await work.happened(DocumentEventKind.COMMENT_DELETED, world.thread_0, deleted_comment_id=comment)
        await work.changed(world.atlas)
        work.touch("viewer:1")
    thread = {
        "project": world.atlas.public_id,
        "document": world.requirements.public_id,
        "thread": world.thread_0.public_id,
    }
    about = topic_of(world.atlas)
    assert work.events == [
        Event(about, "COMMENT_ADDED", thread | {"comment": comment.public_id}),
        Event(about, "COMMENT_DELETED", thread | {"deleted_comment_id": comment.public_id}),
        Event(about, "CHANGED", {"project": world.atlas.public_id}),
        Event("viewer:1", "CHANGED"),
    ]


async def test_events_are_written_with_what_happened(database: Database, world: World) -> None:
    async with database.work(world.viewer("ada")) as work:
        await work.changed(world.atlas)
        work.touch("user:1")
        await work.changed(world.atlas)
    assert await events(database) == [(topic_of(world.atlas), 1), (topic_of(world.atlas), 2), ("user:1", 1)]


async def test_nothing_is_told_of_what_was_undone(database: Database, world: World) -> None:
    with suppress(BadInput):
        async with database.work(world.viewer("ada")) as work:
            await work.happened(DocumentEventKind.DOCUMENT_EDITED, world.requirements)
            raise BadInput
    assert await events(database) == []


async def events(database: Database) -> list[tuple[str, int]]:
    """The topics and numbers of all events, in order."""
    async with database.read() as session:
        found = select(OutboxEvent.topic, OutboxEvent.sequence).order_by(OutboxEvent.topic, OutboxEvent.sequence)
        return [(topic, sequence) for topic, sequence in await session.execute(found)]


async def test_a_locked_row_waits_for_whoever_changes_it(database: Database, world: World) -> None:
    async def edit(work: Work) -> int:
        document = await work.get(
            tables.SpecificationDocument, world.requirements.public_id, at="documentId", lock=True
        )
        document.version += 1
        return document.version

    async def edit_too() -> int:
        async with database.work(world.viewer("ben")) as work:
            return await edit(work)

    async with database.work(world.viewer("ada")) as first:
        version = await edit(first)
        second = asyncio.create_task(edit_too())
        await until(database, SOMEBODY_WAITS)
        assert not second.done()
    assert await second == version + 1


async def test_a_lock_does_not_keep_readers_out(database: Database, world: World) -> None:
    async with database.work(world.viewer("ada")) as work:
        await work.get(tables.SpecificationDocument, world.requirements.public_id, at="documentId", lock=True)
        async with asyncio.timeout(2), database.read() as session:
            assert await session.get(tables.SpecificationDocument, world.requirements.id)


async def test_a_row_that_waits_is_written_before_the_next_statement(database: Database, world: World) -> None:
    async with database.work(world.viewer("ada")) as work:
        project = await work.add(tables.SpecificationProject(name="New", owner_id=work.viewer_id))
        document = tables.SpecificationDocument(project_id=project.id, phase=SpecificationPhase.DESIGN, content="#")
        await work.add(document)
        assert work.opened is None
        found = select(tables.SpecificationDocument.id).where(tables.SpecificationDocument.project_id == project.id)
        assert await work.scalar(found) == document.id


async def test_a_row_that_was_added_is_found(database: Database, world: World) -> None:
    async with database.work(world.viewer("ada")) as work:
        project = await work.add(tables.SpecificationProject(name="New", owner_id=work.viewer_id))
        assert await work.get(tables.SpecificationProject, project.public_id, at="projectId", may=EDIT) is project


async def test_a_change_of_a_row_that_was_found_is_written_with_a_session_and_without(
    database: Database, world: World
) -> None:
    names = select(tables.SpecificationProject.name).where(tables.SpecificationProject.id == world.atlas.id)
    for name, opens in (("Globe", True), ("Map", False)):
        async with database.work(world.viewer("ada")) as work:
            project = await work.get(tables.SpecificationProject, world.atlas.public_id, at="projectId")
            project.name = name
            if opens:
                assert await work.scalar(names) == name
        async with database.read() as session:
            assert await session.scalar(names) == name


async def test_a_row_that_is_locked_is_as_it_is_then_and_not_as_it_was_found(database: Database, world: World) -> None:
    async with database.work(world.viewer("ada")) as work:
        before = await work.get(tables.SpecificationProject, world.atlas.public_id, at="projectId")
        async with database.work(world.viewer("ada")) as other:
            await other.execute(update(tables.SpecificationProject).values(name="Globe"))
        locked = await work.get(tables.SpecificationProject, world.atlas.public_id, at="projectId", lock=True)
        assert (locked is before, locked.name) == (True, "Globe")


async def test_what_is_fetched_beside_the_session_keeps_no_connection(database: Database, world: World) -> None:
    name = compiled(select(tables.User.name).where(tables.User.id == bindparam("id")))
    async with database.work(world.viewer("ada")) as work:
        assert await work.fetch(name, id=world.ben.id) == ("Ben",)
        assert work.opened is None
