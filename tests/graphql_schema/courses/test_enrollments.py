"""What an enrollment opens and for how long, and how another begins after it: one at a time, whoever races whom."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from db import tables
from db.access import GUEST
from db.permissions import LEARN
from db.tables import EnrollmentStatus, PaymentStatus
from graphql_schema.core.fields import Column
from graphql_schema.core.strawberry_seam import TYPES, fields_of
from tests.conftest import Graph
from tests.db.waiting import until
from tests.graphql_schema.asking import add, change, done, refusal
from tests.graphql_schema.courses.test_mutations import COMPLETE, ENROLL, of_progress
from tests.world import NOON, World

CONTENT = """
    query ($module: ID!, $lesson: ID!) {
      module: node(id: $module) { ... on CourseModule { content videoUrl } }
      lesson: node(id: $lesson) { ... on Lesson { content videoUrl } }
    }
"""
IN_THE_CATALOGUE = {"title", "description", "order", "duration", "version"}
"""What everybody sees of the modules and lessons of a published course; the rest is what a student pays for."""

NEXT_YEAR = datetime.now(UTC) + timedelta(days=365)
SESSIONS = 12
"""How many at a time: fewer than there are connections, so that nobody is refused for waiting."""
ENDED: dict[str, dict[str, Any]] = {
    "cancelled": {"status": EnrollmentStatus.CANCELLED},
    "expired": {"status": EnrollmentStatus.EXPIRED},
    "over by its time alone": {"expires_at": NOON},
    "completed and paid back": {
        "status": EnrollmentStatus.COMPLETED,
        "completed_at": NOON,
        "payment_status": PaymentStatus.REFUNDED,
    },
    "never paid": {"payment_status": PaymentStatus.FAILED},
}
"""Ways in which an enrollment has ended so that another can begin."""


def test_what_is_paid_for_takes_the_permission_to_learn() -> None:
    for name in ("CourseModule", "Lesson"):
        declared = {field.python_name: field.declared for field in fields_of(TYPES[name])}
        columns = {name: it for name, it in declared.items() if isinstance(it, Column)}
        assert {name for name, it in columns.items() if it.needs is not LEARN} == IN_THE_CATALOGUE & columns.keys()


async def test_a_paid_course_is_open_while_its_enrollment_holds_is_paid_and_not_over(
    graph: Graph, world: World
) -> None:
    await with_a_film(graph, world)
    place = tables.Enrollment(user_id=world.sam.id, course_id=world.rhetoric.id)
    await add(graph.database, place)
    opened = set()
    for case in product(EnrollmentStatus, PaymentStatus, (None, NOON, NEXT_YEAR)):
        status, payment, expires_at = case
        completed_at = NOON if status is EnrollmentStatus.COMPLETED else None
        values = {"status": status, "payment_status": payment, "expires_at": expires_at, "completed_at": completed_at}
        await change(graph.database, place, **values)
        given = {"module": world.rhetoric_1.public_id, "lesson": world.rhetoric_1_1.public_id}
        shown = {value for part in (await graph.data("sam", CONTENT, **given)).values() for value in part.values()}
        assert shown == {None} or None not in shown
        if shown != {None}:
            opened.add(case)
        else:
            refused = await refusal(graph, "sam", COMPLETE, lessonId=world.rhetoric_1_2.public_id)
            assert refused == ("FORBIDDEN", "input.lessonId")
    holding = (EnrollmentStatus.ACTIVE, EnrollmentStatus.COMPLETED)
    assert opened == set(product(holding, [PaymentStatus.COMPLETED], (None, NEXT_YEAR)))


async def test_a_guest_sees_nothing_of_what_a_course_is_paid_for(graph: Graph, world: World) -> None:
    await with_a_film(graph, world)
    given = {"module": world.rhetoric_1.public_id, "lesson": world.rhetoric_1_1.public_id}
    for who in (None, "ada"):
        shown = await graph.data(who, CONTENT, **given)
        assert [list(part.values()) for part in shown.values()] == [[None, None]] * 2


@pytest.mark.parametrize("held", [PaymentStatus.PENDING, PaymentStatus.COMPLETED])
async def test_a_second_enrollment_beside_one_that_holds_is_a_conflict(
    graph: Graph, world: World, held: PaymentStatus
) -> None:
    for status, completed_at in ((EnrollmentStatus.ACTIVE, None), (EnrollmentStatus.COMPLETED, NOON)):
        await change(graph.database, world.enrollment, status=status, completed_at=completed_at, payment_status=held)
        payload = (await graph.data("sam", ENROLL, input={"courseId": world.logic.public_id}))["enroll"]
        assert (payload["enrollment"]["id"], payload["enrollment"]["status"]) == (world.enrollment.public_id, status)
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [("CONFLICT", ["input", "courseId"])]


@pytest.mark.parametrize("ended", ENDED.values(), ids=ENDED)
async def test_who_comes_back_begins_another_enrollment_and_goes_on_where_they_were(
    graph: Graph, world: World, ended: dict[str, Any]
) -> None:
    await change(graph.database, world.enrollment, **ended)
    await add(graph.database, tables.Lesson(module_id=world.logic_2.id, title="2.3", content="", order=3))
    again = await done(graph, "sam", ENROLL, courseId=world.logic.public_id)
    assert again["enrollment"]["id"] != world.enrollment.public_id
    assert (again["enrollment"]["status"], again["enrollment"]["paymentStatus"]) == ("ACTIVE", "COMPLETED")
    assert again["progress"] == {"completedLessons": 1, "totalLessons": 5, "progressPercent": 20}
    course = (await graph.data("sam", '{ course(slug: "logic") { viewerEnrollment { id } } }'))["course"]
    assert course["viewerEnrollment"]["id"] == again["enrollment"]["id"]
    completed = await done(graph, "sam", COMPLETE, lessonId=world.logic_1_2.public_id)
    assert completed["progress"]["completedLessons"] == 2


async def test_an_enrollment_whose_time_is_over_is_expired_once_another_begins(graph: Graph, world: World) -> None:
    await change(graph.database, world.enrollment, expires_at=NOON)
    await done(graph, "sam", ENROLL, courseId=world.logic.public_id)
    async with graph.database.read() as reading:
        states = await reading.scalars(select(tables.Enrollment.status).order_by(tables.Enrollment.enrolled_at))
        assert list(states) == [EnrollmentStatus.EXPIRED, EnrollmentStatus.ACTIVE]


async def test_who_had_done_all_lessons_has_completed_the_course_again(graph: Graph, world: World, told: Any) -> None:
    for lesson in (world.logic_1_2, world.logic_2_1, world.logic_2_2):
        await done(graph, "sam", COMPLETE, lessonId=lesson.public_id)
    await change(graph.database, world.enrollment, payment_status=PaymentStatus.REFUNDED)
    told.clear()
    again = await done(graph, "sam", ENROLL, courseId=world.logic.public_id)
    assert (again["enrollment"]["status"], again["progress"]["progressPercent"]) == ("COMPLETED", 100)
    assert [kind for kind, _ in of_progress(told)] == ["COURSE_COMPLETED"]


async def test_a_course_that_was_deleted_is_taken_by_nobody(graph: Graph, world: World) -> None:
    await change(graph.database, world.draft, deleted_at=NOON)
    assert await refusal(graph, "ines", ENROLL, courseId=world.draft.public_id) == ("CONFLICT", "input.courseId")


async def test_a_course_without_lessons_can_be_taken(graph: Graph, world: World) -> None:
    async with graph.database.work(GUEST) as work:
        await work.execute(delete(tables.Lesson))
    enrolled = await done(graph, "ada", ENROLL, courseId=world.logic.public_id)
    assert enrolled["progress"] == {"completedLessons": 0, "totalLessons": 0, "progressPercent": 0}


@pytest.mark.parametrize("who", ["ada", "sam"])
async def test_of_fifty_enrollments_at_the_same_time_one_is_made(graph: Graph, world: World, who: str) -> None:
    """Ada has never taken the course, and Sam's time in it is over."""
    await change(graph.database, world.enrollment, expires_at=NOON)
    given = {"courseId": world.logic.public_id}
    turns = asyncio.Semaphore(SESSIONS)

    async def enroll() -> Any:
        async with turns:
            return await graph.data(who, ENROLL, input=given)

    payloads = await asyncio.gather(*(enroll() for _ in range(50)))
    codes = [error["code"] for payload in payloads for error in payload["enroll"]["errors"]]
    assert codes == ["CONFLICT"] * 49
    assert len({payload["enroll"]["enrollment"]["id"] for payload in payloads}) == 1
    person, taken = getattr(world, who).id, tables.Enrollment
    async with graph.database.read() as reading:
        holding = taken.user_id == person, taken.status == EnrollmentStatus.ACTIVE
        assert await reading.scalar(select(func.count()).where(*holding)) == 1
        assert await reading.scalar(select(func.count()).where(tables.CourseProgress.user_id == person)) == 1


