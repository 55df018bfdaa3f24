"""Transitions of states: those that are declared are done, and all others refused with the object as it stands."""

from enum import StrEnum, auto
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy import update as set_all

from db import tables
from db.base import tables as all_tables
from db.engine import Database
from db.errors import Conflict
from db.tables import CommentStatus, EnrollmentStatus, PaymentStatus
from db.transitions import TRANSITIONS, described, may_become, transition
from db.write import Work
from graphql_schema.core.mutations import Steps
from tests.conftest import Graph
from tests.db.scratch import scratch
from tests.world import World

UNREACHED = {"project_members.status": {"INVITED"}}
"""States that nothing leads to: it is how rows from elsewhere begin."""
MACHINES = [column for table in all_tables() for column in table.__table__.c if column.name.endswith("status")]


def test_a_declared_transition_is_done_and_said_to_change_something() -> None:
    thread = tables.CommentThread(status=CommentStatus.OPEN)
    assert transition(thread, CommentStatus.RESOLVED)
    assert thread.status is CommentStatus.RESOLVED


def test_a_row_that_is_in_the_state_already_stays_as_it_is() -> None:
    enrollment = tables.Enrollment(status=EnrollmentStatus.CANCELLED)
    assert not transition(enrollment, EnrollmentStatus.CANCELLED)


def test_any_other_transition_is_a_conflict_that_says_the_state_and_has_the_row() -> None:
    enrollment = tables.Enrollment(status=EnrollmentStatus.CANCELLED, payment_status=PaymentStatus.REFUNDED)
    with pytest.raises(Conflict, match="This is CANCELLED and cannot become ACTIVE") as refused:
        transition(enrollment, EnrollmentStatus.ACTIVE, at="enrollmentId")
    assert (refused.value.current, refused.value.at) == (enrollment, "enrollmentId")
    with pytest.raises(Conflict, match="This is REFUNDED and cannot become COMPLETED"):
        transition(enrollment, PaymentStatus.COMPLETED)
    assert (enrollment.status, enrollment.payment_status) == (EnrollmentStatus.CANCELLED, PaymentStatus.REFUNDED)


def test_a_state_of_something_else_is_a_mistake_of_ours() -> None:
    class Weather(StrEnum):
        FINE = auto()

    with pytest.raises(ValueError, match="not enough values"):
        transition(tables.CommentThread(status=CommentStatus.OPEN), Weather.FINE)


async def test_a_statement_finds_the_rows_that_a_state_may_follow(database: Database, world: World) -> None:
    enrollment = tables.Enrollment
    async with scratch(database) as session:
        found = select(enrollment.id).where(may_become(enrollment, EnrollmentStatus.EXPIRED))
        assert (await session.scalars(found)).all() == [world.enrollment.id]
        await session.execute(set_all(enrollment).values(status=EnrollmentStatus.CANCELLED))
        assert (await session.scalars(found)).all() == []


async def test_a_refused_transition_is_told_in_the_payload_beside_the_object(graph: Graph, world: World) -> None:
    async def take_up_again(work: Work) -> None:
        enrollment = await (await work.session()).get_one(tables.Enrollment, world.enrollment.id)
        transition(enrollment, EnrollmentStatus.CANCELLED)
        transition(enrollment, EnrollmentStatus.ACTIVE)

    mutation = Steps("Fails.", take_up_again, returns={"enrollment": tables.Enrollment}, guests=False)
    payload = await mutation.resolve(None, graph.context("sam"), "takeUpAgain", {})
    refused = {"code": "CONFLICT", "message": "This is CANCELLED and cannot become ACTIVE.", "at": None}
    assert payload == {"enrollment": world.enrollment.id, "errors": [refused]}


@pytest.mark.parametrize("column", MACHINES, ids=str)
def test_every_status_says_what_may_follow_it_and_can_be_reached(column: Any) -> None:
    transitions = column.info.get(TRANSITIONS)
    assert transitions, "declare it with db.base.state(…, transitions={…})"
    states = set(column.type.python_type)
    reached = {column.default.arg} | {state for following in transitions.values() for state in following}
    assert transitions.keys() <= states
    assert reached == states - UNREACHED.get(str(column), set())


def test_transitions_are_printed_for_the_review() -> None:
    assert described(tables.CommentThread.__table__) == ["status: OPEN → RESOLVED", "status: RESOLVED → OPEN"]
