"""Courses that are counted anew at once: one by who teaches it, and all by administrators."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update

from db import tables
from db.access import Viewer
from db.actions.course_analytics import refresh, refresh_course_analytics
from db.outbox import OutboxTopic
from db.permissions import MANAGE
from tests.conftest import Graph
from tests.db.actions.test_media import run
from tests.db.waiting import until
from tests.graphql_schema.asking import UNKNOWN, change, done, error_code, listed, refusal
from tests.graphql_schema.course_analytics import drawn
from tests.world import NOON, World

FIGURES = "totalEnrollments averageProgress averageRating lastCalculatedAt"
REFRESH = f"""
    mutation ($input: RefreshCourseAnalyticsInput!) {{
      refreshCourseAnalytics(input: $input) {{ analytics {{ {FIGURES} course {{ slug }} }} errors {{ code path }} }}
    }}
"""
OF_LOGIC = f'{{ course(slug: "logic") {{ analytics {{ {FIGURES} }} }} }}'
OF_RHETORIC = '{ course(slug: "rhetoric") { analytics { totalEnrollments } } }'


async def of_logic(graph: Graph, who: str | None) -> Any:
    return (await graph.data(who, OF_LOGIC))["course"]["analytics"]


async def test_who_teaches_a_course_has_it_counted_at_once(graph: Graph, world: World) -> None:
    await change(graph.database, world.course_numbers, total_enrollments=7)
    counted = (await done(graph, "ines", REFRESH, courseId=world.logic.public_id))["analytics"]
    assert (counted["totalEnrollments"], counted["course"]) == (1, {"slug": "logic"})
    assert counted["lastCalculatedAt"] > NOON.isoformat()
    assert await of_logic(graph, "ines") == {name: counted[name] for name in FIGURES.split()}
    assert (await graph.data("ines", OF_RHETORIC))["course"]["analytics"] is None


async def test_a_course_that_has_no_numbers_yet_gets_them(graph: Graph, world: World) -> None:
    counted = (await done(graph, "ines", REFRESH, courseId=world.draft.public_id))["analytics"]
    assert (counted["totalEnrollments"], counted["averageProgress"], counted["averageRating"]) == (0, 0, None)


async def test_an_administrator_has_all_courses_counted(graph: Graph) -> None:
    assert (await done(graph, "root", REFRESH))["analytics"] is None
    assert (await graph.data("ines", OF_RHETORIC))["course"]["analytics"] == {"totalEnrollments": 0}


async def test_others_are_refused(graph: Graph, world: World) -> None:
    unknown = f"{tables.Course.prefix}_{UNKNOWN}"
    for who, course, expected in (
        ("sam", world.logic.public_id, ("FORBIDDEN", "input.courseId")),
        ("ada", world.draft.public_id, ("NOT_FOUND", "input.courseId")),
        ("ines", unknown, ("NOT_FOUND", "input.courseId")),
        ("ines", None, ("FORBIDDEN", "input.courseId")),
    ):
        assert await refusal(graph, who, REFRESH, courseId=course) == expected, who
    guest = {"input": {"courseId": world.logic.public_id}}
    assert await error_code(graph, None, REFRESH, **guest) == "UNAUTHENTICATED"


@pytest.mark.parametrize("who", ["sam", "ada", None])
async def test_numbers_are_seen_by_nobody_but_who_teaches_the_course(graph: Graph, who: str | None) -> None:
    assert await of_logic(graph, who) is None


async def test_the_job_counts_all_courses(graph: Graph) -> None:
    await run(graph.database, refresh_course_analytics.name)
    assert (await graph.data("ines", OF_RHETORIC))["course"]["analytics"] == {"totalEnrollments": 0}
    assert (await of_logic(graph, "ines"))["totalEnrollments"] == 1


async def test_what_was_counted_later_stays(graph: Graph, world: World) -> None:
    later = NOON.replace(year=9000)
    await change(graph.database, world.course_numbers, total_enrollments=7, last_calculated_at=later)
    await done(graph, "root", REFRESH)
    assert (await of_logic(graph, "ines"))["totalEnrollments"] == 7


async def sequences(graph: Graph) -> dict[str, int]:
    """How many events each topic has had."""
    async with graph.database.read() as session:
        rows = await session.execute(select(OutboxTopic.topic, OutboxTopic.sequence))
        return {one.topic: one.sequence for one in rows}


async def test_the_job_writes_and_tells_only_what_has_other_numbers(graph: Graph, world: World) -> None:
    await drawn.draw(graph.database, world, seed=4)
    everything = "{ courses(first: 100) { nodes { id analytics { lastCalculatedAt totalRevenue } } } }"
    await run(graph.database, refresh_course_analytics.name)
    before, told = await listed(graph, "root", everything), await sequences(graph)
    await run(graph.database, refresh_course_analytics.name)
    assert await listed(graph, "root", everything) == before
    assert await sequences(graph) == told
    await change(graph.database, world.course_numbers, total_enrollments=700)
    await run(graph.database, refresh_course_analytics.name)
    after = await listed(graph, "root", everything)
    assert [one["id"] for one, was in zip(after, before, strict=True) if one != was] == [world.logic.public_id]
    [(topic, _)] = set((await sequences(graph)).items()) - set(told.items())
    assert topic == f"course:{world.logic.id.hex}"


async def test_who_counts_all_courses_waits_for_who_counts_one(graph: Graph, world: World) -> None:
    async with graph.database.work(Viewer(world.ines.id)) as work:
        await refresh(work, await work.get(tables.Course, world.logic.public_id, at="id", may=MANAGE))
        counting_all = asyncio.create_task(run(graph.database, refresh_course_analytics.name))
        await until(graph.database, "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
        await work.execute(update(tables.CourseAnalytics).values(total_enrollments=700))
    await counting_all
    assert (await of_logic(graph, "ines"))["totalEnrollments"] == 1


async def test_counting_twice_changes_nothing_but_the_time(graph: Graph, world: World) -> None:
    await drawn.draw(graph.database, world, seed=4)
    everything = (
        "{ courses(first: 100) { nodes { slug analytics { totalEnrollments averageProgress totalRevenue } } } }"
    )
    await done(graph, "root", REFRESH)
    before = await graph.data("root", everything)
    await done(graph, "root", REFRESH)
    assert await graph.data("root", everything) == before
