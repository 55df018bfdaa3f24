"""A change as one statement: found under its rule, changed, told; many at once where it adds something."""

import asyncio
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select, update

from db import tables
from db.access import any_row
from db.change import declared
from db.change.declared import Addition, Change, Deletion, Update
from db.change.making import made
from db.change.parts import Form
from db.change.statement import statement
from db.engine import Database
from db.errors import BadInput, Conflict, Forbidden, NotFound
from db.outbox import OutboxEvent
from db.permissions import COMMENT, EDIT, MANAGE, OWN, SEE
from db.tables import CommentStatus, DocumentStatus, ProjectStatus
from graphql_schema.specs import mutations
from tests.conftest import NotingDatabase
from tests.graphql_schema.asking import change
from tests.world import World

PROJECTS = tables.SpecificationProject.__table__.alias()
PAGE = Path(inspect.getfile(declared)).parent / "README.md"

ADD = Addition(
    table=tables.CommentThread,
    may=COMMENT,
    at="thread_id",
    tells="COMMENT_ADDED",
    shows={"comment": tables.Comment},
    row=lambda thread, input, viewer: tables.Comment(thread_id=thread.id, author_id=viewer, content=input.content),
)
EDIT_DOCUMENT = Update(
    table=tables.SpecificationDocument,
    may=EDIT,
    at="document_id",
    version="expected_version",
    tells="DOCUMENT_EDITED",
    shows={"document": tables.SpecificationDocument},
    set=lambda document, input, viewer: {"content": input.content, "status": DocumentStatus.DRAFT},
    also=lambda document, input, viewer: tables.DocumentVersion(
        document_id=document.id, version=document.version, content=document.content, author_id=viewer
    ),
)
RESOLVE = Update(
    table=tables.CommentThread,
    may=COMMENT,
    at="thread_id",
    to=CommentStatus.RESOLVED,
    tells="THREAD_RESOLVED",
    shows={"thread": tables.CommentThread},
    set=lambda thread, input, viewer: {"resolved_at": func.now(), "resolved_by_id": viewer},
)
SUBMIT = Update(
    table=tables.SpecificationDocument,
    may=EDIT,
    at="document_id",
    to=DocumentStatus.REVIEW,
    version="expected_version",
    unless=(
        lambda document, viewer: any_row(PROJECTS, PROJECTS.c.id == document.project_id, PROJECTS.c.owner_id != viewer),
        Forbidden("Not you."),
    ),
    shows={"document": tables.SpecificationDocument},
)
TAKE_UP = Update(
    table=tables.SpecificationDocument,
    may=MANAGE,
    at="document_id",
    to=DocumentStatus.DRAFT,
    shows={"document": tables.SpecificationDocument},
)
DELETE = Deletion(
    table=tables.Comment,
    may=(OWN, MANAGE),
    at="comment_id",
    tells="COMMENT_DELETED",
    shows={"thread": tables.CommentThread},
)

OPEN = Addition(
    table=tables.SpecificationDocument,
    may=COMMENT,
    at="document_id",
    shows={"thread": tables.CommentThread},
    row=lambda document, input, viewer: tables.CommentThread(document_id=document.id, line=1, end_line=1),
)
VISIT = Addition(
    table=tables.SpecificationDocument,
    may=SEE,
    at="document_id",
    shows={"visit": tables.DocumentVisit},
    is_audited=False,
    row=lambda document, input, viewer: tables.DocumentVisit(
        document_id=document.id, user_id=viewer, version=input.version, sequence=0, seen_at=func.now()
    ),
    renews=lambda old, new: {"version": old.version + new.version},
)
DELETE_THREAD = Deletion(
    table=tables.CommentThread, may=MANAGE, at="thread_id", shows={"document": tables.SpecificationDocument}
)


@dataclass(frozen=True)
class Doing:
    """Makes changes of the world, as one person after another."""

    database: NotingDatabase
    world: World

    async def __call__(self, who: str, change: Change, **given: Any) -> Any:
        viewer = self.world.viewer(who)
        one = statement(change, viewer.typical, form=Form.ALONE)
        return await made(change, self.database, viewer, SimpleNamespace(**given), one, {"request_id": None})

    async def events(self) -> list[tuple[str, int]]:
        async with self.database.read() as session:
            found = select(OutboxEvent.kind, OutboxEvent.sequence).order_by(OutboxEvent.sequence)
            return [tuple(row) for row in await session.execute(found)]


@pytest.fixture
def do(database: NotingDatabase, world: World) -> Doing:
    return Doing(database, world)


