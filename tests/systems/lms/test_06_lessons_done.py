"""Finishing lessons: percentage, completion and certificate come at once, right however many learn at a time."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text

from db import tables
from db.actions import progress
from db.records import fill_defaults
from db.tables import PaymentStatus
from tests.app.serving import listeners, serving, until
from tests.conftest import Graph
from tests.db.actions.test_progress import authoring
from tests.db.waiting import until as settled
from tests.graphql_schema.asking import add, done, refusal
from tests.graphql_schema.courses.test_enrollment_mutations import WATCH, passes
from tests.graphql_schema.courses.test_mutations import COMPLETE
from tests.graphql_schema.courses.test_subscriptions import CLASS
from tests.world import NOON, World

MINE = """
    query ($course: ID!) {
      node(id: $course) {
        ... on Course {
          viewerProgress { completedLessons totalLessons progressPercent missingLessons { totalCount } }
          viewerEnrollment { status certificates { totalCount } }
        }
      }
    }
"""
PUPILS = 50
TURNS = 12
"""How many learn at one moment: fewer than there are connections, so that nobody is refused for waiting."""


async def mine(graph: Graph, who: str, course: tables.Course) -> Any:
    return (await graph.data(who, MINE, course=course.public_id))["node"]


async def test_06_a_lesson_is_watched_and_finished(graph: Graph, world: World) -> None:
    await passes(graph, 120)
    watched = await done(graph, "sam", WATCH, lessonId=world.logic_1_2.public_id, seconds=90)
    assert watched["lessonProgress"]["watchTimeSeconds"] == 90
    finished = await done(graph, "sam", COMPLETE, lessonId=world.logic_1_2.public_id)
    assert finished["progress"]["progressPercent"] == 50
    assert (await mine(graph, "sam", world.logic))["viewerProgress"]["missingLessons"] == {"totalCount": 2}


async def test_06_percentage_completion_and_certificate_are_of_one_transaction(graph: Graph, world: World) -> None:
    for lesson in (world.logic_1_2, world.logic_2_1, world.logic_2_2):
        await done(graph, "sam", COMPLETE, lessonId=lesson.public_id)
    found = await mine(graph, "sam", world.logic)
    assert found["viewerProgress"]["progressPercent"] == 100
    assert found["viewerEnrollment"] == {"status": "COMPLETED", "certificates": {"totalCount": 1}}
    wrote = text(
        "SELECT count(DISTINCT one.xmin::text) FROM (SELECT xmin FROM enrollments WHERE id = :enrollment "
        "UNION ALL SELECT xmin FROM course_progress WHERE id = :progress "
        "UNION ALL SELECT xmin FROM certificates WHERE enrollment_id = :enrollment "
        "UNION ALL SELECT xmin FROM lesson_progress WHERE lesson_id = :lesson) one"
    )
    keys = {"enrollment": world.enrollment.id, "progress": world.progress.id, "lesson": world.logic_2_2.id}
    async with graph.database.read() as reading:
        assert await reading.scalar(wrote, keys) == 1


@pytest.mark.usefixtures("patient")
async def test_06_the_last_lesson_on_two_devices_completes_the_course_once(
    graph: Graph, world: World, told: list[tuple[str, dict[str, str]]]
) -> None:
    for lesson in (world.logic_1_2, world.logic_2_1):
        await done(graph, "sam", COMPLETE, lessonId=lesson.public_id)
    told.clear()
    last = world.logic_2_2.public_id
    payloads = await asyncio.gather(*(done(graph, "sam", COMPLETE, lessonId=last) for _ in range(2)))
    assert [payload["progress"]["progressPercent"] for payload in payloads] == [100, 100]
    assert Counter(kind for kind, ids in told if "enrollment" not in ids) == {
        "LESSON_COMPLETED": 1,
        "COURSE_COMPLETED": 1,
        "CERTIFICATE_ISSUED": 1,
    }
    assert (await mine(graph, "sam", world.logic))["viewerEnrollment"]["certificates"] == {"totalCount": 1}


@pytest.mark.usefixtures("patient")
async def test_06_a_lesson_that_is_deleted_while_fifty_finish_it_is_counted_by_nobody(
    graph: Graph, world: World
) -> None:
    """Half of them have done all others: for these the deletion ends the course."""
    pupils = [tables.User(email=f"pupil-{n}@example.com", name=f"pupil {n}") for n in range(PUPILS)]
    places = [{"user_id": pupil.id, "course_id": world.rhetoric.id} for pupil in map(fill_defaults, pupils)]
    paid = [tables.Enrollment(payment_status=PaymentStatus.COMPLETED, **place) for place in places]
    begun = [fill_defaults(tables.CourseProgress(total_lessons=4, **place)) for place in places]
    early = (world.rhetoric_1_1, world.rhetoric_1_2, world.rhetoric_2_1)
    past = [
        tables.LessonProgress(progress_id=one.id, lesson_id=lesson.id, completed=True, completed_at=NOON)
        for number, one in enumerate(begun)
        for lesson in early[: 3 if number % 2 else 2]
    ]
    await add(graph.database, *pupils, *paid, *begun, *past)
    school = Graph(graph.database, replace(world, rows=world.rows | {pupil.name: pupil for pupil in pupils}))
    turns, last = asyncio.Semaphore(TURNS), {"lessonId": world.rhetoric_2_2.public_id}

    async def finish(pupil: tables.User) -> Any:
        async with turns:
            return (await school.data(pupil.name, COMPLETE, input=last))["completeLesson"]["errors"]

    async def withdraw() -> None:
        async with authoring(graph.database, world.rhetoric.id) as work:
            await work.execute(delete(tables.Lesson).where(tables.Lesson.id == world.rhetoric_2_2.id))

    finishing = [asyncio.create_task(finish(pupil)) for pupil in pupils]
    await asyncio.wait(finishing, return_when=asyncio.FIRST_COMPLETED)
    await withdraw()
    answers = await asyncio.gather(*finishing)
    refused = sum(bool(errors) for errors in answers)
    assert 0 < refused < PUPILS, "it was deleted while they finished it"
    assert {error["code"] for errors in answers for error in errors} == {"NOT_FOUND"}
    async with graph.database.read() as reading:
        row = tables.CourseProgress
        numbers = select(row.completed_lessons, row.total_lessons, row.progress_percent, func.count())
        grouped = numbers.where(row.course_id == world.rhetoric.id).group_by(*numbers.selected_columns[:3])
        assert {tuple(one) for one in await reading.execute(grouped)} == {(2, 3, 66, 25), (3, 3, 100, 25)}


@pytest.mark.usefixtures("patient")
async def test_06_who_waits_to_change_a_course_is_not_overtaken_by_those_who_learn(graph: Graph, world: World) -> None:
    given = {"lessonId": world.logic_2_2.public_id}
    waiting = "SELECT count(*) = :number FROM pg_locks WHERE NOT granted"

    async def withdraw() -> None:
        async with authoring(graph.database, world.logic.id) as work:
            await work.execute(delete(tables.Lesson).where(tables.Lesson.id == world.logic_2_2.id))

    async with graph.database.work(world.viewer("ada")) as work:
        await progress.keep(work, world.logic.id)
        teaching = asyncio.create_task(withdraw())
        await settled(graph.database, waiting, number=1)
        learning = asyncio.create_task(refusal(graph, "sam", COMPLETE, **given))
        await settled(graph.database, waiting, number=2)
    await teaching
    assert await learning == ("NOT_FOUND", "input.lessonId")


async def test_06_who_teaches_hears_it_live_from_the_running_server(
    database_url: str, redis_url: str, world: World
) -> None:
    async with serving(database_url, redis_url) as served:
        ines, sam = (f"Bearer {world.tokens[who]}" for who in ("ines", "sam"))
        async with served.talk(authorization=ines) as talk:
            await talk.ask(CLASS, course=world.logic.public_id)
            await until(lambda: listeners(served) == 1)
            body = {"query": COMPLETE, "variables": {"input": {"lessonId": world.logic_1_2.public_id}}}
            answer = await served.post(body, authorization=sam)
            assert answer.json()["data"]["completeLesson"]["errors"] == []
            heard = (await talk.hear())["payload"]["data"]["classEvents"]
    assert (heard["kind"], heard["lesson"]) == ("LESSON_COMPLETED", {"title": "1.2"})
    assert heard["progress"] == {"progressPercent": 50, "user": {"name": "Sam"}}
