"""An enrollment becomes completed, expired or cancelled, each once and from ACTIVE alone, whoever comes first."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from db import tables
from db.access import GUEST
from db.actions import enrollments
from db.tables import EnrollmentStatus, PaymentStatus
from db.transitions import described
from tests.conftest import Graph
from tests.db.actions.test_media import run
from tests.db.waiting import until
from tests.graphql_schema.asking import change, done, refusal
from tests.graphql_schema.courses.test_enrollment_mutations import CANCEL
from tests.graphql_schema.courses.test_mutations import COMPLETE, ENROLL
from tests.world import NOON, World

PLACES = """
    query ($course: ID!) {
      viewer { enrollments { nodes { status expiresAt completedAt certificates { nodes { certificateNo } } } } }
      node(id: $course) { ... on Course { viewerEnrollment { id status } viewerProgress { completedLessons } } }
    }
"""


async def begin_the_last_lesson(graph: Graph, world: World) -> None:
    """Have Sam do all lessons of Logic but the last one."""
    for lesson in (world.logic_1_2, world.logic_2_1):
        await done(graph, "sam", COMPLETE, lessonId=lesson.public_id)


async def finish(graph: Graph, world: World) -> Any:
    given = {"lessonId": world.logic_2_2.public_id}
    return (await graph.data("sam", COMPLETE, input=given))["completeLesson"]


async def ended(graph: Graph, world: World) -> tuple[EnrollmentStatus, bool]:
    """The state of Sam's enrollment, and whether Sam has a certificate of the course that holds."""
    row = tables.Certificate
    held = select(func.count()).where(row.enrollment_id == world.enrollment.id, row.revoked_at.is_(None))
    async with graph.database.read() as reading:
        found = await reading.get_one(tables.Enrollment, world.enrollment.id)
        return found.status, bool(await reading.scalar(held))


def test_05_states_follow_each_other_in_three_ways() -> None:
    machine = [line for line in described(tables.Enrollment.__table__) if line.startswith("status")]
    assert machine == ["status: ACTIVE → COMPLETED, EXPIRED, CANCELLED"]


@pytest.mark.parametrize("state", [one for one in EnrollmentStatus if one is not EnrollmentStatus.ACTIVE])
async def test_05_a_state_that_has_ended_stays(graph: Graph, world: World, state: EnrollmentStatus) -> None:
    await begin_the_last_lesson(graph, world)
    completed_at = NOON if state is EnrollmentStatus.COMPLETED else None
    await change(graph.database, world.enrollment, status=state, completed_at=completed_at)
    await finish(graph, world)
    await graph.data("sam", CANCEL, input={"enrollmentId": world.enrollment.public_id})
    await change(graph.database, world.enrollment, expires_at=NOON)
    await run(graph.database, "expire_enrollments")
    assert (await ended(graph, world))[0] is state


async def test_05_a_time_that_is_over_is_ended_by_a_job_and_another_can_begin(graph: Graph, world: World) -> None:
    await change(graph.database, world.logic, access_days=7)
    await change(graph.database, world.enrollment, expires_at=NOON)
    assert await refusal(graph, "sam", COMPLETE, lessonId=world.logic_1_2.public_id) == (
        "FORBIDDEN",
        "input.lessonId",
    ), "at once, and not when the job has run"
    await run(graph.database, "expire_enrollments")
    assert (await ended(graph, world))[0] is EnrollmentStatus.EXPIRED
    await done(graph, "sam", ENROLL, courseId=world.logic.public_id)
    found = await graph.data("sam", PLACES, course=world.logic.public_id)
    assert sorted(place["status"] for place in found["viewer"]["enrollments"]["nodes"]) == ["ACTIVE", "EXPIRED"]
    assert found["node"]["viewerEnrollment"]["status"] == "ACTIVE"
    assert found["node"]["viewerProgress"] == {"completedLessons": 1}, "what was learned stays"


@pytest.mark.usefixtures("patient")
async def test_05_a_lesson_that_was_begun_in_time_completes_a_course_whose_time_ends_meanwhile(
    graph: Graph, world: World
) -> None:
    await begin_the_last_lesson(graph, world)
    soon = datetime.now(UTC) + timedelta(seconds=2)
    await change(graph.database, world.enrollment, expires_at=soon)
    async with graph.database.work(world.viewer("sam")) as work:
        await enrollments.complete_lesson(work, world.logic_2_2)
        await until(graph.database, "SELECT now() > CAST(:soon AS timestamptz)", soon=soon)
        await run(graph.database, "expire_enrollments")
    await run(graph.database, "expire_enrollments")
    assert await ended(graph, world) == (EnrollmentStatus.COMPLETED, True)


@pytest.mark.usefixtures("patient")
async def test_05_a_lesson_that_comes_behind_the_end_completes_nothing(graph: Graph, world: World) -> None:
    await begin_the_last_lesson(graph, world)
    async with graph.database.work(GUEST) as work:
        row = tables.Enrollment
        await work.execute(update(row).where(row.id == world.enrollment.id).values(status=EnrollmentStatus.EXPIRED))
        last = asyncio.create_task(refusal(graph, "sam", COMPLETE, lessonId=world.logic_2_2.public_id))
        await until(graph.database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
    assert await last == ("FORBIDDEN", "input.lessonId")
    assert await ended(graph, world) == (EnrollmentStatus.EXPIRED, False)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("turn", range(6))
async def test_05_of_leaving_and_finishing_at_once_one_wins(graph: Graph, world: World, turn: int) -> None:
    await begin_the_last_lesson(graph, world)
    both = [
        finish(graph, world),
        graph.data("sam", CANCEL, input={"enrollmentId": world.enrollment.public_id}),
    ]
    await asyncio.gather(*both[:: 1 if turn % 2 else -1])
    status, is_certified = await ended(graph, world)
    assert status in (EnrollmentStatus.COMPLETED, EnrollmentStatus.CANCELLED)
    assert is_certified == (status is EnrollmentStatus.COMPLETED)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("turn", range(6))
async def test_05_who_is_paid_back_while_they_finish_has_no_certificate_without_completion(
    graph: Graph, world: World, turn: int
) -> None:
    await begin_the_last_lesson(graph, world)

    async def refund() -> None:
        async with graph.database.work(GUEST) as work:
            row = tables.Enrollment
            place = (await work.scalars(select(row).where(row.id == world.enrollment.id).with_for_update())).one()
            place.payment_status = PaymentStatus.REFUNDED
            if place.status is EnrollmentStatus.ACTIVE:
                place.status = EnrollmentStatus.CANCELLED

    both = [finish(graph, world), refund()]
    await asyncio.gather(*both[:: 1 if turn % 2 else -1])
    status, is_certified = await ended(graph, world)
    assert status in (EnrollmentStatus.COMPLETED, EnrollmentStatus.CANCELLED)
    assert is_certified == (status is EnrollmentStatus.COMPLETED), "who was faster is certified until that is revoked"
