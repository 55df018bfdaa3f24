"""The audit log: entries are written with the change, know where it belongs, and have no words of people."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import ColumnElement, delete, insert, literal, select, text, update

from db import tables
from db.access import GUEST
from db.audit import entry
from db.base import Base, new_id
from db.engine import Database
from db.errors import BadInput, Conflict
from db.tables import AuditLog, DocumentStatus, ReactionType
from db.write import Work
from tests.conftest import NotingDatabase
from tests.world import World


async def entries(database: Database, action: str) -> list[AuditLog]:
    async with database.read() as session:
        return list(await session.scalars(select(AuditLog).where(AuditLog.action == action).order_by(AuditLog.id)))


async def only(database: Database, action: str) -> AuditLog:
    (found,) = await entries(database, action)
    return found


def place(found: AuditLog) -> tuple[Any, Any]:
    return found.organization_id, found.project_id


async def test_an_entry_says_who_did_what_to_which_row(database: Database, world: World) -> None:
    request_id = new_id()
    async with database.work(world.viewer("ben")) as work:
        work.request_id = request_id
        work.audit("looked_at", world.comment, type=ReactionType.LIKE, by=world.ben)
    found = await only(database, "looked_at")
    assert (found.actor_id, found.resource, found.resource_id) == (world.ben.id, "comments", world.comment.id)
    assert found.details == {"type": "LIKE", "by": world.ben.public_id}
    assert found.request_id == request_id


@pytest.mark.parametrize("name", ["atlas", "requirements", "thread_0", "comment"])
async def test_an_entry_belongs_to_the_project_and_the_organization_above_the_row(
    database: NotingDatabase, world: World, name: str
) -> None:
    database.statements.clear()
    async with database.work(world.viewer("ben")) as work:
        work.audit("looked_at", getattr(world, name))
    assert place(await only(database, "looked_at")) == (world.analytical.id, world.atlas.id)


@pytest.mark.parametrize(("name", "above"), [("engine", "analytical"), ("analytical", "analytical"), ("logic", None)])
async def test_a_row_above_which_there_is_no_project_has_none_in_its_entry(
    database: Database, world: World, name: str, above: str | None
) -> None:
    async with database.work(world.viewer("root")) as work:
        work.audit("looked_at", getattr(world, name))
    assert place(await only(database, "looked_at")) == (getattr(world, above).id if above else None, None)


async def test_what_is_added_and_its_entry_are_one_statement(database: NotingDatabase, world: World) -> None:
    ran = list[str]()
    execute = database.changes.run

    async def watched(statement: str, *arguments: Any, **options: Any) -> Any:
        ran.append(statement)
        return await execute(statement, *arguments, **options)

    database.changes.run = watched
    database.statements.clear()
    async with database.work(world.viewer("ben")) as work:
        thread = await work.add(tables.CommentThread(document_id=world.requirements.id, line=1, end_line=1))
        comment = await work.add(tables.Comment(thread_id=thread.id, author_id=world.ben.id, content="Secret words"))
        work.audit("comment_added", comment)
    assert (len(ran), database.statements) == (1, [])
    found = await only(database, "comment_added")
    assert place(found) == (world.analytical.id, world.atlas.id)
    assert "Secret" not in str(vars(found))


async def test_all_entries_of_a_transaction_are_one_statement_at_its_end(
    database: NotingDatabase, world: World
) -> None:
    async with database.work(world.viewer("ben")) as work:
        await work.session()
        database.statements.clear()
        for name in ("comment", "engine", "logic"):
            work.audit("looked_at", getattr(world, name))
        assert database.statements == []
    assert len([statement for statement in database.statements if "audit_logs" in statement]) == 1
    assert [found.resource for found in await entries(database, "looked_at")] == ["comments", "repositories", "courses"]


async def test_an_entry_says_which_columns_have_other_values_and_what_these_were_but_for_texts(
    database: Database, world: World
) -> None:
    async with database.work(world.viewer("ada")) as work:
        document = await work.get(tables.SpecificationDocument, world.design.public_id, at="documentId", lock=True)
        document.content, document.version, document.status = "Secret words", 3, DocumentStatus.REVIEW
        work.audit("document_edited", document)
    found = await only(database, "document_edited")
    assert found.details == {"fields": ["content", "status", "version"]}
    assert (found.before, found.after) == ({"version": 2, "status": "DRAFT"}, {"version": 3, "status": "REVIEW"})


async def test_a_change_of_a_row_that_was_found_without_a_session_is_told_too(database: Database, world: World) -> None:
    async with database.work(world.viewer("ada")) as work:
        project = await work.get(tables.SpecificationProject, world.atlas.public_id, at="projectId")
        project.organization_id, project.name = None, "Globe"
        work.audit("project_changed", project)
    found = await only(database, "project_changed")
    assert (found.before, found.after) == ({"organization_id": str(world.analytical.id)}, {"organization_id": None})
    assert place(found) == (None, world.atlas.id)


async def test_an_entry_about_what_was_deleted_knows_where_it_belonged(database: Database, world: World) -> None:
    async with database.work(world.viewer("ada")) as work:
        comment = await work.get(tables.Comment, world.comment.public_id, at="commentId", lock=True)
        await work.delete(comment)
        work.audit("comment_deleted", comment)
    assert place(await only(database, "comment_deleted")) == (world.analytical.id, world.atlas.id)


async def test_nothing_is_noted_of_what_was_undone(database: Database, world: World) -> None:
    for opens in (True, False):
        with suppress(BadInput):
            async with database.work(world.viewer("ada")) as work:
                if opens:
                    await work.session()
                work.audit("looked_at", world.atlas)
                raise BadInput
    assert await entries(database, "looked_at") == []


async def test_nothing_is_noted_of_a_part_of_what_was_undone(database: Database, world: World) -> None:
    with suppress(BadInput):
        async with database.transaction() as transaction:
            async with transaction.work(world.viewer("ada")) as work:
                work.audit("looked_at", world.atlas)
            raise BadInput
    assert await entries(database, "looked_at") == []


async def test_of_an_atomic_operation_every_part_notes_what_it_did(database: Database, world: World) -> None:
    async with database.transaction() as transaction:
        for name in ("ada", "ben"):
            async with transaction.work(world.viewer(name)) as work:
                work.audit("looked_at", world.comment)
    found = await entries(database, "looked_at")
    assert [(one.actor_id, place(one)) for one in found] == [
        (world.rows[name].id, (world.analytical.id, world.atlas.id)) for name in ("ada", "ben")
    ]


@pytest.mark.parametrize("words", ["Secret", ["Secret"], {"a": 1}, b"Secret"])
async def test_an_entry_takes_no_text(database: Database, world: World, words: Any) -> None:
    async with database.work(world.viewer("ada")) as work:
        with pytest.raises(TypeError) as refused:
            work.audit("looked_at", world.atlas, words=words)
    assert "Secret" not in str(refused.value)


async def test_a_table_stands_for_a_row_that_is_not_known(database: Database, world: World) -> None:
    async with database.work(GUEST) as work:
        work.audit("sign_in_failed", tables.User, at=datetime(2026, 1, 1, tzinfo=UTC), price=Decimal("1.50"))
    found = await only(database, "sign_in_failed")
    assert (found.actor_id, found.resource, found.resource_id, *place(found)) == (None, "users", None, None, None)
    assert found.details == {"at": "2026-01-01T00:00:00+00:00", "price": "1.50"}


async def test_a_statement_that_changes_rows_has_the_entries_about_them_in_it(database: Database, world: World) -> None:
    """The columns of what it returns take the place of a row's values."""
    changed = update(tables.Comment).values(edited_at=datetime.now(UTC)).returning(tables.Comment.__table__).cte()
    action, actor_id = literal("comment_edited"), literal(world.root.id)
    values = entry(tables.Comment, changed.c, id=changed.c.id, action=action, actor_id=actor_id)
    noted = insert(AuditLog).from_select(list(values), select(*map(expression, values.values())).select_from(changed))
    async with database.work(GUEST) as work:
        await work.execute(noted)
    found = await entries(database, "comment_edited")
    assert {place(one) for one in found} == {(world.analytical.id, world.atlas.id)}
    assert len(found) == 6


def expression(value: Any) -> ColumnElement[Any]:
    return value if isinstance(value, ColumnElement) else literal(value)


@pytest.mark.parametrize("statement", [delete(AuditLog), update(AuditLog).values(action="other")])
async def test_what_is_noted_stays_as_it_is(database: Database, world: World, statement: Any) -> None:
    async def change(work: Work) -> None:
        await work.execute(statement)

    with pytest.raises(Conflict, match=r"^Entries of the audit log stay as they are\.$"):
        async with database.work(GUEST) as work:
            await change(work)


async def test_an_entry_outlives_what_it_is_about(database: Database, world: World) -> None:
    async with database.work(world.viewer("ben")) as work:
        work.audit("looked_at", world.comment)
    async with database.work(GUEST) as work:
        await work.execute(text("DELETE FROM specification_projects"))
        await work.execute(text("DELETE FROM organizations"))
        await work.execute(text("DELETE FROM comments"))
    found = await only(database, "looked_at")
    assert (found.actor_id, *place(found)) == (world.ben.id, world.analytical.id, world.atlas.id)


def test_the_audit_log_refers_to_nothing_by_a_foreign_key() -> None:
    assert AuditLog.__table__.foreign_keys == set()
    assert issubclass(AuditLog, Base)