async def test_progress_is_made_where_there_is_none(graph: Graph, world: World) -> None:
    async with graph.database.work(GUEST) as work:
        await work.execute(delete(tables.CourseProgress))
    lessons = (world.logic_1_1, world.logic_1_2, world.logic_2_1)
    await asyncio.gather(*(done(graph, "sam", COMPLETE, lessonId=lesson.public_id) for lesson in lessons))
    query = '{ course(slug: "logic") { viewerProgress { completedLessons totalLessons progressPercent } } }'
    progress = (await graph.data("sam", query))["course"]["viewerProgress"]
    assert progress == {"completedLessons": 3, "totalLessons": 4, "progressPercent": 75}


async def test_a_lesson_waits_for_who_ends_the_enrollment_and_is_refused_then(graph: Graph, world: World) -> None:
    for lesson in (world.logic_1_2, world.logic_2_1):
        await done(graph, "sam", COMPLETE, lessonId=lesson.public_id)
    async with graph.database.work(GUEST) as work:
        ended = update(tables.Enrollment).values(status=EnrollmentStatus.CANCELLED)
        await work.execute(ended)
        last = asyncio.create_task(refusal(graph, "sam", COMPLETE, lessonId=world.logic_2_2.public_id))
        await until(graph.database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
    assert await last == ("FORBIDDEN", "input.lessonId")
    async with graph.database.read() as reading:
        found = await reading.get_one(tables.Enrollment, world.enrollment.id)
    assert (found.status, found.completed_at) == (EnrollmentStatus.CANCELLED, None)


async def with_a_film(graph: Graph, world: World) -> None:
    """Give the first module of the course that costs, and its first lesson, all that they can have."""
    for row in (world.rhetoric_1, world.rhetoric_1_1):
        await change(graph.database, row, content="Text", video_url="https://example.com/film")
