"""Every mutation moves the sequences of the roots that its rows hang on, and of what people have access to.

Which rows it writes PostgreSQL says, by a trigger on every table; where they hang is asked of the access rules.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from db.access import alternatives, rule_of
from db.actions import accounts
from db.address import Address
from db.base import Base, tables
from db.engine import Database
from db.outbox import Event, OutboxEvent, topic, viewer_topic
from db.permissions import SEE
from db.roots import above, noun
from db.rules import Member, Owner
from db.tables import CourseProgress, DocumentVisit, ModuleProgress, QuizAttempt, Session
from tests.conftest import TEMPLATE, Graph
from tests.databases import Databases
from tests.graphql_schema.asking import done, with_ids
from tests.graphql_schema.test_audit import MUTATIONS as AUDITED
from tests.graphql_schema.test_audit import asked
from tests.invariants.schema import object_type
from tests.world import World

UNVERSIONED = {
    "audit_logs": "every change adds an entry: what lists them is as new as the change that moved another root",
    "idempotency_keys": "nobody reads them in the graph",
}
"""The tables whose rows move no sequence, with the reason."""

MUTATIONS = AUDITED | {
    "archiveNotifications": ("ben", {"notificationIds": ["@welcome"]}),
    "markDocumentSeen": ("vera", {"documentId": "@design", "version": 2}),
    "addWatchTime": ("sam", {"lessonId": "@logic_1_2", "seconds": 60}),
    "openCourse": ("sam", {"courseId": "@logic"}),
    "markNotificationsRead": ("ben", {"notificationIds": ["@invitation"]}),
    "purgeCourse": ("root", {"courseId": "@draft"}),
    "reactivateUser": ("root", {"userId": "@ben"}),
    "replayPaymentEvents": ("root", {"eventIds": ["@payment_event"]}),
    "requestMissingEvents": ("ada", {"repositoryId": "@engine"}),
    "requestEmailVerification": ("ben", {}),
    "requestPasswordReset": (None, {"email": "ben@example.com"}),
    "requestSignInLink": (None, {"email": "ben@example.com"}),
    "restoreCourse": ("ines", {"courseId": "@draft"}),
    "revokeOtherSessions": ("ben", {}),
    "signalTyping": ("ben", {"documentId": "@design"}),
    "testNotificationRule": ("ben", {"ruleId": "@bens_rule"}),
    "unlockUser": ("root", {"userId": "@ben"}),
}
OF_DEVICES = [name for name in object_type("Mutation").fields if "Passkey" in name]
MUTATIONS |= dict.fromkeys(OF_DEVICES, ("ada", {}))
BY_ITSELF = {"requestEmailVerification", "revokeOtherSessions", "signOut", "signalTyping", *OF_DEVICES}
BY_ITSELF |= {
    "purgeCourse",
    "restoreCourse",
    "reactivateUser",
    "requestPasswordReset",
    "requestSignInLink",
    "testNotificationRule",
    "unlockUser",
    "replayPaymentEvents",
    "requestMissingEvents",
}
"""The mutations that need more than an input to change something, or that change nothing that anybody sees."""
UNSEEN = {"links", "class"}
"""The first parts of topics that are no roots, which are there for the jobs and the hearers of their events."""
NOTE = (
    "CREATE TABLE noted (place int GENERATED ALWAYS AS IDENTITY, name text, content jsonb)",
    """CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO noted (name, content)
        SELECT TG_ARGV[0], row FROM (VALUES (to_jsonb(OLD)), (to_jsonb(NEW))) AS rows (row) WHERE row IS NOT NULL;
        RETURN NULL;
    END $$""",
)
BY_NAME = {table.__tablename__: table for table in tables()}
MEMBERSHIPS = {
    rule.memberships
    for table in tables()
    for rule in alternatives(rule_of(table.__table__))
    if isinstance(rule, Member)
}
"""The tables whose rows say what a person has access to."""


@pytest.fixture(scope="session")
def noting(databases: Databases, template: World) -> str:
    """The name of a database with the small world, and with a note of every row that is written."""
    url = databases.create("noting", template=TEMPLATE)
    asyncio.run(_note(url))
    databases.remember("noting")
    return "noting"


async def _note(url: str) -> None:
    connection = await Address.parse(url).connect()
    for statement in NOTE:
        await connection.execute(statement)
    for name in BY_NAME:
        trigger = f"CREATE TRIGGER noting AFTER INSERT OR UPDATE OR DELETE ON {name} FOR EACH ROW"
        await connection.execute(f"{trigger} EXECUTE FUNCTION note('{name}')")
    await connection.close()


@pytest.fixture
def database_url(databases: Databases, noting: str) -> Iterator[str]:
    """A database in which rows that are written are noted."""
    with databases.lent(noting) as url:
        yield url


def test_every_mutation_is_among_them() -> None:
    assert set(MUTATIONS) == set(object_type("Mutation").fields)


@pytest.mark.parametrize("mutation", sorted(MUTATIONS.keys() - BY_ITSELF))
async def test_a_mutation_moves_the_roots_of_all_rows_that_it_writes(graph: Graph, world: World, mutation: str) -> None:
    who, given = MUTATIONS[mutation]
    await done(graph, who, asked(mutation), **with_ids(world, given))
    async with graph.database.read() as session:
        noted = (await session.execute(text("SELECT name, content FROM noted ORDER BY place"))).all()
        moved = set(await session.scalars(select(OutboxEvent.topic)))
    rows = [(BY_NAME[name], row) for name, row in noted if is_read(BY_NAME[name]) and not is_counted(name, row, moved)]
    assert rows
    known = {UUID(row["id"]): row for _, row in rows}
    roots = {await root(graph.database, table, row, known) for table, row in rows} - {None}
    people = viewers(rows) | await members(graph.database, rows)
    assert roots | people == {one for one in moved if one.split(":")[0] not in UNSEEN}


async def test_whoever_signs_out_moves_what_hangs_on_them(database: Database, world: World) -> None:
    async with database.read() as reading:
        session = (await reading.scalars(select(Session).where(Session.user_id == world.ben.id))).one()
    async with database.work(replace(world.viewer("ben"), session_id=session.id)) as work:
        await accounts.sign_out(work)
    assert work.events == [Event(topic("user", world.ben.id), accounts.SESSIONS_ENDED)]


def is_counted(name: str, row: dict[str, Any], moved: set[str]) -> bool:
    """Whether a row is how far a student is in a course that moves: of all of them these are counted anew with it."""
    return name == "course_progress" and topic("course", UUID(row["course_id"])) in moved


def is_read(table: type[Base]) -> bool:
    """Whether somebody sees rows of a table, and not under a version of their own."""
    rules = alternatives(rule_of(table.__table__))
    return any(rule.describe(SEE) for rule in rules) and table.__tablename__ not in UNVERSIONED


async def root(database: Database, table: type[Base], row: dict[str, Any], known: dict[UUID, Any]) -> str | None:
    """The topic of the root of a row, which may be gone; None for a row that hangs on nothing any more."""
    while (column := above(table.__table__)) is not None:
        if row[column.name] is None:
            return None
        key = UUID(row[column.name])
        table = BY_NAME[next(iter(column.foreign_keys)).column.table.name]
        row = known.get(key) or await content(database, table, key)
    if table is CourseProgress:
        return topic("progress", UUID(row["user_id"]), UUID(row["course_id"]))
    if table is ModuleProgress:
        return topic("module_progress", UUID(row["user_id"]), UUID(row["module_id"]))
    if table is QuizAttempt:
        return topic("quiz_attempts", UUID(row["user_id"]), UUID(row["quiz_id"]))
    if table is DocumentVisit:
        return topic("visits", UUID(row["user_id"]))
    return topic(noun(table), UUID(row["id"]))


async def content(database: Database, table: type[Base], key: UUID) -> dict[str, Any]:
    async with database.read() as session:
        found = text(f"SELECT to_jsonb(one) FROM {table.__tablename__} AS one WHERE id = :key")  # noqa: S608  (a table)
        row: dict[str, Any] = await session.scalar(found, {"key": key})
        return row


def viewers(rows: list[tuple[type[Base], dict[str, Any]]]) -> set[str]:
    """The topics of the people who have access to more or less: by memberships, and by what many see and they own."""
    found = {row["user_id"] for table, row in rows if table.__tablename__ in MEMBERSHIPS}
    created = [(table, row) for table, row in rows if above(table.__table__) is None]
    for table, row in created:
        owners = [rule.column for rule in alternatives(rule_of(table.__table__)) if isinstance(rule, Owner)]
        seen = [before for other, before in created if other is table and before["id"] == row["id"]]
        found |= {row[name] for name in owners if name != "id" and len({one[name] for one in seen}) == len(seen)}
    return {viewer_topic(UUID(key)) for key in found if key}


async def members(database: Database, rows: list[tuple[type[Base], dict[str, Any]]]) -> set[str]:
    """The topics of the people of whom a row says itself, beside their memberships in something else, who sees it."""
    found: set[UUID] = set()
    for table, row in rows:
        for rule in alternatives(rule_of(table.__table__)):
            if isinstance(rule, Member) and rule.key != "id":
                member: Any = BY_NAME[rule.memberships]
                async with database.read() as session:
                    of_row = getattr(member, rule.group) == UUID(row[rule.key])
                    found |= set(await session.scalars(select(member.user_id).where(of_row)))
    return set(map(viewer_topic, found))