async def test_an_addition_is_made_and_told(do: Doing, world: World) -> None:
    row = await do("ben", ADD, thread_id=world.thread_0.public_id, content="Yes")
    async with do.database.read() as session:
        comment = await session.get_one(tables.Comment, row[1])
        event = (await session.scalars(select(OutboxEvent))).one()
    assert (comment.content, comment.author_id, comment.thread_id) == ("Yes", world.ben.id, world.thread_0.id)
    assert (event.topic, event.sequence, event.kind) == (f"project:{world.atlas.id.hex}", 1, "COMMENT_ADDED")
    named = {"project": world.atlas, "document": world.requirements, "thread": world.thread_0, "comment": comment}
    assert event.ids == {name: row.public_id for name, row in named.items()}


@pytest.mark.parametrize(("who", "error"), [("vera", Forbidden), ("olga", NotFound)])
async def test_whoever_may_not_is_refused_and_nothing_is_told(
    do: Doing, world: World, who: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as refused:
        await do(who, ADD, thread_id=world.thread_0.public_id, content="No")
    assert getattr(refused.value, "at", None) == "threadId"
    assert await do.events() == []


async def test_an_addition_can_renew_the_row_that_is_there(do: Doing, world: World) -> None:
    given = {"document_id": world.design.public_id}
    first, again = await do("ben", VISIT, version=2, **given), await do("ben", VISIT, version=5, **given)
    assert again[1] == first[1]
    async with do.database.read() as session:
        visit = await session.get_one(tables.DocumentVisit, first[1])
        events = list(await session.scalars(select(OutboxEvent).order_by(OutboxEvent.sequence)))
        noted = tables.AuditLog.resource_id.in_([visit.id, world.design.id])
        assert await session.scalar(select(func.count()).where(noted)) == 0
    assert visit.version == 7
    assert [event.topic for event in events] == [f"visits:{world.ben.id.hex}"] * 2
    assert {event.ids["visit"] for event in events} == {visit.public_id}


async def test_whoever_changes_nothing_of_a_row_needs_it_not_to_be_open(do: Doing, world: World) -> None:
    await change(do.database, world.atlas, status=ProjectStatus.ARCHIVED)
    given = {"document_id": world.design.public_id}
    assert (await do("vera", VISIT, version=2, **given))[1]
    with pytest.raises(Forbidden):
        await do("ada", OPEN, **given)


async def test_many_additions_of_one_moment_are_one_statement(do: Doing, world: World) -> None:
    async def add(number: int, who: str, thread: Any) -> Any:
        try:
            return (await do(who, ADD, thread_id=thread.public_id, content=f"{number}"))[1]
        except (Forbidden, NotFound) as refused:
            return type(refused)

    runs: list[str] = []
    run = do.database.changes.run

    async def noting(sql: str, *arguments: Any, **options: Any) -> Any:
        runs.append(sql)
        return await run(sql, *arguments, **options)

    do.database.changes.run = noting
    people = ["ben", "vera", "ada", "olga", "ben", "ada", "ben"]
    threads = [world.thread_0, world.thread_1, world.settled]
    given = [(number, who, threads[number % 3]) for number, who in enumerate(people)]
    answers = await asyncio.gather(*(add(*one) for one in given))
    assert len(runs) == 1
    assert [answer in (Forbidden, NotFound) for answer in answers] == [who in ("vera", "olga") for who in people]
    async with do.database.read() as session:
        for answer, (number, _, thread) in zip(answers, given, strict=True):
            if answer not in (Forbidden, NotFound):
                comment = await session.get_one(tables.Comment, answer)
                assert (comment.content, comment.thread_id) == (str(number), thread.id)
    assert [sequence for _, sequence in await do.events()] == [1, 2, 3, 4, 5]


async def test_one_that_is_refused_leaves_the_others_of_its_moment_whole(do: Doing, world: World) -> None:
    thread = world.thread_0.public_id
    adding = (do("ben", ADD, thread_id=thread, content=content) for content in ("a", " ", "b"))
    first: Any
    last: Any
    first, blank, last = await asyncio.gather(*adding, return_exceptions=True)
    assert isinstance(blank, BadInput)
    assert first[1] != last[1]
    assert [sequence for _, sequence in await do.events()] == [1, 2]


async def test_a_text_is_saved_over_the_version_that_its_author_saw(do: Doing, world: World) -> None:
    row = await do("ben", EDIT_DOCUMENT, document_id=world.requirements.public_id, content="New", expected_version=2)
    assert row[0] == row[1] == world.requirements.id
    async with do.database.read() as session:
        document = await session.get_one(tables.SpecificationDocument, world.requirements.id)
        version = tables.DocumentVersion
        saved = (
            await session.scalars(select(version).where(version.document_id == document.id, version.version == 3))
        ).one()
    assert (document.content, document.version, saved.content, saved.author_id) == ("New", 3, "New", world.ben.id)


async def test_another_version_is_a_conflict_and_the_text_that_is_there_is_no_change(do: Doing, world: World) -> None:
    document = world.requirements
    old = await do("ben", EDIT_DOCUMENT, document_id=document.public_id, content="New", expected_version=1)
    same = await do("ben", EDIT_DOCUMENT, document_id=document.public_id, content=document.content, expected_version=2)
    assert (old[1], same[1]) == (None, None)
    conflict = EDIT_DOCUMENT.refusal(old[2], SimpleNamespace(expected_version=1))
    assert isinstance(conflict, Conflict)
    assert conflict.message == "The document is at version 2 by now; you changed version 1."
    assert EDIT_DOCUMENT.refusal(same[2], SimpleNamespace(expected_version=2)) is None
    assert await do.events() == []


async def test_a_state_is_reached_once(do: Doing, world: World) -> None:
    first, second = [await do("ben", RESOLVE, thread_id=world.thread_0.public_id) for _ in range(2)]
    assert (first[1], second[1]) == (world.thread_0.id, None)
    assert RESOLVE.refusal(second[2], None) is None
    assert await do.events() == [("THREAD_RESOLVED", 1)]


async def test_what_is_brought_to_a_state_keeps_the_version_that_it_needs(do: Doing, world: World) -> None:
    document = {"document_id": world.requirements.public_id}
    old = await do("ada", SUBMIT, **document, expected_version=1)
    assert old[1] is None
    refused = SUBMIT.refusal(old[2], SimpleNamespace(**document, expected_version=1))
    assert refused is not None
    assert (type(refused), refused.message) == (Conflict, "The document is at version 2 by now; you saw version 1.")
    assert (await do("ada", SUBMIT, **document, expected_version=2))[1] == world.requirements.id
    async with do.database.read() as session:
        found = await session.get_one(tables.SpecificationDocument, world.requirements.id)
    assert (found.version, found.status) == (2, DocumentStatus.REVIEW)


async def test_whoever_meets_the_condition_is_refused_and_nothing_is_changed(do: Doing, world: World) -> None:
    document = {"document_id": world.requirements.public_id, "expected_version": 2}
    row = await do("ben", SUBMIT, **document)
    refused = SUBMIT.refusal(row[2], SimpleNamespace(**document))
    assert refused is not None
    assert (row[1], type(refused), refused.message, refused.at) == (None, Forbidden, "Not you.", "documentId")
    assert await do.events() == []


async def test_what_is_in_the_state_already_refuses_nobody(do: Doing, world: World) -> None:
    document = {"document_id": world.requirements.public_id, "expected_version": 2}
    await do("ada", SUBMIT, **document)
    row = await do("ben", SUBMIT, **document)
    assert (row[1], SUBMIT.refusal(row[2], SimpleNamespace(**document))) == (None, None)


async def test_changes_of_one_moment_are_refused_each_by_itself(do: Doing, world: World) -> None:
    document = {"document_id": world.requirements.public_id, "expected_version": 2}
    rows = await asyncio.gather(*(do(who, SUBMIT, **document) for who in ("ben", "ada")))
    assert [row[1] for row in rows] == [None, world.requirements.id]


async def test_a_closed_row_is_brought_to_the_states_that_may_follow(do: Doing, world: World) -> None:
    row_ = tables.SpecificationDocument
    archived = update(row_).where(row_.id == world.requirements.id).values(status=DocumentStatus.ARCHIVED)
    async with do.database.work(world.viewer("ada")) as work:
        await work.execute(archived)
    document = {"document_id": world.requirements.public_id}
    row = await do("ada", SUBMIT, **document, expected_version=2)
    refused = SUBMIT.refusal(row[2], SimpleNamespace(**document, expected_version=2))
    assert refused is not None
    assert refused.message == "This is ARCHIVED and cannot become REVIEW."
    assert (await do("ada", TAKE_UP, **document))[1] == world.requirements.id


async def test_a_row_is_deleted_by_whoever_may(do: Doing, world: World) -> None:
    with pytest.raises(Forbidden):
        await do("ben", DELETE, comment_id=world.comment.public_id)
    row = await do("ada", DELETE, comment_id=world.comment.public_id)
    assert (row[1], row[6]) == (world.comment.id, world.comment.thread_id)
    with pytest.raises(NotFound):
        await do("ada", DELETE, comment_id=world.comment.public_id)
    assert await do.events() == [("COMMENT_DELETED", 1)]


async def test_in_a_transaction_it_is_told_at_the_end(do: Doing, database: Database, world: World) -> None:
    viewer = world.viewer("ben")
    one = statement(ADD, viewer.typical, form=Form.PART)
    async with database.transaction() as transaction:
        for content in ("One", "Two"):
            given = SimpleNamespace(thread_id=world.thread_0.public_id, content=content)
            await made(ADD, transaction, viewer, given, one, {"request_id": None})
        assert await do.events() == []
    assert await do.events() == [("COMMENT_ADDED", 1), ("COMMENT_ADDED", 2)]


@pytest.mark.usefixtures("patient")
async def test_many_writers_of_one_document_lose_and_reorder_nothing(do: Doing, world: World) -> None:
    """Half of them save it, each over the version that it was told last; the others talk about it."""
    document = world.requirements

    async def save(number: int) -> int:
        expected = 2
        while True:
            given = {"document_id": document.public_id, "content": f"Text {number}", "expected_version": expected}
            row = await do("ben", EDIT_DOCUMENT, **given)
            if row[1] is not None:
                return expected + 1
            assert int(row[2][0]) > expected, "what is told of a conflict is the document as it stands"
            expected = int(row[2][0])

    saving = (save(number) for number in range(32))
    adding = (do("ada", ADD, thread_id=world.thread_0.public_id, content=f"{number}") for number in range(32))
    versions: list[int]
    versions, _ = await asyncio.gather(asyncio.gather(*saving), asyncio.gather(*adding))
    assert sorted(versions) == list(range(3, 35))
    assert [sequence for _, sequence in await do.events()] == list(range(1, 65))
    async with do.database.read() as session:
        version = tables.DocumentVersion
        saved = select(version.version, version.content).where(version.document_id == document.id, version.version > 2)
        texts = {row.version: row.content for row in await session.execute(saved.order_by(version.version))}
        now = await session.get_one(tables.SpecificationDocument, document.id)
    assert (list(texts), len(set(texts.values()))) == (list(range(3, 35)), 32)
    assert (now.version, now.content) == (34, texts[34])


@pytest.mark.usefixtures("patient")
async def test_additions_to_a_thread_and_its_deletion_do_not_wait_for_each_other_in_a_circle(
    do: Doing, world: World
) -> None:
    """A comment locks its thread before the topic, as the deletion does. Whoever comes late finds nothing."""
    threads = [await do("ben", OPEN, document_id=world.requirements.public_id) for _ in range(8)]
    public_ids = [f"thr_{row[1].hex}" for row in threads]

    def commenting() -> Iterator[Any]:
        return (do("ben", ADD, thread_id=public_id, content="x") for public_id in public_ids for _ in range(2))

    deleting = (do("ada", DELETE_THREAD, thread_id=public_id) for public_id in public_ids)
    done = await asyncio.gather(*commenting(), *deleting, *commenting(), return_exceptions=True)
    assert {type(one) for one in done if isinstance(one, Exception)} <= {NotFound}
    events = await do.events()
    assert len([kind for kind, _ in events if kind == "CHANGED"]) == 16
    assert [sequence for _, sequence in events] == list(range(1, len(events) + 1))


async def test_a_change_leaves_an_entry_in_the_audit_log_without_a_text(do: Doing, world: World) -> None:
    await do("ben", EDIT_DOCUMENT, document_id=world.requirements.public_id, content="Secret", expected_version=2)
    added = await do("ben", ADD, thread_id=world.thread_0.public_id, content="Secret")
    async with do.database.read() as session:
        log = tables.AuditLog
        said, edited = await session.scalars(select(log).order_by(log.sequence.desc()).limit(2))
    assert (edited.action, edited.resource_id) == ("document_edited", world.requirements.id)
    assert edited.details == {"fields": ["content", "version"]}
    assert (edited.before, edited.after) == ({"status": "DRAFT", "version": 2}, {"status": "DRAFT", "version": 3})
    assert (said.action, said.resource, said.resource_id, said.details) == ("comment_added", "comments", added[1], {})
    for entry in (edited, said):
        assert (entry.actor_id, entry.project_id) == (world.ben.id, world.atlas.id)
        assert entry.organization_id == world.analytical.id
        assert "Secret" not in str(vars(entry))


def test_the_page_shows_the_parts_of_a_statement_in_their_order(world: World) -> None:
    page = PAGE.read_text()
    [example], [sql] = (re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL) for kind in ("python", "sql"))
    assert example in Path(inspect.getfile(mutations)).read_text()
    written = statement(mutations.add_comment.change, world.viewer("ben").typical, form=Form.ALONE).sql
    assert re.findall(r"(?:^WITH |^)(\w+) AS", sql, re.MULTILINE) == re.findall(r"(?:^WITH |, \n)(\w+) AS", written)
