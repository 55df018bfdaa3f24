"""What a table gets by being declared, and what it cannot be declared without."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import BigInteger, update

from db import tables
from db.access import GUEST
from db.base import Base
from db.base import tables as all_tables
from db.engine import Database
from db.rules import everyone
from tests.world import World

UNCHANGING = {
    "audit_logs": "what was noted stays as it is",
    "commits": "a commit is what its hash says",
    "course_prerequisites": "a course requires another, or does not",
    "delivery_keys": "a mark is set once",
    "document_versions": "a version is what was saved once",
    "exercise_answers": "the right answers to an exercise are written anew with it",
    "learning_module_prerequisites": "a module requires another, or does not",
    "outbox_events": "an event says what happened",
    "outbox_epochs": "an epoch begins, and another comes after it",
    "outbox_topics": "a sequence counts up, and its events say when",
    "passkey_challenges": "a challenge is answered once",
    "reactions": "a reaction is given and taken back",
    "touched_days": "a mark is made, and taken away",
    "webhook_deliveries": "a delivery arrives once",
}
"""The tables whose rows are written once, with the reason why."""


def test_a_table_without_a_rule_cannot_be_declared() -> None:
    with pytest.raises(TypeError, match="Secret needs a rule and a prefix"):

        class Secret(Base, prefix="sec"):
            __tablename__ = "secrets"


def test_a_table_without_a_prefix_cannot_be_declared() -> None:
    with pytest.raises(TypeError, match="Secret needs a rule and a prefix"):

        class Secret(Base, access=everyone()):
            __tablename__ = "secrets"


def test_a_refused_table_leaves_nothing_behind() -> None:
    assert "secrets" not in Base.metadata.tables
    assert "secrets" not in {table.__tablename__ for table in all_tables()}


def test_the_names_of_constraints_follow_from_their_columns() -> None:
    table = Base.metadata.tables["enrollments"]
    names = {str(constraint.name) for constraint in table.constraints} | {str(index.name) for index in table.indexes}
    assert {"pk_enrollments", "fk_enrollments_user_id", "uq_enrollments_user_id_course_id"} <= names
    assert {"ix_enrollments_course_id_status", "ck_enrollments_payment_amount"} <= names


async def test_the_database_fills_in_times_and_defaults(database: Database, world: World) -> None:
    async with database.work(world.viewer("ada")) as work:
        project = await work.add(tables.SpecificationProject(name="New", owner_id=world.ada.id))
        assert project.settings == {}
    assert datetime.now(UTC) - project.created_at < timedelta(minutes=1)
    assert project.updated_at == project.created_at


async def test_the_database_keeps_the_time_of_the_last_change_whoever_writes(database: Database, world: World) -> None:
    async with database.work(GUEST) as work:
        await work.execute(
            update(tables.User)
            .where(tables.User.id == world.ada.id)
            .values(bio="Hi", updated_at=datetime(2000, 1, 1, tzinfo=UTC))
        )
    async with database.read() as session:
        changed, untouched = [await session.get_one(tables.User, user.id) for user in (world.ada, world.ben)]
    assert changed.updated_at > world.ada.updated_at
    assert untouched.updated_at == world.ben.updated_at


def test_a_row_that_changes_knows_when() -> None:
    changing = {table.__tablename__ for table in all_tables() if "updated_at" in table.__table__.c}
    assert {table.__tablename__ for table in all_tables()} - changing == set(UNCHANGING)


def test_what_another_system_numbers_has_room_for_its_numbers() -> None:
    numbered = [column for table in all_tables() for column in table.__table__.c if column.name.endswith("_id")]
    foreign = [column for column in numbered if issubclass(column.type.python_type, int)]
    assert foreign
    assert [column for column in foreign if not isinstance(column.type, BigInteger)] == []
